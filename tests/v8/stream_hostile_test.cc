// Author code that ends execution, fills the stack or the heap, in every place where a stream calls it, and in the
// middle of what a stream does by itself: a clean end or a JavaScript exception, and other streams that still work.
#include <gmock/gmock.h>

#include <atomic>
#include <random>
#include <thread>

#include "tests/v8/v8_test.h"

namespace sluice::binding {
namespace {

using ::testing::AnyOf;

constexpr const char* kTools = R"(
  var all = [];  // [stream, writer, controller] of each stream that may have been interrupted
  // Everything that can be done with a stream. What comes out must be an error, a promise or a plain answer.
  function poke() {
    const wrong = [];
    const fine = (error) => error instanceof TypeError || error instanceof RangeError || error === 'mine';
    for (const [s, w, c] of all) {
      const steps = [() => s?.locked, () => w?.ready, () => w?.closed, () => w?.desiredSize, () => w?.write(1),
                     () => c?.signal.aborted, () => w?.close(), () => c?.error('mine'), () => w?.abort('mine'), () => w?.releaseLock(),
                     () => s?.getWriter(), () => s?.abort('mine'), () => s?.close()];
      for (const step of steps) {
        try {
          const result = step();
          if (result instanceof Promise) result.catch((error) => { if (!fine(error)) wrong.push(String(error)); });
        } catch (error) {
          if (!fine(error)) wrong.push(step + ' ' + error);
        }
      }
    }
    all = [];
    return wrong;
  }
  // Made before the harm was done, and after it.
  function healthy(log) {
    const s = new WritableStream({
      start(c) { c.signal.onabort = () => log.push('signal'); },
      write(x) { log.push('write ' + x); return Promise.resolve(); },
      abort() { log.push('abort'); },
    }, {highWaterMark: 2, size: () => 1});
    return s.getWriter();
  }
  function use(w, log) {
    w.ready.then(() => log.push('ready'));
    w.write(1).then(() => log.push('written'));
    w.write(2).then(() => w.abort()).then(() => log.push('done'));
  }
)";
constexpr const char* kHealthy = "write 1,ready,write 2,written,signal,abort,done";

class StreamHostileTest : public V8Test {
 protected:
  explicit StreamHostileTest(Options options = {}) : V8Test(options) {
    Define("tick", Tick, this);
    Run(kTools);
  }
  ~StreamHostileTest() override { isolate()->SetPromiseHook(nullptr); }

  // The call of tick() that ends execution, from 1; or the event of a promise.
  void TerminateAt(int tick) { terminate_at_ = tick, ticks_ = 0; }
  void TerminateAtPromise(int event) {
    static StreamHostileTest* test;
    test = this;
    TerminateAt(event);
    isolate()->SetPromiseHook([](v8::PromiseHookType, v8::Local<v8::Promise>, v8::Local<v8::Value>) { test->Count(); });
  }
  bool terminated() const { return terminate_at_ != 0 && ticks_ >= terminate_at_; }

  // After the end: whether everything still answers.
  void Recover(const std::string& when) {
    isolate()->SetPromiseHook(nullptr);
    terminate_at_ = 0;
    isolate()->CancelTerminateExecution();
    EXPECT_EQ(Run("var bad = poke(); String(bad)"), "") << when;
    RunMicrotasks();
    EXPECT_EQ(Run("String(bad)"), "") << when;
    EXPECT_EQ(UseNew(), kHealthy) << when;
  }
  std::string UseNew() {
    Run("var after = []; use(healthy(after), after)");
    RunMicrotasks();
    return Run("String(after)");
  }
  ::testing::AssertionResult NothingLives() {
    Run("all = []");
    CollectGarbage();
    const LiveObjects& live = data().live();
    if (live.streams == 0 && live.writers == 0 && live.external_bytes == 0) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << live.streams << " streams, " << live.writers << " writers, " << live.signals
                                         << " signals, " << live.external_bytes << " bytes";
  }

