// ECMAScript's order of jobs. https://tc39.es/ecma262/#sec-promise-objects
#include "src/sim/realm.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace sluice::sim {
namespace {

using core::PromiseView;

Value Reason(uint32_t id) { return Value::Of(ValueKind::kReason, id); }
Value Promise(uint32_t id) { return Value::Of(ValueKind::kPromise, id); }
const Value kThenable = Value::Of(ValueKind::kThenable, 0);

class RealmTest : public ::testing::Test, protected UserCode {
 protected:
  RealmTest() { realm.Reset(*this, nullptr); }

  // Numbers of microtasks until `promise` has settled, at most 20.
  int TicksUntilSettled(uint32_t promise) {
    int ticks = 0;
    for (; realm.State(promise) == PromiseView::kPending && ticks < 20; ++ticks) realm.RunMicrotasks(1);
    return ticks;
  }
  std::string Run() {
    realm.RunAllMicrotasks();
    return std::exchange(log, "");
  }
  std::string Unhandled() { return std::exchange(unhandled, ""); }

  Outcome Call(CallKind kind, Value, uint32_t resolver, uint32_t) override {
    log += kind == CallKind::kGetThen ? "get " : "then ";
    return kind == CallKind::kGetThen ? get_then : then(resolver);
  }
  void Settled(uint32_t promise, bool fulfilled, Value value) override {
    log += std::to_string(promise) + (fulfilled ? "+ " : "-" + std::to_string(value.id) + " ");
    if (on_settled) on_settled(promise);
  }
  void ReportException(Value) override {}
  void UnhandledRejection(uint32_t promise, Value) override { unhandled += std::to_string(promise) + " "; }

