// Each TypeError is made for the reason that the standard has for it: hosts word their messages by it.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "src/core/class_steps.h"
#include "src/sim/sim_host.h"

namespace sluice::core {
namespace {

using sim::CallKind;

class TypeErrorReasonTest : public testing::Test, public sim::UserCode {
 protected:
  void SetUp() override {
    host.Reset(*this, chunks);
    host.ConstructStream({.sink = {.write = true, .close = true}, .strategy = {.has_size = true}});
    writer = host.NewWriter();
    EXPECT_FALSE(ws::GetWriter(host, host.stream(0), writer).is_thrown());
    host.realm().RunAllMicrotasks();
  }
  void ExpectNewest(TypeErrorReason reason) { EXPECT_EQ(host.TypeErrorReasonOf(newest++), reason); }
  PromiseSlot Write() { return default_writer::Write(host, writer, kUndefined); }

  sim::Outcome Call(CallKind kind, sim::Value, uint32_t, uint32_t) override {
    if (kind == CallKind::kSize && release_in_size) default_writer::ReleaseLock(host, writer);
    return kind == CallKind::kSize ? sim::Outcome::Return(sim::Value::Number(1)) : sim::Outcome{};
  }
  void Settled(uint32_t, bool, sim::Value) override {}
  void ReportException(sim::Value) override {}
  void UnhandledRejection(uint32_t, sim::Value) override {}

  sim::SimHost host;
  std::vector<sim::Chunk> chunks;
  WriterSlot writer;
  uint32_t newest = 0;
  bool release_in_size = false;
};

TEST_F(TypeErrorReasonTest, LockedStreamsRefuseAbortCloseAndASecondWriter) {
  ws::Abort(host, host.stream(0), kUndefined);
  ExpectNewest(TypeErrorReason::kStreamIsLocked);
  ws::Close(host, host.stream(0));
  ExpectNewest(TypeErrorReason::kStreamIsLocked);
  EXPECT_TRUE(default_writer::Constructor(host, host.NewWriter(), host.stream(0)).is_thrown());
  ExpectNewest(TypeErrorReason::kStreamIsLocked);
}

TEST_F(TypeErrorReasonTest, ReleasedWritersHaveNoStream) {
  default_writer::ReleaseLock(host, writer);
  ExpectNewest(TypeErrorReason::kWriterReleased);
  Write();
  ExpectNewest(TypeErrorReason::kWriterHasNoStream);
  default_writer::Close(host, writer);
  ExpectNewest(TypeErrorReason::kWriterHasNoStream);
  default_writer::Abort(host, writer, kUndefined);
  ExpectNewest(TypeErrorReason::kWriterHasNoStream);
  EXPECT_TRUE(default_writer::DesiredSize(host, writer).is_thrown());
  ExpectNewest(TypeErrorReason::kWriterHasNoStream);
}

TEST_F(TypeErrorReasonTest, ClosingStreamsRefuseWritesAndASecondClose) {
  default_writer::Close(host, writer);
  Write();
  ExpectNewest(TypeErrorReason::kWriteAfterClose);
  default_writer::Close(host, writer);
  ExpectNewest(TypeErrorReason::kAlreadyClosing);
  host.realm().RunAllMicrotasks();
  default_writer::Close(host, writer);
  ExpectNewest(TypeErrorReason::kCannotCloseClosedStream);
  Write();
  ExpectNewest(TypeErrorReason::kWriteAfterClose);
}

TEST_F(TypeErrorReasonTest, AWriterReleasedInSizeRejectsWithThatReason) {
  release_in_size = true;
  Write();
  ExpectNewest(TypeErrorReason::kWriterReleased);
  ExpectNewest(TypeErrorReason::kWriterReleasedInSize);
}

}  // namespace
}  // namespace sluice::core