 private:
  static void Tick(const Info& info) {
    static_cast<StreamHostileTest*>(info.Data().As<v8::External>()->Value())->Count();
  }
  void Count() {
    if (++ticks_ == terminate_at_) isolate()->TerminateExecution();
  }
  int terminate_at_ = 0;
  int ticks_ = 0;
};

// ---- The end of execution

// Author code everywhere where a stream calls it. It goes on after tick() until V8 looks, so that native code runs with
// the end already asked for.
constexpr const char* kEveryStreamCall = R"(
  (function () {
    const noted = (f) => { tick(); const value = f(); tick(); return value; };
    const dictionary = (members) => new Proxy(members, {get: (target, name) => noted(() => target[name])});
    const thenable = () => ({get then() { return noted(() => (resolve) => noted(resolve)); }});
    function make(result, other) {
      const entry = [];
      all.push(entry);
      entry[0] = new WritableStream(dictionary({
        start(c) { entry[2] = c; c.signal.onabort = () => noted(() => other?.write('from listener')); return noted(result); },
        write() { return noted(() => { other?.write('from write'); return result(); }); },
        close() { return noted(() => { other?.write('from close'); other?.close(); return result(); }); },
        abort() { return noted(() => { other?.abort('mine'); return result(); }); },
      }), dictionary({
        highWaterMark: {valueOf: () => noted(() => 3)},
        size: () => noted(() => { other?.write('from size'); return {valueOf: () => noted(() => 1)}; }),
      }));
      return entry[1] = entry[0].getWriter();
    }
    const results = [() => undefined, thenable, async () => noted(() => 1), () => Promise.reject('mine')];
    for (const result of results) {
      const other = make(() => undefined), w = make(result, other), v = make(result, make(result));
      const x = make(result, make(thenable));
      w.ready.then(() => noted(() => w.write(1))).catch(() => {});
      w.closed.catch(() => noted(() => {}));
      w.write(2).catch(() => noted(() => w.write(3)));
      w.close();
      v.write(4);
      Promise.resolve().then(() => Promise.resolve()).then(() => noted(() => { v.write(5); v.write(6); v.abort('mine'); }));
      x.write(8).then(() => { tick(); x.write(9); x.abort('mine'); }, () => {});
      all[all.length - 1][2]?.signal.addEventListener('abort', () => noted(() => x.releaseLock()));
    }
  })();
)";

TEST_F(StreamHostileTest, ExecutionMayEndInAnyAuthorFunction) {
  int tick = 1;
  for (; tick < 2000; ++tick) {
    TerminateAt(tick);
    const std::string result = Run(kEveryStreamCall);
    ASSERT_THAT(result, AnyOf("undefined", "terminated"));
    if (!terminated()) RunMicrotasks();
    const bool ended = terminated();
    Recover("tick " + std::to_string(tick));
    if (!ended || HasFailure()) break;
  }
  EXPECT_GT(tick, 300);
  EXPECT_LT(tick, 2000);
  EXPECT_TRUE(NothingLives());
}

// Promises are made and settled while the effects of an operation are done: here the end comes in the middle of them.
TEST_F(StreamHostileTest, ExecutionMayEndInTheMiddleOfAnOperation) {
  int event = 1;
  // All of the first, and some of those that are much like them.
  for (; event < 20000; event += event < 500 ? 1 : 13) {
    TerminateAtPromise(event);
    const std::string result = Run(kEveryStreamCall);
    ASSERT_THAT(result, AnyOf("undefined", "terminated"));
    if (!terminated()) RunMicrotasks();
    const bool ended = terminated();
    Recover("event " + std::to_string(event));
    if (!ended || HasFailure()) break;
  }
  EXPECT_GT(event, 300);
  EXPECT_LT(event, 20000);
  EXPECT_TRUE(NothingLives());
}

TEST_F(StreamHostileTest, AnInterruptedStreamAnswersWithErrors) {
  Run("var w = new WritableStream({}, {highWaterMark: 9}).getWriter(); var other = healthy([]);");
  RunMicrotasks();
  TerminateAtPromise(1);
  EXPECT_EQ(Run("w.write(1); 'went on'"), "terminated");
  isolate()->SetPromiseHook(nullptr);
  TerminateAt(0);
  isolate()->CancelTerminateExecution();
  Run(R"(
    var log = [];
    const tell = (error) => log.push(error instanceof TypeError && /interrupted/.test(error.message));
    w.write(2).catch(tell); w.close().catch(tell); w.abort().catch(tell);
    for (const f of [() => w.desiredSize, () => w.releaseLock()]) try { f(); log.push('none'); } catch (error) { tell(error); }
  )");
  RunMicrotasks();
  EXPECT_EQ(Run("String(log)"), "true,true,true,true,true");
  EXPECT_EQ(Run("log = []; use(other, log)"), "undefined");
}