  Realm realm;
  std::string log;
  std::string unhandled;
  Outcome get_then;
  std::function<Outcome(uint32_t resolver)> then = [](uint32_t) { return Outcome(); };
  std::function<void(uint32_t)> on_settled;
};

TEST_F(RealmTest, PlainValueFulfillsAtOnceAndReactionsRunInOrder) {
  const uint32_t a = realm.NewPromise();
  const uint32_t b = realm.NewPromise();
  realm.Observe(a);
  realm.Observe(b);
  realm.Observe(a);
  realm.ResolvePromise(b, Value::Undefined());
  realm.RejectPromise(a, Reason(7));
  EXPECT_EQ(log, "");
  EXPECT_EQ(Run(), "1+ 0-7 0-7 ");
}

TEST_F(RealmTest, SettledPromiseIgnoresEverything) {
  const uint32_t p = realm.NewPromise();
  realm.ResolvePromise(p, Value::Undefined());
  realm.RejectPromise(p, Reason(1));
  realm.ResolvePromise(p, kThenable);
  EXPECT_EQ(realm.State(p), PromiseView::kFulfilled);
  EXPECT_EQ(Run(), "");
}

TEST_F(RealmTest, FulfilledPromiseCostsTwoMicrotasks) {
  const uint32_t inner = realm.NewPromise();
  const uint32_t outer = realm.NewPromise();
  realm.FulfillPromise(inner, Value::Undefined());
  realm.ResolvePromise(outer, Promise(inner));
  EXPECT_EQ(TicksUntilSettled(outer), 2);
  EXPECT_EQ(realm.State(outer), PromiseView::kFulfilled);
}

TEST_F(RealmTest, RejectedPromiseCostsTwoMicrotasksAndIsHandled) {
  const uint32_t inner = realm.NewPromise();
  const uint32_t outer = realm.NewPromise();
  realm.RejectPromise(inner, Reason(3));
  realm.ResolvePromise(outer, Promise(inner));
  EXPECT_EQ(TicksUntilSettled(outer), 2);
  realm.RunAllMicrotasks();
  EXPECT_EQ(Unhandled(), "1 ");
}

TEST_F(RealmTest, PendingPromiseCostsOneMicrotaskFromWhenItSettles) {
  const uint32_t inner = realm.NewPromise();
  const uint32_t outer = realm.NewPromise();
  realm.ResolvePromise(outer, Promise(inner));
  realm.RunAllMicrotasks();
  EXPECT_EQ(realm.State(outer), PromiseView::kPending);
  realm.ResolvePromise(inner, Value::Undefined());
  EXPECT_EQ(TicksUntilSettled(outer), 1);
}

TEST_F(RealmTest, PromiseThatFollowsAnotherIgnoresItsResolvingFunctions) {
  const uint32_t inner = realm.NewPromise();
  const uint32_t outer = realm.NewPromise();
  realm.ResolvePromise(outer, Promise(inner));
  realm.RejectPromise(outer, Reason(1));
  realm.ResolvePromise(outer, Value::Undefined());
  EXPECT_EQ(realm.State(outer), PromiseView::kPending);
  realm.RejectPromise(inner, Reason(2));
  realm.Observe(outer);
  EXPECT_EQ(Run(), "1-2 ");
}

TEST_F(RealmTest, ThenIsReadAtOnceAndCalledInAJob) {
  const uint32_t p = realm.NewPromise();
  then = [&](uint32_t resolver) { return realm.CallResolve(resolver, Value::Undefined()), Outcome(); };
  realm.ResolvePromise(p, kThenable);
  EXPECT_EQ(log, "get ");
  EXPECT_EQ(TicksUntilSettled(p), 1);
  EXPECT_EQ(log, "get then ");
}

TEST_F(RealmTest, ThrowingThenGetterRejectsAtOnce) {
  const uint32_t p = realm.NewPromise();
  get_then = Outcome::Throw(Reason(4));
  realm.Observe(p);
  realm.ResolvePromise(p, kThenable);
  EXPECT_EQ(realm.State(p), PromiseView::kRejected);
  EXPECT_EQ(Run(), "get 0-4 ");
}

TEST_F(RealmTest, ThrowingThenRejects) {
  const uint32_t p = realm.NewPromise();
  then = [](uint32_t) { return Outcome::Throw(Reason(4)); };
  realm.Observe(p);
  realm.ResolvePromise(p, kThenable);
  EXPECT_EQ(Run(), "get then 0-4 ");
}

TEST_F(RealmTest, ThrowAfterResolveIsIgnored) {
  const uint32_t p = realm.NewPromise();
  then = [&](uint32_t r) { return realm.CallResolve(r, Value::Undefined()), Outcome::Throw(Reason(4)); };
  realm.ResolvePromise(p, kThenable);
  Run();
  EXPECT_EQ(realm.State(p), PromiseView::kFulfilled);
}

TEST_F(RealmTest, ResolvingFunctionsWorkOnceAsAPair) {
  const uint32_t inner = realm.NewPromise();
  const uint32_t p = realm.NewPromise();
  then = [&](uint32_t r) {
    realm.CallResolve(r, Promise(inner));
    realm.CallResolve(r, Value::Undefined());
    realm.CallReject(r, Reason(1));
    return Outcome();
  };
  realm.ResolvePromise(p, kThenable);
  Run();
  EXPECT_EQ(realm.State(p), PromiseView::kPending);
  realm.ResolvePromise(inner, Value::Undefined());
  Run();
  EXPECT_EQ(realm.State(p), PromiseView::kFulfilled);
}

TEST_F(RealmTest, ResolvingFunctionsMayBeCalledLate) {
  const uint32_t p = realm.NewPromise();
  uint32_t kept = 0;
  then = [&](uint32_t r) { return kept = r, Outcome(); };
  realm.ResolvePromise(p, kThenable);
  Run();
  EXPECT_EQ(realm.State(p), PromiseView::kPending);
  realm.CallReject(kept, Reason(6));
  realm.Observe(p);
  EXPECT_EQ(Run(), "0-6 ");
}

TEST_F(RealmTest, JobsQueuedByJobsRunBehindThoseThatWait) {
  const uint32_t p = realm.NewPromise();
  const uint32_t q = realm.NewPromise();
  realm.FulfillPromise(p, Value::Undefined());
  realm.FulfillPromise(q, Value::Undefined());
  on_settled = [&](uint32_t promise) {
    on_settled = nullptr;
    realm.Observe(promise);
  };
  realm.Observe(p);
  realm.Observe(q);
  EXPECT_EQ(Run(), "0+ 1+ 0+ ");
}

TEST_F(RealmTest, RunMicrotasksRunsExactlyThatMany) {
  const uint32_t p = realm.NewPromise();
  realm.FulfillPromise(p, Value::Undefined());
  for (int i = 0; i < 5; ++i) realm.Observe(p);
  realm.RunMicrotasks(0);
  EXPECT_EQ(log, "");
  realm.RunMicrotasks(2);
  EXPECT_EQ(log, "0+ 0+ ");
  EXPECT_EQ(realm.PendingMicrotasks(), 3u);
  realm.RunMicrotasks(100);
  EXPECT_EQ(realm.PendingMicrotasks(), 0u);
  EXPECT_EQ(log, "0+ 0+ 0+ 0+ 0+ ");
}

TEST_F(RealmTest, UnhandledRejectionsAreReportedInOrderOfRejection) {
  for (int i = 0; i < 4; ++i) realm.NewPromise();
  realm.RejectPromise(2, Reason(0));
  realm.RejectPromise(0, Reason(0));
  realm.RejectPromise(3, Reason(0));
  realm.Observe(0);
  realm.MarkHandled(1);
  realm.RejectPromise(1, Reason(0));
  realm.RunMicrotasks(1);
  EXPECT_EQ(Unhandled(), "");
  Run();
  EXPECT_EQ(Unhandled(), "2 3 ");
  Run();
  EXPECT_EQ(Unhandled(), "");
}

TEST_F(RealmTest, RejectionHandledInALaterMicrotaskIsNotReported) {
  const uint32_t rejected = realm.NewPromise();
  const uint32_t other = realm.NewPromise();
  realm.RejectPromise(rejected, Reason(0));
  realm.FulfillPromise(other, Value::Undefined());
  on_settled = [&](uint32_t promise) {
    if (promise == other) realm.Observe(rejected);
  };
  realm.Observe(other);
  Run();
  EXPECT_EQ(Unhandled(), "");
}

TEST_F(RealmTest, ResetForgetsEverything) {
  realm.RejectPromise(realm.NewPromise(), Reason(0));
  realm.Observe(0);
  realm.Reset(*this, nullptr);
  EXPECT_EQ(realm.promise_count(), 0u);
  EXPECT_EQ(realm.PendingMicrotasks(), 0u);
  EXPECT_EQ(Run(), "");
  EXPECT_EQ(Unhandled(), "");
}

}  // namespace
}  // namespace sluice::sim
