// No script sees how the stream classes work, and none can get in their way: whatever it patches, they do the same, and
// what it patched is not touched.
#include "src/v8/writable_stream_js.h"
#include "tests/v8/v8_test.h"

namespace sluice::binding {
namespace {

// Every path through the script, in steps with microtasks between them. It touches own properties only, and learns
// about promises from native code, so that nothing but the streams can touch what is patched.
constexpr const char* kScenario = R"(
  var scenario = (function (WritableStream, Count, Bytes, Writer, Controller, AbortController, apply,
                         record, state, kind) {
    'use strict';
    const sinkOf = (name, result) => ({
      type: undefined,
      start(c) { record(name + ' start'); return result; },
      write(chunk, c) { record(name + ' write ' + chunk); if (chunk === 'throw') throw chunk; return result; },
      close() { record(name + ' close'); return result; },
      abort(reason) { record(name + ' abort ' + reason); return result; },
    });
    const empty = {start: undefined, write: undefined, close: undefined, abort: undefined, type: undefined};
    const strategy = (mark, size) => ({highWaterMark: mark, size});
    const thenable = {then(resolve, reject) { record('then'); resolve(); resolve(); reject(1); }};
    const rejecting = {then(resolve, reject) { record('then'); reject('rejected'); }};
    const throwing = {then(resolve, reject) { record('then'); throw 'thrown'; }};
    const attempt = (name, f) => { try { record(name + ' ' + f()); } catch (error) { record(name + ' threw ' + kind(error)); } };
    const look = (name, w) => record(name + ' ' + w.desiredSize + ' ' + state(w.ready) + ' ' + state(w.closed));
    let a, b, c, d, e, f, g, bare, controller, pending, p1, p2, p3, p4, p5;
    return {
      0() {
        a = new WritableStream(sinkOf('a'), strategy(2, undefined)).getWriter();
        b = new WritableStream(sinkOf('b', thenable), strategy(3, () => 1)).getWriter();
        c = new WritableStream(sinkOf('c', rejecting), strategy(undefined, undefined)).getWriter();
        d = new WritableStream(sinkOf('d', throwing), strategy(5, () => { throw 'size'; })).getWriter();
        e = new Writer(new WritableStream({...empty, start(c) { controller = c; },
                                           write() { return {then(resolve) { pending = resolve; }}; }}, undefined));
        f = new WritableStream(empty, new Bytes({highWaterMark: 7})).getWriter();
        g = new WritableStream(sinkOf('g'), new Count({highWaterMark: 4})).getWriter();
        bare = new WritableStream();
        look('a', a); look('b', b); look('c', c); look('d', d); look('f', f);
        p1 = a.write(1); a.write(2); a.write(3); p2 = a.close(); p3 = a.close();
        b.write(1); b.write(2); b.close();
        look('a', a);
      },
      1() {
        record(state(p1) + state(p2) + state(p3));
        look('a', a); look('b', b); look('c', c); look('d', d);
        p1 = d.write(1);
        attempt('release', () => { d.releaseLock(); d.releaseLock(); });
        attempt('desiredSize', () => d.desiredSize);
        p2 = e.write(1); p3 = e.write(2);
        controller.signal.addEventListener('abort', () => record('aborted ' + controller.signal.reason));
        p4 = g.write('throw'); p5 = g.write('more');
        f.write({byteLength: 3});
      },
      2() {
        record(state(p1) + state(p2) + state(p3) + state(p4) + state(p5));
        look('e', e); look('f', f); look('g', g);
        p1 = e.abort('why'); p4 = e.abort('again'); p5 = e.write('late');
        pending();
      },
      3() {
        record(state(p1) + state(p2) + state(p3) + state(p4) + state(p5));
        look('e', e);
        const s = new WritableStream({...empty, start(c) { controller = c; c.error('broken'); c.error(2); }}, strategy(1, undefined));
        p1 = s.close(); p2 = s.abort();
        const t = new WritableStream(sinkOf('t'), strategy(1, undefined));
        p3 = t.abort(); p4 = t.close();
        p5 = f.write({byteLength: undefined});
        record(bare.locked + state(bare.close()));
      },
      4() {
        record(state(p1) + state(p2) + state(p3) + state(p4) + state(p5));
        attempt('brand', () => WritableStream.prototype.locked);
        record(state(apply(bare.abort, 1, [])) + state(apply(a.write, {}, [])));
        attempt('illegal', () => new Controller());
        attempt('illegal', () => new Controller(1, 2));
        attempt('mark', () => new WritableStream(empty, strategy(-1, undefined)));
        attempt('sink', () => new WritableStream(1));
        attempt('writer', () => new Writer(bare.abort));
        attempt('writer', () => new Writer());
        attempt('count', () => new Count());
        attempt('type', () => new WritableStream({...empty, type: 1}, undefined));
        attempt('signal', () => controller.signal.aborted);
        p1 = new WritableStream(empty, strategy(1e9, undefined)).getWriter().write('x'.repeat(1200));
        p2 = new WritableStream(empty, strategy(1e9, () => NaN)).getWriter().write(1);
        const own = class extends WritableStream { constructor(sink, strategy) { super(sink, strategy); } };
        p3 = new own(empty, undefined).close();
      },
      5() { record(state(p1) + state(p2) + state(p3)); },
    };
  })(WritableStream, CountQueuingStrategy, ByteLengthQueuingStrategy, WritableStreamDefaultWriter,
     WritableStreamDefaultController, AbortController, Reflect.apply, record, state, kind);
  void 0;
)";

class StreamUnobservableTest : public V8Test {
 protected:
  StreamUnobservableTest() : V8Test(Options{.stream = {.byte_limit = 1000}}) {}

