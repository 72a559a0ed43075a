// Web IDL and JavaScript exactness of the stream classes: what a script can see of them besides their behaviour.
// https://webidl.spec.whatwg.org/#javascript-binding
#include "tests/v8/v8_test.h"

namespace sluice::binding {
namespace {

constexpr const char* kHelpers = R"(
      var wrong = [];
      function same(actual, expected, fact) {
        if (!Object.is(actual, expected)) wrong.push(fact + ': ' + String(actual) + ', not ' + String(expected));
      }
      function throws(kind, f, fact) {
        try { f(); } catch (error) { return same(Object.getPrototypeOf(error), kind.prototype, fact + ' throws'); }
        wrong.push(fact + ' throws nothing');
      }
      function throwsValue(value, f, fact) {
        try { f(); } catch (error) { return same(error, value, fact + ' throws'); }
        wrong.push(fact + ' throws nothing');
      }
      // A callback that has to be called.
      var awaited = 0;
      function later(f) { ++awaited; return (...args) => { --awaited; return f(...args); }; }
      // Promise-returning members never throw.
      function rejects(kind, f, fact) {
        let promise;
        try { promise = f(); } catch (error) { return void wrong.push(fact + ' throws ' + error); }
        same(promise.constructor.prototype === Object.getPrototypeOf(promise), true, fact + ' is a promise');
        promise.then(() => wrong.push(fact + ' fulfils'),
                     later((error) => same(Object.getPrototypeOf(error), kind.prototype, fact + ' rejects with')));
        return promise;
      }
      var interfaces = [WritableStream, WritableStreamDefaultWriter, WritableStreamDefaultController,
                        ByteLengthQueuingStrategy, CountQueuingStrategy];
    )";

// Scripts give back the facts that are not so, in lines; none is "".
class StreamIdlTest : public V8Test {
 protected:
  StreamIdlTest() { Run(kHelpers); }

  std::string Check(std::string_view source) {
    const v8::HandleScope handles(isolate());
    const v8::Context::Scope entered(context());
    std::string result = Run(source);
    RunMicrotasks();
    if (result.starts_with("throws") || result == "terminated") return result;
    return Run("if (awaited !== 0) wrong.push(awaited + ' callbacks were not called'); wrong.splice(0).join('\\n')");
  }

