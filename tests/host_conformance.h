// What every host of the core must do, seen from outside: through the operations of a stream (fuzz/driver/subject.h)
// and the author's functions. One suite, which each host's own test instantiates with its subject:
//
//   INSTANTIATE_TYPED_TEST_SUITE_P(MyHost, HostConformance, MySubject);
//
// A subject is default-constructible. What only a host can be asked that makes promises itself is in host_promises.h.
#ifndef SLUICE_TESTS_HOST_CONFORMANCE_H_
#define SLUICE_TESTS_HOST_CONFORMANCE_H_

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fuzz/driver/judged_subject.h"
#include "src/core/byte_limit.h"
#include "src/core/snapshot.h"
#include "src/core/tick_model.h"
#include "src/sim/chunk.h"

namespace sluice::testing {

using core::PromiseView;
using fuzz::SubjectMethod;
using sim::CallKind;
using sim::Outcome;
using sim::Value;
using sim::ValueKind;

inline Value Reason(uint32_t n) { return Value::Of(ValueKind::kReason, n); }
inline bool Same(Value a, Value b) { return a.kind == b.kind && a.id == b.id && a.number == b.number; }

template <typename Subject>
class HostConformance : public ::testing::Test, protected sim::UserCode {
 protected:
  using Script = std::function<Outcome(Value argument)>;
  static constexpr uint32_t kObject = 0;  // a chunk that is neither a number nor a thenable

  struct Settlement {
    std::optional<bool> fulfilled;  // none: it is pending
    Value value;
  };

  void SetUp() override { Restart(); }
  void TearDown() override { Finish(); }

  // A fresh realm, without author's functions.
  void Restart() {
    Finish();
    scripts = {};
    listeners.clear();
    reactions_.clear();
    settlements.clear();
    chunks.assign(1, {.kind = sim::ChunkKind::kObject});
    unhandled = reported = 0;
    subject.Reset(*this, chunks);
  }
  void Finish() {
    if (chunks.empty()) return;
    subject.Perform({SubjectMethod::kRunAllMicrotasks});
    subject.Teardown();
    for (const char* violation : subject.violations()) ADD_FAILURE() << violation;
  }

  // Functions that are empty do not exist.
  Outcome Construct(fuzz::StreamOptions options = {}) {
    options.has_start = options.has_start || bool{Of(CallKind::kStart)} || !listeners.empty();
    options.has_write = bool{Of(CallKind::kWrite)};
    options.has_close = bool{Of(CallKind::kClose)};
    options.has_abort = bool{Of(CallKind::kAbort)};
    options.has_size = bool{Of(CallKind::kSize)};
    options.listeners = static_cast<uint32_t>(listeners.size());
    return subject.Perform({.method = SubjectMethod::kConstruct, .options = &options});
  }
  // A stream that has started, and its writer.
  uint32_t StartedWriter(fuzz::StreamOptions options = {}) {
    EXPECT_FALSE(Construct(options).thrown);
    subject.Perform({SubjectMethod::kRunAllMicrotasks});
    return Writer();
  }
  uint32_t PromiseFrom(const fuzz::SubjectCall& call) { return subject.Perform(call).value.id; }
  uint32_t Writer() {
    const Outcome made = subject.Perform({SubjectMethod::kGetWriter});
    EXPECT_FALSE(made.thrown);
    return made.value.id;
  }
  Script& Of(CallKind kind) { return scripts[static_cast<int>(kind)]; }
  // A function that always ends so.
  static Script Ends(Outcome outcome) {
    return [outcome](Value) { return outcome; };
  }
  Value Chunk(const sim::Chunk& chunk) {
    chunks.push_back(chunk);
    return Value::Of(ValueKind::kChunk, static_cast<uint32_t>(chunks.size() - 1));
  }
  core::Snapshot Slots() {
    core::Snapshot snapshot;
    EXPECT_TRUE(subject.TakeSnapshot(0, snapshot));
    return snapshot;
  }
  // Of a promise that is watched from now on.
  void Watch(uint32_t promise) {
    reactions_[promise].push_back([this, promise](bool ok, Value v) { settlements[promise] = {ok, v}; });
    subject.Perform({SubjectMethod::kObserve, promise});
  }
  Settlement Settled(uint32_t promise) {
    Watch(promise);
    subject.Perform({SubjectMethod::kRunAllMicrotasks});
    return settlements[promise];
  }
  void ExpectRejected(uint32_t promise, Value reason) {
    const Settlement settlement = Settled(promise);
    EXPECT_EQ(settlement.fulfilled, false);
    EXPECT_TRUE(Same(settlement.value, reason)) << static_cast<int>(settlement.value.kind);
  }

