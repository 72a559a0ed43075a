// What every core::ReentrantHost must do: one suite, which each host's own test instantiates.
//
//   struct MyAdapter { ... };   // see below
//   INSTANTIATE_TYPED_TEST_SUITE_P(MyHost, HostConformance, MyAdapter);
//
// An adapter is default-constructible and lives for one test. It plays the author:
//   core::ReentrantHost& host();
//   core::Completion<core::StreamSlot> Construct(const StreamScript&);   // new WritableStream(...), with these
//   functions core::WriterSlot NewWriter();                       // a new writer with no stream core::ValueSlot
//   NewReason();                        // a new author's value, unlike all others; a new reference core::ValueSlot
//   NewChunk(const sim::Chunk&);        // a new reference bool Same(core::ValueSlot, core::ValueSlot);        // the
//   same JavaScript value ErrorKind KindOf(core::ValueSlot); core::ValueSlot SignalReason(core::StreamSlot);     // a
//   new reference void Then(core::PromiseSlot, std::function<void(bool fulfilled, core::ValueSlot value)>);   // the
//   author's reaction;
//                                                       // `value` is borrowed
//   void RunMicrotasks();                               // until none is left, and then reports unhandled rejections
//   size_t unhandled_rejections(); size_t reported_exceptions();   // how many were reported so far
//   const char* Finish();                               // gives all back; what was wrong with the references, or
//   nullptr
#ifndef SLUICE_TESTS_HOST_CONFORMANCE_H_
#define SLUICE_TESTS_HOST_CONFORMANCE_H_

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "src/core/byte_limit.h"
#include "src/core/class_steps.h"
#include "src/core/host.h"
#include "src/sim/chunk.h"
#include "src/sim/tick_model.h"

namespace sluice::testing {

enum class ErrorKind { kNone, kTypeError, kRangeError, kAbortError };

// What a scripted function does.
struct Returns {
  enum Kind {
    kUndefined,
    kNumber,     // `number`
    kObject,     // some object that is neither a number nor a thenable
    kPromise,    // `promise`, borrowed
    kThenable,   // a new object whose then(resolve) calls resolve() at once
    kBadGetter,  // a new object whose `then` getter throws `value`
    kThrow,      // throws `value`, borrowed
  };
  Kind kind = kUndefined;
  double number = 0;
  core::PromiseSlot promise{};
  core::ValueSlot value{};
};

using Script = std::function<Returns(core::ValueSlot argument)>;  // `argument` is borrowed

// Functions that are empty do not exist.
struct StreamScript {
  Script start, write, close, abort, size;
  std::vector<Script> listeners;
  sim::TickModel tick_model = sim::TickModel::kWebIdl;
};

template <typename Adapter>
class HostConformance : public ::testing::Test {
 protected:
  core::ReentrantHost& host() { return adapter.host(); }
  core::PromiseView State(core::PromiseSlot promise) { return host().State(promise); }
  void Drop(core::PromiseSlot promise) { host().Drop(promise); }
  void Drop(core::ValueSlot value) { host().Drop(value); }

  core::StreamSlot Construct(const StreamScript& script) {
    const core::Completion<core::StreamSlot> made = adapter.Construct(script);
    EXPECT_FALSE(made.is_thrown());
    return made.value();
  }
  core::WritableStream& stream() { return host().Stream(slot); }
  core::PromiseSlot Write() { return core::default_writer::Write(host(), stream().writer, core::kUndefined); }
  void GetWriter() { EXPECT_FALSE(core::ws::GetWriter(host(), stream(), adapter.NewWriter()).is_thrown()); }

  // An errored stream: its abort reaction settles a promise and does nothing else that can be seen.
  core::StreamSlot ErroredStream() {
    slot = Construct({});
    adapter.RunMicrotasks();
    core::ws_default_controller::Error(host(), stream(), core::kUndefined);
    EXPECT_EQ(stream().state, core::StreamState::kErrored);
    return slot;
  }
  // Settles as `promise` does, through a reaction of the core's.
  core::PromiseSlot CoreReaction(core::PromiseSlot promise) {
    const core::PromiseSlot settled = host().NewPromise();
    host().UponSettled(promise, {core::ReactionKind::kAbort, slot, host().Retain(settled)});
    return settled;
  }

