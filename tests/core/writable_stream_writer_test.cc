// What writers see of a stream in each state; operations for other specifications; giving references back.
#include <gtest/gtest.h>

#include "tests/core/stream_test.h"

namespace sluice::core {
namespace {

class WriterTest : public StreamTest {
 protected:
  // The method of this kind returns a promise that the test settles.
  void Hold(CallKind kind, uint32_t& deferred) {
    on[kind] = [this, &deferred](Value) { return ReturnPromise(deferred = NewDeferred()); };
  }
  StreamState state() { return stream().state; }
  uint32_t held = 0;
  uint32_t held_write = 0;
};

// ---- Writers

TEST_F(WriterTest, SecondWriterIsRefusedWithATypeError) {
  Construct();
  GetWriter();
  EXPECT_TRUE(ws::Locked(stream()));
  const WriterSlot second = host.NewWriter();
  const Completion<WriterSlot> got = ws::GetWriter(host, stream(), second);
  ASSERT_TRUE(got.is_thrown());
  EXPECT_EQ(Shown(host.TakeThrown(got.thrown())), "TypeError");
  const Completion<> constructed = default_writer::Constructor(host, second, stream());
  ASSERT_TRUE(constructed.is_thrown());
  EXPECT_EQ(Shown(host.TakeThrown(constructed.thrown())), "TypeError");
}

TEST_F(WriterTest, ReleasedWriterSeesTypeErrorsEverywhere) {
  Construct({.sink = FullSink()});
  const WriterSlot writer = GetWriter();
  Watch("old closed", default_writer::Closed(host, writer));
  Watch("old ready", default_writer::Ready(host, writer));
  default_writer::ReleaseLock(host, writer);
  EXPECT_FALSE(ws::Locked(stream()));
  WatchWriter(writer);
  Watch("close", default_writer::Close(host, writer));
  Watch("abort", Abort(writer));
  Watch("write", Write(writer));
  EXPECT_EQ(Run(),
            "old ready ok; old closed TypeError; ready TypeError; closed TypeError; close TypeError; "
            "abort TypeError; write TypeError");
  EXPECT_EQ(DesiredSize(writer), "throws TypeError");
  EXPECT_EQ(state(), StreamState::kWritable);
}

TEST_F(WriterTest, ReleaseLockTwiceDoesNothing) {
  Construct();
  const WriterSlot writer = GetWriter();
  default_writer::ReleaseLock(host, writer);
  const WriterSlot next = GetWriter();
  default_writer::ReleaseLock(host, writer);
  EXPECT_EQ(stream().writer, next);
}

TEST_F(WriterTest, ReleaseRejectsReadyAndClosedWithOneError) {
  Hold(CallKind::kWrite, held_write);
  Construct({.sink = FullSink()});
  const WriterSlot writer = GetWriter();
  Ignore(Write(writer));
  default_writer::ReleaseLock(host, writer);
  EXPECT_EQ(StateOf(default_writer::Ready(host, writer)), PromiseView::kRejected);
  WatchWriter(writer);
  EXPECT_EQ(Run(), "write(c0); ready TypeError; closed TypeError");
}

TEST_F(WriterTest, PendingWritesOfAReleasedWriterStillSettle) {
  Hold(CallKind::kWrite, held_write);
  Construct({.sink = FullSink()});
  const WriterSlot writer = GetWriter();
  Watch("w0", Write(writer));
  default_writer::ReleaseLock(host, writer);
  Settle(held_write);
  EXPECT_EQ(Run(), "write(c0); w0 ok");
}

TEST_F(WriterTest, WriterOfAWritableStreamUnderBackpressureWaits) {
  Construct({.strategy = {.highWaterMark = 0}});
  const WriterSlot writer = GetWriter();
  EXPECT_EQ(StateOf(default_writer::Ready(host, writer)), PromiseView::kPending);
  EXPECT_EQ(StateOf(default_writer::Closed(host, writer)), PromiseView::kPending);
}

TEST_F(WriterTest, WriterOfAClosingStreamUnderBackpressureIsReady) {
  Hold(CallKind::kWrite, held_write);
  Construct({.sink = FullSink()});
  const WriterSlot first = GetWriter();
  Ignore(Write(first));
  Ignore(default_writer::Close(host, first));
  default_writer::ReleaseLock(host, first);
  const WriterSlot second = GetWriter();
  EXPECT_EQ(StateOf(default_writer::Ready(host, second)), PromiseView::kFulfilled);
}

TEST_F(WriterTest, WriterOfAnErroringStreamIsNotReadyAndNotClosedYet) {
  Hold(CallKind::kWrite, held_write);
  Construct({.sink = FullSink()});
  const WriterSlot first = GetWriter();
  Ignore(Write(first));
  default_writer::ReleaseLock(host, first);
  Error(Reason(5));
  const WriterSlot second = GetWriter();
  EXPECT_EQ(DesiredSize(second), "null");
  WatchWriter(second);
  EXPECT_EQ(Run(), "write(c0); ready r5");
  Settle(held_write);
  EXPECT_EQ(Run(), "closed r5");
}

TEST_F(WriterTest, WriterOfAClosedStreamIsReadyAndClosed) {
  Construct();
  Ignore(ws::Close(host, stream()));
  Run();
  const WriterSlot writer = GetWriter();
  WatchWriter(writer);
  EXPECT_EQ(Run(), "ready ok; closed ok");
  EXPECT_EQ(DesiredSize(writer), "0");
}

TEST_F(WriterTest, WriterOfAnErroredStreamIsRejectedTwiceAndNeitherIsReported) {
  Construct();
  Error(Reason(5));
  const WriterSlot writer = GetWriter();
  Run();
  EXPECT_TRUE(unhandled.empty());
  WatchWriter(writer);
  EXPECT_EQ(Run(), "ready r5; closed r5");
  EXPECT_EQ(DesiredSize(writer), "null");
}

// ---- For other specifications

class CloseWithErrorPropagationTest : public WriterTest {
 protected:
  void Propagate(WriterSlot writer) {
    Watch("close", WritableStreamDefaultWriterCloseWithErrorPropagation(host, writer));
  }
};

TEST_F(CloseWithErrorPropagationTest, ClosesAWritableStream) {
  Construct({.sink = FullSink()});
  Propagate(GetWriter());
  EXPECT_EQ(Run(), "close(); close ok");
}

TEST_F(CloseWithErrorPropagationTest, SucceedsAtOnceWhileAClosePends) {
  Hold(CallKind::kClose, held);
  Construct({.sink = FullSink()});
  const WriterSlot writer = GetWriter();
  Ignore(default_writer::Close(host, writer));
  Propagate(writer);
  EXPECT_EQ(Run(), "close(); close ok");
}

TEST_F(CloseWithErrorPropagationTest, SucceedsWhenClosed) {
  Construct();
  const WriterSlot writer = GetWriter();
  Ignore(default_writer::Close(host, writer));
  Run();
  Propagate(writer);
  EXPECT_EQ(Run(), "close ok");
}

TEST_F(CloseWithErrorPropagationTest, IsRejectedWithTheStoredErrorWhenErrored) {
  Construct();
  const WriterSlot writer = GetWriter();
  Error(Reason(5));
  Propagate(writer);
  EXPECT_EQ(Run(), "close r5");
}

TEST_F(CloseWithErrorPropagationTest, IsRejectedWithTheStoredErrorWhenErroringEnds) {
  Hold(CallKind::kWrite, held_write);
  Construct({.sink = FullSink()});
  const WriterSlot writer = GetWriter();
  Ignore(Write(writer));
  Error(Reason(5));
  Propagate(writer);
  Settle(held_write);
  EXPECT_EQ(Run(), "write(c0); close r5");
}

// A stream that another specification sets up, in the place of one that the host constructed.
class OtherSpecsTest : public WriterTest {
 protected:
  void SetUpStream(double highWaterMark, std::optional<uint64_t> byte_limit = std::nullopt) {
    Construct();
    other_specs::SetUp(host, stream(), highWaterMark, Algorithm::kDefault, byte_limit);
    Run();
  }
};

TEST_F(OtherSpecsTest, SetUpMakesAStreamWithNativeAlgorithmsAndNoStart) {
  SetUpStream(2, 100);
  EXPECT_TRUE(stream().controller.started);
  EXPECT_EQ(stream().controller.strategyHWM, 2);
  EXPECT_EQ(stream().controller.byte_limit, 100u);
  const WriterSlot writer = GetWriter();
  Watch("w", Write(writer, 1));
  Watch("over", Write(writer, 0));
  Watch("close", default_writer::Close(host, writer));
  EXPECT_EQ(Run(), "write(c1); close(); over RangeError; w ok; close ok");
}

TEST_F(OtherSpecsTest, ErrorErrorsAWritableStreamAndOnlyThat) {
  SetUpStream(1);
  const ValueSlot reason = host.Name(Reason(5));
  other_specs::Error(host, stream(), reason);
  EXPECT_EQ(state(), StreamState::kErrored);
  other_specs::Error(host, stream(), kUndefined);
  EXPECT_EQ(Shown(host.ValueOf(stream().storedError)), "r5");
  host.Drop(reason);
}

TEST_F(OtherSpecsTest, ErrorOfAClosedStreamDoesNothing) {
  SetUpStream(1);
  Ignore(ws::Close(host, stream()));
  Run();
  other_specs::Error(host, stream(), kUndefined);
  EXPECT_EQ(state(), StreamState::kClosed);
}

TEST_F(OtherSpecsTest, CreateWritableStreamThrowsWhatStartThrows) {
  Construct();
  on[CallKind::kStart] = [](Value) { return Outcome::Throw(Reason(3)); };
  IgnoreInvariants();
  const Completion<> made = CreateWritableStream(host, stream(), {.start = true}, 1, Algorithm::kDefault);
  ASSERT_TRUE(made.is_thrown());
  EXPECT_EQ(Shown(host.TakeThrown(made.thrown())), "r3");
}

// ---- Lifetime

TEST_F(WriterTest, ReleaseSlotsGivesBackEveryReferenceInTheMiddleOfEverything) {
  Hold(CallKind::kWrite, held_write);
  Construct({.sink = FullSink(), .byte_limit = 1000});
  const WriterSlot writer = GetWriter();
  Ignore(Write(writer, 0));
  Ignore(Write(writer, 1));
  Ignore(default_writer::Close(host, writer));
  Ignore(Abort(writer, Reason(9)));
  ASSERT_TRUE(stream().pendingAbortRequest.has_value());
  ASSERT_FALSE(stream().closeRequest.is_undefined());
  const uint64_t held_chunks = stream().controller.queue.size();
  ASSERT_EQ(held_chunks, 3u);
  ReleaseSlots(host, stream());
  ReleaseSlots(host, host.Writer(writer));
  EXPECT_TRUE(stream().controller.queue.empty());
  EXPECT_TRUE(stream().writeRequests.empty());
  EXPECT_TRUE(stream().storedError.is_undefined());
  EXPECT_TRUE(stream().closeRequest.is_undefined());
  EXPECT_TRUE(host.Writer(writer).readyPromise.is_undefined());
  // TearDown sees that nothing is left. The write's reaction does not run: the stream is gone.
}

TEST_F(WriterTest, AbortReactionThatNeverRunsGivesItsPromiseBack) {
  Hold(CallKind::kAbort, held);
  Construct({.sink = FullSink()});
  Ignore(AbortStream());
  EXPECT_EQ(Run(), "abort(r9)");
}

}  // namespace
}  // namespace sluice::core