// The end comes in an operation on one stream, in author code that an operation on another one called.
TEST_F(StreamHostileTest, BothStreamsOfANestedInterruptionAnswerWithErrors) {
  for (const char* outer : {"close", "abort", "size"}) {
    Run(R"(
      var inner = new WritableStream({}, {highWaterMark: 9}).getWriter();
      var sink = {close() { tick(); inner.write(1); }, abort() { tick(); inner.write(1); }};
      var w = new WritableStream(sink, {size() { if (armed) { tick(); inner.write(1); } return 1; }}).getWriter();
      var armed = false;
    )");
    RunMicrotasks();
    static v8::Isolate* ended;
    ended = isolate();
    // In the promise of inner.write(), which is made after the first of tick().
    Define("tick", [](const Info& info) {
      info.GetIsolate()->SetPromiseHook(
          [](v8::PromiseHookType, v8::Local<v8::Promise>, v8::Local<v8::Value>) { ended->TerminateExecution(); });
    });
    EXPECT_EQ(Run(std::string("armed = true; ") +
                  (std::string(outer) == "size" ? "w.write(1)" : std::string("w.") + outer + "()")),
              "terminated");
    isolate()->SetPromiseHook(nullptr);
    isolate()->CancelTerminateExecution();
    Run("var log = []; for (const each of [inner, w]) each.write(1).then(() => log.push('none'), "
        "(error) => log.push(/interrupted/.test(error.message)))");
    RunMicrotasks();
    EXPECT_EQ(Run("String(log)"), "true,true") << outer;
  }
}

// What was interrupted may be collected before the next operation finds that it was.
TEST_F(StreamHostileTest, AnInterruptedStreamMayBeCollected) {
  for (int i = 0; i < 20; ++i) {
    Run("var w = new WritableStream({}, {highWaterMark: 9}).getWriter();");
    RunMicrotasks();
    TerminateAtPromise(1);
    EXPECT_EQ(Run("w.write(1)"), "terminated");
    isolate()->SetPromiseHook(nullptr);
    TerminateAt(0);
    isolate()->CancelTerminateExecution();
    Run("w = undefined");
    EXPECT_TRUE(NothingLives());
    EXPECT_EQ(UseNew(), kHealthy);
  }
}

TEST_F(StreamHostileTest, AnotherThreadMayEndABusyProgramAtAnyTime) {
  constexpr int kTimes = 300;
  std::atomic<int> asked = 0;
  std::atomic<bool> over = false;
  std::thread killer([&] {
    std::mt19937 random(1);
    for (int done = 0; !over;) {
      if (asked.load() == done) {
        std::this_thread::yield();
        continue;
      }
      done = asked.load();
      for (volatile unsigned spin = random() % 200000; spin > 0;) spin = spin - 1;
      isolate()->TerminateExecution();
    }
  });
  Define(
      "begin", [](const Info& info) { ++*static_cast<std::atomic<int>*>(info.Data().As<v8::External>()->Value()); },
      &asked);
  constexpr const char* kBusy = R"(
    (function () {
      begin();
      for (;;) {
        const entry = [];
        if (all.length > 20) all = [];
        all.push(entry);
        let left = 3;
        const inner = new WritableStream({write() { return {get then() { if (left-- > 0) inner.write('then'); }}; }}).getWriter();
        const s = entry[0] = new WritableStream({start(c) { entry[2] = c; c.signal.onabort = () => inner.write('listener'); },
          write() {}, close() { inner.write('close'); }, abort() { inner.abort(); }}, {size() { inner.write('size'); return 1; }});
        let w = entry[1] = s.getWriter();
        w.ready; w.closed.catch(() => {});
        for (let i = 0; i < 5; ++i) w.write(i).catch(() => {});
        if (all.length % 3) w.close().catch(() => {}); else w.abort('mine').catch(() => {});
        try { w.releaseLock(); entry[1] = s.getWriter(); } catch {}
        if (all.length % 2) entry[2].error('mine');
      }
    })();
  )";
  for (int i = 0; i < kTimes && !HasFailure(); ++i) {
    EXPECT_EQ(Run(kBusy), "terminated");
    Recover("time " + std::to_string(i));
  }
  over = true;
  killer.join();
  isolate()->CancelTerminateExecution();
  EXPECT_TRUE(NothingLives());
}