  // Counts microtasks from now until `done`: 1 if that is true after the job that would be queued next.
  void StartCounting(std::function<bool()> done) {
    ticks = 0;
    const auto count = std::make_shared<std::function<void(bool, core::ValueSlot)>>();
    *count = [this, done, weak = std::weak_ptr(count)](bool, core::ValueSlot) {
      if (done() || ticks > 20) return;
      ++ticks;
      NextTick(*weak.lock());
    };
    counters.push_back(count);
    NextTick(*count);
  }
  void NextTick(const std::function<void(bool, core::ValueSlot)>& f) {
    const core::PromiseSlot tick = host().NewPromiseResolved();
    adapter.Then(tick, f);
    Drop(tick);
  }

  void TearDown() override {
    adapter.RunMicrotasks();
    const char* wrong = adapter.Finish();
    EXPECT_EQ(wrong, nullptr) << wrong;
  }

  std::vector<std::shared_ptr<std::function<void(bool, core::ValueSlot)>>> counters;
  Adapter adapter;
  core::StreamSlot slot;
  int ticks = 0;
};

TYPED_TEST_SUITE_P(HostConformance);

using core::kUndefined;
using core::PromiseSlot;
using core::PromiseView;
using core::ValueSlot;

// ---- Promises

TYPED_TEST_P(HostConformance, NewPromisesAreWhatTheirNamesSay) {
  const ValueSlot reason = this->adapter.NewReason();
  const PromiseSlot promises[] = {
      this->host().NewPromise(), this->host().NewPromiseResolved(), this->host().NewPromiseRejected(reason),
      this->host().NewWriterPromiseRejected(this->adapter.NewWriter(), core::WriterPromise::kReady, reason)};
  const PromiseView expected[] = {PromiseView::kPending, PromiseView::kFulfilled, PromiseView::kRejected,
                                  PromiseView::kRejected};
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(this->State(promises[i]), expected[i]) << i;
    EXPECT_EQ(this->host().IsHandled(promises[i]), i == 3) << i;
    this->Drop(promises[i]);
  }
  this->Drop(reason);
}

TYPED_TEST_P(HostConformance, UndefinedSlotHasNoPromiseAndNeedsNoReference) {
  EXPECT_EQ(this->State({}), PromiseView::kUndefined);
  EXPECT_EQ(this->host().Retain(PromiseSlot{}), PromiseSlot{});
  EXPECT_EQ(this->host().Retain(kUndefined), kUndefined);
  this->Drop(PromiseSlot{});
  this->Drop(kUndefined);
}

TYPED_TEST_P(HostConformance, SettlingTwiceDoesNothing) {
  const ValueSlot first = this->adapter.NewReason();
  const ValueSlot second = this->adapter.NewReason();
  const PromiseSlot resolved = this->host().NewPromise();
  const PromiseSlot rejected = this->host().NewPromise();
  int fulfilled_with_undefined = 0, rejected_with_first = 0;
  this->adapter.Then(resolved, [&](bool ok, ValueSlot v) { fulfilled_with_undefined += ok && v.is_undefined(); });
  this->adapter.Then(rejected,
                     [&](bool ok, ValueSlot v) { rejected_with_first += !ok && this->adapter.Same(v, first); });
  this->host().Resolve(resolved);
  this->host().Resolve(resolved);
  this->host().Reject(resolved, first);
  this->host().Reject(rejected, first);
  this->host().Reject(rejected, second);
  this->host().RejectAndMarkHandled(rejected, second);
  this->host().Resolve(rejected);
  EXPECT_EQ(this->State(resolved), PromiseView::kFulfilled);
  EXPECT_EQ(this->State(rejected), PromiseView::kRejected);
  this->adapter.RunMicrotasks();
  EXPECT_EQ(fulfilled_with_undefined, 1);
  EXPECT_EQ(rejected_with_first, 1);
  this->Drop(resolved), this->Drop(rejected), this->Drop(first), this->Drop(second);
}

