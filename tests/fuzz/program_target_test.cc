// What a fuzz target does with an input, as a campaign sees it.
#include "fuzz/harness/program_target.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
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

std::vector<Finding> Findings() {
  Judge judge(std::make_unique<CanarySubject>());
  judge.Run(ParseOrDie(kCanary));
  return judge.findings();
}

int RunIgnoring(const std::string& identities) {
  setenv("SLUICE_IGNORE_FINDINGS", identities.c_str(), 1);
  Judge judge(std::make_unique<CanarySubject>());
  return RunProgramInput(judge, reinterpret_cast<const uint8_t*>(kCanary), sizeof kCanary - 1);
}

TEST(ProgramTargetDeathTest, TheFirstFindingOfAProgramIsPrintedWithItsStep) {
  ASSERT_GE(Findings().size(), 3u);
  EXPECT_EQ(Findings().front().step, "releaseLock");
  EXPECT_DEATH(RunIgnoring("some/other"), "^SLUICE-FINDING " + Findings().front().key() + "\n");
}

TEST(ProgramTargetDeathTest, AKnownFindingSuppressesItsConsequences) {
  for (const std::string& known : {Findings().front().key(), Findings().front().identity()}) {
    EXPECT_EXIT(std::exit(RunIgnoring("some/other," + known)), testing::ExitedWithCode(0), "^$");
  }
}

TEST(ProgramTargetDeathTest, AKnownFindingSuppressesNothingThatBreaksBefore) {
  std::string known;
  for (const Finding& finding : Findings()) known += finding.key() + ",";
  known.erase(0, Findings().front().key().size());
  EXPECT_DEATH(RunIgnoring(known), "^SLUICE-FINDING " + Findings().front().key() + "\n");
}

TEST(ProgramTargetDeathTest, SuppressedInputsAreStored) {
  std::string folder = testing::TempDir() + "suppressed-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  setenv("SLUICE_SUPPRESSED_INPUTS", folder.c_str(), 1);
  EXPECT_EXIT(std::exit(RunIgnoring(Findings().front().key())), testing::ExitedWithCode(0), "^$");
  unsetenv("SLUICE_SUPPRESSED_INPUTS");
  const std::filesystem::directory_iterator stored(folder);
  ASSERT_NE(stored, std::filesystem::directory_iterator());
  std::ifstream file(stored->path());
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), kCanary);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace sluice::fuzz
