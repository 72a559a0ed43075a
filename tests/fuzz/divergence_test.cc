#include "fuzz/oracle/divergence.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fuzz/driver/core_subject.h"
#include "fuzz/oracle/canary.h"
#include "fuzz/program/mutate.h"
#include "src/core/check.h"
#include "tests/fuzz/run_program.h"

namespace sluice::fuzz {
namespace {

namespace fs = std::filesystem;

// Tests run in the source folder. Without a sanitizer there is nothing to find.
class DivergenceTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!CanFindDivergences()) GTEST_SKIP() << "this build does not know where operations begin";
  }
};

template <typename Core>
std::string DivergenceOf(const Program& program) {
  Judge judge(std::make_unique<Core>());
  DivergenceFinder finder(program);
  judge.WatchCore(&finder);
  judge.Run(program);
  const auto divergence = finder.divergence();
  return divergence.has_value() ? divergence->place + ": " + divergence->difference : "";
}

TEST_F(DivergenceTest, CoreAndModelPerformTheSameOperationsAndHaveTheSameSlotsAtEach) {
  for (const auto& entry : fs::recursive_directory_iterator("corpus")) {
    if (entry.path().extension() != ".ops") continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const Program program = ParseOrDie(std::string(std::istreambuf_iterator<char>(file), {}));
    EXPECT_EQ(DivergenceOf<CoreSubject>(program), "") << entry.path();
  }
  Random random(1);
  for (int i = 0; i < 2000; ++i) {
    const Program program = RandomProgram(random, i % 2 == 0 ? ReentrancyProfile() : BufferLimitProfile());
    ASSERT_EQ(DivergenceOf<CoreSubject>(program), "") << PrintText(program);
  }
}

TEST_F(DivergenceTest, AMissingOperationIsTheDivergence) {
  EXPECT_EQ(
      DivergenceOf<CanarySubject>(
          ParseOrDie("methods write\non write return pending\nw0 = stream.getWriter()\nrun\nw0.write(\"a\")\n"
                     "w0.abort(r1)\nw0.releaseLock()\nw0.close()\n")),
      "releaseLock, before the begin of writer.releaseLock(): the core begins writer.close(), the standard begins "
      "writer.releaseLock()");
}

class LosesItsStrategy : public CoreSubject {
  uint32_t WriterClose(uint32_t writer) override {
    host().stream(0).controller.strategyHWM = 7;
    return CoreSubject::WriterClose(writer);
  }
};

TEST_F(DivergenceTest, ASlotDivergesBetweenTwoBoundaries) {
  EXPECT_EQ(
      DivergenceOf<LosesItsStrategy>(ParseOrDie("w0 = stream.getWriter()\nw0.close()\n")),
      "close, before the begin of writer.close(): at the begin of writer.close(), strategyHWM is 7 and should be 1");
}

// Of the same state as the right one.
class MixesUpPromises : public CoreSubject {
  uint32_t WriterAbort(uint32_t id, sim::Value reason) override {
    core::WritableStreamDefaultWriter& writer = host().Writer({id + uint64_t{1}});
    host().Drop(writer.readyPromise);
    writer.readyPromise = host().Retain(writer.closedPromise);
    return CoreSubject::WriterAbort(id, reason);
  }
};

TEST_F(DivergenceTest, PromisesInTheSameStateAreDistinguished) {
  EXPECT_EQ(DivergenceOf<MixesUpPromises>(ParseOrDie("highWaterMark 0\nw0 = stream.getWriter()\nrun\nw0.abort(r0)\n")),
            "abort, before the begin of writer.abort(): at the begin of writer.abort(), readyPromise is another "
            "promise than it should be");
}

class MixesUpReasons : public CoreSubject {
  void ControllerError(sim::Value error) override {
    error.id = 1;
    CoreSubject::ControllerError(error);
  }
};

TEST_F(DivergenceTest, ValuesAreDistinguished) {
  EXPECT_EQ(DivergenceOf<MixesUpReasons>(ParseOrDie("methods start\nrun\ncontroller.error(r0)\n")),
            "the begin of WritableStreamStartErroring: at the begin of WritableStreamFinishErroring, storedError is r1 "
            "and should be r0");
}

// No slot holds it any more.
class SettlesAbortTooEarly : public CoreSubject {
  uint32_t WriterAbort(uint32_t writer, sim::Value reason) override {
    return abort_ = CoreSubject::WriterAbort(writer, reason);
  }
  void ReleaseLock(uint32_t writer) override {
    host().Resolve({abort_ + uint64_t{1}});
    CoreSubject::ReleaseLock(writer);
  }
  uint32_t abort_ = 0;
};

