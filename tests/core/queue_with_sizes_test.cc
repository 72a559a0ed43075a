#include "src/core/queue_with_sizes.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/core/stream_test.h"

namespace sluice::core {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

class QueueWithSizesTest : public StreamTest {
 protected:
  void TearDown() override {
    ResetQueue(host, container);
    StreamTest::TearDown();
  }
  // Empty if it succeeded.
  std::string Enqueue(uint32_t chunk, double size, uint64_t charge = 0) {
    const ValueSlot value = host.Name(ChunkValue(chunk));
    const Completion<> done = EnqueueValueWithSize(host, {}, container, value, size, charge);
    host.Drop(value);
    return done.is_thrown() ? Shown(host.TakeThrown(done.thrown())) : "";
  }
  std::string Dequeue() {
    const ValueSlot value = DequeueValue(container);
    const std::string shown = Shown(host.ValueOf(value));
    host.Drop(value);
    return shown;
  }

  QueueWithSizes container;
};

TEST_F(QueueWithSizesTest, EnqueueKeepsItsOwnReference) {
  EXPECT_EQ(Enqueue(3, 2.5, 10), "");
  EXPECT_EQ(Shown(host.ValueOf(container.queue.front().value)), "c3");
  EXPECT_EQ(host.violation(), nullptr);
}

TEST_F(QueueWithSizesTest, EnqueueAddsSizesAndCharges) {
  Enqueue(0, 2.5, 10);
  Enqueue(1, 0, 0);
  Enqueue(2, 4, 7);
  EXPECT_EQ(container.queue.size(), 3u);
  EXPECT_EQ(container.queueTotalSize, 6.5);
  EXPECT_EQ(container.charged_bytes, 17u);
  EXPECT_EQ(container.queue.front().size, 2.5);
  EXPECT_EQ(container.queue.front().charge, 10u);
  EXPECT_FALSE(container.queue.front().is_close_sentinel);
}

TEST_F(QueueWithSizesTest, DequeueGivesValuesInOrderAndTakesSizesAndChargesOff) {
  Enqueue(0, 2.5, 10);
  Enqueue(1, 4, 7);
  EXPECT_EQ(Dequeue(), "c0");
  EXPECT_EQ(container.queueTotalSize, 4);
  EXPECT_EQ(container.charged_bytes, 7u);
  EXPECT_EQ(Dequeue(), "c1");
  EXPECT_EQ(container.queueTotalSize, 0);
  EXPECT_EQ(container.charged_bytes, 0u);
  EXPECT_TRUE(container.queue.empty());
}

TEST_F(QueueWithSizesTest, PeekLeavesTheEntry) {
  Enqueue(0, 1);
  Enqueue(1, 1);
  EXPECT_EQ(Shown(host.ValueOf(PeekQueueValue(container).value)), "c0");
  EXPECT_EQ(container.queue.size(), 2u);
}

TEST_F(QueueWithSizesTest, BadSizesThrowARangeErrorAndChangeNothing) {
  Enqueue(0, 2, 10);
  const QueueWithSizes before = container;
  for (const double size : {kNaN, -kNaN, -1.0, -5e-324, -kInfinity, kInfinity}) {
    EXPECT_EQ(Enqueue(1, size, 5), "RangeError") << size;
    EXPECT_EQ(container, before) << size;
  }
}

TEST_F(QueueWithSizesTest, MinusZeroAndTheSmallestAndLargestNumbersAreSizes) {
  EXPECT_EQ(Enqueue(0, -0.0), "");
  EXPECT_EQ(Enqueue(0, 5e-324), "");
  EXPECT_EQ(container.queueTotalSize, 5e-324);
  EXPECT_EQ(Enqueue(0, std::numeric_limits<double>::max()), "");
}

TEST_F(QueueWithSizesTest, RoundingNeverLeavesANegativeTotal) {
  for (const double size : {0.1, 0.2, 0.3}) Enqueue(0, size);
  // 0.1 + 0.2 + 0.3 - 0.1 - 0.2 - 0.3 is not 0 in binary64.
  for (int i = 0; i < 3; ++i) {
    Dequeue();
    EXPECT_GE(container.queueTotalSize, 0);
  }
  for (const double size : {0.3, 0.1, 0.2, 1e-17}) Enqueue(0, size);
  for (int i = 0; i < 4; ++i) {
    Dequeue();
    EXPECT_GE(container.queueTotalSize, 0);
  }
}

// 0.7 + 0.1 rounds down and then 0.7 and 0.1 come off: -2.8e-17 without step 6.
TEST_F(QueueWithSizesTest, NegativeRemainderBecomesZero) {
  ASSERT_LT(0.7 + 0.1 - 0.7 - 0.1, 0);
  Enqueue(0, 0.7);
  Enqueue(0, 0.1);
  Dequeue();
  Dequeue();
  EXPECT_EQ(container.queueTotalSize, 0);
  EXPECT_FALSE(std::signbit(container.queueTotalSize));
}

TEST_F(QueueWithSizesTest, TwoLargeSizesMakeAnInfiniteTotal) {
  Enqueue(0, 1.7e308);
  Enqueue(1, 1.7e308);
  EXPECT_EQ(container.queueTotalSize, kInfinity);
  Dequeue();
  EXPECT_EQ(container.queueTotalSize, kInfinity);
  Dequeue();
  EXPECT_EQ(container.queueTotalSize, kInfinity);
}

TEST_F(QueueWithSizesTest, ResetDropsEverything) {
  Enqueue(0, 1.7e308, 5);
  Enqueue(1, 1.7e308, 6);
  EnqueueCloseSentinel(container);
  ResetQueue(host, container);
  EXPECT_EQ(container, QueueWithSizes());
  EXPECT_EQ(container.queue.allocated_bytes(), 0u);
}

TEST_F(QueueWithSizesTest, CloseSentinelHasNoSizeAndNoCharge) {
  Enqueue(0, 2, 3);
  EnqueueCloseSentinel(container);
  EXPECT_TRUE(container.queue.back().is_close_sentinel);
  EXPECT_EQ(container.queue.back().size, 0);
  EXPECT_EQ(container.queueTotalSize, 2);
  EXPECT_EQ(container.charged_bytes, 3u);
}

TEST_F(QueueWithSizesTest, UndefinedIsAChunkAndNotTheCloseSentinel) {
  ASSERT_FALSE(EnqueueValueWithSize(host, {}, container, kUndefined, 1, 64).is_thrown());
  EXPECT_FALSE(PeekQueueValue(container).is_close_sentinel);
  EXPECT_EQ(Dequeue(), "undefined");
}

TEST(IsNonNegativeNumber, IsFalseForNaNAndNegativeNumbersOnly) {
  EXPECT_FALSE(IsNonNegativeNumber(kNaN));
  EXPECT_FALSE(IsNonNegativeNumber(-1));
  EXPECT_FALSE(IsNonNegativeNumber(-5e-324));
  EXPECT_FALSE(IsNonNegativeNumber(-kInfinity));
  EXPECT_TRUE(IsNonNegativeNumber(0));
  EXPECT_TRUE(IsNonNegativeNumber(-0.0));
  EXPECT_TRUE(IsNonNegativeNumber(kInfinity));
}

}  // namespace
}  // namespace sluice::core