  // Counts microtasks from now until `done`: 1 if that is true after the job that would be queued next.
  void StartCounting(std::function<bool()> done) {
    ticks = 0;
    NextTick(std::move(done));
  }
  void NextTick(std::function<bool()> done) {
    const uint32_t tick = PromiseFrom({SubjectMethod::kNewPromise});
    subject.Perform({SubjectMethod::kResolvePromise, tick});
    reactions_[tick].push_back([this, done = std::move(done)](bool, Value) {
      if (done() || ticks > 20) return;
      ++ticks;
      NextTick(done);
    });
    subject.Perform({SubjectMethod::kObserve, tick});
  }
  uint32_t Fulfilled() {
    const uint32_t promise = PromiseFrom({SubjectMethod::kNewPromise});
    subject.Perform({SubjectMethod::kResolvePromise, promise});
    return promise;
  }

  // UserCode
  Outcome Call(CallKind kind, Value argument, uint32_t resolver, uint32_t) override {
    if (kind == CallKind::kSignal) return listeners.at(next_listener++)(argument);
    const Script& script = Of(kind);
    if (kind == CallKind::kThen && !script) subject.Perform({SubjectMethod::kCallResolve, resolver});
    return script ? script(argument) : Outcome{};
  }
  void Settled(uint32_t promise, bool fulfilled, Value value) override {
    const auto reaction = std::move(reactions_[promise].front());
    reactions_[promise].pop_front();
    reaction(fulfilled, value);
  }
  void ReportException(Value) override { ++reported; }
  void UnhandledRejection(uint32_t, Value) override { ++unhandled; }

  Subject subject;
  std::vector<sim::Chunk> chunks;
  std::array<Script, sim::kCallKindCount> scripts;
  std::vector<Script> listeners;
  size_t next_listener = 0;
  std::map<uint32_t, Settlement> settlements;
  size_t unhandled = 0;
  size_t reported = 0;
  int ticks = 0;