TYPED_TEST_P(HostConformance, ReactionsRunInRegistrationOrderAndNeverSynchronously) {
  this->ErroredStream();
  const PromiseSlot promise = this->host().NewPromise();
  std::string order;
  this->adapter.Then(promise, [&](bool, ValueSlot) { order += "a"; });
  const PromiseSlot by_core = this->CoreReaction(promise);
  this->adapter.Then(
      promise, [&](bool, ValueSlot) { order += this->State(by_core) == PromiseView::kFulfilled ? "b" : "too early"; });
  this->host().Resolve(promise);
  this->adapter.Then(promise, [&](bool, ValueSlot) { order += "c"; });
  EXPECT_EQ(order, "");
  EXPECT_EQ(this->State(by_core), PromiseView::kPending);
  this->adapter.RunMicrotasks();
  EXPECT_EQ(order, "abc");
  this->Drop(promise), this->Drop(by_core);
}

TYPED_TEST_P(HostConformance, ReactionToASettledPromiseIsAMicrotaskOfItsOwn) {
  this->ErroredStream();
  const PromiseSlot promise = this->host().NewPromiseResolved();
  bool settled_in_first = true, settled_in_second = false;
  PromiseSlot by_core;
  this->adapter.Then(promise,
                     [&](bool, ValueSlot) { settled_in_first = this->State(by_core) != PromiseView::kPending; });
  by_core = this->CoreReaction(promise);
  this->adapter.Then(promise,
                     [&](bool, ValueSlot) { settled_in_second = this->State(by_core) != PromiseView::kPending; });
  EXPECT_EQ(this->State(by_core), PromiseView::kPending);
  this->adapter.RunMicrotasks();
  EXPECT_FALSE(settled_in_first);
  EXPECT_TRUE(settled_in_second);
  this->Drop(promise), this->Drop(by_core);
}

TYPED_TEST_P(HostConformance, CoreReactionGetsTheReasonAndMarksHandled) {
  this->ErroredStream();
  const ValueSlot reason = this->adapter.NewReason();
  const PromiseSlot promise = this->host().NewPromise();
  const PromiseSlot by_core = this->CoreReaction(promise);
  EXPECT_TRUE(this->host().IsHandled(promise));
  bool same = false;
  this->adapter.Then(by_core, [&](bool ok, ValueSlot v) { same = !ok && this->adapter.Same(v, reason); });
  this->host().Reject(promise, reason);
  this->adapter.RunMicrotasks();
  EXPECT_TRUE(same);
  EXPECT_EQ(this->adapter.unhandled_rejections(), 0u);
  this->Drop(promise), this->Drop(by_core), this->Drop(reason);
}

TYPED_TEST_P(HostConformance, RejectionThatNothingHandlesIsReportedOnce) {
  const PromiseSlot rejected = this->host().NewPromise();
  this->host().Reject(rejected, kUndefined);
  const PromiseSlot made = this->host().NewPromiseRejected(kUndefined);
  EXPECT_EQ(this->adapter.unhandled_rejections(), 0u);
  this->adapter.RunMicrotasks();
  EXPECT_EQ(this->adapter.unhandled_rejections(), 2u);
  this->adapter.RunMicrotasks();
  EXPECT_EQ(this->adapter.unhandled_rejections(), 2u);
  this->Drop(rejected), this->Drop(made);
}

TYPED_TEST_P(HostConformance, HandledRejectionsAreNeverReported) {
  const PromiseSlot marked = this->host().NewPromise();
  this->host().RejectAndMarkHandled(marked, kUndefined);
  EXPECT_TRUE(this->host().IsHandled(marked));
  const PromiseSlot made =
      this->host().NewWriterPromiseRejected(this->adapter.NewWriter(), core::WriterPromise::kClosed, kUndefined);
  const PromiseSlot with_reaction = this->host().NewPromiseRejected(kUndefined);
  this->adapter.Then(with_reaction, [](bool, ValueSlot) {});
  const PromiseSlot marked_late = this->host().NewPromiseRejected(kUndefined);
  this->host().RejectAndMarkHandled(marked_late, kUndefined);
  this->adapter.RunMicrotasks();
  EXPECT_EQ(this->adapter.unhandled_rejections(), 0u);
  for (const PromiseSlot promise : {marked, made, with_reaction, marked_late}) this->Drop(promise);
}

// ---- References and names

