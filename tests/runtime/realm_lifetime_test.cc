#include <atomic>
#include <thread>
#include <vector>

#include "tests/runtime/realm_test.h"

namespace sluice::runtime {
namespace {

using ::testing::HasSubstr;

class RealmLifetimeTest : public RealmTest {};

TEST_F(RealmLifetimeTest, MicrotasksRunAfterTheTask) {
  RunTask("Promise.resolve().then(() => console.log('micro')); console.log('task')");
  EXPECT_EQ(TakeOutput(), "task\nmicro\n");
}

TEST_F(RealmLifetimeTest, AnUncaughtErrorEndsTheRealm) {
  EXPECT_EQ(Run("setTimeout(() => console.log('never')); throw new Error('x')"), "");
  EXPECT_TRUE(realm().ended());
  EXPECT_EQ(realm().exit_code(), 1);
  EXPECT_THAT(TakeErrors(), HasSubstr("test.js:1\n"));
  RunTask("console.log('never')");
  EXPECT_EQ(TakeOutput(), "");
}

TEST_F(RealmLifetimeTest, AnErrorThatIsReportedTwiceInATaskIsPrintedTwice) {
  Run("reportError(1); reportError(2); Promise.reject(3)");
  const std::string errors = TakeErrors();
  EXPECT_THAT(errors, HasSubstr("Uncaught 1\n"));
  EXPECT_THAT(errors, HasSubstr("Uncaught 2\n"));
  EXPECT_EQ(realm().exit_code(), 1);
}

TEST_F(RealmLifetimeTest, WhatIsRejectedAndHandledInAMicrotaskIsNotReported) {
  EXPECT_EQ(
      Run("const p = Promise.reject(1); queueMicrotask(() => queueMicrotask(() => p.catch(() => console.log('ok'))))"),
      "ok\n");
  EXPECT_EQ(TakeErrors(), "");
}

TEST_F(RealmLifetimeTest, AnInterruptFromAnotherThreadEndsTheTaskOnly) {
  Restart({.go_on_after_errors = true});
  std::atomic<bool> interrupted = false;
  std::thread other([&] {
    while (!realm().Interrupt()) std::this_thread::yield();
    interrupted = true;
  });
  RunTask("while (true);");
  other.join();
  EXPECT_TRUE(interrupted);
  EXPECT_TRUE(realm().interrupted());
  EXPECT_EQ(TakeErrors(), "Interrupted\n");
  EXPECT_FALSE(realm().Interrupt());
  EXPECT_EQ(Run("console.log('goes on')"), "goes on\n");
}

// What they hold may take long to print, and printing is not interrupted.
TEST_F(RealmLifetimeTest, ATaskThatWasInterruptedPrintsOneRejectionAndCountsTheOthers) {
  Restart({.go_on_after_errors = true});
  realm().RunTask([&] {
    (void)Evaluate("for (let i = 0; i < 1000; ++i) Promise.reject(`reason ${i}`)");
    EXPECT_TRUE(realm().Interrupt());
  });
  EXPECT_EQ(TakeErrors(),
            "Unhandled promise rejection: 'reason 0'\n"
            "... and 999 more unhandled promise rejections that are not printed\nInterrupted\n");
  RunTask("Promise.reject(1); Promise.reject(2)");
  EXPECT_EQ(TakeErrors(), "Unhandled promise rejection: 1\nUnhandled promise rejection: 2\n");
}

TEST_F(RealmLifetimeTest, FinalizersRunAsTasks) {
  EXPECT_EQ(Run("const registry = new FinalizationRegistry(x => { console.log('final', x); Promise.resolve().then(() "
                "=> console.log('micro')) });"
                "(() => registry.register({}, 5))(); setTimeout(() => { gc(); setTimeout(() => {}, 1) })"),
            "final 5\nmicro\n");
}

TEST_F(RealmLifetimeTest, ARealmGoesWithEverythingPending) {
  RunTask(
      "setTimeout(() => console.log('never'), 0); setInterval(() => console.log('never'), 0); new Promise(() => {});"
      "AbortSignal.timeout(5).onabort = () => {}; import('./nothing.mjs').catch(() => console.log('never'));"
      "const writer = new WritableStream({ write() { return new Promise(() => {}) } }).getWriter(); writer.write(1);"
      "globalThis.registry = new FinalizationRegistry(() => setTimeout(() => {}));"
      "for (let i = 0; i < 10; ++i) registry.register({}, i); gc()");
  Destroy();
  EXPECT_EQ(TakeOutput(), "");
  EXPECT_EQ(TakeErrors(), "");
}

TEST_F(RealmLifetimeTest, NothingIsLeftAliveByDroppedStreams) {
  Run("for (let i = 0; i < 50; ++i) { const w = new WritableStream().getWriter(); w.write(i) }"
      "setTimeout(() => { gc(); setTimeout(() => { gc();"
      "  const { liveStreams, liveWriters, liveSignals } = sluice.memoryUsage(); console.log(liveStreams, liveWriters, "
      "liveSignals) }) })");
  const binding::LiveObjects& live = realm().isolate().data().live();
  EXPECT_EQ(live.streams, 0);
  EXPECT_EQ(live.writers, 0);
}

TEST(Realms, LiveOnThreadsOfTheirOwn) {
  InitializeV8({"--expose-gc", "--stack-size=500"});
  std::vector<std::string> outputs(4);
  std::vector<std::thread> threads;
  for (std::string& output : outputs) {
    threads.emplace_back([&output] {
      Realm realm({.out = [&output](std::string_view text) { output += text; }, .err = [](std::string_view) {}});
      realm.RunTask([&] {
        v8::Isolate* const isolate = realm.isolate().get();
        v8::Local<v8::String> source;
        v8::Local<v8::Script> script;
        if (NewString(
                isolate,
                "let n = 0; const id = setInterval(() => { console.log(++n); if (n == 20) clearInterval(id) }, 0)")
                .ToLocal(&source) &&
            v8::Script::Compile(realm.context(), source).ToLocal(&script)) {
          (void)script->Run(realm.context());
        }
      });
      realm.RunLoop();
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& output : outputs) {
    EXPECT_TRUE(output.starts_with("1\n2\n3\n") && output.ends_with("19\n20\n")) << output;
  }
}

}  // namespace
}  // namespace sluice::runtime