 private:
  std::map<uint32_t, std::deque<std::function<void(bool, Value)>>> reactions_;
};

TYPED_TEST_SUITE_P(HostConformance);

// ---- Promises

TYPED_TEST_P(HostConformance, NothingSettlesBeforeMicrotasksRun) {
  this->Of(CallKind::kWrite) = this->Ends({});
  const uint32_t writer = this->StartedWriter();
  const uint32_t write = this->PromiseFrom({SubjectMethod::kWrite, writer, Reason(0)});
  const uint32_t refused = this->PromiseFrom({SubjectMethod::kStreamClose});  // it is locked
  this->Watch(write), this->Watch(refused);
  EXPECT_TRUE(this->settlements.empty());
  this->subject.Perform({SubjectMethod::kRunAllMicrotasks});
  EXPECT_EQ(this->settlements[write].fulfilled, true);
  EXPECT_EQ(this->settlements[write].value.kind, ValueKind::kUndefined);
  EXPECT_EQ(this->settlements[refused].fulfilled, false);
}

TYPED_TEST_P(HostConformance, RejectionThatNothingHandlesIsReportedOnce) {
  const uint32_t writer = this->StartedWriter();
  this->PromiseFrom({SubjectMethod::kStreamAbort, 0, Reason(0)});
  this->PromiseFrom({SubjectMethod::kWriterAbort, writer, Reason(0)});
  this->PromiseFrom({SubjectMethod::kWrite, writer, Reason(0)});
  EXPECT_EQ(this->unhandled, 0u);
  this->subject.Perform({SubjectMethod::kRunAllMicrotasks});
  EXPECT_EQ(this->unhandled, 2u);  // of the locked stream, and of the write
  this->subject.Perform({SubjectMethod::kRunAllMicrotasks});
  EXPECT_EQ(this->unhandled, 2u);
}

TYPED_TEST_P(HostConformance, RejectionsOfReadyAndClosedAndThoseWithAHandlerAreNotReported) {
  const uint32_t writer = this->StartedWriter();
  const uint32_t early = this->PromiseFrom({SubjectMethod::kClosed, writer});
  this->PromiseFrom({SubjectMethod::kWriterAbort, writer, Reason(0)});
  const uint32_t write = this->PromiseFrom({SubjectMethod::kWrite, writer, Reason(0)});
  const uint32_t late = this->PromiseFrom({SubjectMethod::kReady, writer});
  this->Watch(write);
  this->subject.Perform({SubjectMethod::kRunAllMicrotasks});
  EXPECT_EQ(this->unhandled, 0u);
  EXPECT_TRUE(this->Slots().readyPromise_is_handled && this->Slots().closedPromise_is_handled);
  for (const uint32_t promise : {early, late}) this->ExpectRejected(promise, Reason(0));
}

TYPED_TEST_P(HostConformance, ReadyAndClosedAreTheSamePromiseWheneverTheyAreRead) {
  const uint32_t writer = this->StartedWriter();
  const uint32_t ready = this->PromiseFrom({SubjectMethod::kReady, writer});
  const uint32_t closed = this->PromiseFrom({SubjectMethod::kClosed, writer});
  EXPECT_NE(ready, closed);
  EXPECT_EQ(this->PromiseFrom({SubjectMethod::kReady, writer}), ready);
  this->PromiseFrom({SubjectMethod::kWriterClose, writer});
  EXPECT_EQ(this->Settled(closed).fulfilled, true);
  EXPECT_EQ(this->Settled(ready).fulfilled, true);
  EXPECT_EQ(this->PromiseFrom({SubjectMethod::kClosed, writer}), closed);
}

// ---- Errors, writers and chunks

TYPED_TEST_P(HostConformance, ErrorsHaveTheirTypesAndAreDistinctObjects) {
  const uint32_t writer = this->StartedWriter({.byte_limit = 0});
  const Outcome locked = this->subject.Perform({SubjectMethod::kGetWriter});
  const Outcome again = this->subject.Perform({SubjectMethod::kConstructWriter});
  EXPECT_TRUE(locked.thrown && again.thrown);
  EXPECT_EQ(locked.value.kind, ValueKind::kTypeError);
  EXPECT_EQ(again.value.kind, ValueKind::kTypeError);
  EXPECT_FALSE(Same(locked.value, again.value));
  const auto one = this->Settled(this->PromiseFrom({SubjectMethod::kWrite, writer, Reason(0)}));
  const auto two = this->Settled(this->PromiseFrom({SubjectMethod::kWrite, writer, Reason(0)}));
  EXPECT_EQ(one.value.kind, ValueKind::kRangeError);
  EXPECT_EQ(two.value.kind, ValueKind::kRangeError);
  EXPECT_FALSE(Same(one.value, two.value));
  this->Restart();
  const Outcome no_stream = this->Construct({.highWaterMark = std::nan("")});
  EXPECT_TRUE(no_stream.thrown);
  EXPECT_EQ(no_stream.value.kind, ValueKind::kRangeError);
}

TYPED_TEST_P(HostConformance, AReleasedWriterIsAnotherThanTheNext) {
  const uint32_t first = this->StartedWriter();
  this->subject.Perform({SubjectMethod::kReleaseLock, first});
  EXPECT_FALSE(this->Slots().has_writer);
  const uint32_t second = this->Writer();
  EXPECT_NE(first, second);
  EXPECT_TRUE(this->Slots().writer_stream_is_this);
  const Outcome stale = this->subject.Perform({SubjectMethod::kDesiredSize, first});
  EXPECT_TRUE(stale.thrown);
  EXPECT_EQ(stale.value.kind, ValueKind::kTypeError);
  EXPECT_EQ(this->subject.Perform({SubjectMethod::kDesiredSize, second}).value.number, 1);
  EXPECT_EQ(this->Settled(this->PromiseFrom({SubjectMethod::kClosed, first})).fulfilled, false);
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
      {{.kind = ChunkKind::kArrayBuffer, .count = 0xFFFFFFFF}, 0xFFFFFFFF},
      {{.kind = ChunkKind::kSharedArrayBuffer, .count = 17}, 17},
      {{.kind = ChunkKind::kView, .count = 18}, 18},
      {{.kind = ChunkKind::kObject, .tag = 1}, core::kNominalCharge},
      {{.kind = ChunkKind::kNumber}, core::kNominalCharge},
  };
  const uint32_t pending = this->PromiseFrom({SubjectMethod::kNewPromise});
  this->Of(CallKind::kWrite) = this->Ends(Outcome::Return(Value::Of(ValueKind::kPromise, pending)));
  const uint32_t writer = this->StartedWriter({.byte_limit = ~uint64_t{0}});
  const auto charge = [&](Value chunk) {
    const uint64_t before = this->Slots().charged_bytes;
    this->PromiseFrom({SubjectMethod::kWrite, writer, chunk});
    return this->Slots().charged_bytes - before;
  };
  for (const auto& [chunk, expected] : charges) {
    EXPECT_EQ(charge(this->Chunk(chunk)), expected) << static_cast<int>(chunk.kind) << " x " << chunk.count;
  }
  EXPECT_EQ(charge(Value::Undefined()), core::kNominalCharge);
}