TYPED_TEST_P(HostConformance, RetainGivesTheSameSlotAndOneReferenceMore) {
  const PromiseSlot promise = this->host().NewPromise();
  EXPECT_EQ(this->host().Retain(promise), promise);
  this->Drop(promise);
  this->host().Resolve(promise);
  EXPECT_EQ(this->State(promise), PromiseView::kFulfilled);
  this->Drop(promise);
  const ValueSlot value = this->adapter.NewReason();
  EXPECT_EQ(this->host().Retain(value), value);
  this->Drop(value);
  EXPECT_TRUE(this->adapter.Same(value, value));
  this->Drop(value);
}

TYPED_TEST_P(HostConformance, StreamsAndWritersAreFoundByTheirSlots) {
  const core::StreamSlot a = this->Construct({});
  const core::StreamSlot b = this->Construct({});
  EXPECT_NE(a, b);
  EXPECT_EQ(this->host().Stream(a).self, a);
  EXPECT_EQ(this->host().Stream(b).self, b);
  const core::WriterSlot v = this->adapter.NewWriter();
  const core::WriterSlot w = this->adapter.NewWriter();
  EXPECT_NE(v, w);
  ASSERT_FALSE(core::ws::GetWriter(this->host(), this->host().Stream(b), w).is_thrown());
  EXPECT_TRUE(this->host().Writer(v).stream.is_undefined());
  EXPECT_EQ(this->host().Writer(w).stream, b);
  EXPECT_EQ(this->host().Stream(b).writer, w);
}

// ---- Errors and chunks

TYPED_TEST_P(HostConformance, ErrorsHaveTheirTypesAndAreDistinctObjects) {
  std::vector<ValueSlot> errors;
  for (int reason = 0; reason <= static_cast<int>(core::TypeErrorReason::kWriterReleased); ++reason) {
    errors.push_back(this->host().NewTypeError(static_cast<core::TypeErrorReason>(reason)));
    errors.push_back(this->host().NewTypeError(static_cast<core::TypeErrorReason>(reason)));
  }
  for (const ValueSlot error : errors) EXPECT_EQ(this->adapter.KindOf(error), ErrorKind::kTypeError);
  const size_t type_errors = errors.size();
  for (int reason = 0; reason <= static_cast<int>(core::RangeErrorReason::kUnsupportedSinkType); ++reason) {
    errors.push_back(this->host().NewRangeError(static_cast<core::RangeErrorReason>(reason)));
  }
  errors.push_back(this->host().NewRangeError(core::ByteLimitExceeded{.limit = 1, .buffered = 1, .asked = 1}));
  errors.push_back(this->host().NewRangeError(core::ByteLimitExceeded{.limit = 1, .buffered = 1, .asked = 1}));
  for (size_t i = type_errors; i < errors.size(); ++i)
    EXPECT_EQ(this->adapter.KindOf(errors[i]), ErrorKind::kRangeError);
  for (size_t i = 0; i < errors.size(); ++i) {
    for (size_t j = 0; j < i; ++j) EXPECT_FALSE(this->adapter.Same(errors[i], errors[j])) << i << " and " << j;
  }
  for (const ValueSlot error : errors) this->Drop(error);
}

TYPED_TEST_P(HostConformance, ByteChargeOfEachKindOfChunk) {
  using sim::ChunkKind;
  const std::pair<sim::Chunk, uint64_t> charges[] = {
      {{.kind = ChunkKind::kString}, 0},
      {{.kind = ChunkKind::kString, .unit_count = 1, .units = {u'a'}, .count = 1000}, 1000},
      {{.kind = ChunkKind::kString, .unit_count = 1, .units = {0xE9}, .count = 3}, 6},
      {{.kind = ChunkKind::kString, .unit_count = 2, .units = {0xD83D, 0xDE00}, .count = 2}, 8},
      {{.kind = ChunkKind::kString, .unit_count = 1, .units = {0xD83D}, .count = 2}, 6},
      {{.kind = ChunkKind::kString, .unit_count = 2, .units = {0xDE00, 0xD83D}, .count = 3}, 14},
      {{.kind = ChunkKind::kArrayBuffer, .count = 16}, 16},
      {{.kind = ChunkKind::kArrayBuffer, .count = 0}, 0},
      {{.kind = ChunkKind::kSharedArrayBuffer, .count = 17}, 17},
      {{.kind = ChunkKind::kView, .count = 18}, 18},
      {{.kind = ChunkKind::kObject}, core::kNominalCharge},
      {{.kind = ChunkKind::kNumber}, core::kNominalCharge},
      {{.kind = ChunkKind::kUndefined}, core::kNominalCharge},
  };
  for (const auto& [chunk, charge] : charges) {
    const ValueSlot value = this->adapter.NewChunk(chunk);
    EXPECT_EQ(this->host().ByteCharge(value), charge) << static_cast<int>(chunk.kind) << " x " << chunk.count;
    this->Drop(value);
  }
  EXPECT_EQ(this->host().ByteCharge(kUndefined), core::kNominalCharge);
}

