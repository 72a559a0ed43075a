#include "src/core/queuing_strategies.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/core/stream_test.h"

namespace sluice::core {
namespace {

class QueuingStrategiesTest : public StreamTest {
 protected:
  // "throws" or the mark.
  std::string Extract(std::optional<double> mark, double fallback = 1) {
    const Completion<double> got = ExtractHighWaterMark(host, {.highWaterMark = mark}, fallback);
    if (got.is_thrown()) return "throws " + Shown(host.TakeThrown(got.thrown()));
    return std::to_string(got.value());
  }
};

TEST_F(QueuingStrategiesTest, AbsentHighWaterMarkIsTheDefault) {
  EXPECT_EQ(Extract(std::nullopt, 1), "1.000000");
  EXPECT_EQ(Extract(std::nullopt, 0), "0.000000");
}

TEST_F(QueuingStrategiesTest, HighWaterMarkIsTakenAsItIs) {
  EXPECT_EQ(Extract(0), "0.000000");
  EXPECT_EQ(Extract(-0.0), "-0.000000");
  EXPECT_EQ(Extract(2.5), "2.500000");
  EXPECT_EQ(Extract(std::numeric_limits<double>::infinity()), "inf");
}

TEST_F(QueuingStrategiesTest, NaNAndNegativeHighWaterMarksThrowARangeError) {
  EXPECT_EQ(Extract(std::numeric_limits<double>::quiet_NaN()), "throws RangeError");
  EXPECT_EQ(Extract(-1), "throws RangeError");
  EXPECT_EQ(Extract(-5e-324), "throws RangeError");
  EXPECT_EQ(Extract(-std::numeric_limits<double>::infinity()), "throws RangeError");
}

TEST_F(QueuingStrategiesTest, SizeIsTheHostsIfItExists) {
  EXPECT_EQ(ExtractSizeAlgorithm({.has_size = false}), Algorithm::kDefault);
  EXPECT_EQ(ExtractSizeAlgorithm({.has_size = true}), Algorithm::kHost);
}

TEST_F(QueuingStrategiesTest, DefaultSizeIsOne) {
  Construct({.sink = FullSink(), .strategy = {.highWaterMark = 3}});
  const WriterSlot writer = GetWriter();
  Ignore(Write(writer, 1));
  EXPECT_EQ(DesiredSize(writer), "2");
}

TEST_F(QueuingStrategiesTest, InfiniteHighWaterMarkNeverGivesBackpressure) {
  Construct(
      {.sink = FullSink(), .strategy = {.highWaterMark = std::numeric_limits<double>::infinity(), .has_size = true}});
  on[CallKind::kWrite] = [&](Value) { return ReturnPromise(NewDeferred()); };
  on[CallKind::kSize] = [&](Value) { return Outcome::Return(Value::Number(1e308)); };
  const WriterSlot writer = GetWriter();
  Ignore(Write(writer));
  EXPECT_FALSE(stream().backpressure);
}

// Infinity - Infinity is NaN, and NaN <= 0 is false: as the standard has it, no backpressure.
TEST_F(QueuingStrategiesTest, InfiniteTotalUnderAnInfiniteHighWaterMarkGivesNoBackpressure) {
  Construct(
      {.sink = FullSink(), .strategy = {.highWaterMark = std::numeric_limits<double>::infinity(), .has_size = true}});
  on[CallKind::kWrite] = [&](Value) { return ReturnPromise(NewDeferred()); };
  on[CallKind::kSize] = [&](Value) { return Outcome::Return(Value::Number(1.7e308)); };
  const WriterSlot writer = GetWriter();
  Ignore(Write(writer));
  Ignore(Write(writer));
  const auto size = default_writer::DesiredSize(host, writer);
  EXPECT_TRUE(std::isnan(*size.value()));
  EXPECT_FALSE(stream().backpressure);
  CheckAllInvariants();
}

}  // namespace
}  // namespace sluice::core