// Reactions are operations, too.
TEST_F(StreamHostileTest, AnotherThreadMayEndMicrotasksAtAnyTime) {
  std::atomic<int> asked = 0;
  std::atomic<bool> over = false;
  std::thread killer([&] {
    std::mt19937 random(2);
    for (int done = 0; !over;) {
      if (asked.load() == done) {
        std::this_thread::yield();
        continue;
      }
      done = asked.load();
      for (volatile unsigned spin = random() % 100000; spin > 0;) spin = spin - 1;
      isolate()->TerminateExecution();
    }
  });
  Define(
      "begin", [](const Info& info) { ++*static_cast<std::atomic<int>*>(info.Data().As<v8::External>()->Value()); },
      &asked);
  for (int i = 0; i < 200 && !HasFailure(); ++i) {
    ASSERT_EQ(Run(R"(
      for (let i = 0; i < 3; ++i) {
        const entry = [];
        all.push(entry);
        entry[0] = new WritableStream({start(c) { entry[2] = c; }, write(x) {
          return i === 0 ? undefined : i === 1 ? Promise.resolve() : {then(f) { f(); }};
        }}, {highWaterMark: 3});
        const w = entry[1] = entry[0].getWriter();
        const again = () => { w.write(1).then(again, () => {}); w.ready.then(() => w.write(2)).catch(() => {}); };
        w.ready.then(again);
        again();
      }
      undefined
    )"),
              "undefined");
    Run("Promise.resolve().then(begin)");
    RunMicrotasks();  // until the end
    Recover("time " + std::to_string(i));
  }
  over = true;
  killer.join();
  isolate()->CancelTerminateExecution();
  EXPECT_TRUE(NothingLives());
}

// ---- The heap

class StreamHeapTest : public StreamHostileTest {
 protected:
  StreamHeapTest() : StreamHostileTest(Options{.stream = {.byte_limit = std::nullopt}}) {}
};

TEST_F(StreamHeapTest, AFullHeapEndsTheProgramOnly) {
  struct Limit {
    v8::Isolate* isolate;
    int calls = 0;
  } limit{isolate()};
  const auto near_limit = [](void* data, size_t current, size_t) -> size_t {
    auto* const self = static_cast<Limit*>(data);
    ++self->calls;
    self->isolate->TerminateExecution();
    return current + 64 * 1024 * 1024;
  };
  isolate()->AddNearHeapLimitCallback(near_limit, &limit);
  // A small heap from here on.
  const auto result = [&] {
    v8::HeapStatistics heap;
    isolate()->GetHeapStatistics(&heap);
    isolate()->RemoveNearHeapLimitCallback(near_limit, heap.used_heap_size() + 32 * 1024 * 1024);
    isolate()->AddNearHeapLimitCallback(near_limit, &limit);
    return Run(
        "var w = new WritableStream({write: () => new Promise(() => {})}).getWriter(); all.push([undefined, w]);"
        "for (let i = 0;; ++i) w.write({i})");
  }();
  EXPECT_EQ(result, "terminated");
  EXPECT_GT(limit.calls, 0);
  Recover("full");
  isolate()->RemoveNearHeapLimitCallback(near_limit, 0);
  Run("w = undefined");
  EXPECT_TRUE(NothingLives());
}

// ---- The stack

// Everything that a stream does, on a stack that is nearly full: from the first call that overflows upwards.
TEST_F(StreamHostileTest, OperationsAreDoneWhollyOrNotAtAllWhenTheStackIsFull) {
  const std::string result = Run(R"(
    const operations = [
      () => { const e = []; e[0] = new WritableStream({start(c) { e[2] = c; }}); e[1] = e[0].getWriter(); all.push(e); },
      () => all[all.length - 1][1].write(1), () => all[all.length - 1][1].close(), () => all[all.length - 1][1].abort('mine'),
      () => all[all.length - 1][1].releaseLock(), () => all[all.length - 1][1].desiredSize, () => all[all.length - 1][0].getWriter(),
      () => all[all.length - 1][1].ready, () => all[all.length - 1][1].closed, () => all[all.length - 1][2].signal,
      () => all[all.length - 1][2].error('mine'), () => new CountQueuingStrategy({highWaterMark: 1}).size,
      () => WritableStream.prototype.abort.call({}),
    ];
    var bad = new Set(), refused = 0, done = 0;
    const fine = (error) => error instanceof RangeError || error instanceof TypeError || error === 'mine';
    function attempt(operation) {
      try {
        const result = operation();
        if (result instanceof Promise) result.then(undefined, (error) => { if (!fine(error)) bad.add(String(error)); });
        ++done;
      } catch (error) {
        if (error instanceof RangeError) ++refused; else if (!fine(error)) bad.add(String(error));
      }
    }
    all.push([]);
    attempt(operations[0]);
    let level = 0;
    function down(a, b, c) {
      try { down(a, b, c); } catch { }
      // Upwards again.
      if (level++ > 1500) return;
      try { for (const operation of operations) attempt(operation); } catch { }
    }
    down(1, 2, 3);
    done > 1000 && refused > 1000 ? [...bad].join() : done + ' done, ' + refused + ' refused'
  )");
  EXPECT_EQ(result, "");
  RunMicrotasks();
  Recover("full stack");
  EXPECT_EQ(Run("[...bad].join()"), "");
}