// ---- Author code

TYPED_TEST_P(HostConformance, FunctionsGetTheirArguments) {
  const Value chunk = this->Chunk({.kind = sim::ChunkKind::kObject, .tag = 2});
  std::string calls;
  const auto expect = [&](const char* name, Value given, Outcome end) {
    return [&calls, name, given, end](Value argument) {
      calls += Same(argument, given) ? name : "something else";
      return end;
    };
  };
  this->Of(CallKind::kSize) = expect("size ", chunk, Outcome::Return(Value::Number(1)));
  this->Of(CallKind::kWrite) = expect("write ", chunk, {});
  this->Of(CallKind::kAbort) = expect("abort", Reason(1), {});
  const uint32_t writer = this->StartedWriter();
  EXPECT_EQ(this->Settled(this->PromiseFrom({SubjectMethod::kWrite, writer, chunk})).fulfilled, true);
  EXPECT_EQ(this->Settled(this->PromiseFrom({SubjectMethod::kWriterAbort, writer, Reason(1)})).fulfilled, true);
  EXPECT_EQ(calls, "size write abort");
}

TYPED_TEST_P(HostConformance, ThrowFromASinkMethodIsARejection) {
  for (const Value thrown : {Reason(0), Value::Undefined()}) {
    this->Restart();
    this->Of(CallKind::kWrite) = this->Ends(Outcome::Throw(thrown));
    uint32_t writer = this->StartedWriter();
    this->ExpectRejected(this->PromiseFrom({SubjectMethod::kWrite, writer, Reason(1)}), thrown);
    this->ExpectRejected(this->PromiseFrom({SubjectMethod::kClosed, writer}), thrown);
    this->Restart();
    this->Of(CallKind::kClose) = this->Ends(Outcome::Throw(thrown));
    writer = this->StartedWriter();
    this->ExpectRejected(this->PromiseFrom({SubjectMethod::kWriterClose, writer}), thrown);
    this->Restart();
    this->Of(CallKind::kAbort) = this->Ends(Outcome::Throw(thrown));
    writer = this->StartedWriter();
    this->ExpectRejected(this->PromiseFrom({SubjectMethod::kWriterAbort, writer, Reason(1)}), thrown);
  }
}

TYPED_TEST_P(HostConformance, ThrowingThenGetterOfASinksResultIsARejection) {
  this->Of(CallKind::kWrite) = this->Ends(Outcome::Return(Value::Of(ValueKind::kThenable, 0)));
  this->Of(CallKind::kGetThen) = this->Ends(Outcome::Throw(Reason(0)));
  const uint32_t writer = this->StartedWriter();
  this->ExpectRejected(this->PromiseFrom({SubjectMethod::kWrite, writer, Reason(1)}), Reason(0));
}

TYPED_TEST_P(HostConformance, ThrowFromStartPropagates) {
  this->Of(CallKind::kStart) = this->Ends(Outcome::Throw(Reason(0)));
  const Outcome made = this->Construct();
  EXPECT_TRUE(made.thrown);
  EXPECT_TRUE(Same(made.value, Reason(0)));
}

TYPED_TEST_P(HostConformance, SizeIsConvertedToANumberOrThrows) {
  Outcome result;
  const auto write = [&] {
    this->Restart();
    this->Of(CallKind::kSize) = [&result](Value) { return result; };
    EXPECT_FALSE(this->Construct().thrown);
    return this->PromiseFrom({SubjectMethod::kWrite, this->Writer(), Reason(0)});
  };
  for (const double number : {0.0, 0.1, 1e308}) {
    result = Outcome::Return(Value::Number(number));
    write();
    EXPECT_EQ(this->Slots().queueTotalSize, number);
  }
  const Value bad[] = {Value::Number(-1),
                       Value::Number(HUGE_VAL),
                       Value::Number(-HUGE_VAL),
                       Value::Number(std::nan("")),
                       Value::Undefined(),
                       Value::Of(ValueKind::kThenable, 0),
                       Reason(2)};
  for (const Value value : bad) {
    result = Outcome::Return(value);
    EXPECT_EQ(this->Settled(write()).value.kind, ValueKind::kRangeError) << static_cast<int>(value.kind);
  }
  for (const Value thrown : {Reason(1), Value::Undefined()}) {
    result = Outcome::Throw(thrown);
    const uint32_t promise = write();
    EXPECT_EQ(this->Slots().has_storedError, thrown.kind != ValueKind::kUndefined);
    this->ExpectRejected(promise, thrown);
  }
}

