// How a stream ends: a constructor or start() that fails, close(), error(). abort() has a file of its own.
#include <gtest/gtest.h>

#include "tests/core/stream_test.h"

namespace sluice::core {
namespace {

class EndTest : public StreamTest {
 protected:
  // The method of this kind returns a promise that the test settles.
  void Hold(CallKind kind, uint32_t& deferred) {
    on[kind] = [this, &deferred](Value) { return ReturnPromise(deferred = NewDeferred()); };
  }
  StreamState state() { return stream().state; }
  uint32_t held = 0;
  uint32_t held_write = 0;
};

// ---- The constructor

TEST_F(EndTest, ConstructorRefusesATypeBeforeAnythingRuns) {
  IgnoreInvariants();
  const Outcome made = ConstructOnly({.sink = {.start = true, .type = true}});
  ASSERT_TRUE(made.thrown);
  EXPECT_EQ(Shown(made.value), "RangeError");
  EXPECT_EQ(Run(), "");
}

TEST_F(EndTest, ConstructorRefusesABadHighWaterMarkBeforeStartRuns) {
  IgnoreInvariants();
  const Outcome made = ConstructOnly({.sink = {.start = true}, .strategy = {.highWaterMark = -1}});
  ASSERT_TRUE(made.thrown);
  EXPECT_EQ(Shown(made.value), "RangeError");
  EXPECT_EQ(Run(), "");
}

TEST_F(EndTest, ConstructorThrowsWhatStartThrows) {
  IgnoreInvariants();
  on[CallKind::kStart] = [](Value) { return Outcome::Throw(Reason(3)); };
  const Outcome made = ConstructOnly({.sink = {.start = true}});
  ASSERT_TRUE(made.thrown);
  EXPECT_EQ(Shown(made.value), "r3");
}

TEST_F(EndTest, RejectedStartErrorsTheStream) {
  Hold(CallKind::kStart, held);
  ASSERT_FALSE(ConstructOnly({.sink = {.start = true, .write = true, .abort = true}}).thrown);
  const WriterSlot writer = GetWriter();
  Watch("w", Write(writer));
  WatchWriter(writer);
  Fail(held, Reason(3));
  EXPECT_EQ(Run(), "start(); ready r3; w r3; closed r3");
  EXPECT_EQ(state(), StreamState::kErrored);
}

TEST_F(EndTest, StartThatErrorsTheStreamLeavesItErroringUntilItSettles) {
  on[CallKind::kStart] = [&](Value) { return Error(Reason(5)), Nothing(); };
  ASSERT_FALSE(ConstructOnly({.sink = {.start = true}}).thrown);
  EXPECT_EQ(state(), StreamState::kErroring);
  Run();
  EXPECT_EQ(state(), StreamState::kErrored);
}

TEST_F(EndTest, StartRejectingAfterAnErrorKeepsTheFirstError) {
  Hold(CallKind::kStart, held);
  ASSERT_FALSE(ConstructOnly({.sink = {.start = true}}).thrown);
  const WriterSlot writer = GetWriter();
  Error(Reason(5));
  WatchWriter(writer);
  Fail(held, Reason(3));
  EXPECT_EQ(Run(), "start(); ready r5; closed r5");
}

// ---- close()

TEST_F(EndTest, CloseCallsTheSinkAndThenCloses) {
  Construct({.sink = FullSink()});
  const WriterSlot writer = GetWriter();
  WatchWriter(writer);
  Watch("close", default_writer::Close(host, writer));
  EXPECT_EQ(Run(), "close(); ready ok; close ok; closed ok");
  EXPECT_EQ(state(), StreamState::kClosed);
  EXPECT_EQ(DesiredSize(writer), "0");
}

TEST_F(EndTest, CloseWithoutAWriter) {
  Construct({.sink = FullSink()});
  Watch("close", ws::Close(host, stream()));
  EXPECT_EQ(Run(), "close(); close ok");
}

TEST_F(EndTest, CloseOfALockedStreamIsATypeErrorAndChangesNothing) {
  Construct({.sink = FullSink()});
  GetWriter();
  Watch("close", ws::Close(host, stream()));
  EXPECT_EQ(Run(), "close TypeError");
  EXPECT_EQ(state(), StreamState::kWritable);
}

TEST_F(EndTest, SecondCloseIsATypeErrorWhileTheFirstIsQueuedAndInFlight) {
  Hold(CallKind::kWrite, held_write);
  Hold(CallKind::kClose, held);
  Construct({.sink = FullSink()});
  const WriterSlot writer = GetWriter();
  Ignore(Write(writer));
  Watch("first", default_writer::Close(host, writer));
  Watch("while queued", default_writer::Close(host, writer));
  EXPECT_EQ(Run(), "write(c0); while queued TypeError");
  Settle(held_write);
  Run();
  Watch("while in flight", default_writer::Close(host, writer));
  EXPECT_EQ(Run(), "while in flight TypeError");
  Settle(held);
  EXPECT_EQ(Run(), "first ok");
}

TEST_F(EndTest, CloseOfAClosedOrErroredStreamIsATypeError) {
  Construct({.sink = FullSink()});
  Ignore(ws::Close(host, stream()));
  Run();
  Watch("closed", ws::Close(host, stream()));
  EXPECT_EQ(Run(), "closed TypeError");
  Construct();
  ws_default_controller::Error(host, host.stream(1), kUndefined);
  Watch("errored", ws::Close(host, host.stream(1)));
  EXPECT_EQ(Run(), "errored TypeError");
}

TEST_F(EndTest, CloseWhileErroringIsRejectedWithTheError) {
  Hold(CallKind::kWrite, held_write);
  Construct({.sink = FullSink()});
  const WriterSlot writer = GetWriter();
  Ignore(Write(writer));
  Error(Reason(5));
  Watch("close", default_writer::Close(host, writer));
  EXPECT_EQ(Run(), "write(c0)");
  Settle(held_write);
  EXPECT_EQ(Run(), "close r5");
}

TEST_F(EndTest, CloseUnderBackpressureResolvesReady) {
  Hold(CallKind::kWrite, held_write);
  Construct({.sink = FullSink()});
  const WriterSlot writer = GetWriter();
  Ignore(Write(writer));
  Watch("ready", default_writer::Ready(host, writer));
  Watch("close", default_writer::Close(host, writer));
  EXPECT_EQ(Run(), "write(c0); ready ok");
}

TEST_F(EndTest, RejectedCloseErrorsTheStream) {
  on[CallKind::kClose] = [](Value) { return Outcome::Throw(Reason(4)); };
  Construct({.sink = FullSink()});
  const WriterSlot writer = GetWriter();
  WatchWriter(writer);
  Watch("close", default_writer::Close(host, writer));
  // The ready promise had been fulfilled, and was replaced by a rejected one.
  EXPECT_EQ(Run(), "close(); ready ok; close r4; closed r4");
  EXPECT_EQ(state(), StreamState::kErrored);
  Watch("new ready", default_writer::Ready(host, writer));
  EXPECT_EQ(Run(), "new ready r4");
}

TEST_F(EndTest, ErrorDuringAnInFlightCloseThatSucceedsIsForgotten) {
  Hold(CallKind::kClose, held);
  Construct({.sink = FullSink()});
  const WriterSlot writer = GetWriter();
  Watch("close", default_writer::Close(host, writer));
  Error(Reason(5));
  Watch("closed", default_writer::Closed(host, writer));
  EXPECT_EQ(state(), StreamState::kErroring);
  Settle(held);
  EXPECT_EQ(Run(), "close(); close ok; closed ok");
  EXPECT_EQ(state(), StreamState::kClosed);
}

TEST_F(EndTest, AbortDuringAnInFlightCloseThatSucceedsSucceeds) {
  Hold(CallKind::kClose, held);
  Construct({.sink = FullSink()});
  const WriterSlot writer = GetWriter();
  Watch("close", default_writer::Close(host, writer));
  Watch("abort", Abort(writer));
  Watch("closed", default_writer::Closed(host, writer));
  Settle(held);
  EXPECT_EQ(Run(), "close(); close ok; abort ok; closed ok");
}

TEST_F(EndTest, AbortDuringAnInFlightCloseThatFailsIsRejectedWithTheCloseError) {
  Hold(CallKind::kClose, held);
  Construct({.sink = FullSink()});
  const WriterSlot writer = GetWriter();
  Watch("close", default_writer::Close(host, writer));
  Watch("abort", Abort(writer, Reason(9)));
  Watch("closed", default_writer::Closed(host, writer));
  Fail(held, Reason(4));
  EXPECT_EQ(Run(), "close(); close r4; abort r4; closed r9");
}

// ---- controller.error()

TEST_F(EndTest, ErrorOfAnIdleStreamErrorsItAtOnce) {
  Construct({.sink = FullSink()});
  const WriterSlot writer = GetWriter();
  WatchWriter(writer);
  Error(Reason(5));
  EXPECT_EQ(state(), StreamState::kErrored);
  EXPECT_EQ(Run(), "ready ok; closed r5");
}

TEST_F(EndTest, SecondErrorDoesNothing) {
  Construct({.sink = FullSink()});
  Error(Reason(5));
  Error(Reason(6));
  EXPECT_EQ(Shown(host.ValueOf(stream().storedError)), "r5");
}

TEST_F(EndTest, ErrorOfAClosedStreamDoesNothing) {
  Construct({.sink = FullSink()});
  Ignore(ws::Close(host, stream()));
  Run();
  Error(Reason(5));
  EXPECT_EQ(state(), StreamState::kClosed);
  EXPECT_TRUE(stream().storedError.is_undefined());
}

TEST_F(EndTest, ErrorIsNeverReportedAsUnhandledByReadyAndClosed) {
  Construct({.sink = FullSink()});
  GetWriter();
  Error(Reason(5));
  EXPECT_EQ(Run(), "");
  EXPECT_TRUE(unhandled.empty());
}

TEST_F(EndTest, ErroredStreamLetsGoOfItsAlgorithms) {
  Construct({.sink = FullSink(), .strategy = {.has_size = true}});
  Error(Reason(5));
  EXPECT_EQ(stream().controller.writeAlgorithm, Algorithm::kUndefined);
  EXPECT_EQ(stream().controller.strategySizeAlgorithm, Algorithm::kUndefined);
}

}  // namespace
}  // namespace sluice::core
