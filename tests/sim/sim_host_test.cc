// The simulated host sees broken rules of ownership (src/core/host.h, "Ownership").
#include "src/sim/sim_host.h"

#include <gtest/gtest.h>

#include <vector>

namespace sluice::sim {
namespace {

class SimHostTest : public ::testing::Test, protected UserCode {
 protected:
  SimHostTest() { host.Reset(*this, chunks); }
  Outcome Call(CallKind, Value, uint32_t, uint32_t) override { return {}; }
  void Settled(uint32_t, bool, Value) override {}
  void ReportException(Value) override {}
  void UnhandledRejection(uint32_t, Value) override {}
  core::ValueSlot NewValue() { return host.Name(Value::Of(ValueKind::kReason, 1)); }

  SimHost host;
  std::vector<Chunk> chunks;
};

TEST_F(SimHostTest, BalancedReferencesAreNoViolation) {
  const core::ValueSlot value = NewValue();
  const core::PromiseSlot promise = host.NewWriterPromiseRejected(host.NewWriter(), core::WriterPromise::kReady, value);
  host.Drop(host.Retain(value));
  host.Drop(value);
  host.Drop(host.Retain(promise));
  host.Drop(promise);
  host.Teardown();
  EXPECT_EQ(host.violation(), nullptr);
}

TEST_F(SimHostTest, UseOfADroppedValueIsSeen) {
  const core::ValueSlot value = NewValue();
  host.Drop(value);
  host.ValueOf(value);
  EXPECT_STREQ(host.violation(), "a value is used after its last reference was dropped");
}

TEST_F(SimHostTest, RejectionWithADroppedValueIsSeen) {
  const core::ValueSlot value = NewValue();
  host.Drop(value);
  host.NewPromiseRejected(value);
  EXPECT_NE(host.violation(), nullptr);
}

TEST_F(SimHostTest, UseOfADroppedPromiseIsSeen) {
  const core::PromiseSlot promise = host.NewPromise();
  host.Drop(promise);
  host.Resolve(promise);
  EXPECT_STREQ(host.violation(), "a promise is used after its last reference was dropped");
}

TEST_F(SimHostTest, RetainOfADroppedPromiseIsSeen) {
  const core::PromiseSlot promise = host.NewPromise();
  host.Drop(promise);
  host.Retain(promise);
  EXPECT_NE(host.violation(), nullptr);
}

TEST_F(SimHostTest, SecondDropOfAValueIsSeen) {
  const core::ValueSlot value = NewValue();
  host.Drop(value);
  host.Drop(value);
  EXPECT_STREQ(host.violation(), "a value is dropped more often than it was retained");
}

TEST_F(SimHostTest, SecondDropOfAPromiseIsSeen) {
  const core::PromiseSlot promise = host.NewPromise();
  host.Drop(promise);
  host.Drop(promise);
  EXPECT_NE(host.violation(), nullptr);
}

TEST_F(SimHostTest, LeakedValueIsSeenAtTeardown) {
  NewValue();
  EXPECT_EQ(host.violation(), nullptr);
  host.Teardown();
  EXPECT_STREQ(host.violation(), "a reference that the core took was never dropped");
}

TEST_F(SimHostTest, LeakedPromiseIsSeenAtTeardown) {
  host.NewPromise();
  host.Teardown();
  EXPECT_NE(host.violation(), nullptr);
}

TEST_F(SimHostTest, WritersMoveWhenUserCodeHasRun) {
  host.ConstructStream({.sink = {.write = true}});
  const core::WriterSlot writer = host.NewWriter();
  const core::WritableStreamDefaultWriter* const before = &host.Writer(writer);
  host.Drop(host.PerformWriteAlgorithm({1}, core::kUndefined));
  EXPECT_NE(&host.Writer(writer), before);
}

TEST_F(SimHostTest, FirstViolationIsKept) {
  const core::ValueSlot value = NewValue();
  host.Drop(value);
  host.Drop(value);
  const char* first = host.violation();
  host.Resolve({});
  EXPECT_EQ(host.violation(), first);
}

TEST_F(SimHostTest, NamesAreNeverReused) {
  const core::ValueSlot value = NewValue();
  host.Drop(value);
  EXPECT_NE(NewValue(), value);
  const core::PromiseSlot promise = host.NewPromise();
  host.Drop(promise);
  EXPECT_NE(host.NewPromise(), promise);
}

TEST_F(SimHostTest, SlotsThatWereNeverIssuedAreSeen) {
  host.ValueOf({1000});
  EXPECT_STREQ(host.violation(), "a value slot that was never issued is used");
  host.Reset(*this, chunks);
  host.Resolve({1000});
  EXPECT_STREQ(host.violation(), "a promise slot that was never issued is used");
}

// The run can go on to its end: nothing is read behind an array.
TEST_F(SimHostTest, RetainAndDropOfSlotsThatWereNeverIssuedAreSeen) {
  host.Retain(core::PromiseSlot{1000});
  EXPECT_NE(host.violation(), nullptr);
  host.Reset(*this, chunks);
  host.Drop(core::PromiseSlot{1000});
  EXPECT_NE(host.violation(), nullptr);
  host.Reset(*this, chunks);
  host.Retain(core::ValueSlot{1000});
  EXPECT_NE(host.violation(), nullptr);
  host.Reset(*this, chunks);
  host.Drop(core::ValueSlot{1000});
  EXPECT_NE(host.violation(), nullptr);
}

class SimHostPlaces : public SimHostTest {
 protected:
  SimHostPlaces() { host.ConstructStream({}); }
  core::WritableStream& stream() { return host.stream(0); }
  core::StreamSlot self() { return stream().self; }
  core::PromiseSlot KeptPromise(core::Place place) {
    const core::PromiseSlot promise = host.NewPromise();
    const core::PromiseSlot stored = host.Store(promise, place, self());
    host.Drop(promise);
    return stored;
  }
};

TEST_F(SimHostPlaces, StoreGivesANewNameForTheSamePromiseAndValue) {
  const core::PromiseSlot promise = host.NewPromise();
  const core::PromiseSlot stored = host.Store(promise, core::Place::kCloseRequest, self());
  EXPECT_NE(stored, promise);
  EXPECT_EQ(host.PromiseIndex(stored), host.PromiseIndex(promise));
  const core::ValueSlot value = NewValue();
  const core::ValueSlot stored_value = host.Store(value, core::Place::kStoredError, self());
  EXPECT_NE(stored_value, value);
  EXPECT_EQ(host.ValueOf(stored_value).id, host.ValueOf(value).id);
  host.Drop(promise);
  EXPECT_EQ(host.State(stored), core::PromiseView::kPending);
  EXPECT_EQ(host.violation(), nullptr);
}

TEST_F(SimHostPlaces, SlotsThatHoldWhatWasKeptForThemAreNoViolation) {
  stream().closeRequest = KeptPromise(core::Place::kCloseRequest);
  stream().writeRequests.push_back(KeptPromise(core::Place::kWriteRequest));
  const core::ValueSlot value = NewValue();
  stream().storedError = host.Store(value, core::Place::kStoredError, self());
  host.Drop(value);
  host.CheckPlaces();
  host.Teardown();
  EXPECT_EQ(host.violation(), nullptr);
}

TEST_F(SimHostPlaces, PromiseThatWasNotKeptIsSeen) {
  stream().closeRequest = host.NewPromise();
  host.CheckPlaces();
  EXPECT_STREQ(host.violation(), "a slot holds a promise that was not stored for it");
}

TEST_F(SimHostPlaces, PromiseThatWasKeptForAnotherPlaceIsSeen) {
  stream().inFlightWriteRequest = KeptPromise(core::Place::kCloseRequest);
  host.CheckPlaces();
  EXPECT_STREQ(host.violation(), "a slot holds a promise that was not stored for it");
}

TEST_F(SimHostPlaces, PromiseThatWasKeptForAnotherStreamIsSeen) {
  host.ConstructStream({});
  host.stream(1).closeRequest = KeptPromise(core::Place::kCloseRequest);
  host.CheckPlaces();
  EXPECT_STREQ(host.violation(), "a slot holds a promise that was not stored for it");
}

TEST_F(SimHostPlaces, StoreForAStreamThatDoesNotExistIsSeen) {
  host.Store(NewValue(), core::Place::kChunk, core::StreamSlot{1000});
  EXPECT_STREQ(host.violation(), "something is stored for a stream that does not exist");
}

TEST_F(SimHostPlaces, ValueThatWasNotKeptIsSeen) {
  stream().storedError = NewValue();
  host.CheckPlaces();
  EXPECT_STREQ(host.violation(), "a slot holds a value that was not stored for it");
}

TEST_F(SimHostPlaces, ChunkAndAbortReasonMustBeTheKeptOnes) {
  const core::ValueSlot chunk = NewValue();
  host.PerformWriteAlgorithm(self(), chunk);
  EXPECT_STREQ(host.violation(), "a slot holds a value that was not stored for it");
  host.Reset(*this, chunks);
  host.ConstructStream({});
  host.PerformAbortAlgorithm(self(), NewValue());
  EXPECT_STREQ(host.violation(), "a slot holds a value that was not stored for it");
}

TEST_F(SimHostPlaces, SecondThingAtAPlaceForOneIsSeen) {
  KeptPromise(core::Place::kAbortRequest);
  EXPECT_EQ(host.violation(), nullptr);
  KeptPromise(core::Place::kAbortRequest);
  EXPECT_STREQ(host.violation(), "a place of a stream holds two things at a time");
}

TEST_F(SimHostPlaces, WriteRequestsDroppedOutOfOrderAreSeen) {
  const core::PromiseSlot first = KeptPromise(core::Place::kWriteRequest);
  const core::PromiseSlot second = KeptPromise(core::Place::kWriteRequest);
  EXPECT_EQ(host.violation(), nullptr);
  host.Drop(second);
  EXPECT_STREQ(host.violation(), "chunks and write requests are dropped in the order in which they were stored");
  host.Drop(first);
}

TEST_F(SimHostPlaces, WriterPromiseInTheOtherSlotIsSeen) {
  const core::WriterSlot writer = host.NewWriter();
  host.Writer(writer).closedPromise = host.NewWriterPromise(writer, core::WriterPromise::kReady);
  host.CheckPlaces();
  EXPECT_STREQ(host.violation(), "a writer has a promise that was not made for it");
}

TEST_F(SimHostPlaces, WriterPromiseThatIsDroppedLaterIsSeen) {
  const core::WriterSlot writer = host.NewWriter();
  const core::PromiseSlot ready = host.NewWriterPromise(writer, core::WriterPromise::kReady);
  host.Writer(writer).readyPromise = ready;
  host.CheckPlaces();
  host.CheckPlaces();
  EXPECT_EQ(host.violation(), nullptr);
  host.Drop(ready);
  EXPECT_EQ(host.violation(), nullptr);
  host.CheckPlaces();
  EXPECT_STREQ(host.violation(), "a promise is used after its last reference was dropped");
}

TEST_F(SimHostPlaces, InspectionLeavesWhatIsToBeChecked) {
  const core::WriterSlot writer = host.NewWriter();
  host.Writer(writer).closedPromise = host.NewWriterPromise(writer, core::WriterPromise::kReady);
  host.SetInspecting(true);
  host.CheckPlaces();
  host.SetInspecting(false);
  EXPECT_EQ(host.violation(), nullptr);
  host.CheckPlaces();
  EXPECT_STREQ(host.violation(), "a writer has a promise that was not made for it");
}

TEST_F(SimHostPlaces, WriterPromiseOfAnotherWriterIsSeen) {
  const core::WriterSlot writer = host.NewWriter();
  host.Writer(host.NewWriter()).readyPromise = host.NewWriterPromise(writer, core::WriterPromise::kReady);
  host.CheckPlaces();
  EXPECT_STREQ(host.violation(), "a writer has a promise that was not made for it");
}

TEST_F(SimHostPlaces, WriterPromiseForASlotThatIsNotEmptyIsSeen) {
  const core::WriterSlot writer = host.NewWriter();
  host.Writer(writer).readyPromise = host.NewWriterPromise(writer, core::WriterPromise::kReady);
  EXPECT_EQ(host.violation(), nullptr);
  host.NewWriterPromiseResolved(writer, core::WriterPromise::kReady);
  EXPECT_STREQ(host.violation(), "a writer's promise is made while its slot is not empty");
}

TEST_F(SimHostPlaces, WritersMoveWhenUserCodeHasRun) {
  const core::WriterSlot writer = host.NewWriter();
  const core::WritableStreamDefaultWriter* const before = &host.Writer(writer);
  host.PerformCloseAlgorithm(self());
  EXPECT_NE(&host.Writer(writer), before);
}

TEST_F(SimHostTest, ResetForgetsStreamsAndViolations) {
  host.ConstructStream({});
  host.Drop(core::PromiseSlot{1});
  host.Drop(core::PromiseSlot{1});
  host.Reset(*this, chunks);
  EXPECT_EQ(host.violation(), nullptr);
  EXPECT_EQ(host.stream_count(), 0u);
  host.Teardown();
  EXPECT_EQ(host.violation(), nullptr);
}

}  // namespace
}  // namespace sluice::sim