TEST_F(DivergenceTest, AWrongSettlementOfASlotsPromiseIsTheDivergence) {
  EXPECT_EQ(
      DivergenceOf<SettlesAbortTooEarly>(ParseOrDie(
          "methods abort\non abort return pending\nw0 = stream.getWriter()\nrun\nw0.abort(r1)\nw0.releaseLock()\n")),
      "releaseLock, before the begin of writer.releaseLock(): at the begin of writer.releaseLock(), the promise of "
      "pendingAbortRequest is fulfilled and should be pending");
}

// No slot ever holds it.
class RejectsWithAnother : public CoreSubject {
  uint32_t WriterClose(uint32_t writer) override {
    CoreSubject::WriterClose(writer);
    const uint32_t promise = host().realm().NewPromise();
    host().realm().RejectPromise(promise, sim::Value::Of(sim::ValueKind::kReason, 0));
    return promise;
  }
};

TEST_F(DivergenceTest, ALateEventDivergesWhereItsPromiseWasSettled) {
  EXPECT_EQ(DivergenceOf<RejectsWithAnother>(
                ParseOrDie("w0 = stream.getWriter()\nw0.releaseLock()\nw0.close()\nw1 = stream.getWriter()\nrun\n")),
            "the begin of writer.close(): the core: p1 rejected with r0; the standard: p1 rejected with TypeError#1");
}

// Whether anybody asks, or not.
template <typename Core>
class AnswersTwo : public Core {
  void QueryResults(std::vector<SlotValue>& results) override {
    Core::QueryResults(results);
    for (SlotValue& answer : results) {
      if (answer.slot == "WritableStreamDefaultWriterGetDesiredSize") answer.value = sim::Value::Number(2);
    }
  }
};
class ReturnsTwo : public CoreSubject {
  sim::Outcome DesiredSize(uint32_t writer) override {
    CoreSubject::DesiredSize(writer);
    return sim::Outcome::Return(sim::Value::Number(2));
  }
};

TEST_F(DivergenceTest, AWrongQueryIsTheDivergenceAndNotItsCaller) {
  EXPECT_EQ(DivergenceOf<AnswersTwo<ReturnsTwo>>(ParseOrDie("w0 = stream.getWriter()\nread w0\nw0.close()\n")),
            "the return from WritableStreamDefaultWriterGetDesiredSize: it returns 2 and should return 1; the core: "
            "desiredSize = 2; the standard: desiredSize = 1");
}

TEST_F(DivergenceTest, AWrongQueryThatWasNotPerformedIsNotTheDivergence) {
  const Program program = ParseOrDie("w0 = stream.getWriter()\nw0.close()\n");
  EXPECT_EQ(DivergenceOf<AnswersTwo<CoreSubject>>(program), "");
  EXPECT_EQ(DivergenceOf<AnswersTwo<LosesItsStrategy>>(program), DivergenceOf<LosesItsStrategy>(program));
}

// Behind the third time that somebody looks: at the begin of what getWriter() performs by way of another operation.
class LosesItsStrategyInSetUp : public CoreSubject {
  sim::Outcome GetWriter() override {
    looks_ = 0;
    return CoreSubject::GetWriter();
  }
  void ReadSlots(std::vector<SlotValue>& slots) override {
    CoreSubject::ReadSlots(slots);
    if (++looks_ == 3) host().stream(0).controller.strategyHWM = 7;
  }
  int looks_ = 3;
};

TEST_F(DivergenceTest, SettingUpAWriterIsAnOperationForEveryCaller) {
  EXPECT_EQ(
      DivergenceOf<LosesItsStrategyInSetUp>(ParseOrDie("run\nw0 = stream.getWriter()\n")),
      "the begin of SetUpWritableStreamDefaultWriter: at the end of SetUpWritableStreamDefaultWriter, strategyHWM is "
      "7 and should be 1");
}

// From one look in the middle of close() to the next, so that nobody else meets the promise that was dropped.
class DropsReadyForALook : public CoreSubject {
 public:
  bool has_dropped() const { return has_dropped_; }

 private:
  uint32_t WriterClose(uint32_t id) override {
    looks_ = 1;
    return CoreSubject::WriterClose(id);
  }
  void ReadSlots(std::vector<SlotValue>& slots) override {
    CoreSubject::ReadSlots(slots);
    if (looks_ == 0) return;
    if (looks_ == 2) host().Drop(host().Writer({1}).readyPromise);
    if (looks_ == 3) {
      host().Retain(host().Writer({1}).readyPromise);
      has_dropped_ = true;
    }
    ++looks_;
  }
  int looks_ = 0;
  bool has_dropped_ = false;
};

