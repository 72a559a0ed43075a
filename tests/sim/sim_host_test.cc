// The simulated host sees broken rules of ownership (src/core/host.h, "Ownership").
#include "src/sim/sim_host.h"

#include <gtest/gtest.h>

#include <vector>

namespace sluice::sim {
namespace {

class SimHostTest : public ::testing::Test, protected UserCode {
 protected:
  SimHostTest() { host.Reset(*this, chunks); }
  Outcome Call(CallKind, Value, uint32_t) override { return {}; }
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