// A stream that refused an operation for want of stack is as it was.
TEST_F(StreamHostileTest, AStreamThatHadNoStackIsAsItWas) {
  EXPECT_EQ(Run(R"(
    var log = [];
    const w = new WritableStream({write(x) { log.push(x); }, close() { log.push('close'); }}, {highWaterMark: 5}).getWriter();
    let refused = 0;
    function down() {
      try { down(); } catch { }
      if (refused > 100) return;
      // Where the stack has room for the call, but not for the operation.
      try {
        const p = w.write('deep');
        p.catch((error) => { log.push(error instanceof RangeError ? 'refused' : error); });
        if (w.desiredSize < 5) refused = Infinity;
      } catch (error) { if (!(error instanceof RangeError)) throw error; ++refused; }
    }
    down();
    const size = w.desiredSize;
    w.write('flat'); w.close();
    size <= 5
  )"),
            "true");
  RunMicrotasks();
  EXPECT_THAT(Run("String(log.filter((x) => x !== 'refused'))"), AnyOf("flat,close", "deep,flat,close"));
}

struct Chain {
  const char* name;
  const char* make;  // the i-th stream, whose sink goes on with chain[i + 1]
  const char* begin;
};

constexpr Chain kChains[] = {
    {"Size", "new WritableStream({}, {size() { next(); return 1; }})", "write"},
    {"Write", "new WritableStream({write() { next(); }})", "write"},
    {"ThenGetter", "new WritableStream({write() { return {get then() { next(); }}; }})", "write"},
    {"Close", "new WritableStream({close() { next(); }})", "close"},
    {"Abort", "new WritableStream({abort() { next(); }})", "abort"},
    {"Listener", "new WritableStream({start(c) { c.signal.onabort = next; }})", "abort"},
    {"ListenersOfTwo",
     "new WritableStream({start(c) { AbortSignal.any([c.signal]).addEventListener('abort', next); keep.push(c); }})",
     "abort"},
};

class ChainTest : public StreamHostileTest, public ::testing::WithParamInterface<Chain> {};

