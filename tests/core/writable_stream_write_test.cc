// write() and the queue: order of sink calls and settlements, backpressure, size() and sinks that re-enter.
#include <gtest/gtest.h>

#include "tests/core/stream_test.h"

namespace sluice::core {
namespace {

class WriteTest : public StreamTest {
 protected:
  // The sink's write() returns a promise that the test settles; the latest is `sink_write`.
  void HoldWrites() {
    on[CallKind::kWrite] = [this](Value) { return ReturnPromise(sink_write = NewDeferred()); };
  }
  uint32_t sink_write = 0;
};

TEST_F(WriteTest, WriteReachesTheSinkSynchronouslyWhenIdle) {
  Construct({.sink = FullSink()});
  const WriterSlot writer = GetWriter();
  Watch("w", Write(writer));
  EXPECT_EQ(TakeLog(), "write(c0)");
  EXPECT_EQ(Run(), "w ok");
}

TEST_F(WriteTest, WriteBeforeStartSettlesWaits) {
  uint32_t start = 0;
  on[CallKind::kStart] = [&](Value) { return ReturnPromise(start = NewDeferred()); };
  ASSERT_FALSE(ConstructOnly({.sink = {.start = true, .write = true}}).thrown);
  const WriterSlot writer = GetWriter();
  Watch("w", Write(writer));
  EXPECT_EQ(Run(), "start()");
  Settle(start);
  EXPECT_EQ(Run(), "write(c0); w ok");
}

TEST_F(WriteTest, ChunksReachTheSinkInOrderAndOneAtATime) {
  HoldWrites();
  Construct({.sink = FullSink()});
  const WriterSlot writer = GetWriter();
  Watch("w0", Write(writer, 0));
  Watch("w1", Write(writer, 1));
  Watch("w2", Write(writer, 2));
  EXPECT_EQ(Run(), "write(c0)");
  Settle(sink_write);
  EXPECT_EQ(Run(), "write(c1); w0 ok");
  Settle(sink_write);
  EXPECT_EQ(Run(), "write(c2); w1 ok");
  Settle(sink_write);
  EXPECT_EQ(Run(), "w2 ok");
}

TEST_F(WriteTest, NextChunkReachesTheSinkBeforeTheWritersReactionsRun) {
  Construct({.sink = FullSink()});
  const WriterSlot writer = GetWriter();
  Watch("w0", Write(writer, 0));
  Watch("w1", Write(writer, 1));
  EXPECT_EQ(Run(), "write(c0); write(c1); w0 ok; w1 ok");
}

TEST_F(WriteTest, WriteWithoutASinkMethodSucceeds) {
  Construct();
  const WriterSlot writer = GetWriter();
  Watch("w0", Write(writer, 0));
  Watch("w1", Write(writer, 1));
  EXPECT_EQ(Run(), "w0 ok; w1 ok");
}

TEST_F(WriteTest, ReadyWaitsForTheQueueToDrainBelowTheMark) {
  HoldWrites();
  Construct({.sink = FullSink(), .strategy = {.highWaterMark = 2}});
  const WriterSlot writer = GetWriter();
  Ignore(Write(writer, 0));
  EXPECT_EQ(StateOf(default_writer::Ready(host, writer)), PromiseView::kFulfilled);
  EXPECT_EQ(DesiredSize(writer), "1");
  Ignore(Write(writer, 1));
  EXPECT_EQ(DesiredSize(writer), "0");
  Watch("ready", default_writer::Ready(host, writer));
  Ignore(Write(writer, 2));
  EXPECT_EQ(DesiredSize(writer), "-1");
  Settle(sink_write);
  EXPECT_EQ(Run(), "write(c0); write(c1)");
  Settle(sink_write);
  EXPECT_EQ(Run(), "write(c2); ready ok");
  EXPECT_EQ(DesiredSize(writer), "1");
}

TEST_F(WriteTest, WriteSettlesBeforeReady) {
  HoldWrites();
  Construct({.sink = FullSink()});
  const WriterSlot writer = GetWriter();
  Watch("w", Write(writer));
  Watch("ready", default_writer::Ready(host, writer));
  Settle(sink_write);
  EXPECT_EQ(Run(), "write(c0); w ok; ready ok");
}

TEST_F(WriteTest, HighWaterMarkZeroIsBackpressureFromTheStart) {
  Construct({.sink = FullSink(), .strategy = {.highWaterMark = 0}});
  const WriterSlot writer = GetWriter();
  Watch("ready", default_writer::Ready(host, writer));
  Watch("w", Write(writer));
  EXPECT_EQ(Run(), "write(c0); w ok");
  EXPECT_TRUE(stream().backpressure);
}

TEST_F(WriteTest, RejectedWriteErrorsTheStreamAndRejectsWhatIsQueued) {
  HoldWrites();
  Construct({.sink = FullSink()});
  const WriterSlot writer = GetWriter();
  Watch("w0", Write(writer, 0));
  Watch("w1", Write(writer, 1));
  WatchWriter(writer);
  Run();
  Fail(sink_write, Reason(1));
  // ready is rejected while erroring starts, before the queued writes; closed is last.
  EXPECT_EQ(Run(), "w0 r1; ready r1; w1 r1; closed r1");
  EXPECT_EQ(stream().state, StreamState::kErrored);
  EXPECT_EQ(DesiredSize(writer), "null");
}

TEST_F(WriteTest, ThrowingWriteIsARejectedWrite) {
  on[CallKind::kWrite] = [](Value) { return Outcome::Throw(Reason(1)); };
  Construct({.sink = FullSink()});
  const WriterSlot writer = GetWriter();
  Watch("w", Write(writer));
  EXPECT_EQ(TakeLog(), "write(c0)");
  EXPECT_EQ(stream().state, StreamState::kWritable);
  EXPECT_EQ(Run(), "w r1");
  EXPECT_EQ(stream().state, StreamState::kErrored);
}

TEST_F(WriteTest, RejectedWriteDropsTheQueueAndItsCharges) {
  HoldWrites();
  Construct({.sink = FullSink(), .byte_limit = 1000});
  const WriterSlot writer = GetWriter();
  Ignore(Write(writer, 1));
  Ignore(Write(writer, 2));
  EXPECT_EQ(stream().controller.charged_bytes, 107u);
  Fail(sink_write, Reason(1));
  Run();
  EXPECT_EQ(stream().controller.charged_bytes, 0u);
  EXPECT_EQ(stream().controller.queue.allocated_bytes(), 0u);
}

TEST_F(WriteTest, WriteAfterCloseIsRejectedWithATypeError) {
  Construct({.sink = FullSink()});
  const WriterSlot writer = GetWriter();
  Ignore(default_writer::Close(host, writer));
  Watch("while closing", Write(writer));
  EXPECT_EQ(Run(), "close(); while closing TypeError");
  Watch("when closed", Write(writer));
  EXPECT_EQ(Run(), "when closed TypeError");
}

TEST_F(WriteTest, WriteWhileErroringAndErroredIsRejectedWithTheStoredError) {
  HoldWrites();
  Construct({.sink = FullSink()});
  const WriterSlot writer = GetWriter();
  Ignore(Write(writer));
  Error(Reason(5));
  Watch("while erroring", Write(writer));
  EXPECT_EQ(Run(), "write(c0); while erroring r5");
  Settle(sink_write);
  Watch("when errored", Write(writer));
  EXPECT_EQ(Run(), "when errored r5");
}

TEST_F(WriteTest, WriteByAReleasedWriterIsRejectedWithATypeErrorAndSizeDoesNotRun) {
  Construct({.sink = FullSink(), .strategy = {.has_size = true}});
  const WriterSlot writer = GetWriter();
  default_writer::ReleaseLock(host, writer);
  Watch("w", Write(writer));
  EXPECT_EQ(Run(), "w TypeError");
}

TEST_F(WriteTest, CloseWaitsForTheQueuedWrites) {
  Construct({.sink = FullSink()});
  const WriterSlot writer = GetWriter();
  Watch("w0", Write(writer, 0));
  Watch("w1", Write(writer, 1));
  Watch("close", default_writer::Close(host, writer));
  EXPECT_EQ(Run(), "write(c0); write(c1); w0 ok; close(); w1 ok; close ok");
}

// ---- size()

TEST_F(WriteTest, SizeRunsBeforeTheWriteAndCounts) {
  HoldWrites();
  on[CallKind::kSize] = [](Value) { return Outcome::Return(Value::Number(5)); };
  Construct({.sink = FullSink(), .strategy = {.highWaterMark = 7, .has_size = true}});
  const WriterSlot writer = GetWriter();
  Ignore(Write(writer, 2));
  EXPECT_EQ(TakeLog(), "size(c2); write(c2)");
  EXPECT_EQ(DesiredSize(writer), "2");
}

TEST_F(WriteTest, ThrowingSizeErrorsTheStreamAndTheWriteIsRejectedWithIt) {
  on[CallKind::kSize] = [](Value) { return Outcome::Throw(Reason(2)); };
  Construct({.sink = FullSink(), .strategy = {.has_size = true}});
  const WriterSlot writer = GetWriter();
  Watch("w", Write(writer));
  EXPECT_EQ(Run(), "size(c0); w r2");
  EXPECT_EQ(stream().state, StreamState::kErrored);
}

TEST_F(WriteTest, BadSizeErrorsTheStreamWithARangeError) {
  for (const Value bad : {Value::Number(-1), Value::Number(__builtin_inf()), Value::Number(__builtin_nan("")),
                          Value::Undefined(), Value::Null()}) {
    on[CallKind::kSize] = [bad](Value) { return Outcome::Return(bad); };
    host.Reset(*this, chunks);
    Construct({.sink = FullSink(), .strategy = {.has_size = true}});
    const WriterSlot writer = GetWriter();
    Watch("w", Write(writer));
    WatchWriter(writer);
    EXPECT_EQ(Run(), "size(c0); w RangeError; ready RangeError; closed RangeError");
    host.Teardown();
    EXPECT_EQ(host.violation(), nullptr);
  }
}

TEST_F(WriteTest, SizeThatReleasesTheLockGetsATypeError) {
  Construct({.sink = FullSink(), .strategy = {.has_size = true}});
  const WriterSlot writer = GetWriter();
  on[CallKind::kSize] = [&](Value) { return default_writer::ReleaseLock(host, writer), Nothing(); };
  Watch("w", Write(writer));
  EXPECT_EQ(Run(), "size(c0); w TypeError");
  EXPECT_EQ(stream().state, StreamState::kWritable);
}

TEST_F(WriteTest, SizeThatHandsTheLockOnGetsATypeError) {
  Construct({.sink = FullSink(), .strategy = {.has_size = true}});
  const WriterSlot writer = GetWriter();
  on[CallKind::kSize] = [&](Value) {
    default_writer::ReleaseLock(host, writer);
    GetWriter();
    return Nothing();
  };
  Watch("w", Write(writer));
  EXPECT_EQ(Run(), "size(c0); w TypeError");
}

TEST_F(WriteTest, SizeThatWritesPutsItsChunkFirst) {
  Construct({.sink = FullSink(), .strategy = {.has_size = true}});
  const WriterSlot writer = GetWriter();
  on[CallKind::kSize] = [&](Value chunk) {
    if (chunk.id == 0) Watch("inner", Write(writer, 1));
    return Outcome::Return(Value::Number(1));
  };
  Watch("outer", Write(writer, 0));
  EXPECT_EQ(Run(), "size(c0); size(c1); write(c1); write(c0); inner ok; outer ok");
}

TEST_F(WriteTest, SizeThatClosesMakesTheWriteTooLate) {
  Construct({.sink = FullSink(), .strategy = {.has_size = true}});
  const WriterSlot writer = GetWriter();
  on[CallKind::kSize] = [&](Value) {
    Watch("close", default_writer::Close(host, writer));
    return Outcome::Return(Value::Number(1));
  };
  Watch("w", Write(writer));
  EXPECT_EQ(Run(), "size(c0); close(); w TypeError; close ok");
}

TEST_F(WriteTest, SizeThatErrorsTheStreamRejectsTheWriteWithIt) {
  Construct({.sink = FullSink(), .strategy = {.has_size = true}});
  const WriterSlot writer = GetWriter();
  on[CallKind::kSize] = [&](Value) { return Error(Reason(5)), Outcome::Return(Value::Number(1)); };
  Watch("w", Write(writer));
  EXPECT_EQ(Run(), "size(c0); w r5");
}

// The standard's assert in WritableStreamDefaultControllerGetChunkSize, step 1.1, is false here (whatwg/streams#1218):
// size() is gone while the state is still "writable". The write is rejected as one after close.
TEST_F(WriteTest, WriteWhileSinkCloseIsPending) {
  on[CallKind::kClose] = [&](Value) { return ReturnPromise(sink_write = NewDeferred()); };
  Construct({.sink = FullSink(), .strategy = {.has_size = true}});
  const WriterSlot writer = GetWriter();
  Watch("close", default_writer::Close(host, writer));
  EXPECT_EQ(Run(), "close()");
  ASSERT_EQ(stream().state, StreamState::kWritable);
  ASSERT_EQ(stream().controller.strategySizeAlgorithm, Algorithm::kUndefined);
  Watch("w", Write(writer));
  EXPECT_EQ(Run(), "w TypeError");
  Settle(sink_write);
  EXPECT_EQ(Run(), "close ok");
}

// ---- Re-entrant sink

TEST_F(WriteTest, ASinksOwnWriteQueuesAfterTheChunkInFlight) {
  Construct({.sink = FullSink()});
  const WriterSlot writer = GetWriter();
  on[CallKind::kWrite] = [&](Value chunk) {
    if (chunk.id == 0) Watch("inner", Write(writer, 2));
    return Nothing();
  };
  Watch("w0", Write(writer, 0));
  Watch("w1", Write(writer, 1));
  // The inner chunk is queued inside the first write(), before the second one.
  EXPECT_EQ(Run(), "write(c0); write(c2); w0 ok; write(c1); inner ok; w1 ok");
}

TEST_F(WriteTest, SinkWriteThatErrorsTheStreamStillFinishes) {
  Construct({.sink = FullSink()});
  const WriterSlot writer = GetWriter();
  on[CallKind::kWrite] = [&](Value) { return Error(Reason(5)), Nothing(); };
  Watch("w0", Write(writer, 0));
  EXPECT_EQ(stream().state, StreamState::kErroring);
  WatchWriter(writer);
  EXPECT_EQ(Run(), "write(c0); ready r5; w0 ok; closed r5");
}

TEST_F(WriteTest, SinkWriteThatAbortsGetsAbortAfterItself) {
  Construct({.sink = FullSink()});
  const WriterSlot writer = GetWriter();
  on[CallKind::kWrite] = [&](Value) { return Watch("abort", Abort(writer, Reason(9))), Nothing(); };
  Watch("w0", Write(writer, 0));
  EXPECT_EQ(Run(), "write(c0); abort(r9); w0 ok; abort ok");
}

// ---- Many

TEST_F(WriteTest, TwoHundredThousandQueuedWritesDrainInOrder) {
  constexpr uint64_t kWrites = 200'000;
  uint32_t start = 0;
  uint64_t written = 0;
  log_calls = false;
  on[CallKind::kStart] = [&](Value) { return ReturnPromise(start = NewDeferred()); };
  on[CallKind::kWrite] = [&](Value chunk) {
    EXPECT_EQ(chunk.id, written % 4);
    ++written;
    return Nothing();
  };
  ASSERT_FALSE(ConstructOnly({.sink = {.start = true, .write = true}}).thrown);
  const WriterSlot writer = GetWriter();
  for (uint64_t i = 0; i < kWrites; ++i) Ignore(Write(writer, i % 4));
  ASSERT_EQ(stream().controller.queue.size(), kWrites);
  Watch("close", default_writer::Close(host, writer));
  Settle(start);
  EXPECT_EQ(Run(), "close ok");
  EXPECT_EQ(written, kWrites);
  EXPECT_EQ(stream().controller.charged_bytes, 0u);
}

}  // namespace
}  // namespace sluice::core
