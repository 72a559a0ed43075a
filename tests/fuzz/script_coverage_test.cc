#include "fuzz/script_coverage/script_coverage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fuzz/surface/surface_program.h"
#include "fuzz/surface/surface_world.h"
#include "src/v8/script_extension.h"

namespace sluice::fuzz {
namespace {

using ::testing::Contains;
using ::testing::Not;

SurfaceWorld& World() {
  static const bool shown = (binding::ShowScriptsToProfilers(), true);
  static_cast<void>(shown);
  static SurfaceWorld world;
  return world;
}

ScriptCoverage& Coverage() {
  static ScriptCoverage coverage(World().isolate().get());
  return coverage;
}

constexpr const char* kWriterOfStream = "sink 000\nstrategy 0000\nstream 00110\nlock 0\nrun\n";

struct Counted {
  ScriptCounts counts;

  explicit Counted(const std::vector<std::string>& programs) {
    ScriptCoverage& coverage = Coverage();
    // In new realms: what makes one is counted, too.
    for (const std::string& program : programs) World().RunAlone(SurfaceStatements(program), SurfaceSide::kReal);
    coverage.AddTo(counts);
  }
  // Functions that never ran.
  std::vector<std::string> functions() const {
    std::vector<std::string> names;
    for (const ScriptRange& range : counts.Unreached()) {
      if (range.whole) names.push_back(range.function);
    }
    return names;
  }
  // Lines of the blocks of `function` that did not run, though it did.
  int LinesOfBlocks(const std::string& function) const {
    int lines = 0;
    for (const ScriptRange& range : counts.Unreached()) {
      if (range.function == function && !range.whole) lines += range.last - range.first + 1;
    }
    return lines;
  }
};

TEST(ScriptCoverageTest, AFunctionThatNoProgramCallsIsNamed) {
  EXPECT_THAT(Counted({kWriterOfStream}).functions(), Contains("releaseLock"));
  EXPECT_THAT(Counted({std::string(kWriterOfStream) + "release 0\n"}).functions(), Not(Contains("releaseLock")));
}

TEST(ScriptCoverageTest, ABlockIsReachedIfOneRealmReachesIt) {
  const std::string not_an_object = "strategy 0000\nstream 00203\n";  // new WritableStream(1, ...)
  const std::string both = std::string(kWriterOfStream) + not_an_object;
  EXPECT_GT(Counted({kWriterOfStream}).LinesOfBlocks("construct"), Counted({both}).LinesOfBlocks("construct"));
  EXPECT_EQ(Counted({kWriterOfStream, both}).LinesOfBlocks("construct"), Counted({both}).LinesOfBlocks("construct"));
}

TEST(ScriptCoverageTest, LinesAreThoseOfTheSource) {
  const ScriptCounts counts = Counted({kWriterOfStream}).counts;
  const ScriptCounts::Lines lines = counts.CountLines();
  EXPECT_GT(lines.reached, 100);
  EXPECT_LT(lines.reached, lines.all);
  for (const ScriptRange& range : counts.Unreached()) {
    EXPECT_LE(range.first, range.last);
    EXPECT_GT(range.first, 20) << range.function;  // below the comment that the file begins with
  }
}

}  // namespace
}  // namespace sluice::fuzz
