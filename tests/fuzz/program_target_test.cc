// What a fuzz target does with an input, as a campaign sees it.
#include "fuzz/harness/program_target.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "fuzz/oracle/canary.h"
#include "tests/fuzz/run_program.h"

namespace sluice::fuzz {
namespace {

const char kCanary[] =
    "methods start write abort\non write return pending\nw0 = stream.getWriter()\nrun\nw0.write(\"a\")\n"
    "w0.abort(r1)\nw0.releaseLock()\nw1 = stream.getWriter()\nread w0\n";

std::vector<std::string> Identities() {
  Judge judge(std::make_unique<CanarySubject>());
  judge.Run(ParseOrDie(kCanary));
  std::vector<std::string> identities;
  for (const Finding& finding : judge.findings()) identities.push_back(finding.identity());
  return identities;
}

int RunIgnoring(const std::string& identities) {
  setenv("SLUICE_IGNORE_FINDINGS", identities.c_str(), 1);
  Judge judge(std::make_unique<CanarySubject>());
  return RunProgramInput(judge, reinterpret_cast<const uint8_t*>(kCanary), sizeof kCanary - 1);
}

TEST(ProgramTargetDeathTest, AFindingThatIsPassedOverDoesNotHideTheNext) {
  const std::vector<std::string> identities = Identities();
  ASSERT_GE(identities.size(), 3u);
  std::string ignored = "some/other";
  for (const std::string& identity : identities) {
    EXPECT_DEATH(RunIgnoring(ignored), "^SLUICE-FINDING " + identity + "\n") << ignored;
    ignored += "," + identity;
  }
  EXPECT_EXIT(std::exit(RunIgnoring(ignored)), testing::ExitedWithCode(0), "^$");
}

}  // namespace
}  // namespace sluice::fuzz
