// The byte limit: which writes it turns away, and what it leaves as it was.
#include <gtest/gtest.h>

#include "src/core/byte_limit.h"
#include "tests/core/stream_test.h"

namespace sluice::core {
namespace {

class StartedStreamTest : public StreamTest {
 protected:
  // The sink's write() returns a promise that the test settles; the latest is `sink_write`.
  void HoldWrites() {
    on[CallKind::kWrite] = [this](Value) { return ReturnPromise(sink_write = NewDeferred()); };
  }
  uint32_t sink_write = 0;
};

class ByteLimitTest : public StartedStreamTest {
 protected:
  void Make(uint64_t limit) {
    HoldWrites();
    Construct({.sink = FullSink(), .byte_limit = limit});
    writer = GetWriter();
  }
  WriterSlot writer;
};

TEST_F(ByteLimitTest, WriteThatFillsTheLimitFits) {
  Make(100);
  Watch("w", Write(writer, 1));
  EXPECT_EQ(stream().controller.charged_bytes, 100u);
  Settle(sink_write);
  EXPECT_EQ(Run(), "write(c1); w ok");
}

TEST_F(ByteLimitTest, WriteOneByteOverIsRejectedWithARangeErrorAndChangesNothing) {
  Make(99);
  const WritableStream before = stream();
  Watch("w", Write(writer, 1));
  EXPECT_EQ(stream(), before);
  EXPECT_EQ(Run(), "w RangeError");
  EXPECT_EQ(stream().state, StreamState::kWritable);
  EXPECT_EQ(DesiredSize(writer), "1");
}

TEST_F(ByteLimitTest, ChunkInFlightCounts) {
  Make(150);
  Watch("w0", Write(writer, 1));
  Watch("w1", Write(writer, 1));
  EXPECT_EQ(Run(), "write(c1); w1 RangeError");
  Settle(sink_write);
  EXPECT_EQ(Run(), "w0 ok");
}

TEST_F(ByteLimitTest, EarlierWritesAreUnharmedAndALaterOneThatFitsSucceeds) {
  Make(120);
  Watch("w0", Write(writer, 1));
  Watch("big", Write(writer, 1));
  Watch("small", Write(writer, 2));
  EXPECT_EQ(Run(), "write(c1); big RangeError");
  Settle(sink_write);
  EXPECT_EQ(Run(), "write(c2); w0 ok");
  EXPECT_EQ(stream().controller.charged_bytes, 7u);
  Settle(sink_write);
  EXPECT_EQ(Run(), "small ok");
}

TEST_F(ByteLimitTest, ChargeIsGivenBackWhenTheSinkIsDone) {
  Make(100);
  Ignore(Write(writer, 1));
  Settle(sink_write);
  Run();
  EXPECT_EQ(stream().controller.charged_bytes, 0u);
  Watch("again", Write(writer, 1));
  Settle(sink_write);
  EXPECT_EQ(Run(), "write(c1); again ok");
}

TEST_F(ByteLimitTest, EmptyChunksFitALimitOfZeroAndObjectsDoNot) {
  Make(0);
  Watch("object", Write(writer, 0));
  Watch("empty", Write(writer, 3));
  EXPECT_EQ(Run(), "write(c3); object RangeError");
}

TEST_F(ByteLimitTest, ObjectsAreChargedTheNominalCharge) {
  Make(2 * kNominalCharge);
  Ignore(Write(writer, 0));
  Ignore(Write(writer, 0));
  EXPECT_EQ(stream().controller.charged_bytes, 2 * kNominalCharge);
  Watch("third", Write(writer, 0));
  EXPECT_EQ(Run(), "write(c0); third RangeError");
}

TEST_F(ByteLimitTest, SizeHasRunAndIsNotAdded) {
  HoldWrites();
  on[CallKind::kSize] = [](Value) { return Outcome::Return(Value::Number(1)); };
  Construct({.sink = FullSink(), .strategy = {.highWaterMark = 1, .has_size = true}, .byte_limit = 50});
  writer = GetWriter();
  Watch("w", Write(writer, 1));
  EXPECT_EQ(Run(), "size(c1); w RangeError");
  EXPECT_EQ(stream().controller.queueTotalSize, 0);
  EXPECT_FALSE(stream().backpressure);
}

TEST_F(ByteLimitTest, BytesAreCountedAfterSizeRan) {
  HoldWrites();
  Construct({.sink = FullSink(), .strategy = {.has_size = true}, .byte_limit = 100});
  writer = GetWriter();
  on[CallKind::kSize] = [&](Value chunk) {
    if (chunk.id == 1) Ignore(Write(writer, 2));
    return Outcome::Return(Value::Number(1));
  };
  Watch("w", Write(writer, 1));
  EXPECT_EQ(Run(), "size(c1); size(c2); write(c2); w RangeError");
}

TEST_F(ByteLimitTest, EarlierReasonsForRejectionComeFirst) {
  Make(0);
  Ignore(Write(writer, 3));
  Error(Reason(5));
  Watch("w", Write(writer, 1));
  EXPECT_EQ(Run(), "write(c3); w r5");
}

TEST_F(ByteLimitTest, BadSizeUnderTheLimitStillErrorsTheStream) {
  on[CallKind::kSize] = [](Value) { return Outcome::Return(Value::Number(-1)); };
  Construct({.sink = FullSink(), .strategy = {.has_size = true}, .byte_limit = 100});
  writer = GetWriter();
  Watch("w", Write(writer, 1));
  EXPECT_EQ(Run(), "size(c1); w RangeError");
  EXPECT_EQ(stream().state, StreamState::kErrored);
  EXPECT_EQ(stream().controller.charged_bytes, 0u);
}

TEST_F(ByteLimitTest, UnhandledOverflowIsReported) {
  Make(0);
  host.TakePromise(Write(writer, 1));
  Run();
  EXPECT_EQ(std::exchange(unhandled, {}), std::vector<std::string>{"RangeError"});
}

}  // namespace
}  // namespace sluice::core