  // A realm with the scenario in it, and the native functions that it uses.
  v8::Local<v8::Context> NewRealm() {
    const v8::Local<v8::Context> realm = NewContext(isolate()).ToLocalChecked();
    const v8::Context::Scope entered(realm);
    const auto define = [&](const char* name, v8::FunctionCallback call) {
      const auto function = v8::Function::New(realm, call, v8::External::New(isolate(), this)).ToLocalChecked();
      realm->Global()->Set(realm, Ascii(isolate(), name), function).Check();
    };
    define("record", [](const Info& info) { Of(info).log_ += Words(info, info[0]) + "\n"; });
    define("kind", [](const Info& info) { info.GetReturnValue().Set(Ascii(info.GetIsolate(), Words(info, info[0]))); });
    define("state", [](const Info& info) {
      const auto promise = info[0].As<v8::Promise>();
      const std::string text = promise->State() == v8::Promise::kPending ? "pending"
                               : promise->State() == v8::Promise::kFulfilled
                                   ? "fulfilled "
                                   : "rejected " + Words(info, promise->Result()) + " ";
      info.GetReturnValue().Set(Ascii(info.GetIsolate(), text));
    });
    EXPECT_EQ(RunIn(realm, kScenario), "undefined");
    return realm;
  }

  // What happened in all steps of the scenario.
  std::string Play(v8::Local<v8::Context> realm) {
    const v8::Context::Scope entered(realm);
    log_.clear();
    const auto steps = realm->Global()->Get(realm, Ascii(isolate(), "scenario")).ToLocalChecked().As<v8::Object>();
    for (uint32_t i = 0; i < 6; ++i) {
      log_ += "step " + std::to_string(i) + "\n";
      v8::TryCatch caught(isolate());
      const auto step = steps->Get(realm, i).ToLocalChecked().As<v8::Function>();
      if (step->Call(realm, steps, 0, nullptr).IsEmpty()) log_ += "failed " + Describe(caught.Exception()) + "\n";
      RunMicrotasks();
    }
    return std::exchange(log_, {});
  }

  std::string PlayPatched(std::string_view patch) {
    const v8::HandleScope handles(isolate());
    const v8::Local<v8::Context> realm = NewRealm();
    const v8::Context::Scope entered(realm);
    realm->Global()->Set(realm, Ascii(isolate(), "source"), Ascii(isolate(), kWritableStreamJs)).Check();
    EXPECT_EQ(RunIn(realm, std::string(patch) + "; void 0;"), "undefined");
    return Play(realm);
  }
  std::string PlayClean() {
    const v8::HandleScope handles(isolate());
    return Play(NewRealm());
  }

 private:
  static StreamUnobservableTest& Of(const Info& info) {
    return *static_cast<StreamUnobservableTest*>(info.Data().As<v8::External>()->Value());
  }
  std::string Describe(v8::Local<v8::Value> value) {
    const v8::Local<v8::String> text = value->IsObject()
                                           ? value.As<v8::Object>()->GetConstructorName()
                                           : value->ToString(isolate()->GetCurrentContext()).ToLocalChecked();
    return *v8::String::Utf8Value(isolate(), text);
  }
  static std::string Words(const Info& info, v8::Local<v8::Value> value) { return Of(info).Describe(value); }