  // Another realm of this isolate, `other` in the first one's scripts.
  v8::Local<v8::Context> MakeOther() {
    const v8::Local<v8::Context> made = NewContext(isolate()).ToLocalChecked();
    made->SetSecurityToken(context()->GetSecurityToken());
    const v8::Context::Scope entered(context());
    context()->Global()->Set(context(), Ascii(isolate(), "other"), made->Global()).Check();
    return made;
  }
};

// ---- Interface objects and members

TEST_F(StreamIdlTest, OnlyFiveNamesOfStreamsAreGlobal) {
  const v8::HandleScope handles(isolate());
  const v8::Local<v8::Context> plain = v8::Context::New(isolate());
  const std::string before = RunIn(plain, "Reflect.ownKeys(globalThis).map(String).join()");
  context()->Global()->Set(context(), Ascii(isolate(), "before"), Ascii(isolate(), before)).Check();
  EXPECT_EQ(Run("{ const known = new Set(before.split(','));"
                "  Reflect.ownKeys(globalThis).map(String).filter((k) => /Stream|Strategy|^k[A-Z]/.test(k) || "
                "(!known.has(k) && /native|Construct|Io$|Facts|token|state/i.test(k))).join(); }"),
            "WritableStream,WritableStreamDefaultWriter,WritableStreamDefaultController,ByteLengthQueuingStrategy,"
            "CountQueuingStrategy");
}

TEST_F(StreamIdlTest, PropertiesHaveTheAttributesOfWebIdl) {
  EXPECT_EQ(Check(R"(
    const attributes = (object, key) => {
      const d = Object.getOwnPropertyDescriptor(object, key);
      if (!d) return 'none';
      return (d.get ? 'g' : '') + (d.set ? 's' : '') + (d.writable ? 'w' : '') + (d.enumerable ? 'e' : '') +
             (d.configurable ? 'c' : '');
    };
    const members = {
      WritableStream: {locked: 'gec', abort: 'wec', close: 'wec', getWriter: 'wec'},
      WritableStreamDefaultWriter: {closed: 'gec', desiredSize: 'gec', ready: 'gec', abort: 'wec', close: 'wec',
                                    releaseLock: 'wec', write: 'wec'},
      WritableStreamDefaultController: {signal: 'gec', error: 'wec'},
      ByteLengthQueuingStrategy: {highWaterMark: 'gec', size: 'gec'},
      CountQueuingStrategy: {highWaterMark: 'gec', size: 'gec'},
    };
    const lengths = {WritableStreamDefaultWriter: 1, ByteLengthQueuingStrategy: 1, CountQueuingStrategy: 1};
    for (const [name, own] of Object.entries(members)) {
      const made = globalThis[name];
      same(attributes(globalThis, name), 'wc', name);
      same(Reflect.ownKeys(made).map(String).join(), 'length,name,prototype', name + ' keys');
      same(attributes(made, 'prototype'), '', name + '.prototype');
      same(attributes(made, 'length'), 'c', name + '.length');
      same(made.length, lengths[name] ?? 0, name + '.length');
      same(made.name, name, name + '.name');
      same(Object.getPrototypeOf(made), Function.prototype, name + ' prototype');
      same(Object.getPrototypeOf(made.prototype), Object.prototype, name + ' prototype prototype');
      same(Reflect.ownKeys(made.prototype).map(String).join(),
           ['constructor', ...Object.keys(own), 'Symbol(Symbol.toStringTag)'].join(), name + ' members');
      same(attributes(made.prototype, 'constructor'), 'wc', name + ' constructor');
      same(attributes(made.prototype, Symbol.toStringTag), 'c', name + ' tag');
      same(made.prototype[Symbol.toStringTag], name, name + ' tag');
      for (const [key, expected] of Object.entries(own)) {
        const d = Object.getOwnPropertyDescriptor(made.prototype, key), f = d.get ?? d.value;
        const fact = name + '.' + key;
        same(attributes(made.prototype, key), expected, fact);
        same(f.name, (d.get ? 'get ' : '') + key, fact + ' name');
        same(f.length, 0, fact + ' length');
        same(Reflect.ownKeys(f).map(String).join(), 'length,name', fact + ' keys');
        throws(TypeError, () => new f(), 'new ' + fact);
        throws(TypeError, () => Reflect.construct(Object, [], f), 'new.target ' + fact);
      }
    }
  )"),
            "");
}

TEST_F(StreamIdlTest, FunctionsPrintAsNativeCode) {
  EXPECT_EQ(Check(R"(
    const native = (f, fact) =>
        same(/^(function|class) ?[ \w]*\([^]*\) *\{ *\[native code\] *\}$/.test(Function.prototype.toString.call(f)), true,
             fact + ' ' + f);
    for (const made of interfaces) {
      native(made, made.name);
      for (const key of Object.keys(made.prototype)) {
        const d = Object.getOwnPropertyDescriptor(made.prototype, key);
        native(d.get ?? d.value, made.name + '.' + key);
      }
    }
    native(new CountQueuingStrategy({highWaterMark: 1}).size, 'count size');
    native(new ByteLengthQueuingStrategy({highWaterMark: 1}).size, 'byte size');
  )"),
            "");
}

TEST_F(StreamIdlTest, SizeFunctionsAreOneForEachRealm) {
  const v8::HandleScope handles(isolate());
  MakeOther();
  EXPECT_EQ(Check(R"(
    for (const [name, length] of [['CountQueuingStrategy', 0], ['ByteLengthQueuingStrategy', 1]]) {
      const here = new globalThis[name]({highWaterMark: 1}), there = new other[name]({highWaterMark: '2'});
      same(here.size, new globalThis[name]({highWaterMark: 2}).size, name + ' one');
      same(here.size === there.size, false, name + ' one of each realm');
      same(here.size.name, 'size', name + ' name');
      same(here.size.length, length, name + ' length');
      same('prototype' in here.size, false, name + ' prototype');
      throws(TypeError, () => new here.size(), name + ' new size');
      const get = Object.getOwnPropertyDescriptor(globalThis[name].prototype, 'size').get;
      same(get.call(there), there.size, name + ' of the object\'s realm');
      same(Object.getPrototypeOf(there.size), other.Function.prototype, name + ' realm');
      same(Object.getOwnPropertyDescriptor(globalThis[name].prototype, 'highWaterMark').get.call(there), 2, name);
    }
    same(new CountQueuingStrategy({highWaterMark: 1}).size.call(null, {}), 1, 'count');
    same(new ByteLengthQueuingStrategy({highWaterMark: 1}).size.call(null, {byteLength: 'x'}), 'x', 'bytes');
    throws(TypeError, () => new ByteLengthQueuingStrategy({highWaterMark: 1}).size(), 'bytes of undefined');
  )"),
            "");
}

TEST_F(StreamIdlTest, StrategiesConvertTheirDictionary) {
  EXPECT_EQ(Check(R"(
    for (const made of [CountQueuingStrategy, ByteLengthQueuingStrategy]) {
      for (const bad of [[], [undefined], [null], [{}], [1], ['x'], [Symbol()], [() => 1], [{highWaterMark: undefined}],
                         [{highWaterMark: 1n}], [{highWaterMark: Symbol()}], [Object.create(null)]]) {
        throws(TypeError, () => new made(...bad), made.name + ' of ' + bad.map((b) => typeof b));
      }
      for (const [mark, expected] of [[null, 0], ['0x10', 16], [{valueOf: () => -1}, -1], [NaN, NaN], [true, 1],
                                      [-Infinity, -Infinity], [-0, -0], ['x', NaN], [[], 0]]) {
        same(new made({highWaterMark: mark}).highWaterMark, expected, made.name + ' ' + String(mark));
      }
      same(new made(Object.create({highWaterMark: 3})).highWaterMark, 3, 'inherited');
      const f = () => {};
      f.highWaterMark = 4;
      same(new made(f).highWaterMark, 4, 'of a function');
      throwsValue(7, () => new made({get highWaterMark() { throw 7; }}), 'getter');
    }
  )"),
            "");
}

TEST_F(StreamIdlTest, ConstructorsNeedNewAndArguments) {
  EXPECT_EQ(Check(R"(
    for (const made of interfaces) {
      throws(TypeError, () => made(), made.name);
      throws(TypeError, () => made.call(new WritableStream()), made.name + '.call');
      throws(TypeError, () => Reflect.apply(made, Object.create(made.prototype), [{}]), made.name + ' applied');
    }
    throws(TypeError, () => new WritableStreamDefaultController(), 'controller');
    throws(TypeError, () => new WritableStreamDefaultController({}, {}), 'controller');
    throws(TypeError, () => new WritableStreamDefaultController(undefined, undefined), 'controller');
    throws(TypeError, () => Reflect.construct(WritableStreamDefaultController, [], Object), 'controller');
    throws(TypeError, () => new (class extends WritableStreamDefaultController {})(), 'controller');
    for (const bad of [[], [undefined], [null], [{}], [1], [WritableStream], [WritableStream.prototype],
                       [Object.create(new WritableStream())], [new Proxy(new WritableStream(), {})],
                       [new WritableStream().getWriter()]]) {
      throws(TypeError, () => new WritableStreamDefaultWriter(...bad), 'writer');
    }
    const locked = new WritableStream();
    locked.getWriter();
    throws(TypeError, () => new WritableStreamDefaultWriter(locked), 'writer of a locked stream');
    throws(TypeError, () => locked.getWriter(), 'getWriter of a locked stream');
  )"),
            "");
}

// ---- Receivers

TEST_F(StreamIdlTest, MembersCheckTheirReceiver) {
  const v8::HandleScope handles(isolate());
  MakeOther();
  EXPECT_EQ(Check(R"(
    const promises = new Set(['WritableStream.abort', 'WritableStream.close', 'WritableStreamDefaultWriter.closed',
                              'WritableStreamDefaultWriter.ready', 'WritableStreamDefaultWriter.abort',
                              'WritableStreamDefaultWriter.close', 'WritableStreamDefaultWriter.write']);
    const ofEach = (realm) => {
      let controller;
      const stream = new realm.WritableStream({start(c) { controller = c; }});
      return [stream, stream.getWriter(), controller, new realm.ByteLengthQueuingStrategy({highWaterMark: 1}),
              new realm.CountQueuingStrategy({highWaterMark: 1})];
    };
    const revoked = Proxy.revocable(new WritableStream(), {});
    revoked.revoke();
    const loud = new Proxy(new WritableStream(), new Proxy({}, {get() { wrong.push('a trap ran'); }}));
    const receivers = [undefined, null, 1, 'x', 1n, Symbol(), {}, () => {}, globalThis, revoked.proxy, loud,
                       new EventTarget(), new AbortController().signal, other, new other.AbortController(),
                       ...ofEach(globalThis), ...ofEach(other)];
    for (const realm of [globalThis, other]) {
      for (const made of interfaces.map((i) => realm[i.name])) {
        for (const key of Object.keys(made.prototype)) {
          const d = Object.getOwnPropertyDescriptor(made.prototype, key), f = d.get ?? d.value;
          const fact = made.name + '.' + key;
          for (const receiver of [...receivers, made, made.prototype, Object.create(made.prototype)]) {
            // Those that it is for.
            if (receivers.includes(receiver) && Object(receiver) === receiver && receiver !== loud &&
                receiver !== revoked.proxy && receiver[Symbol.toStringTag] === made.name) continue;
            if (!promises.has(fact)) {
              throws(realm.TypeError, () => Reflect.apply(f, receiver, []), fact);
            } else {
              const promise = rejects(realm.TypeError, () => Reflect.apply(f, receiver, []), fact);
              same(Object.getPrototypeOf(promise), realm.Promise.prototype, fact + ' of the callee\'s realm');
            }
          }
        }
      }
    }
  )"),
            "");
}

TEST_F(StreamIdlTest, MembersTakeObjectsOfOtherRealms) {
  const v8::HandleScope handles(isolate());
  MakeOther();
  EXPECT_EQ(Check(R"(
    const call = (interface_, key, receiver, ...args) => {
      const d = Object.getOwnPropertyDescriptor(interface_.prototype, key);
      return (d.get ?? d.value).apply(receiver, args);
    };
    const log = [];
    const s = new other.WritableStream({write(c) { log.push(c); }, close() { log.push('close'); }}, {highWaterMark: 3});
    same(call(WritableStream, 'locked', s), false, 'locked');
    const w = new WritableStreamDefaultWriter(s);
    same(call(other.WritableStream, 'locked', s), true, 'locked');
    same(call(other.WritableStreamDefaultWriter, 'desiredSize', w), 3, 'desiredSize');
    const written = call(other.WritableStreamDefaultWriter, 'write', w, 'a');
    same(Object.getPrototypeOf(written), other.Promise.prototype, 'of the callee');
    w.write('b');
    const closed = w.close();
    same(Object.getPrototypeOf(closed), Promise.prototype, 'of the callee');
    written.then(() => log.push('written'));
    closed.then(later(() => { log.push('closed'); same(log.join(), 'a,b,written,close,closed', 'order'); }));
    same(w.closed, call(other.WritableStreamDefaultWriter, 'closed', w), 'one closed');
    call(other.WritableStreamDefaultWriter, 'releaseLock', w);
    same(s.locked, false, 'released');
    same(Object.getPrototypeOf(call(WritableStream, 'getWriter', s)), WritableStreamDefaultWriter.prototype, 'getWriter');
  )"),
            "");
}

// Objects and promises that are made late belong to the realm of what they are made for.
TEST_F(StreamIdlTest, LateObjectsAreOfTheirOwnersRealm) {
  const v8::HandleScope handles(isolate());
  MakeOther();
  EXPECT_EQ(Check(R"(
    const get = (realm, name, key, object) =>
        Object.getOwnPropertyDescriptor(realm[name].prototype, key).get.call(object);
    const proto = Object.getPrototypeOf;
    // A controller that the first write makes, through another realm's method.
    let controller, seen;
    const s = new WritableStream({write(c, given) { controller = given; }});
    const w = s.getWriter();
    Promise.resolve().then(later(() => {
      other.WritableStreamDefaultWriter.prototype.write.call(w, 1);
      same(proto(controller), WritableStreamDefaultController.prototype, 'controller');
      same(proto(get(other, 'WritableStreamDefaultController', 'signal', controller)), AbortSignal.prototype, 'signal');
      controller.signal.onabort = (event) => {
        same(proto(event), Event.prototype, 'event');
        same(proto(controller.signal.reason), DOMException.prototype, 'reason');
        seen = true;
      };
      other.WritableStream.prototype.abort.call(new WritableStream(), 1);
      other.WritableStreamDefaultWriter.prototype.abort.call(w);
      same(seen, true, 'signalled');
    }));
    for (const key of ['ready', 'closed']) {
      const writer = new WritableStream().getWriter();
      same(proto(get(other, 'WritableStreamDefaultWriter', key, writer)), Promise.prototype, key);
      const released = new WritableStream().getWriter();
      released.releaseLock();
      const promise = get(other, 'WritableStreamDefaultWriter', key, released);
      same(proto(promise), Promise.prototype, 'released ' + key);
      rejects(TypeError, () => promise, 'released ' + key);
    }
    // A signal that is made after the abort.
    let late;
    const t = new WritableStream({start(c) { late = c; }});
    t.abort();
    const signal = get(other, 'WritableStreamDefaultController', 'signal', late);
    same(proto(signal), AbortSignal.prototype, 'late signal');
    same(proto(signal.reason), DOMException.prototype, 'late reason');
  )"),
            "");
}

TEST_F(StreamIdlTest, SinksAndPromisesOfOtherRealmsTakeTheSameTime) {
  const v8::HandleScope handles(isolate());
  MakeOther();
  EXPECT_EQ(Check(R"(
    function ticks(realm, make) {
      const w = new realm.WritableStream({write: make}, {highWaterMark: 9}).getWriter();
      return w.ready.then(() => {}).then(() => new Promise((done) => {
        let n = 0, over = false;
        const tick = () => { if (!over) { ++n; Promise.resolve().then(tick); } };
        w.write(1).then(() => { over = true; done(n); }, () => { over = true; done(-n); });
        tick();
      }));
    }
    const makers = [() => 1, () => Promise.resolve(), () => other.Promise.resolve(), async () => {},
                    other.eval('(async () => {})'), () => ({then(f) { f(); }}), () => Promise.reject(1),
                    () => other.Promise.reject(1), () => new (class extends Promise {})((f) => f())];
    Promise.all(makers.flatMap((m) => [ticks(globalThis, m), ticks(other, m)])).then(later((all) => {
      for (let i = 0; i < all.length; i += 2) same(all[i], all[i + 1], 'ticks of ' + i / 2);
      same(all[2], all[4], 'promises of two realms');
      same(all[12], all[14], 'rejected promises of two realms');
    }));
  )"),
            "");
}

// ---- new.target

TEST_F(StreamIdlTest, SubclassesAreOfTheirOwnClass) {
  EXPECT_EQ(Check(R"(
    class Mine extends WritableStream {
      constructor(...args) { super(...args); this.mine = true; }
      get twice() { return this.getWriter().desiredSize * 2; }
    }
    const s = new Mine({}, {highWaterMark: 4});
    same(s.twice, 8, 'twice');
    same(s.locked, true, 'locked');
    same(Object.getPrototypeOf(s), Mine.prototype, 'prototype');
    class Strategy extends CountQueuingStrategy { get highWaterMark() { return super.highWaterMark + 1; } }
    same(new WritableStream({}, new Strategy({highWaterMark: 4})).getWriter().desiredSize, 5, 'strategy');
    class Writer extends WritableStreamDefaultWriter { write(x) { return super.write(x + 1); } }
    let got;
    const w = new Writer(new WritableStream({write(x) { got = x; }}));
    same(w instanceof Writer, true, 'writer');
    w.ready.then(() => w.write(1)).then(later(() => same(got, 2, 'written')));
    same(Object.getPrototypeOf(Reflect.construct(WritableStream, [], Map)), Map.prototype, 'Map');
    same(Reflect.construct(WritableStream, [], Map) instanceof Map, true, 'Map');
    throws(TypeError, () => Map.prototype.get.call(Reflect.construct(WritableStream, [], Map)), 'Map brand');
  )"),
            "");
}

TEST_F(StreamIdlTest, WithoutAPrototypeObjectInstancesHaveTheInterfacesOfTheNewTargetsRealm) {
  const v8::HandleScope handles(isolate());
  MakeOther();
  EXPECT_EQ(Check(R"(
    const construct = {
      WritableStream: [], WritableStreamDefaultWriter: () => [new WritableStream()],
      CountQueuingStrategy: [{highWaterMark: 1}], ByteLengthQueuingStrategy: [{highWaterMark: 1}],
    };
    for (const [name, args] of Object.entries(construct)) {
      const make = (target) => Reflect.construct(globalThis[name], typeof args === 'function' ? args() : args, target);
      const proto = (target) => Object.getPrototypeOf(make(target));
      for (const realm of [globalThis, other]) {
        const expected = realm[name].prototype;
        for (const value of [undefined, null, 1, 'x', Symbol()]) {
          const target = new realm.Function();
          target.prototype = value;
          same(proto(target), expected, name + ' of prototype ' + String(value));
          same(proto(new realm.Proxy(target, {})), expected, name + ' of a proxy');
        }
        same(proto(new realm.Function().bind()), expected, name + ' of a bound function');
        // An object is an object, even this one.
        const target = new realm.Function();
        target.prototype = realm.Object.prototype;
        same(proto(target), realm.Object.prototype, name + ' of Object.prototype');
        target.prototype = Object.freeze(Object.create(null));
        same(proto(target), target.prototype, name + ' of an object');
        target.prototype = new Proxy({}, {getPrototypeOf() { wrong.push('trapped'); return null; }});
        same(proto(target), target.prototype, name + ' of a proxy as prototype');
      }
    }
    const bound = function () {}.bind();
    Object.defineProperty(bound, 'prototype', {get() { return 1; }});
    same(Object.getPrototypeOf(Reflect.construct(WritableStream, [], bound)), WritableStream.prototype, 'getter');
    const s = Reflect.construct(WritableStream, [], function () {}.bind());
    same(s.getWriter().desiredSize, 1, 'it works');
  )"),
            "");
}

TEST_F(StreamIdlTest, ThePrototypeIsLookedUpOnce) {
  EXPECT_EQ(Check(R"(
    const log = [];
    const target = new Proxy(function () {}, {get(t, key) { log.push(String(key)); return key === 'prototype' ? 1 : t[key]; }});
    Reflect.construct(WritableStream, [], target);
    Reflect.construct(CountQueuingStrategy, [{highWaterMark: 1}], target);
    same(log.join(), 'prototype,prototype', 'lookups');
    throwsValue(5, () => Reflect.construct(WritableStream, [], new Proxy(class {}, {get() { throw 5; }})), 'trap');
  )"),
            "");
}

// ---- Dictionaries and conversions

TEST_F(StreamIdlTest, DictionariesAreConvertedInOrder) {
  EXPECT_EQ(Check(R"(
    const log = [];
    const loud = (name, values) => new Proxy(values, {
      get(target, key, receiver) { log.push(name + '.' + String(key)); return target[key]; },
      has() { wrong.push('has'); }, ownKeys() { wrong.push('ownKeys'); }, getOwnPropertyDescriptor() { wrong.push('own'); },
    });
    new WritableStream(loud('sink', {start() { log.push('start'); }}),
                       loud('strategy', {highWaterMark: {valueOf() { log.push('valueOf'); return 2; }}}));
    same(log.splice(0).join(' '), 'strategy.highWaterMark valueOf strategy.size sink.abort sink.close sink.start sink.type ' +
         'sink.write start', 'order');
    const sinkKeys = ['abort', 'close', 'start', 'type', 'write'];
    for (const [i, key] of sinkKeys.entries()) {
      const error = new Error(key);
      throwsValue(error, () => new WritableStream(loud('sink', {get [key]() { throw error; }})), key);
      same(log.splice(0).join(' '), sinkKeys.slice(0, i + 1).map((k) => 'sink.' + k).join(' '), 'until ' + key);
      if (key === 'type') continue;
      for (const bad of [null, 1, 'x', {}, Symbol(), 1n, /x/]) {
        throws(TypeError, () => new WritableStream(loud('sink', {[key]: bad})), key + ' of ' + typeof bad);
        same(log.splice(0).length, i + 1, 'no more than ' + key);
      }
    }
    // The type is looked at after all of them, before highWaterMark's value.
    throws(RangeError, () => new WritableStream({type: 'bytes'}), 'type');
    for (const type of [null, 0, '', false, NaN]) throws(RangeError, () => new WritableStream({type}), 'type');
    throws(TypeError, () => new WritableStream({type: 1, write: 1}), 'write before type');
    throws(RangeError, () => new WritableStream({get start() { return () => wrong.push('started'); }}, {highWaterMark: -1}), '-1');
    throwsValue(6, () => new WritableStream({type: 1, write: 1}, {get size() { throw 6; }}), 'strategy first');
    throws(TypeError, () => new WritableStream(null, {get size() { wrong.push('converted'); }}), 'arguments in order');
  )"),
            "");
}

TEST_F(StreamIdlTest, ArgumentsMayBeMissing) {
  EXPECT_EQ(Check(R"(
    for (const args of [[], [undefined], [undefined, undefined], [undefined, null], [{}, null], [() => {}, () => {}],
                        [Object.create(null), Object.create(null)], [Object.freeze({}), Object.freeze({})], [[], []]]) {
      same(new WritableStream(...args).getWriter().desiredSize, 1, 'desiredSize');
    }
    for (const bad of [null, 1, 'x', true, Symbol(), 1n]) {
      throws(TypeError, () => new WritableStream(bad), 'sink ' + typeof bad);
      if (bad !== null) throws(TypeError, () => new WritableStream({}, bad), 'strategy ' + typeof bad);
    }
    for (const [mark, size] of [[0, 0], ['7', 7], [null, 0], [Infinity, Infinity], [[3], 3], [false, 0], [undefined, 1],
                                [-0, -0], [1.5, 1.5], [{[Symbol.toPrimitive]: () => '8'}, 8]]) {
      same(new WritableStream({}, {highWaterMark: mark}).getWriter().desiredSize, size, 'mark ' + String(mark));
    }
    for (const mark of [NaN, -1, 'x', -Infinity, {}, [1, 2]]) {
      throws(RangeError, () => new WritableStream({}, {highWaterMark: mark}), 'mark ' + String(mark));
    }
    for (const mark of [1n, Symbol(), Object.create(null)]) {
      throws(TypeError, () => new WritableStream({}, {highWaterMark: mark}), 'mark ' + typeof mark);
    }
    for (const size of [null, 1, {}, 'x']) throws(TypeError, () => new WritableStream({}, {size}), 'size ' + typeof size);
  )"),
            "");
}

// C++ hands a stream's own options to the constructor (streams.h); scripts cannot.
TEST_F(StreamIdlTest, AThirdArgumentIsNotLookedAt) {
  EXPECT_EQ(Check(R"(
    const loud = new Proxy({}, {get() { wrong.push('get'); }, has() { wrong.push('has'); }});
    for (const third of [null, 1, {byteLimit: 0n, tickModel: 2}, loud, () => {}, new WritableStream()]) {
      const w = new WritableStream({}, {}, third).getWriter();
      w.write('x').catch((error) => wrong.push(String(error)));
    }
  )"),
            "");
}

TEST_F(StreamIdlTest, SinkMethodsAreTakenOnceAndCalledOnTheSink) {
  EXPECT_EQ(Check(R"(
    'use strict';
    const log = [];
    class Sink {
      get start() { log.push('get start'); return this.method('start'); }
      get write() { log.push('get write'); return this.method('write'); }
      get close() { log.push('get close'); return this.method('close'); }
      method(name) {
        return function (...args) {
          same(this, sink, name + ' this');
          log.push(name + ' ' + args.map((a) => Object.prototype.toString.call(a)).join() + ' ' + new.target);
        };
      }
    }
    const sink = Object.freeze(new Sink());
    const s = new WritableStream(sink, {highWaterMark: 5, size(...args) {
      same(this, undefined, 'size this');
      log.push('size ' + args.length);
      return 1;
    }});
    const w = s.getWriter();
    w.write(1);
    w.write();
    w.close().then(later(() => same(log.join('; '),
        'get close; get start; get write; start [object WritableStreamDefaultController] undefined; size 1; size 1; ' +
        'write [object Number],[object WritableStreamDefaultController] undefined; ' +
        'write [object Undefined],[object WritableStreamDefaultController] undefined; close  undefined', 'calls')));
    // abort()
    for (const args of [[], [undefined], [1]]) {
      let got;
      const aborted = {abort(...given) { same(this, aborted, 'abort this'); got = given; }};
      new WritableStream(aborted).abort(...args).then(later(() => {
        same(got.length, 1, 'abort arguments');
        same(got[0], args[0], 'abort argument');
      }));
    }
    // One controller for all, callable things of all kinds.
    let first;
    const t = new WritableStream({start(c) { first = c; }, write: new Proxy(function (chunk, c) { same(c, first, 'controller'); }, {})});
    t.getWriter().write(1);
    throws(TypeError, () => new WritableStream({start: class {}}), 'a class is called');
    rejects(TypeError, () => new WritableStream({write: class {}}).getWriter().write(), 'a class is called');
  )"),
            "");
}

TEST_F(StreamIdlTest, SizesAreConvertedToNumbers) {
  EXPECT_EQ(Check(R"(
    for (const [size, desired] of [['0x2', 7], [null, 9], [true, 8], [{valueOf: () => 3}, 6], [[4], 5], [1.5, 7.5], [-0, 9]]) {
      const w = new WritableStream({}, {highWaterMark: 9, size: () => size}).getWriter();
      w.write();
      same(w.desiredSize, desired, 'size ' + String(size));
    }
    for (const [size, kind] of [[1n, TypeError], [Symbol(), TypeError], [undefined, RangeError], [NaN, RangeError],
                                [-1, RangeError], [Infinity, RangeError], [{}, RangeError], [Object.create(null), TypeError]]) {
      const w = new WritableStream({}, {size: () => size}).getWriter();
      const write = rejects(kind, () => w.write(), 'size ' + typeof size);
      w.closed.then(() => wrong.push('closed'), later((closed) => write.catch(later((error) => same(error, closed, 'stored')))));
    }
    const thrown = {};
    const w = new WritableStream({}, {size: () => ({valueOf() { throw thrown; }})}).getWriter();
    w.write().then(() => wrong.push('written'), later((error) => same(error, thrown, 'thrown by valueOf')));
  )"),
            "");
}

TEST_F(StreamIdlTest, AuthorCodeInDictionariesMayComeBack) {
  EXPECT_EQ(Check(R"(
    let depth = 0;
    const sink = {
      get abort() { if (++depth < 20) new WritableStream(sink, strategy).getWriter().write(depth); return undefined; },
      start(c) { new WritableStream({}, strategy).abort(c); },
    };
    const strategy = {get highWaterMark() { if (++depth < 20) new WritableStream(sink, strategy); return {valueOf() {
                        if (++depth < 20) new WritableStream(sink, strategy).close();
                        return 3;
                      }}; },
                      get size() { new CountQueuingStrategy({get highWaterMark() { new WritableStream(); return 1; }}); }};
    const w = new WritableStream(sink, strategy).getWriter();
    same(w.desiredSize, 3, 'desiredSize');
    w.write(1);
    same(w.desiredSize, 2, 'desiredSize');
  )"),
            "");
}

TEST_F(StreamIdlTest, ThrownAndRejectedErrorsAreOfTheCalleesRealm) {
  const v8::HandleScope handles(isolate());
  MakeOther();
  EXPECT_EQ(Check(R"(
    const s = new other.WritableStream();
    s.getWriter();
    rejects(TypeError, () => WritableStream.prototype.abort.call(s), 'locked');
    rejects(other.TypeError, () => s.abort(), 'locked');
    throws(other.TypeError, () => s.getWriter(), 'locked');
    throws(TypeError, () => WritableStream.prototype.getWriter.call(s), 'locked');
    throws(other.RangeError, () => new other.WritableStream({}, {highWaterMark: -1}), 'mark');
    throws(other.TypeError, () => new other.WritableStream(1), 'sink');
    const w = new WritableStream({}, {size: () => -1}).getWriter();
    rejects(other.RangeError, () => other.WritableStreamDefaultWriter.prototype.write.call(w), 'size');
  )"),
            "");
}

// ---- Stack traces

TEST_F(StreamIdlTest, NoFunctionOfTheScriptIsInAStackTrace) {
  EXPECT_EQ(Check(R"(
    Error.stackTraceLimit = 100;
    Error.prepareStackTrace = (error, frames) => frames;
    const mine = new Set();
    const look = (where) => {
      for (const frame of new Error().stack) {
        const f = frame.getFunction();
        if (f !== undefined && !mine.has(f)) wrong.push(where + ': ' + frame.getFunctionName() + ' ' + f);
        const receiver = frame.getThis();
        if (receiver !== undefined && receiver !== globalThis && !mine.has(receiver)) {
          wrong.push(where + ': ' + frame.getFunctionName() + ' on ' + Object.prototype.toString.call(receiver));
        }
      }
    };
    let signal;
    const sink = {
      start: function start(c) { signal = c.signal; mine.add(signal); signal.onabort = listener; look('start'); },
      write: function write() { look('write'); if (write.caller || write.arguments?.callee !== write) wrong.push('write.caller'); },
      close: function close() { look('close'); },
      abort: function abort() { look('abort'); },
    };
    const mark = {valueOf}, thenable = Object.defineProperty({}, 'then', {get: getThen});
    function listener() { look('signal'); }
    function size() { look('size'); if (size.caller !== user) wrong.push('size.caller ' + size.caller); return 1; }
    function valueOf() { look('valueOf'); return 2; }
    function user() {
      const w = new WritableStream(sink, {size, highWaterMark: mark}).getWriter();
      w.write(1);
      w.close();
      return w;
    }
    for (const f of [look, sink, mark, thenable, sink.start, sink.write, sink.close, sink.abort, listener, size, valueOf, user, check,
                     getThen]) mine.add(f);
    function getThen() { look('then'); }
    function check() {
      user();
      Promise.resolve().then(second);
      const w = user();
      w.abort();
      new WritableStream({start: function start() { mine.add(start); return thenable; }});
    }
    function check2() { user().abort(); }
    const first = later(check), second = later(check2);
    for (const f of [check2, first, second]) mine.add(f);
    (function outer() { mine.add(outer); Promise.resolve().then(first); })();
    delete Error.prepareStackTrace;
    // What our own errors tell: the author's frames only.
    const errors = [];
    try { WritableStream.prototype.getWriter.call(1); } catch (error) { errors.push(error); }
    try { new WritableStream({}, {highWaterMark: -1}); } catch (error) { errors.push(error); }
    new WritableStream().getWriter().releaseLock();
    for (const error of errors) {
      const lines = error.stack.split('\n').slice(1);
      same(lines.every((line) => /^ +at <anonymous>/.test(line)), true, error.stack);
    }
    Error.prepareStackTrace = (error, frames) => frames;
  )"),
            "");
}

}  // namespace
}  // namespace sluice::binding