TEST_F(DivergenceTest, InspectingInTheMiddleOfAnOperationIsNoViolation) {
  const Program program = ParseOrDie("w0 = stream.getWriter()\nw0.close()\n");
  auto subject = std::make_unique<DropsReadyForALook>();
  const DropsReadyForALook& dropper = *subject;
  Judge judge(std::move(subject));
  DivergenceFinder finder(program);
  judge.WatchCore(&finder);
  const auto finding = judge.Run(program);
  EXPECT_FALSE(finding.has_value()) << finding->key();
  EXPECT_TRUE(dropper.has_dropped());
}

// In the middle of what an author's function interrupted.
class LosesItsStrategyBehindAnError : public CoreSubject {
  void ControllerError(sim::Value error) override {
    CoreSubject::ControllerError(error);
    host().stream(0).controller.strategyHWM = 7;
  }
};

TEST_F(DivergenceTest, OperationsOfReentrantUserCodeAreNotDivergencePoints) {
  EXPECT_EQ(DivergenceOf<LosesItsStrategyBehindAnError>(
                ParseOrDie("methods start\non signal {\n  controller.error(r2)\n} return\nrun\nstream.abort(r1)\n")),
            "the begin of WritableStreamAbort: at the end of WritableStreamAbort, strategyHWM is 7 and should be 1");
}

// From one look in the middle of close() to the next.
class HasAnotherStrategyForALook : public CoreSubject {
 protected:
  uint32_t WriterClose(uint32_t id) override {
    looks_ = 2;
    return CoreSubject::WriterClose(id);
  }
  void ReadSlots(std::vector<SlotValue>& slots) override {
    CoreSubject::ReadSlots(slots);
    if (looks_ > 0) host().stream(0).controller.strategyHWM = --looks_ == 1 ? 7 : 1;
  }
  int looks_ = 0;
};
// And while an author's function runs.
class HasAnotherStrategyForAnAuthor : public HasAnotherStrategyForALook {
  uint32_t WriterAbort(uint32_t id, sim::Value reason) override {
    looks_ = 4;
    return CoreSubject::WriterAbort(id, reason);
  }
};
// And an assert fails meanwhile.
class FailsAnAssertThen : public HasAnotherStrategyForALook {
  void ReadSlots(std::vector<SlotValue>& slots) override {
    HasAnotherStrategyForALook::ReadSlots(slots);
    if (host().stream(0).controller.strategyHWM == 7) core::AssertFailed("Close", "something");
  }
};
// And in the middle of releaseLock() for good.
class LosesItsStrategyThen : public HasAnotherStrategyForALook {
  void ReleaseLock(uint32_t writer) override {
    releases_ = true;
    HasAnotherStrategyForALook::ReleaseLock(writer);
  }
  void ReadSlots(std::vector<SlotValue>& slots) override {
    HasAnotherStrategyForALook::ReadSlots(slots);
    if (releases_) host().stream(0).controller.strategyHWM = 7;
  }
  bool releases_ = false;
};
// Which is seen, but not where.
class IsNeverLocked : public HasAnotherStrategyForALook {
  bool Locked() override { return false; }
};

TEST_F(DivergenceTest, ATransientDifferenceIsSkipped) {
  const Program program = ParseOrDie("w0 = stream.getWriter()\nw0.close()\nw0.releaseLock()\n");
  EXPECT_EQ(DivergenceOf<HasAnotherStrategyForALook>(program), "");
  EXPECT_EQ(
      DivergenceOf<LosesItsStrategyThen>(program),
      "the begin of writer.releaseLock(): at the begin of WritableStreamDefaultWriterRelease, strategyHWM is 7 and "
      "should be 1");
}

TEST_F(DivergenceTest, ATransientDifferenceCountsIfUserCodeCouldSeeIt) {
  const auto reads = [](const std::string& what) {
    return ParseOrDie("methods start\non signal {\n  read " + what +
                      "\n} return\nw0 = stream.getWriter()\nrun\nw0.abort(r1)\n");
  };
  EXPECT_EQ(DivergenceOf<HasAnotherStrategyForAnAuthor>(reads("stream")),
            "the begin of WritableStreamAbort: at the begin of WritableStreamStartErroring, strategyHWM is 7 and "
            "should be 1");
  EXPECT_EQ(DivergenceOf<HasAnotherStrategyForAnAuthor>(reads("w0")),
            "the begin of WritableStreamAbort: the core: desiredSize = 7; the standard: desiredSize = 1");
}

TEST_F(DivergenceTest, ATransientDifferenceCountsIfAnAssertFailed) {
  EXPECT_EQ(DivergenceOf<FailsAnAssertThen>(ParseOrDie("w0 = stream.getWriter()\nw0.close()\n")),
            "the begin of writer.close(): at the begin of WritableStreamDefaultWriterClose, strategyHWM is 7 and "
            "should be 1");
}