// ---- Author code

TYPED_TEST_P(HostConformance, FunctionsGetTheirArguments) {
  const ValueSlot given = this->adapter.NewReason();
  int same = 0;
  const Script expect = [&](ValueSlot argument) { return same += this->adapter.Same(argument, given), Returns{}; };
  this->slot = this->Construct({.write = expect, .abort = expect, .size = expect});
  EXPECT_FALSE(this->host().PerformSizeAlgorithm(this->slot, given).is_thrown());
  this->Drop(this->host().PerformWriteAlgorithm(this->slot, given));
  this->Drop(this->host().PerformAbortAlgorithm(this->slot, given));
  EXPECT_EQ(same, 3);
  this->Drop(given);
}

TYPED_TEST_P(HostConformance, ThrowFromASinkMethodIsARejectedPromise) {
  const ValueSlot thrown = this->adapter.NewReason();
  const Script throws = [&](ValueSlot) { return Returns{.kind = Returns::kThrow, .value = thrown}; };
  this->slot = this->Construct({.write = throws, .close = throws, .abort = throws});
  int same = 0;
  for (const PromiseSlot promise :
       {this->host().PerformWriteAlgorithm(this->slot, kUndefined), this->host().PerformCloseAlgorithm(this->slot),
        this->host().PerformAbortAlgorithm(this->slot, kUndefined)}) {
    EXPECT_EQ(this->State(promise), PromiseView::kRejected);
    this->adapter.Then(promise, [&](bool ok, ValueSlot v) { same += !ok && this->adapter.Same(v, thrown); });
    this->Drop(promise);
  }
  this->adapter.RunMicrotasks();
  EXPECT_EQ(same, 3);
  this->Drop(thrown);
}

TYPED_TEST_P(HostConformance, ThrowingThenGetterOfASinksResultIsARejectedPromise) {
  const ValueSlot thrown = this->adapter.NewReason();
  this->slot =
      this->Construct({.write = [&](ValueSlot) { return Returns{.kind = Returns::kBadGetter, .value = thrown}; }});
  const PromiseSlot promise = this->host().PerformWriteAlgorithm(this->slot, kUndefined);
  bool same = false;
  this->adapter.Then(promise, [&](bool ok, ValueSlot v) { same = !ok && this->adapter.Same(v, thrown); });
  this->adapter.RunMicrotasks();
  EXPECT_TRUE(same);
  this->Drop(promise), this->Drop(thrown);
}

TYPED_TEST_P(HostConformance, ThrowFromStartPropagates) {
  const ValueSlot thrown = this->adapter.NewReason();
  const core::Completion<core::StreamSlot> made =
      this->adapter.Construct({.start = [&](ValueSlot) { return Returns{.kind = Returns::kThrow, .value = thrown}; }});
  ASSERT_TRUE(made.is_thrown());
  EXPECT_TRUE(this->adapter.Same(made.thrown().value, thrown));
  this->Drop(made.thrown().value), this->Drop(thrown);
}

TYPED_TEST_P(HostConformance, SizeIsConvertedToANumberOrThrows) {
  Returns result;
  this->slot = this->Construct({.size = [&](ValueSlot) { return result; }});
  const auto size = [&] { return this->host().PerformSizeAlgorithm(this->slot, kUndefined); };
  for (const double number : {0.0, -1.0, 0.1, 1e308, HUGE_VAL, -HUGE_VAL}) {
    result = {.kind = Returns::kNumber, .number = number};
    EXPECT_EQ(size().value(), number);
  }
  for (const Returns::Kind kind : {Returns::kUndefined, Returns::kObject}) {
    result = {.kind = kind};
    EXPECT_TRUE(std::isnan(size().value())) << kind;
  }
  result = {.kind = Returns::kNumber, .number = std::nan("")};
  EXPECT_TRUE(std::isnan(size().value()));
  const ValueSlot reason = this->adapter.NewReason();
  result = {.kind = Returns::kThrow, .value = reason};
  const core::Completion<double> thrown = size();
  ASSERT_TRUE(thrown.is_thrown());
  EXPECT_TRUE(this->adapter.Same(thrown.thrown().value, reason));
  this->Drop(thrown.thrown().value), this->Drop(reason);
}

