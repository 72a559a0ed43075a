// The core in V8 agrees with the reference model: every program of the corpus, and a fixed sample of random ones, give
// the same trace, to the microtask, and pass every oracle.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "fuzz/driver/driver.h"
#include "fuzz/harness/conformance_programs.h"
#include "fuzz/oracle/finding_record.h"
#include "fuzz/oracle/finding_report.h"
#include "fuzz/oracle/judge.h"
#include "fuzz/program/mutate.h"
#include "fuzz/program/text.h"
#include "fuzz/v8/v8_subject.h"

namespace sluice::fuzz {
namespace {

namespace fs = std::filesystem;

// The core in V8, which can be made to show another slot than it has.
class MaybeLyingSubject final : public V8Subject {
 public:
  MaybeLyingSubject() : V8Subject(V8Subject::Limits{.steps_per_gc = 499}) {}
  bool TakeSnapshot(uint32_t stream, core::Snapshot& snapshot) override {
    const bool is_taken = V8Subject::TakeSnapshot(stream, snapshot);
    if (lies) snapshot.signal_aborted = !snapshot.signal_aborted;
    return is_taken;
  }
  static inline bool lies = false;
};

// One for the process: a realm is a few milliseconds, and programs must not disturb each other.
std::unique_ptr<Judge> g_judge;

class Environment final : public testing::Environment {
 public:
  void SetUp() override { g_judge = std::make_unique<Judge>(std::make_unique<MaybeLyingSubject>()); }
  void TearDown() override { g_judge.reset(); }
};

[[maybe_unused]] testing::Environment* const kEnvironment = testing::AddGlobalTestEnvironment(new Environment);

Judge& V8Judge() { return *g_judge; }

// Tests run, and are listed, in the source folder.
std::vector<fs::path> CorpusFiles() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator("corpus")) {
    if (entry.is_regular_file() && entry.path().extension() == ".ops") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

TEST(V8ConformanceTest, EveryProgramOfTheCorpusGivesTheModelsTrace) {
  size_t programs = 0;
  for (const fs::path& path : CorpusFiles()) {
    std::ifstream file(path, std::ios::binary);
    const ParsedProgram parsed = ParseText(std::string(std::istreambuf_iterator<char>(file), {}));
    ASSERT_TRUE(parsed.program.has_value()) << path << ": " << parsed.error.message;
    const auto finding = V8Judge().Run(*parsed.program);
    EXPECT_FALSE(finding.has_value()) << path << "\n" << FindingReport(V8Judge(), finding);
    ++programs;
  }
  EXPECT_GE(programs, 200u);
}

TEST(V8FindingTest, AFindingThatTheCoreAloneHasNotIsV8Only) {
  const ParsedProgram parsed = ParseText("w0 = stream.getWriter()\n");
  MaybeLyingSubject::lies = true;
  const auto finding = V8Judge().Run(*parsed.program);
  MaybeLyingSubject::lies = false;
  ASSERT_TRUE(finding.has_value());
  const FindingRecord record = RecordOf(V8Judge(), *finding);
  EXPECT_TRUE(record.v8_only);
  EXPECT_FALSE(record.divergence.has_value());
  EXPECT_EQ(record.key(), "slots/signal aborted@construct");
}

// More of them: `sluice-fuzz conformance`.
struct Sample {
  const char* name;
  Profile profile;
};

class V8SampleTest : public testing::TestWithParam<Sample> {};

TEST_P(V8SampleTest, RandomProgramsGiveTheModelsTrace) {
  for (uint64_t seed = 1; seed <= 500; ++seed) {
    for (const Program& program : ConformancePrograms(seed, GetParam().profile)) {
      const auto finding = V8Judge().Run(program);
      ASSERT_FALSE(finding.has_value()) << "seed " << seed << "\n" << FindingReport(V8Judge(), finding);
    }
  }
}

void PrintTo(const Sample& sample, std::ostream* out) { *out << sample.name; }

INSTANTIATE_TEST_SUITE_P(Profiles, V8SampleTest,
                         testing::Values(Sample{"balanced", BalancedProfile()},
                                         Sample{"reentrancy", ReentrancyProfile()},
                                         Sample{"buffer_limit", BufferLimitProfile()}),
                         [](const auto& info) { return std::string(info.param.name); });

// The programs of V8RealmTest: seeds, and random ones; the nightly run asks for more of these.
std::vector<Program> ProgramsForOneRealm() {
  std::vector<Program> programs;
  for (const fs::path& path : CorpusFiles()) {
    std::ifstream file(path, std::ios::binary);
    ParsedProgram parsed = ParseText(std::string(std::istreambuf_iterator<char>(file), {}));
    if (parsed.program.has_value()) programs.push_back(*std::move(parsed.program));
  }
  const char* const count = std::getenv("SLUICE_REALM_PROGRAMS");
  Random random(17);
  for (int i = 0; i < (count == nullptr ? 200 : std::atoi(count)); ++i) {
    programs.push_back(RandomProgram(random, i % 2 == 0 ? BalancedProfile() : ReentrancyProfile()));
  }
  return programs;
}

// A realm is used for many programs. What one of them leaves behind is nothing to the others.
TEST(V8RealmTest, ProgramsHaveTheSameTracesInAnyOrderAndAlone) {
  std::vector<Program> programs = ProgramsForOneRealm();
  V8Subject shared({.longest_string = 1 << 12, .runs_per_realm = 1'000'000});
  V8Subject alone({.longest_string = 1 << 12, .runs_per_realm = 1});
  Driver driver;
  const auto trace_on = [&](V8Subject& subject, const Program& program) {
    Trace trace;
    driver.Run(program, subject, {.snapshots = false}, trace);
    return std::move(trace.events);
  };
  std::vector<std::vector<Event>> expected;
  for (const Program& program : programs) expected.push_back(trace_on(alone, program));
  std::vector<size_t> order(programs.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::mt19937 random(5);
  for (int round = 0; round < 2; ++round) {
    for (const size_t i : order) {
      ASSERT_TRUE(trace_on(shared, programs[i]) == expected[i]) << "round " << round << "\n" << PrintText(programs[i]);
    }
    std::shuffle(order.begin(), order.end(), random);
  }
}

}  // namespace
}  // namespace sluice::fuzz