TEST_F(DivergenceTest, ATransientDifferenceCountsIfTheNextOneIsOutsideOfOperations) {
  EXPECT_EQ(DivergenceOf<IsNeverLocked>(ParseOrDie("w0 = stream.getWriter()\nw0.close()\nread stream\n")),
            "the begin of writer.close(): at the begin of WritableStreamDefaultWriterClose, strategyHWM is 7 and "
            "should be 1");
}

// An error that comes too late to do anything, and releaseLock(), one for the other; and that goes wrong in the middle.
class ReleasesInAnotherOrder : public CoreSubject {
  void ReleaseLock(uint32_t writer) override {
    CoreSubject::ControllerError({});
    released_ = writer;
  }
  void ControllerError(sim::Value error) override {
    if (!released_.has_value()) return CoreSubject::ControllerError(error);
    is_released_ = true;
    CoreSubject::ReleaseLock(*std::exchange(released_, std::nullopt));
  }
  void ReadSlots(std::vector<SlotValue>& slots) override {
    CoreSubject::ReadSlots(slots);
    if (is_released_) host().stream(0).controller.strategyHWM = 7;
  }
  std::optional<uint32_t> released_;
  bool is_released_ = false;
};

TEST_F(DivergenceTest, OfReorderedOperationsTheOneThatEndsInAnotherStateDiverges) {
  EXPECT_EQ(
      DivergenceOf<ReleasesInAnotherOrder>(
          ParseOrDie("methods start\non signal {\n  controller.error(r2)\n  w0.releaseLock()\n"
                     "  controller.error(r3)\n} return\nw0 = stream.getWriter()\nrun\nw0.abort(r1)\n")),
      "the begin of writer.releaseLock(): at the begin of WritableStreamDefaultWriterRelease, strategyHWM is 7 and "
      "should be 1");
}

class ForgetsItsStrategy : public CoreSubject {
  sim::Outcome Construct(const StreamOptions& options) override {
    const sim::Outcome made = CoreSubject::Construct(options);
    host().stream(0).controller.strategyHWM = 7;
    return made;
  }
};

TEST_F(DivergenceTest, ADifferenceAtTheFirstBoundaryIsTheConstructors) {
  EXPECT_EQ(DivergenceOf<ForgetsItsStrategy>(ParseOrDie("run\nw0 = stream.getWriter()\n")),
            "construct: at the begin of the reaction to the promise of start(), strategyHWM is 7 and should be 1");
}

// Nothing that can be looked into is different.
class SaysTwo : public CoreSubject {
  sim::Outcome DesiredSize(uint32_t) override { return sim::Outcome::Return(sim::Value::Number(2)); }
};

TEST_F(DivergenceTest, AnEventIsTheDivergenceIfNoSlotDiffers) {
  EXPECT_EQ(DivergenceOf<SaysTwo>(ParseOrDie("w0 = stream.getWriter()\nread w0\nw0.close()\n")),
            "readWriter: the core: desiredSize = 2; the standard: desiredSize = 1");
}

// Asks once, in the middle of the run that is watched, as one does whose process dies there.
class Dies : public CoreSubject {
 public:
  static inline const DivergenceFinder* finder = nullptr;
  static inline std::optional<Divergence> divergence;

 private:
  uint32_t WriterClose(uint32_t writer) override {
    if (const DivergenceFinder* const asked = std::exchange(finder, nullptr)) divergence = asked->divergence();
    return CoreSubject::WriterClose(writer);
  }
};
class DiesOfItsStrategy : public Dies {
  uint32_t Write(uint32_t writer, sim::Value chunk) override {
    host().stream(0).controller.strategyHWM = 7;
    return CoreSubject::Write(writer, chunk);
  }
};

template <typename Core>
std::string DivergenceOfTheDying(const Program& program) {
  Judge judge(std::make_unique<Core>());
  DivergenceFinder finder(program);
  Dies::finder = &finder;
  Dies::divergence.reset();
  judge.WatchCore(&finder);
  judge.Run(program);
  return Dies::divergence.has_value() ? Dies::divergence->place : "";
}

TEST_F(DivergenceTest, ADyingProcessHasTheDivergenceSoFar) {
  const Program program = ParseOrDie("w0 = stream.getWriter()\nw0.write(\"a\")\nw0.close()\n");
  EXPECT_EQ(DivergenceOfTheDying<Dies>(program), "");
  EXPECT_EQ(DivergenceOfTheDying<DiesOfItsStrategy>(program), "write, before the begin of writer.write()");
}

}  // namespace
}  // namespace sluice::fuzz