TYPED_TEST_P(HostConformance, SignalAbortRunsTheListenersInOrderAndOnce) {
  std::string order;
  const ValueSlot reason = this->adapter.NewReason();
  const ValueSlot other = this->adapter.NewReason();
  const auto listener = [&](const char* name) -> Script {
    return [&order, name, this](ValueSlot) {
      order += this->host().SignalIsAborted(this->slot) ? name : "not aborted yet";
      return Returns{};
    };
  };
  this->slot = this->Construct({.listeners = {listener("a"), listener("b"), listener("c")}});
  EXPECT_FALSE(this->host().SignalIsAborted(this->slot));
  this->host().SignalAbort(this->slot, reason);
  EXPECT_EQ(order, "abc");
  this->host().SignalAbort(this->slot, other);
  EXPECT_EQ(order, "abc");
  EXPECT_TRUE(this->host().SignalIsAborted(this->slot));
  const ValueSlot seen = this->adapter.SignalReason(this->slot);
  EXPECT_TRUE(this->adapter.Same(seen, reason));
  this->Drop(seen), this->Drop(reason), this->Drop(other);
}

TYPED_TEST_P(HostConformance, ListenersExceptionIsReportedAndTheNextListenerRuns) {
  const ValueSlot thrown = this->adapter.NewReason();
  int ran = 0;
  const Script throws = [&](ValueSlot) { return ++ran, Returns{.kind = Returns::kThrow, .value = thrown}; };
  this->slot = this->Construct({.listeners = {throws, throws}});
  this->host().SignalAbort(this->slot, kUndefined);
  EXPECT_EQ(ran, 2);
  EXPECT_EQ(this->adapter.reported_exceptions(), 2u);
  this->Drop(thrown);
}

TYPED_TEST_P(HostConformance, SignalAbortWithUndefinedMakesAnAbortError) {
  this->slot = this->Construct({});
  this->host().SignalAbort(this->slot, kUndefined);
  const ValueSlot seen = this->adapter.SignalReason(this->slot);
  EXPECT_EQ(this->adapter.KindOf(seen), ErrorKind::kAbortError);
  this->Drop(seen);
}

// ---- Tick counts. A plain value costs 1 microtask until the core's reaction runs.

struct TickCase {
  Returns::Kind kind;
  int ticks[sim::kTickModelCount];  // kWebIdl, kPromiseResolve, kPromiseResolveStart
};
inline constexpr TickCase kSinkTicks[] = {
    {Returns::kUndefined, {1, 1, 1}},
    {Returns::kObject, {1, 1, 1}},
    {Returns::kPromise, {3, 1, 1}},   // a fulfilled promise: its `then` is called in a job, and reacts in another
    {Returns::kThenable, {2, 2, 2}},  // its `then` is called in a job
};
inline constexpr TickCase kStartTicks[] = {
    {Returns::kUndefined, {1, 1, 1}},
    {Returns::kPromise, {3, 3, 1}},
    {Returns::kThenable, {2, 2, 2}},
};

TYPED_TEST_P(HostConformance, TicksOfWriteCloseAndAbort) {
  const PromiseSlot fulfilled = this->host().NewPromiseResolved();
  for (int model = 0; model < sim::kTickModelCount; ++model) {
    for (const TickCase& expected : kSinkTicks) {
      Returns result{.kind = expected.kind};
      if (expected.kind == Returns::kPromise) result.promise = fulfilled;
      std::function<bool()> done;
      const Script method = [&](ValueSlot) { return this->StartCounting(done), result; };
      const auto make = [&] {
        this->slot = this->Construct(
            {.write = method, .close = method, .abort = method, .tick_model = static_cast<sim::TickModel>(model)});
        this->adapter.RunMicrotasks();
      };
      make();
      this->GetWriter();
      done = [this] { return this->stream().inFlightWriteRequest.is_undefined(); };
      this->Drop(this->Write());
      this->adapter.RunMicrotasks();
      EXPECT_EQ(this->ticks, expected.ticks[model]) << "write, model " << model << ", result " << expected.kind;
      make();
      done = [this] { return this->stream().inFlightCloseRequest.is_undefined(); };
      this->Drop(core::ws::Close(this->host(), this->stream()));
      this->adapter.RunMicrotasks();
      EXPECT_EQ(this->ticks, expected.ticks[model]) << "close, model " << model << ", result " << expected.kind;
      make();
      PromiseSlot abort;
      done = [this, &abort] { return this->State(abort) != PromiseView::kPending; };
      abort = core::ws::Abort(this->host(), this->stream(), kUndefined);
      this->adapter.RunMicrotasks();
      EXPECT_EQ(this->ticks, expected.ticks[model]) << "abort, model " << model << ", result " << expected.kind;
      this->Drop(abort);
    }
  }
  this->Drop(fulfilled);
}