TYPED_TEST_P(HostConformance, SignalAbortRunsTheListenersInOrderAndOnce) {
  std::string order;
  for (const char* name : {"a", "b", "c"}) {
    this->listeners.push_back([this, &order, name](Value) {
      order += (this->subject.Perform({SubjectMethod::kSignalAborted}).value.id != 0) ? name : "not aborted yet";
      return Outcome{};
    });
  }
  ASSERT_FALSE(this->Construct().thrown);
  EXPECT_FALSE((this->subject.Perform({SubjectMethod::kSignalAborted}).value.id != 0));
  this->Watch(this->PromiseFrom({SubjectMethod::kStreamAbort, 0, Reason(0)}));
  EXPECT_EQ(order, "abc");
  this->Watch(this->PromiseFrom({SubjectMethod::kStreamAbort, 0, Reason(1)}));
  EXPECT_EQ(order, "abc");
  EXPECT_TRUE((this->subject.Perform({SubjectMethod::kSignalAborted}).value.id != 0));
  EXPECT_TRUE(Same(this->subject.Perform({SubjectMethod::kSignalReason}).value, Reason(0)));
}

TYPED_TEST_P(HostConformance, ListenersExceptionIsReportedAndTheNextListenerRuns) {
  int ran = 0;
  for (int i = 0; i < 2; ++i) {
    this->listeners.push_back([&ran](Value) { return ++ran, Outcome::Throw(Reason(0)); });
  }
  ASSERT_FALSE(this->Construct().thrown);
  EXPECT_EQ(this->Settled(this->PromiseFrom({SubjectMethod::kStreamAbort, 0, Reason(1)})).fulfilled, true);
  EXPECT_EQ(ran, 2);
  EXPECT_EQ(this->reported, 2u);
}

TYPED_TEST_P(HostConformance, SignalAbortWithUndefinedMakesOneAbortError) {
  this->Of(CallKind::kStart) = this->Ends({});
  ASSERT_FALSE(this->Construct().thrown);
  EXPECT_EQ(this->Settled(this->PromiseFrom({SubjectMethod::kStreamAbort, 0, Value::Undefined()})).fulfilled, true);
  const Value reason = this->subject.Perform({SubjectMethod::kSignalReason}).value;
  EXPECT_EQ(reason.kind, ValueKind::kAbortError);
  EXPECT_TRUE(Same(this->subject.Perform({SubjectMethod::kSignalReason}).value, reason));
}

// ---- Tick counts. A plain value costs 1 microtask until the core's reaction runs.

struct TickCase {
  ValueKind returned;
  int ticks[core::kTickModelCount];  // kWebIdl, kPromiseResolve, kPromiseResolveStart
};
inline constexpr TickCase kSinkTicks[] = {
    {ValueKind::kUndefined, {1, 1, 1}},
    {ValueKind::kChunk, {1, 1, 1}},     // an object
    {ValueKind::kPromise, {3, 1, 1}},   // a fulfilled promise: its `then` is called in a job, and reacts in another
    {ValueKind::kThenable, {2, 2, 2}},  // its `then` is called in a job
};
inline constexpr TickCase kStartTicks[] = {
    {ValueKind::kUndefined, {1, 1, 1}},
    {ValueKind::kPromise, {3, 3, 1}},
    {ValueKind::kThenable, {2, 2, 2}},
};

