// Streams that nobody can use any more are collected, in whatever state they are, and those that somebody can are not.
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/v8/v8_test.h"

namespace sluice::binding {
namespace {

class StreamMemoryTest : public V8Test {
 protected:
  ::testing::AssertionResult NothingLives() {
    CollectGarbage();
    const LiveObjects& live = data().live();
    if (live.streams == 0 && live.writers == 0 && live.signals == 0 && live.external_bytes == 0) {
      return ::testing::AssertionSuccess();
    }
    return ::testing::AssertionFailure() << live.streams << " streams, " << live.writers << " writers, " << live.signals
                                         << " signals, " << live.external_bytes << " bytes";
  }
};

// ---- Abandoned

struct State {
  const char* name;
  const char* make;        // a function body
  bool microtasks = true;  // run after each batch
};

constexpr State kStates[] = {
    {"Bare", "new WritableStream()"},
    {"NeverStarted", "new WritableStream({start() { return new Promise(() => {}); }}).getWriter().write(1)"},
    {"StartPending", "new WritableStream({start() {}}).getWriter().write(1)", false},
    {"StartPromisePending", "new WritableStream({async start() { await 1; }}).close()", false},
    {"StartThrew", "try { new WritableStream({start(c) { c.signal; throw c; }}); } catch (e) { }"},
    {"StartRejected", "new WritableStream({start(c) { return Promise.reject(c); }}).abort().catch((e) => e)"},
    {"WriteInFlight", "new WritableStream({write(c, k) { return new Promise(() => k); }}).getWriter().write(1)"},
    {"WriteInFlightOnAThenable",
     "const s = new WritableStream({write(c, k) { return {then(f, r) { s.f = f; s.r = r; s.k = k; }}; }});"
     "const w = s.getWriter(); s.w = w; w.write(s); w.write(w);"},
    {"QueueOfChunksThatReferToTheStream",
     "const s = new WritableStream({write() { return new Promise(() => s); }});"
     "const w = s.getWriter(); for (let i = 0; i < 20; ++i) w.write({s, w, f: () => s});"},
    {"SinkThatRefersToEverything",
     "const sink = {start(c) { this.c = c; this.g = c.signal; }, write(c, k) { this.k = k; return this.p; }, close() { "
     "s; },"
     " abort() { s; }, p: new Promise(() => {})}; const s = new WritableStream(sink, {size: () => (s, 1)});"
     "sink.s = s; sink.w = s.getWriter(); sink.q = sink.w.write(sink); sink.r = sink.w.ready; sink.d = sink.w.closed;"
     "sink.q.then(() => s);"},
    {"PromisesOfOperations",
     "const s = new WritableStream({write() { return new Promise(() => {}); }}); const w = s.getWriter();"
     "w.write(1).then(() => s); w.ready.then(() => s); w.closed.then(() => w); w.close().then(() => [s, w]);"},
    {"SettledPromisesOfOperations",
     "const s = new WritableStream(); const w = s.getWriter();"
     "w.p = w.write(s); w.q = w.close(); w.p.then(() => s); w.q.then(() => [s, w]); w.q.w = w;"},
    {"AbortPending",
     "const s = new WritableStream({write() { return new Promise(() => {}); }}); const w = s.getWriter(); w.write(s);"
     "Promise.resolve().then(() => w.abort(w).then(() => s))"},
    {"AbortNeverEnds", "const s = new WritableStream({abort(r) { return new Promise(() => r); }}); s.abort(s);"},
    {"AbortThrows", "const s = new WritableStream({abort(r) { throw r; }}); s.abort(s).catch(() => s);"},
    {"CloseNeverEnds", "const s = new WritableStream({close() { return new Promise(() => s); }}); s.close();"},
    {"Closed", "const s = new WritableStream(); const w = s.getWriter(); w.x = s; w.closed.then(() => s); w.close();"},
    {"Errored", "let c; const s = new WritableStream({start(k) { c = k; }}); c.error({s, c}); s.getWriter().x = s;"},
    {"ErroredInWrite",
     "const w = new WritableStream({write(c) { throw c; }}).getWriter(); w.write({w}).catch(() => w);"
     "w.closed.catch(() => w)"},
    {"WriterReleased",
     "const s = new WritableStream(); const w = s.getWriter(); w.s = s; w.releaseLock(); w.closed.catch(() => w);"},
    {"ManyWriters",
     "const s = new WritableStream(); for (let i = 0; i < 20; ++i) { const w = s.getWriter(); w.s = s; w.ready;"
     "w.releaseLock(); } s.getWriter().s = s;"},
    {"WriterDropped", "keep.push(new WritableStream()); keep[keep.length - 1].getWriter();"},
    {"StreamDropped", "keep.push(new WritableStream().getWriter());"},
    {"SignalWithListeners",
     "const s = new WritableStream({start(c) { s_ = c; c.signal.addEventListener('abort', () => [s, c]);"
     "c.signal.onabort = () => s; }}); var s_; s.g = s_.signal;"},
    {"SignalAborted",
     "const s = new WritableStream({start(c) { c.signal.addEventListener('abort', () => [s, c]); }}); s.abort({s})"},
    {"SignalFollowed",
     "const s = new WritableStream({start(c) { AbortSignal.any([c.signal]).onabort = () => s; }}); s.getWriter()"},
    {"LateSignal", "let c; const s = new WritableStream({start(k) { c = k; }}); s.abort({s}); s.x = c.signal;"},
    {"SizeThrew", "const w = new WritableStream({}, {size(c) { throw c; }}).getWriter(); w.write({w}).catch(() => w)"},
    {"SizeReleased",
     "const w = new WritableStream({}, {size() { w.releaseLock(); }}).getWriter(); w.write(w).catch(() => w)"},
    {"MidMicrotask",
     "const s = new WritableStream({async write() { await 1; await s; }}); const w = s.getWriter();"
     "w.write(s); w.write(w); w.close().then(() => w)",
     false},
    {"Subclass", "class S extends WritableStream { #s = this; f = () => this; } new S().getWriter().write(1)"},
    {"NoPrototypeObject",
     "Reflect.construct(WritableStream, [{start(c) { c.c = c; }}], function () {}.bind()).getWriter()"},
    {"Strategies", "new WritableStream({}, new CountQueuingStrategy({highWaterMark: 1})).getWriter().write(1)"},
    {"Weak",
     "const s = new WritableStream(); const w = s.getWriter(); map.set(s, w); map.set(w, s); weak = new WeakRef(s);"},
    {"Finalized", "const s = new WritableStream(); registry.register(s, 1); registry.register(s.getWriter(), 2);"},
};

class AbandonedTest : public StreamMemoryTest, public ::testing::WithParamInterface<State> {};

TEST_P(AbandonedTest, StreamsAreCollected) {
  constexpr int kStreams = 3000;  // some 100,000 in all states
  ASSERT_EQ(Run("var keep = [], map = new WeakMap(), weak, registry = new FinalizationRegistry(() => {});"
                "function make() { " +
                std::string(GetParam().make) + "; }"),
            "undefined");
  for (int i = 0; i < kStreams; i += 100) {
    ASSERT_EQ(Run("for (let i = 0; i < 100; ++i) make();"
                  "undefined"),
              "undefined");
    if (GetParam().microtasks) RunMicrotasks();
  }
  EXPECT_GT(data().live().streams, 0);
  EXPECT_GT(data().live().external_bytes, 0);
  // What hangs in the microtask queue is alive.
  if (!GetParam().microtasks) {
    CollectGarbage();
    EXPECT_GE(data().live().streams, kStreams);
    RunMicrotasks();
  }
  Run("keep = undefined");
  EXPECT_TRUE(NothingLives());
}

INSTANTIATE_TEST_SUITE_P(States, AbandonedTest, ::testing::ValuesIn(kStates),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_F(StreamMemoryTest, QueuesAreReportedToV8) {
  Run("var w = new WritableStream({write: () => new Promise(() => {})}).getWriter(); w.write(0)");
  RunMicrotasks();
  const int64_t before = data().live().external_bytes;
  const int64_t v8_before = isolate()->AdjustAmountOfExternalAllocatedMemory(0);
  Run("for (let i = 0; i < 100000; ++i) w.write(i)");
  EXPECT_GT(data().live().external_bytes, before + 100000 * 8);
  EXPECT_GT(isolate()->AdjustAmountOfExternalAllocatedMemory(0), v8_before + 100000 * 8 - 64 * 1024);
  Run("w = undefined");
  EXPECT_TRUE(NothingLives());
}

// ---- Not abandoned

TEST_F(StreamMemoryTest, APendingWriteKeepsItsStream) {
  Run(R"(
    var log = [], finish = [];
    for (const result of [(f) => new Promise(f), (f) => ({then: f})]) {
      const w = new WritableStream({write(c) { return result((f) => finish.push(f)); }, close() { log.push('close'); }}).getWriter();
      w.write(1).then(() => log.push('written'));
      w.close().then(() => log.push('closed'));
    }
  )");
  RunMicrotasks();
  CollectGarbage();
  EXPECT_EQ(data().live().streams, 2);
  Run("finish.splice(0).forEach((f) => f())");
  CollectGarbage();
  RunMicrotasks();
  EXPECT_EQ(Run("log.join()"), "close,close,written,written,closed,closed");
  Run("log = undefined");
  EXPECT_TRUE(NothingLives());
}

TEST_F(StreamMemoryTest, AControllerKeepsTheStreamAndItsWriter) {
  Run(R"(
    var log = [], controller;
    (function () {
      const w = new WritableStream({start(c) { controller = c; }}).getWriter();
      w.closed.catch((e) => log.push('closed ' + e));
      w.ready.then(() => log.push('ready'));
    })();
  )");
  RunMicrotasks();
  CollectGarbage();
  EXPECT_EQ(data().live().writers, 1);
  Run("controller.error(7)");
  RunMicrotasks();
  EXPECT_EQ(Run("log.join()"), "ready,closed 7");
  Run("controller = undefined");
  EXPECT_TRUE(NothingLives());
}

TEST_F(StreamMemoryTest, AStreamKeepsTheWriterThatNobodyHas) {
  Run("var c, log = [], s = new WritableStream({start(k) { c = k; }, write() { log.push('write'); }});"
      "(() => { const w = s.getWriter(); w.write(1).then(() => log.push('written')); })();");
  CollectGarbage();
  RunMicrotasks();
  CollectGarbage();
  EXPECT_EQ(Run("s.locked + ' ' + log"), "true write,written");
  EXPECT_EQ(Run("c.error(1)"), "undefined");
  Run("s = c = undefined");
  EXPECT_TRUE(NothingLives());
}

TEST_F(StreamMemoryTest, APromiseThatNobodyCanSettleKeepsNothing) {
  Run("var p = [new WritableStream().getWriter().closed, new WritableStream({}, {highWaterMark: "
      "0}).getWriter().ready]");
  RunMicrotasks();
  EXPECT_TRUE(NothingLives());
}

// ---- Collection at every step

constexpr const char* kBusy = R"(
  var log = [];
  function busy(n) {
    let c;
    const s = new WritableStream({
      start(k) { c = k; k.signal.addEventListener('abort', () => log.push('aborted')); },
      write(x) { log.push('write ' + x); return n % 3 === 0 ? Promise.resolve() : n % 3 === 1 ? {then(f) { f(); }} : undefined; },
      close() { log.push('close'); return Promise.resolve(); },
      abort(r) { log.push('abort ' + r); },
    }, {highWaterMark: 2, size() { return 1; }});
    const w = s.getWriter();
    w.ready.then(() => log.push('ready'));
    w.closed.then(() => log.push('closed'), (e) => log.push('errored ' + e));
    for (let i = 0; i < 4; ++i) w.write(i).then(() => log.push('written ' + i), (e) => log.push('rejected ' + e));
    if (n % 2) w.close();
    w.releaseLock();
    const v = s.getWriter();
    v.write('late').catch((e) => log.push(String(e)));
    if (n % 2 === 0) Promise.resolve().then(() => v.abort('why')).then(() => log.push('end'));
  }
  for (let n = 0; n < 6; ++n) busy(n);
)";

v8::Isolate::GarbageCollectionType collection_type;

TEST_F(StreamMemoryTest, CollectionAtEveryPromiseChangesNothing) {
  Run(kBusy);
  RunMicrotasks();
  const std::string expected = Run("log.join()");
  EXPECT_NE(expected.find("end"), std::string::npos) << expected;
  for (const auto type : {v8::Isolate::kMinorGarbageCollection, v8::Isolate::kFullGarbageCollection}) {
    collection_type = type;
    // Promises are made and settled in the middle of operations.
    isolate()->SetPromiseHook([](v8::PromiseHookType, v8::Local<v8::Promise> promise, v8::Local<v8::Value>) {
      promise->GetIsolate()->RequestGarbageCollectionForTesting(collection_type);
    });
    Run(kBusy);
    RunMicrotasks();
    isolate()->SetPromiseHook(nullptr);
    EXPECT_EQ(Run("log.join()"), expected);
  }
  EXPECT_TRUE(NothingLives());
}

TEST_F(StreamMemoryTest, PagesAreReusedAndFreedWhileOthersLive) {
  Run("var keep = [];");
  for (int round = 0; round < 20; ++round) {
    Run("for (let i = 0; i < 500; ++i) { const s = new WritableStream(), w = s.getWriter(); w.write(s);"
        " if (i % 37 === 0) keep.push(i % 2 ? s : w); }"
        "keep = keep.filter((k, i) => i % 3);");
    RunMicrotasks();
    isolate()->RequestGarbageCollectionForTesting(round % 2 == 0 ? v8::Isolate::kMinorGarbageCollection
                                                                 : v8::Isolate::kFullGarbageCollection);
    EXPECT_EQ(Run("keep.every((k) => k instanceof WritableStream ? k.locked : k.desiredSize === 1 && k.write(1))"),
              "true");
  }
  Run("keep = undefined");
  RunMicrotasks();
  EXPECT_TRUE(NothingLives());
}

// ---- Contexts

TEST_F(StreamMemoryTest, StreamsOutliveTheirDetachedContext) {
  {
    const v8::HandleScope handles(isolate());
    const v8::Local<v8::Context> other = NewContext(isolate()).ToLocalChecked();
    other->SetSecurityToken(context()->GetSecurityToken());
    {
      const v8::Context::Scope entered(other);
      RunIn(other,
            "var finish, out = {}; out.w = new WritableStream({start(c) { out.c = c; }, "
            "write() { return new Promise((f) => { out.finish = f; }); }}).getWriter(); out.p = out.w.write(1);"
            "out.idle = new WritableStream(); out.size = new CountQueuingStrategy({highWaterMark: 1}).size");
      RunMicrotasks();
    }
    const v8::Context::Scope entered(context());
    const auto out = other->Global()->Get(other, Ascii(isolate(), "out")).ToLocalChecked();
    context()->Global()->Set(context(), Ascii(isolate(), "out"), out).Check();
    other->DetachGlobal();
  }
  CollectGarbage();
  // Its microtasks do not run any more, as in a browser; nothing else is wrong with it.
  EXPECT_EQ(Run(R"(
    out.finish();
    const w = out.w, states = [];
    w.write(2); w.ready; w.closed; w.close(); w.abort(3);
    out.c.signal; out.c.error(1);
    out.idle.getWriter().write(1);
    WritableStream.prototype.abort.call(out.idle);
    states.push(w.desiredSize, out.c.signal.aborted, out.idle.locked, out.size());
    const mine = new WritableStream({}, {size: out.size}).getWriter();
    mine.write(1);
    states.join()
  )"),
            ",true,true,1");
  RunMicrotasks();
  CollectGarbage();
  EXPECT_EQ(Run("w.releaseLock(); new out.w.constructor(new WritableStream()).desiredSize"), "1");
  RunMicrotasks();
  DestroyIsolate();
}

TEST_F(StreamMemoryTest, RealmsAreCollectedWithTheirStreams) {
  for (int i = 0; i < 5; ++i) {
    const v8::HandleScope handles(isolate());
    const v8::Local<v8::Context> other = NewContext(isolate()).ToLocalChecked();
    RunIn(other, "var s = new WritableStream(), w = s.getWriter(); w.write(s); w.closed.then(() => s);");
  }
  RunMicrotasks();
  EXPECT_TRUE(NothingLives());
  const v8::HandleScope handles(isolate());
  EXPECT_EQ(data().Realms().size(), 1u);
  EXPECT_EQ(Run("try { WritableStream.prototype.getWriter.call({}) } catch (e) { e.name }"), "TypeError");
}

// ---- Isolates

constexpr const char* kPending = R"(
  var all = [];
  for (let i = 0; i < 100; ++i) {
    const s = new WritableStream({start() { return i % 2 ? new Promise(() => {}) : undefined; },
                                  write() { return {then() {}}; }});
    const w = s.getWriter();
    w.write(1); w.write(2); w.closed.then(() => s);
    if (i % 3 === 0) w.close();
    if (i % 5 === 0) w.abort(s);
    all.push(w);
  }
)";

TEST_F(StreamMemoryTest, AnIsolateMayEndWithEverythingPending) {
  Run(kPending);
  DestroyIsolate();
}

TEST_F(StreamMemoryTest, AnIsolateMayEndWithWritesInFlight) {
  Run(kPending);
  RunMicrotasks();
  Run(kPending);
  DestroyIsolate();
}

std::string RunAlone(runtime::Isolate& isolate, const char* source) {
  const v8::Isolate::Scope entered(isolate.get());
  const v8::HandleScope handles(isolate.get());
  const v8::Local<v8::Context> context = isolate.NewContext();
  const v8::Context::Scope in(context);
  const auto script = v8::Script::Compile(context, Ascii(isolate.get(), source)).ToLocalChecked();
  if (script->Run(context).IsEmpty()) return "failed";
  isolate.get()->PerformMicrotaskCheckpoint();
  const auto log = v8::Script::Compile(context, Ascii(isolate.get(), "String(log)")).ToLocalChecked();
  return *v8::String::Utf8Value(isolate.get(), log->Run(context).ToLocalChecked());
}

TEST_F(StreamMemoryTest, TwoIsolatesDoNotMeet) {
  runtime::Isolate second({});
  Run(kBusy);
  const std::string there = RunAlone(second, kBusy);
  RunMicrotasks();
  EXPECT_EQ(there, Run("String(log)"));
  EXPECT_GT(second.data().live().streams, 0);
  EXPECT_GT(data().live().streams, 0);
  EXPECT_TRUE(NothingLives());
  EXPECT_GT(second.data().live().streams, 0);
}

TEST_F(StreamMemoryTest, IsolatesLiveOnThreadsOfTheirOwn) {
  Run(kBusy);
  RunMicrotasks();
  const std::string expected = Run("String(log)");
  constexpr const char* kDeep = R"(
    var log;
    function down(n) { try { return down(n + 1); } catch (e) { return e instanceof RangeError; } }
    log = down(0);
    const w = new WritableStream({}, {size() { w.write(1).catch((e) => { log += e.name; }); return 1; }}).getWriter();
    w.write(1);
  )";
  std::vector<std::string> logs(4);
  std::vector<std::thread> threads;
  for (std::string& log : logs) {
    threads.emplace_back([&log] {
      runtime::Isolate isolate({});
      log = RunAlone(isolate, kBusy) + ";" + RunAlone(isolate, kDeep);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& log : logs) EXPECT_EQ(log, expected + ";trueRangeError");
}

// An isolate that moves to another thread needs that thread's stack limit.
TEST_F(StreamMemoryTest, AnIsolateMayMoveToAnotherThread) {
  Run("var log = [], w = new WritableStream({write(x) { log.push(x); }}).getWriter(); w.write(1)");
  isolate()->Exit();
  std::thread([this] {
    int here = 0;
    isolate()->Enter();
    data().SetStackLimit(reinterpret_cast<uintptr_t>(&here) - 256 * 1024);
    Run("w.write(2)");
    RunMicrotasks();
    EXPECT_EQ(Run("w.write(3), String(log)"), "1,2,3");
    Run("const u = new WritableStream({}, {size() { u.write(1).catch((e) => log.push(e.name)); return 1; "
        "}}).getWriter();"
        "u.write(1);");
    RunMicrotasks();
    EXPECT_EQ(Run("String(log)"), "1,2,3,RangeError");
    isolate()->Exit();
  }).join();
  int here = 0;
  isolate()->Enter();
  data().SetStackLimit(reinterpret_cast<uintptr_t>(&here) - 512 * 1024);
  EXPECT_EQ(Run("w.write(4), String(log)"), "1,2,3,RangeError,4");
}

// A page of native memory is for many streams: what a dead one had allocated goes before its page does.
TEST_F(StreamMemoryTest, ALivingStreamKeepsNoQueueOfADeadOne) {
  Run("var kept = [];"
      "for (let page = 0; page < 4; ++page) {"
      "  for (let i = 0; i < 31; ++i) {"
      "    const w = new WritableStream({write: () => new Promise(() => {})}, {highWaterMark: 1e9}).getWriter();"
      "    for (let j = 0; j < 2000; ++j) w.write('');"
      "  }"
      "  kept.push(new WritableStream());"
      "}");
  RunMicrotasks();
  EXPECT_GT(data().live().external_bytes, 4 * 31 * 2000 * 8);
  CollectGarbage();
  EXPECT_LT(data().live().external_bytes, 4 * 32 * 1024);
  EXPECT_EQ(Run("kept.every((s) => s.getWriter().desiredSize === 1)"), "true");
  Run("kept = undefined");
  EXPECT_TRUE(NothingLives());
}

TEST_F(StreamMemoryTest, AQueueThatIsWatchedWorksOn) {
  Run("var resolve, seen = 0; var w = new WritableStream({write() { ++seen; return new Promise((r) => resolve = r); }},"
      "{highWaterMark: 1e9}).getWriter(); for (let i = 0; i < 1000; ++i) w.write(i)");
  RunMicrotasks();
  CollectGarbage();
  for (int i = 0; i < 10; ++i) {
    Run("resolve()");
    RunMicrotasks();
  }
  EXPECT_EQ(Run("seen"), "11");
  Run("w.abort(1).catch(() => {}); resolve()");
  RunMicrotasks();
  // The queue was reset: it takes nothing any more, though its stream lives.
  EXPECT_LT(data().live().external_bytes, 2 * 32 * 1024);
  Run("w = resolve = undefined");
  EXPECT_TRUE(NothingLives());
}

}  // namespace
}  // namespace sluice::binding