TYPED_TEST_P(HostConformance, TicksOfStart) {
  const PromiseSlot fulfilled = this->host().NewPromiseResolved();
  for (int model = 0; model < sim::kTickModelCount; ++model) {
    for (const TickCase& expected : kStartTicks) {
      Returns result{.kind = expected.kind};
      if (expected.kind == Returns::kPromise) result.promise = fulfilled;
      this->slot = {};
      this->slot = this->Construct({.start =
                                        [&](ValueSlot) {
                                          this->StartCounting([this] { return this->stream().controller.started; });
                                          return result;
                                        },
                                    .tick_model = static_cast<sim::TickModel>(model)});
      this->adapter.RunMicrotasks();
      EXPECT_EQ(this->ticks, expected.ticks[model]) << "model " << model << ", result " << expected.kind;
    }
  }
  this->Drop(fulfilled);
}

TYPED_TEST_P(HostConformance, TicksFromTheSettlingOfAPendingPromise) {
  const int expected[sim::kTickModelCount] = {2, 1, 1};
  for (int model = 0; model < sim::kTickModelCount; ++model) {
    const PromiseSlot pending = this->host().NewPromise();
    this->slot =
        this->Construct({.write = [&](ValueSlot) { return Returns{.kind = Returns::kPromise, .promise = pending}; },
                         .tick_model = static_cast<sim::TickModel>(model)});
    this->adapter.RunMicrotasks();
    this->GetWriter();
    const PromiseSlot write = this->Write();
    this->adapter.RunMicrotasks();
    EXPECT_EQ(this->State(write), PromiseView::kPending);
    this->StartCounting([&] { return this->State(write) != PromiseView::kPending; });
    this->host().Resolve(pending);
    this->adapter.RunMicrotasks();
    EXPECT_EQ(this->ticks, expected[model]) << "model " << model;
    this->Drop(write), this->Drop(pending);
  }
}

REGISTER_TYPED_TEST_SUITE_P(HostConformance, NewPromisesAreWhatTheirNamesSay,
                            UndefinedSlotHasNoPromiseAndNeedsNoReference, SettlingTwiceDoesNothing,
                            ReactionsRunInRegistrationOrderAndNeverSynchronously,
                            ReactionToASettledPromiseIsAMicrotaskOfItsOwn, CoreReactionGetsTheReasonAndMarksHandled,
                            RejectionThatNothingHandlesIsReportedOnce, HandledRejectionsAreNeverReported,
                            RetainGivesTheSameSlotAndOneReferenceMore, StreamsAndWritersAreFoundByTheirSlots,
                            ErrorsHaveTheirTypesAndAreDistinctObjects, ByteChargeOfEachKindOfChunk,
                            FunctionsGetTheirArguments, ThrowFromASinkMethodIsARejectedPromise,
                            ThrowingThenGetterOfASinksResultIsARejectedPromise, ThrowFromStartPropagates,
                            SizeIsConvertedToANumberOrThrows, SignalAbortRunsTheListenersInOrderAndOnce,
                            ListenersExceptionIsReportedAndTheNextListenerRuns,
                            SignalAbortWithUndefinedMakesAnAbortError, TicksOfWriteCloseAndAbort, TicksOfStart,
                            TicksFromTheSettlingOfAPendingPromise);

}  // namespace sluice::testing

#endif  // SLUICE_TESTS_HOST_CONFORMANCE_H_
