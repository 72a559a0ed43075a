// What a fuzz target does with an input, as a campaign sees it.
#include "fuzz/harness/program_target.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "fuzz/oracle/canary.h"
#include "fuzz/oracle/finding_record.h"
#include "tests/fuzz/run_program.h"

namespace sluice::fuzz {
namespace {

const char kCanaryProgram[] =
    "methods start write abort\non write return pending\nw0 = stream.getWriter()\nrun\nw0.write(\"a\")\n"
    "w0.abort(r1)\nw0.releaseLock()\nw1 = stream.getWriter()\nread w0\n";

std::vector<Finding> Findings() {
  Judge judge(std::make_unique<CanarySubject>());
  judge.Run(ParseOrDie(kCanaryProgram));
  return judge.findings();
}

int RunIgnoring(const std::string& identities) {
  setenv("SLUICE_IGNORE_FINDINGS", identities.c_str(), 1);
  Judge judge(std::make_unique<CanarySubject>());
  return RunProgramInput(judge, reinterpret_cast<const uint8_t*>(kCanaryProgram), sizeof kCanaryProgram - 1);
}

FindingRecord First() {
  Judge judge(std::make_unique<CanarySubject>());
  const Program program = ParseOrDie(kCanaryProgram);
  const auto first = judge.Run(program);
  return RecordOf(judge, *first);
}

TEST(ProgramTargetDeathTest, TheRecordOfTheFirstFindingIsPrintedOnTheFirstLine) {
  ASSERT_GE(Findings().size(), 3u);
  EXPECT_EQ(First().key(), "slots/writer@releaseLock");
  EXPECT_DEATH(RunIgnoring("some/other"), "^SLUICE-FINDING \\{.*\"key\": \"" + First().key() + "\".*\\}\n");
}

TEST(ProgramTargetDeathTest, AKnownFindingSuppressesItsConsequences) {
  for (const std::string& known : {First().key(), Findings().front().identity()}) {
    EXPECT_EXIT(std::exit(RunIgnoring("some/other," + known)), testing::ExitedWithCode(0), "^$");
  }
}

TEST(ProgramTargetDeathTest, AKnownFindingSuppressesNoOtherRuleAndNoOtherOperation) {
  std::string known = Findings().front().identity() + "@WritableStreamAbort";
  for (const Finding& finding : Findings()) {
    if (finding.identity() != Findings().front().identity()) known += "," + finding.identity();
  }
  EXPECT_DEATH(RunIgnoring(known), "^SLUICE-FINDING ");
}

}  // namespace
}  // namespace sluice::fuzz
