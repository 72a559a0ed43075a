#include "fuzz/oracle/departure.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "fuzz/driver/core_subject.h"
#include "fuzz/oracle/canary.h"
#include "fuzz/program/mutate.h"
#include "tests/fuzz/run_program.h"

namespace sluice::fuzz {
namespace {

namespace fs = std::filesystem;

// Tests run in the source folder. Without a sanitizer there is nothing to find.
class DepartureTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!CanFindDepartures()) GTEST_SKIP() << "this build does not know where operations begin";
  }
};

std::string Told(const Program& program, JudgedSubject& core) {
  const auto departure = FindDeparture(program, core);
  return departure.has_value() ? departure->place + ": " + departure->difference : "";
}

TEST_F(DepartureTest, CoreAndModelPerformTheSameOperationsAndHaveTheSameSlotsAtEach) {
  CoreSubject core;
  for (const auto& entry : fs::recursive_directory_iterator("corpus")) {
    if (entry.path().extension() != ".ops") continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const Program program = ParseOrDie(std::string(std::istreambuf_iterator<char>(file), {}));
    EXPECT_EQ(Told(program, core), "") << entry.path();
  }
  Random random(1);
  for (int i = 0; i < 2000; ++i) {
    const Program program = RandomProgram(random, i % 2 == 0 ? ReentrancyProfile() : BufferLimitProfile());
    ASSERT_EQ(Told(program, core), "") << PrintText(program);
  }
}

TEST_F(DepartureTest, ItIsAtTheOperationThatIsNotPerformed) {
  CanarySubject canary;
  EXPECT_EQ(Told(ParseOrDie("methods write\non write return pending\nw0 = stream.getWriter()\nrun\nw0.write(\"a\")\n"
                            "w0.abort(r1)\nw0.releaseLock()\nw0.close()\n"),
                 canary),
            "releaseLock, before the begin of writer.releaseLock(): the core begins writer.close(), the standard begins "
            "writer.releaseLock()");
}

class LosesItsStrategy : public CoreSubject {
  uint32_t WriterClose(uint32_t writer) override {
    host().stream(0).controller.strategyHWM = 7;
    return CoreSubject::WriterClose(writer);
  }
};

TEST_F(DepartureTest, ItIsBetweenTheOperationsAtWhichSlotsAreAndAreNotAsTheyShouldBe) {
  LosesItsStrategy core;
  EXPECT_EQ(
      Told(ParseOrDie("w0 = stream.getWriter()\nw0.close()\n"), core),
      "close, before the begin of writer.close(): at the begin of writer.close(), strategyHWM is 7 and should be 1");
}

// Nothing that can be looked into is different.
class SaysTwo : public CoreSubject {
  sim::Outcome DesiredSize(uint32_t) override { return sim::Outcome::Return(sim::Value::Number(2)); }
};

TEST_F(DepartureTest, ItIsWhereAnAuthorSeesItIfThatIsAll) {
  SaysTwo core;
  EXPECT_EQ(Told(ParseOrDie("w0 = stream.getWriter()\nread w0\nw0.close()\n"), core),
            "readWriter: the core: desiredSize = 2; the standard: desiredSize = 1");
}

}  // namespace
}  // namespace sluice::fuzz