TYPED_TEST_P(HostConformance, TicksOfWriteCloseAndAbort) {
  for (int model = 0; model < core::kTickModelCount; ++model) {
    for (const TickCase& expected : kSinkTicks) {
      for (const CallKind method : {CallKind::kWrite, CallKind::kClose, CallKind::kAbort}) {
        this->Restart();
        const Value result =
            Value::Of(expected.returned, expected.returned == ValueKind::kPromise ? this->Fulfilled() : 0);
        this->Of(method) = [&](Value) {
          this->StartCounting([this, method] {
            const core::Snapshot slots = this->Slots();
            if (method == CallKind::kWrite) return slots.inFlightWriteRequest == PromiseView::kUndefined;
            if (method == CallKind::kClose) return slots.inFlightCloseRequest == PromiseView::kUndefined;
            return slots.closedPromise == PromiseView::kRejected;
          });
          return Outcome::Return(result);
        };
        const uint32_t writer = this->StartedWriter({.tick_model = static_cast<core::TickModel>(model)});
        this->Watch(method == CallKind::kWrite   ? this->PromiseFrom({SubjectMethod::kWrite, writer, Reason(0)})
                    : method == CallKind::kClose ? this->PromiseFrom({SubjectMethod::kWriterClose, writer})
                                                 : this->PromiseFrom({SubjectMethod::kWriterAbort, writer, Reason(0)}));
        this->subject.Perform({SubjectMethod::kRunAllMicrotasks});
        EXPECT_EQ(this->ticks, expected.ticks[model]) << "method " << static_cast<int>(method) << ", model " << model
                                                      << ", result " << static_cast<int>(expected.returned);
      }
    }
  }
}

TYPED_TEST_P(HostConformance, TicksOfStart) {
  for (int model = 0; model < core::kTickModelCount; ++model) {
    for (const TickCase& expected : kStartTicks) {
      this->Restart();
      const Value result =
          Value::Of(expected.returned, expected.returned == ValueKind::kPromise ? this->Fulfilled() : 0);
      this->Of(CallKind::kStart) = [&](Value) {
        this->StartCounting([this] { return this->Slots().started; });
        return Outcome::Return(result);
      };
      EXPECT_FALSE(this->Construct({.tick_model = static_cast<core::TickModel>(model)}).thrown);
      this->subject.Perform({SubjectMethod::kRunAllMicrotasks});
      EXPECT_EQ(this->ticks, expected.ticks[model])
          << "model " << model << ", result " << static_cast<int>(expected.returned);
    }
  }
}

TYPED_TEST_P(HostConformance, TicksFromTheSettlementOfAPendingPromise) {
  const int expected[core::kTickModelCount] = {2, 1, 1};
  for (int model = 0; model < core::kTickModelCount; ++model) {
    this->Restart();
    const uint32_t pending = this->PromiseFrom({SubjectMethod::kNewPromise});
    this->Of(CallKind::kWrite) = this->Ends(Outcome::Return(Value::Of(ValueKind::kPromise, pending)));
    const uint32_t writer = this->StartedWriter({.tick_model = static_cast<core::TickModel>(model)});
    EXPECT_EQ(this->Settled(this->PromiseFrom({SubjectMethod::kWrite, writer, Reason(0)})).fulfilled, std::nullopt);
    this->StartCounting([this] { return this->Slots().inFlightWriteRequest == PromiseView::kUndefined; });
    this->subject.Perform({SubjectMethod::kResolvePromise, pending});
    this->subject.Perform({SubjectMethod::kRunAllMicrotasks});
    EXPECT_EQ(this->ticks, expected[model]) << "model " << model;
  }
}

REGISTER_TYPED_TEST_SUITE_P(
    HostConformance, NothingSettlesBeforeMicrotasksRun, RejectionThatNothingHandlesIsReportedOnce,
    RejectionsOfReadyAndClosedAndThoseWithAHandlerAreNotReported, ReadyAndClosedAreTheSamePromiseWheneverTheyAreRead,
    ErrorsHaveTheirTypesAndAreDistinctObjects, AReleasedWriterIsAnotherThanTheNext, ByteChargeOfEachKindOfChunk,
    FunctionsGetTheirArguments, ThrowFromASinkMethodIsARejection, ThrowingThenGetterOfASinksResultIsARejection,
    ThrowFromStartPropagates, SizeIsConvertedToANumberOrThrows, SignalAbortRunsTheListenersInOrderAndOnce,
    ListenersExceptionIsReportedAndTheNextListenerRuns, SignalAbortWithUndefinedMakesOneAbortError,
    TicksOfWriteCloseAndAbort, TicksOfStart, TicksFromTheSettlementOfAPendingPromise);

}  // namespace sluice::testing

#endif  // SLUICE_TESTS_HOST_CONFORMANCE_H_
