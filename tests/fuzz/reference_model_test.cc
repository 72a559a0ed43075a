// Facts of the standard that the reference model must know, each taken from its text or from a web platform test, not
// from the core.
#include "fuzz/model/reference_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "fuzz/program/mutate.h"
#include "tests/fuzz/run_program.h"

namespace sluice::fuzz {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

std::string TraceOf(std::string_view text) {
  ReferenceModel model;
  return TraceOn(model, text);
}

TEST(ReferenceModelTest, TheDefaultHighWaterMarkIsOne) {
  EXPECT_THAT(TraceOf("w0 = stream.getWriter()\nread w0\n"), HasSubstr("desiredSize = 1"));
}

TEST(ReferenceModelTest, ABadHighWaterMarkThrowsARangeErrorBeforeStart) {
  for (const char* mark : {"NaN", "-1", "-Infinity"}) {
    const std::string trace = TraceOf("methods start\nhighWaterMark " + std::string(mark) + "\n");
    EXPECT_THAT(trace, HasSubstr("threw RangeError#1"));
    EXPECT_THAT(trace, Not(HasSubstr("sink.start")));
  }
}

TEST(ReferenceModelTest, ReadyAndClosedRejectWithTheErrorInThatOrder) {
  const std::string trace =
      TraceOf("methods start\nw0 = stream.getWriter()\nrun\ncontroller.error(r1)\nwatch w0.closed\nwatch w0.ready\n");
  EXPECT_THAT(trace, HasSubstr("rejected with r1"));
}

TEST(ReferenceModelTest, AbortWaitsForTheWriteInFlight) {
  const std::string trace = TraceOf(
      "methods start write abort\non write return pending\nw0 = "
      "stream.getWriter()\nrun\nw0.write(\"a\")\nw0.abort(r1)\nrun\nread stream\nresolve write\nrun\n");
  EXPECT_LT(trace.find("locked = true"), trace.find("sink.abort(r1)"));
}

TEST(ReferenceModelTest, AbortWhileStartIsPendingWaitsForStart) {
  const std::string trace =
      TraceOf("methods start abort\non start return pending\nstream.abort(r1)\nrun\nread stream\nresolve start\nrun\n");
  EXPECT_LT(trace.find("locked = false"), trace.find("sink.abort(r1)"));
}

TEST(ReferenceModelTest, ASecondAbortReturnsThePendingAbortsPromise) {
  const std::string trace = TraceOf(
      "methods write start\non write return pending\nw0 = "
      "stream.getWriter()\nrun\nw0.write(\"a\")\nw0.abort(r1)\nw0.abort(r2)\n");
  EXPECT_THAT(trace, ContainsRegex("w0.abort\\(r1\\)\n *[0-9]+ *-> returned p3"));
  EXPECT_THAT(trace, ContainsRegex("w0.abort\\(r2\\)\n *[0-9]+ *-> returned p3"));
}

TEST(ReferenceModelTest, AnAbortWithoutReasonSignalsAnAbortError) {
  const std::string trace = TraceOf("methods start abort\nstream.abort(undefined)\nread stream\nrun\n");
  EXPECT_THAT(trace, HasSubstr("signal.reason = AbortError#1"));
  EXPECT_THAT(trace, HasSubstr("sink.abort(undefined)"));
}

TEST(ReferenceModelTest, WritingWhileCloseIsInTheSinkIsATypeErrorAndNoFailedAssert) {
  ReferenceModel model;
  const std::string trace = TraceOn(
      model, "methods close\non close return pending\nw0 = stream.getWriter()\nrun\nw0.close()\nw0.write(\"a\")\n");
  EXPECT_THAT(trace, HasSubstr("p3 rejected with TypeError#1"));
  EXPECT_TRUE(model.failed_asserts().empty());
}

TEST(ReferenceModelTest, TheOrderAfterAWriteIsWritePromiseThenReady) {
  const std::string trace =
      TraceOf("methods write\nw0 = stream.getWriter()\nrun\nw0.write(\"a\")\nwatch w0.ready\nrun\n");
  EXPECT_LT(trace.find("p1 fulfilled"), trace.find("p2 fulfilled"));
}

TEST(ReferenceModelTest, NoProgramFailsAnAssertOfTheStandard) {
  ReferenceModel model;
  for (uint64_t seed = 0; seed < 3000; ++seed) {
    Random random(seed);
    const Program program = RandomProgram(random, seed % 2 == 0 ? ReentrancyProfile() : BalancedProfile());
    RunOn(model, program);
    ASSERT_TRUE(model.failed_asserts().empty()) << model.failed_asserts().front() << "\n" << PrintText(program);
  }
}

}  // namespace
}  // namespace sluice::fuzz