TEST_P(ChainTest, OverflowIsARangeErrorOfTheStreamThatHadNoRoom) {
  constexpr int kLength = 4000;
  Run("var chain = [], keep = [], length = " + std::to_string(kLength) + ", begin = '" + GetParam().begin + "';" + R"(
    var refused = 0, reached = 0, odd = new Set();
    function call(i) {
      if (i >= length) return;
      reached = i;
      chain[i][begin]('mine').catch((error) => {
        if (error instanceof RangeError) ++refused; else if (error !== 'mine') odd.add(String(error));
      });
    }
    for (let i = 0; i < length; ++i) {
      const next = () => call(i + 1);
      chain.push(()" +
      std::string(GetParam().make) + R"().getWriter());
    }
  )");
  RunMicrotasks();
  EXPECT_THAT(Run("call(0)"), AnyOf("undefined"));
  RunMicrotasks();
  EXPECT_EQ(Run("String([...odd])"), "");
  EXPECT_EQ(Run("refused >= 1"), "true");
  EXPECT_EQ(Run("reached > 10 && reached < length - 1 ? 'ok' : reached"), "ok");
  // Those beyond it were not touched; those before it have their results.
  EXPECT_EQ(Run("chain.slice(reached + 1).every((w) => w.desiredSize === 1)"), "true");
  Run("length = 0; for (const w of chain) all.push([undefined, w]);");
  Recover("chain");
  Run("chain = keep = undefined");
  EXPECT_TRUE(NothingLives());
}

INSTANTIATE_TEST_SUITE_P(All, ChainTest, ::testing::ValuesIn(kChains),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_F(StreamHostileTest, ConstructorsMayNestUntilTheStackIsFull) {
  EXPECT_EQ(Run(R"(
    let depth = 0, kinds = new Set();
    const sink = {start(c) { all.push([undefined, undefined, c]); ++depth; new WritableStream(sink); }};
    try { new WritableStream(sink); } catch (error) { kinds.add(error.constructor.name); }
    const strategy = {get size() { ++depth; new WritableStream({}, strategy); }};
    try { new WritableStream({}, strategy); } catch (error) { kinds.add(error.constructor.name); }
    const quiet = {start() { try { new WritableStream(quiet).getWriter().write(1); } catch (error) { kinds.add(error.constructor.name); } }};
    all.push([new WritableStream(quiet)]);
    class Deep extends WritableStream { constructor() { super({start() { new Deep(); }}); } }
    try { new Deep(); } catch (error) { kinds.add(error.constructor.name); }
    depth > 50 ? [...kinds].join() : depth
  )"),
            "RangeError");
  RunMicrotasks();
  Recover("nested");
  EXPECT_TRUE(NothingLives());
}

// ---- The embedder

// Hooks that run JavaScript, as Node's async_hooks do: it comes back in while the effects of an operation are done.
TEST_F(StreamHostileTest, APromiseHookThatUsesStreamsBreaksNoMoreThanThem) {
  for (const char* hooked : {"w.write(9)", "other.write(9)", "other.close()", "w.abort('mine')", "w.releaseLock()",
                             "new WritableStream().getWriter().write(1)"}) {
    Run("var other = healthy([]), fine = healthy([]), inside = false, left = 0;");
    RunMicrotasks();
    const v8::HandleScope handles(isolate());
    const v8::Context::Scope entered(context());
    auto hook =
        Evaluate(context(), "(function () { if (inside || left-- <= 0) return; inside = true; try { const p = " +
                                std::string(hooked) + "; p?.catch(() => {}); } catch { } inside = false; })");
    for (const bool at_settling : {false, true}) {
      const auto function = hook.ToLocalChecked().As<v8::Function>();
      Run("var w = new WritableStream({}, {highWaterMark: 3}).getWriter(); var entry = []; all.push(entry, [undefined, "
          "w], [undefined, other]);");
      RunMicrotasks();
      context()->SetPromiseHooks(at_settling ? v8::Local<v8::Function>() : function, {}, {},
                                 at_settling ? function : v8::Local<v8::Function>());
      Run("left = 300");  // a hook makes promises, which call the hook
      Run(kEveryStreamCall);
      EXPECT_THAT(Run("left = 20; var p = [w.write(1), w.write(2), w.close()]; p.every((q) => q instanceof Promise)"),
                  AnyOf("true"));
      RunMicrotasks();
      context()->SetPromiseHooks({}, {}, {}, {});
      Recover(hooked);
    }
    EXPECT_EQ(Run("var log = []; use(fine, log)"), "undefined");
    RunMicrotasks();
    EXPECT_EQ(Run("String(log)"), "ready,written,done") << hooked;
  }
  Run("w = other = fine = undefined");
  EXPECT_TRUE(NothingLives());
}

TEST_F(StreamHostileTest, ARealmMayBeMadeWhileExecutionEnds) {
  isolate()->TerminateExecution();
  const v8::HandleScope handles(isolate());
  v8::MaybeLocal<v8::Context> made = NewContext(isolate());
  isolate()->CancelTerminateExecution();
  if (!made.IsEmpty()) EXPECT_EQ(RunIn(made.ToLocalChecked(), "new WritableStream().locked"), "false");
  EXPECT_EQ(UseNew(), kHealthy);
}

// ---- What else author code may do

TEST_F(StreamHostileTest, AStreamMayBeUsedWhileItIsMade) {
  EXPECT_EQ(Run(R"(
    var log = [];
    const s = new WritableStream({start(c) {
      c.error('mine'); c.error(2);
      log.push(c.signal.aborted);
      Object.setPrototypeOf(c, null);
      return {then(f) { log.push('then'); f({then(g) { log.push('again'); g(c); }}); }};
    }});
    s.getWriter().closed.catch((e) => log.push(e));
    undefined
  )"),
            "undefined");
  RunMicrotasks();
  EXPECT_EQ(Run("String(log)"), "false,then,again,mine");
}

}  // namespace
}  // namespace sluice::binding