  std::string log_;  // lines
};

TEST_F(StreamUnobservableTest, TheScenarioTakesEveryPath) {
  EXPECT_EQ(PlayClean(), R"(step 0
a start
b start
c start
d start
g start
a 2 fulfilled  pending
b 3 fulfilled  pending
c 1 fulfilled  pending
d 5 fulfilled  pending
f 7 fulfilled  pending
a -1 fulfilled  pending
a write 1
then
then
then
a write 2
b write 1
a write 3
then
a close
b write 2
then
b close
then
step 1
fulfilled fulfilled rejected TypeError 
a 0 fulfilled  fulfilled 
b 0 fulfilled  fulfilled 
c null rejected rejected  rejected rejected 
d null rejected thrown  rejected thrown 
release undefined
desiredSize threw TypeError
g write throw
step 2
rejected thrown pendingpendingrejected throw rejected throw 
e -1 pending pending
f 7 fulfilled  pending
g null rejected throw  rejected throw 
aborted why
step 3
fulfilled fulfilled rejected why fulfilled rejected why 
e null rejected why  rejected why 
t start
falsepending
t abort undefined
step 4
rejected broken rejected broken fulfilled rejected undefined rejected RangeError 
brand threw TypeError
rejected TypeError rejected TypeError 
illegal threw TypeError
illegal threw TypeError
mark threw RangeError
sink threw TypeError
writer threw TypeError
writer threw TypeError
count threw TypeError
type threw RangeError
signal true
step 5
rejected RangeError rejected RangeError fulfilled 
)");
}

// Getters and setters that tell, for every word in the script.
TEST_F(StreamUnobservableTest, NoPrototypeIsLookedAtForAnyWordOfTheScript) {
  const auto log = PlayPatched(R"(
    {
      const told = record, define = Object.defineProperty;
      const words = new Set([...source.match(/[A-Za-z_$][\w$]*/g), 'then', 'value', 'done', 'get', 'set', 'enumerable',
                             'configurable', 'writable', '__proto__', 'callee', ...Array(70).keys()].map(String));
      // Of functions, and what functions and errors have as their own.
      for (const word of ['constructor', 'prototype', 'name', 'length', 'message', 'stack', 'arguments', 'caller']) {
        words.delete(word);
      }
      const list = [...words], prototypes = [Object, Array, Function, Promise, Error, TypeError, RangeError, Number, String,
          Boolean, Object.getPrototypeOf(Int32Array), Int32Array, Float64Array].map((c) => c.prototype);
      // Nothing here may be in its own way.
      for (let i = 0; i < prototypes.length; ++i) {
        for (let j = 0; j < list.length; ++j) {
          const word = list[j];
          define(prototypes[i], word, {
            __proto__: null,
            get() { told('looked up ' + word); },
            set(value) { told('set ' + word); },
            configurable: true,
          });
        }
      }
    }
  )");
  EXPECT_EQ(log, PlayClean());
}

TEST_F(StreamUnobservableTest, IntrinsicsAreTakenBeforeAuthorCodeRuns) {
  const auto log = PlayPatched(R"(
    {
      const told = record, define = Object.defineProperty, keys = Reflect.ownKeys, string = String, global = globalThis;
      const describe = (object, key) => setPrototypeOf(getDescriptor(object, key), null);
      const getDescriptor = Object.getOwnPropertyDescriptor, setPrototypeOf = Object.setPrototypeOf;
      const list = [Promise.prototype, Function.prototype, Array.prototype, Object.prototype, Symbol.prototype,
                    Object.getPrototypeOf([][Symbol.iterator]()), Promise, Reflect, Object, Function, Array, Error,
                    TypeError, RangeError, Symbol, Int32Array];
      for (let i = 0; i < list.length; ++i) {
        const all = keys(list[i]);
        for (let j = 0; j < all.length; ++j) {
          const key = all[j], d = describe(list[i], key);
          if (!d.configurable) continue;
          if (typeof d.value === 'function') {
            define(list[i], key, {__proto__: null, value() { told('called ' + string(key)); }});
          } else if (d.get) {
            define(list[i], key, {__proto__: null, get() { told('looked up ' + string(key)); }});
          }
        }
      }
      const names = keys(global);
      for (let i = 0; i < names.length; ++i) if (names[i] !== 'scenario') delete global[names[i]];
    }
  )");
  EXPECT_EQ(log, PlayClean());
}

TEST_F(StreamUnobservableTest, PrototypesOfTheClassesThemselvesMayBeChanged) {
  // The methods that a script calls are looked up; what they need, they do not look up.
  const auto log = PlayPatched(R"(
    for (const made of [WritableStream, WritableStreamDefaultWriter, WritableStreamDefaultController]) {
      Object.setPrototypeOf(made, new Proxy(function () {}, {get(t, key) { record('looked up ' + String(key)); }}));
      Object.setPrototypeOf(made.prototype, new Proxy({}, {
        get(t, key) { record('looked up ' + String(key)); }, has() { record('looked up'); }, set() { record('set '); return true; },
      }));
      delete made.prototype.constructor;
      delete made.prototype[Symbol.toStringTag];
    }
  )");
  EXPECT_EQ(log, PlayClean());
}

// ---- What the standard looks up

TEST_F(StreamUnobservableTest, ThenIsLookedUpOnceOnWhatASinkReturns) {
  Run(R"(
    var log = [];
    const native = Promise.prototype.then;
    const promise = Promise.resolve();
    Object.defineProperty(promise, 'then', {get() { log.push('then'); return native; }});
    Object.defineProperty(promise, 'constructor', {get() { log.push('constructor'); return Promise; }});
    const results = {
      start: new Proxy({}, {get(t, key) { log.push('start.' + String(key)); }, has() { log.push('has'); }}),
      write: promise,
      close: new Proxy(() => {}, {get(t, key) { log.push('close.' + String(key)); return () => { throw 1; }; }}),
    };
    var w = new WritableStream({start: () => results.start, write: () => results.write, close: () => results.close}).getWriter();
    w.write(1);
    w.close().then(() => log.push('closed'), (e) => log.push('rejected ' + e));
  )");
  RunMicrotasks();
  EXPECT_EQ(Run("log.join()"), "start.then,then,constructor,close.then,rejected 1");
}

TEST_F(StreamUnobservableTest, APatchedThenIsCalledAsTheStandardSaysAndForNothingElse) {
  Run(R"(
    var log = [];
    const native = Promise.prototype.then;
    Promise.prototype.then = function (...args) { log.push('then ' + args.length); return native.apply(this, args); };
    var w = new WritableStream({write: (n) => n === 1 ? Promise.resolve() : undefined}, {highWaterMark: 9}).getWriter();
    w.ready; w.closed; w.write(0); w.write(1); w.write(2);
    native.call(w.close(), () => log.push('closed'), (e) => log.push('rejected ' + e));
  )");
  RunMicrotasks();
  EXPECT_EQ(Run("log.join()"), "then 2,closed");
}

TEST_F(StreamUnobservableTest, SpeciesIsThatOfTheReturnedPromiseOnly) {
  Run(R"(
    var log = [];
    Object.defineProperty(Promise, Symbol.species, {get() { log.push('species'); return Promise; }});
    class Mine extends Promise { static get [Symbol.species]() { log.push('my species'); return Mine; } }
    var w = new WritableStream({write: (n) => n === 1 ? Mine.resolve() : n === 2 ? Promise.resolve() : undefined},
                               {highWaterMark: 9}).getWriter();
    for (const n of [0, 1, 2, 3]) w.write(n);
    w.close();
  )");
  RunMicrotasks();
  EXPECT_EQ(Run("log.join()"), "my species,species");
}

TEST_F(StreamUnobservableTest, ThenMayComeBack) {
  EXPECT_EQ(Run(R"(
    var log = [], depth = 0;
    const s = new WritableStream({
      write() { return {get then() { if (++depth < 5) w.write(depth); return (resolve) => { if (++depth < 9) w.abort(depth); resolve(); }; }}; },
      abort(reason) { log.push('abort ' + reason); return {then(f) { s.abort(); f(); f(1); }}; },
    }, {highWaterMark: 9});
    const w = s.getWriter();
    w.write(0).then(() => log.push('written'), (e) => log.push('rejected ' + e));
    w.closed.catch((e) => log.push('closed ' + e));
    undefined
  )"),
            "undefined");
  RunMicrotasks();
  EXPECT_EQ(Run("log.join()"), "abort 2,written,closed 2");
}

}  // namespace
}  // namespace sluice::binding
