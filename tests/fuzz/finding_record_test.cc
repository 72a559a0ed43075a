#include "fuzz/oracle/finding_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "fuzz/oracle/canary.h"
#include "tests/fuzz/run_program.h"

namespace sluice::fuzz {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(FindingRecordTest, TheKeyHasTheDivergingOperationOrTheStepOrNeither) {
  FindingRecord record{.oracle = "slots", .rule = "state"};
  EXPECT_EQ(record.key(), "slots/state");
  record.step = "write";
  EXPECT_EQ(record.key(), "slots/state@write");
  record.divergence = Divergence{.operation = "WritableStreamAbort"};
  EXPECT_EQ(record.key(), "slots/state@WritableStreamAbort");
  EXPECT_EQ(RuleOf(record.key()), "slots/state");
}

TEST(FindingRecordTest, JsonIsOneLineAndEscapesWhatItMust) {
  const FindingRecord record{
      .oracle = "config", .rule = "CFG-X", .sentence = "a \"quoted\" \\ line\n\xff", .also = {"a/b", "c/d"}};
  const std::string json = record.Json();
  EXPECT_THAT(json, HasSubstr(R"("sentence": "a \"quoted\" \\ line\u000a\u00ff")"));
  EXPECT_THAT(json, HasSubstr(R"("also": ["a/b", "c/d"])"));
  EXPECT_THAT(json, HasSubstr(R"("step": null, "event": null, "operation": null)"));
  EXPECT_THAT(json, Not(HasSubstr("\n")));
  EXPECT_EQ(FindingLine(record), "SLUICE-FINDING " + json + "\n");
}

const char kCanary[] =
    "methods write\non write return pending\nw0 = stream.getWriter()\nrun\nw0.write(\"a\")\nw0.abort(r1)\n"
    "w0.releaseLock()\n";

TEST(FindingRecordTest, AFindingOfTheJudgeHasItsStepEventAndOtherRules) {
  Judge judge(std::make_unique<CanarySubject>());
  const Program program = ParseOrDie(kCanary);
  const std::optional<Finding> finding = judge.Run(program);
  ASSERT_TRUE(finding.has_value());
  const FindingRecord record = RecordOf(judge, *finding);
  EXPECT_EQ(record.step, "releaseLock");
  EXPECT_EQ(record.event, finding->event + 1);
  EXPECT_FALSE(record.v8_only);
  EXPECT_EQ(record.also.size() + 1, judge.findings().size());
  EXPECT_EQ(record.divergence.has_value(), CanFindDivergences());
  EXPECT_EQ(judge.findings().front().identity(), finding->identity()) << "the judge's findings stay";
}

TEST(FindingRecordTest, AProcessThatDiesHasItsTraceAndWhatBrokeBefore) {
  Judge judge(std::make_unique<CanarySubject>());
  const Program program = ParseOrDie(kCanary);
  judge.Run(program);
  const FindingRecord record = DeathRecord("crash", judge, Divergence{.operation = "releaseLock"});
  EXPECT_EQ(record.key(), "process/crash@releaseLock");
  EXPECT_EQ(record.trace.front(), "new WritableStream(sink, strategy)");
  EXPECT_EQ(record.also.size(), judge.findings().size());
  EXPECT_EQ(record.sentence, "the process does not crash");
}

}  // namespace
}  // namespace sluice::fuzz
