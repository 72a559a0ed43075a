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
  if (!divergence.has_value()) return "";
  return divergence->operation + (divergence->after.empty() ? "" : ", after " + divergence->after) + ": " +
         divergence->actual + "; expected: " + divergence->expected;
}

TEST_F(DivergenceTest, CoreAndModelPerformTheSameOperationsAndHaveTheSameSlotsAtEach) {
  for (const auto& entry : fs::recursive_directory_iterator("corpus")) {
    if (entry.path().extension() != ".ops") continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const Program program = ParseOrDie(std::string(std::istreambuf_iterator<char>(file), {}));
    ASSERT_EQ(DivergenceOf<CoreSubject>(program), "") << entry.path();
  }
  Random random(1);
  for (int i = 0; i < 2000; ++i) {
    const Program program = RandomProgram(random, i % 2 == 0 ? ReentrancyProfile() : BufferLimitProfile());
    ASSERT_EQ(DivergenceOf<CoreSubject>(program), "") << PrintText(program);
  }
}

TEST_F(DivergenceTest, AMissingOperationIsTheDivergence) {
  EXPECT_EQ(DivergenceOf<CanarySubject>(
                ParseOrDie("methods write\non write return pending\nw0 = stream.getWriter()\nrun\nw0.write(\"a\")\n"
                           "w0.abort(r1)\nw0.releaseLock()\nw0.close()\n")),
            "releaseLock: begins writer.close(); expected: begins writer.releaseLock()");
}

// Slots are not recorded any more then, but all operations are.
TEST_F(DivergenceTest, ManyPendingPromisesDoNotMoveTheDivergence) {
  for (const int times : {511, 512, 513, 2000}) {
    EXPECT_EQ(DivergenceOf<CanarySubject>(ParseOrDie(
                  "methods write\non write return pending\nw0 = stream.getWriter()\nrun\ntimes " +
                  std::to_string(times) + "\nw0.write(\"a\")\nw0.abort(r1)\nw0.releaseLock()\nw0.close()\n")),
              "releaseLock: begins writer.close(); expected: begins writer.releaseLock()")
        << times;
  }
}

// The last operation that was recorded ended long before.
TEST_F(DivergenceTest, AfterTheEndOfTheRecordingTheStepIsTheDivergence) {
  EXPECT_EQ(DivergenceOf<CanarySubject>(
                ParseOrDie("methods write\non write return pending\nw0 = stream.getWriter()\nrun\ntimes 4096\n"
                           "w0.write(\"a\")\nw0.abort(r1)\nw0.releaseLock()\nread w0\n")),
            "readWriter: has `desiredSize = null`; expected: has `desiredSize threw TypeError#1`");
}

TEST_F(DivergenceTest, AMethodThatIsMissingInUserCodeIsNotTheInterruptedOperation) {
  EXPECT_EQ(
      DivergenceOf<CanarySubject>(ParseOrDie(
          "methods write size\non write return pending\non size return 1\non size {\n  w0.releaseLock()\n} return 1\n"
          "w0 = stream.getWriter()\nrun\nw0.write(\"a\")\nw0.abort(r1)\nw0.write(\"b\")\nw0.close()\n")),
      "releaseLock: ends WritableStreamDefaultControllerGetChunkSize; expected: begins writer.releaseLock()");
}

class LosesItsStrategy : public CoreSubject {
  sim::Outcome Perform(const SubjectCall& call) override {
    if (call.method != SubjectMethod::kWriterClose) return CoreSubject::Perform(call);
    host().stream(0).controller.strategyHWM = 7;
    return CoreSubject::Perform(call);
  }
};

TEST_F(DivergenceTest, ASlotDivergesBetweenTwoBoundaries) {
  EXPECT_EQ(
      DivergenceOf<LosesItsStrategy>(ParseOrDie("w0 = stream.getWriter()\nw0.close()\n")),
      "close: begins writer.close(), where strategyHWM is 7; expected: begins writer.close(), where strategyHWM is "
      "1");
}

// Of the same state as the right one.
class MixesUpPromises : public CoreSubject {
  sim::Outcome Perform(const SubjectCall& call) override {
    if (call.method != SubjectMethod::kWriterAbort) return CoreSubject::Perform(call);
    core::WritableStreamDefaultWriter& writer = host().Writer({call.id + uint64_t{1}});
    host().Drop(writer.readyPromise);
    writer.readyPromise = host().Retain(writer.closedPromise);
    return CoreSubject::Perform(call);
  }
};

TEST_F(DivergenceTest, PromisesInTheSameStateAreDistinguished) {
  EXPECT_EQ(
      DivergenceOf<MixesUpPromises>(ParseOrDie("highWaterMark 0\nw0 = stream.getWriter()\nrun\nw0.abort(r0)\n")),
      "abort: begins writer.abort(), where readyPromise is p2; expected: begins writer.abort(), where readyPromise "
      "is p1");
}

class MixesUpReasons : public CoreSubject {
  sim::Outcome Perform(const SubjectCall& call) override {
    if (call.method != SubjectMethod::kControllerError) return CoreSubject::Perform(call);
    SubjectCall other = call;
    other.value.id = 1;
    return CoreSubject::Perform(other);
  }
};

TEST_F(DivergenceTest, ValuesAreDistinguished) {
  EXPECT_EQ(DivergenceOf<MixesUpReasons>(ParseOrDie("methods start\nrun\ncontroller.error(r0)\n")),
            "WritableStreamStartErroring, after the begin of WritableStreamStartErroring: begins "
            "WritableStreamHasOperationMarkedInFlight, where storedError is r1; expected: begins "
            "WritableStreamHasOperationMarkedInFlight, where storedError is r0");
}

// No slot holds it any more.
class SettlesAbortTooEarly : public CoreSubject {
  sim::Outcome Perform(const SubjectCall& call) override {
    if (call.method == SubjectMethod::kReleaseLock) host().Resolve({abort_ + uint64_t{1}});
    const sim::Outcome outcome = CoreSubject::Perform(call);
    if (call.method == SubjectMethod::kWriterAbort) abort_ = outcome.value.id;
    return outcome;
  }
  uint32_t abort_ = 0;
};

TEST_F(DivergenceTest, AWrongSettlementOfASlotsPromiseIsTheDivergence) {
  EXPECT_EQ(
      DivergenceOf<SettlesAbortTooEarly>(ParseOrDie(
          "methods abort\non abort return pending\nw0 = stream.getWriter()\nrun\nw0.abort(r1)\nw0.releaseLock()\n")),
      "releaseLock: begins writer.releaseLock(), where promise 3 is fulfilled; expected: begins writer.releaseLock(), "
      "where no other promise is settled");
}

class KeepsTheStreamOfAReleasedWriter : public CoreSubject {
  sim::Outcome Perform(const SubjectCall& call) override {
    const sim::Outcome outcome = CoreSubject::Perform(call);
    if (call.method == SubjectMethod::kReleaseLock) host().Writer({1}).stream = {1};
    return outcome;
  }
};

TEST_F(DivergenceTest, TheStreamOfAReleasedWriterIsASlot) {
  EXPECT_EQ(
      DivergenceOf<KeepsTheStreamOfAReleasedWriter>(ParseOrDie("w0 = stream.getWriter()\nw0.releaseLock()\nrun\n")),
      "microtasks: begins reaction to start(), where released_stream_is_set is true; expected: begins reaction to "
      "start(), where released_stream_is_set is false");
}

// No slot ever holds it.
class RejectsWithAnother : public CoreSubject {
  sim::Outcome Perform(const SubjectCall& call) override {
    if (call.method != SubjectMethod::kWriterClose) return CoreSubject::Perform(call);
    CoreSubject::Perform(call);
    const uint32_t promise = host().realm().NewPromise();
    host().realm().RejectPromise(promise, sim::Value::Of(sim::ValueKind::kReason, 0));
    return sim::Outcome::Return(sim::Value::Of(sim::ValueKind::kPromise, promise));
  }
};

TEST_F(DivergenceTest, AWrongPromiseDivergesAtTheNextBoundary) {
  EXPECT_EQ(DivergenceOf<RejectsWithAnother>(
                ParseOrDie("w0 = stream.getWriter()\nw0.releaseLock()\nw0.close()\nw1 = stream.getWriter()\nrun\n")),
            "getWriter: begins stream.getWriter(), where promise 5 is rejected with r0; expected: begins "
            "stream.getWriter(), where no other promise is settled");
}

// Whether anybody asks, or not.
template <typename Core>
class AnswersTwo : public Core {
  void QueryResults(uint32_t stream, std::vector<SlotValue>& results) override {
    Core::QueryResults(stream, results);
    for (SlotValue& answer : results) {
      if (answer.slot == "WritableStreamDefaultWriterGetDesiredSize") answer.value = sim::Value::Number(2);
    }
  }
};
class ReturnsTwo : public CoreSubject {
  sim::Outcome Perform(const SubjectCall& call) override {
    if (call.method != SubjectMethod::kDesiredSize) return CoreSubject::Perform(call);
    CoreSubject::Perform(call);
    return sim::Outcome::Return(sim::Value::Number(2));
  }
};

TEST_F(DivergenceTest, AWrongQueryIsTheDivergenceAndNotItsCaller) {
  EXPECT_EQ(
      DivergenceOf<AnswersTwo<ReturnsTwo>>(ParseOrDie("w0 = stream.getWriter()\nread w0\nw0.close()\n")),
      "WritableStreamDefaultWriterGetDesiredSize, after the begin of WritableStreamDefaultWriterGetDesiredSize: "
      "ends WritableStreamDefaultWriterGetDesiredSize, where WritableStreamDefaultWriterGetDesiredSize's result is "
      "2; expected: ends WritableStreamDefaultWriterGetDesiredSize, where "
      "WritableStreamDefaultWriterGetDesiredSize's result is 1");
}

TEST_F(DivergenceTest, AWrongQueryThatWasNotPerformedIsNotTheDivergence) {
  EXPECT_EQ(DivergenceOf<AnswersTwo<CoreSubject>>(ParseOrDie("run\n")), "");
}

// Behind the third time that somebody looks: at the begin of what getWriter() performs by way of another operation.
class LosesItsStrategyInSetUp : public CoreSubject {
  sim::Outcome Perform(const SubjectCall& call) override {
    if (call.method != SubjectMethod::kGetWriter) return CoreSubject::Perform(call);
    looks_ = 0;
    return CoreSubject::Perform(call);
  }
  void ReadSlots(uint32_t stream, std::vector<SlotValue>& slots) override {
    CoreSubject::ReadSlots(stream, slots);
    if (++looks_ == 3) host().stream(0).controller.strategyHWM = 7;
  }
  int looks_ = 3;
};

TEST_F(DivergenceTest, SettingUpAWriterIsAnOperationForEveryCaller) {
  EXPECT_EQ(
      DivergenceOf<LosesItsStrategyInSetUp>(ParseOrDie("run\nw0 = stream.getWriter()\n")),
      "SetUpWritableStreamDefaultWriter, after the begin of SetUpWritableStreamDefaultWriter: begins "
      "IsWritableStreamLocked, where strategyHWM is 7; expected: begins IsWritableStreamLocked, where strategyHWM "
      "is 1");
}

// From one look in the middle of close() to the next, so that nobody else meets the promise that was dropped.
class DropsReadyForALook : public CoreSubject {
 public:
  bool has_dropped() const { return has_dropped_; }

 private:
  sim::Outcome Perform(const SubjectCall& call) override {
    if (call.method != SubjectMethod::kWriterClose) return CoreSubject::Perform(call);
    looks_ = 1;
    return CoreSubject::Perform(call);
  }
  void ReadSlots(uint32_t stream, std::vector<SlotValue>& slots) override {
    CoreSubject::ReadSlots(stream, slots);
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
  sim::Outcome Perform(const SubjectCall& call) override {
    if (call.method != SubjectMethod::kControllerError) return CoreSubject::Perform(call);
    CoreSubject::Perform(call);
    host().stream(0).controller.strategyHWM = 7;
    return {};
  }
};

TEST_F(DivergenceTest, OperationsOfReentrantUserCodeAreNotDivergencePoints) {
  EXPECT_EQ(
      DivergenceOf<LosesItsStrategyBehindAnError>(
          ParseOrDie("methods start\non signal {\n  controller.error(r2)\n} return\nrun\nstream.abort(r1)\n")),
      "WritableStreamAbort, after the begin of WritableStreamAbort: ends WritableStreamAbort, where strategyHWM is "
      "7; expected: ends WritableStreamAbort, where strategyHWM is 1");
}

// The scope of the constructor has ended by then, but nothing was recorded since.
class ForgetsItsStrategy : public CoreSubject {
  void ReadSlots(uint32_t stream, std::vector<SlotValue>& slots) override {
    host().stream(0).controller.strategyHWM = 7;
    CoreSubject::ReadSlots(stream, slots);
  }
  bool TakeSnapshot(uint32_t stream, core::Snapshot& snapshot) override {
    if (host().stream_count() > 0) host().stream(0).controller.strategyHWM = 7;
    return CoreSubject::TakeSnapshot(stream, snapshot);
  }
};

TEST_F(DivergenceTest, TheSlotsThatAConstructorSetsUpAreItsOwn) {
  EXPECT_EQ(DivergenceOf<ForgetsItsStrategy>(ParseOrDie("run\nw0 = stream.getWriter()\n")),
            "new WritableStream(), after the end of SetUpWritableStreamDefaultControllerFromUnderlyingSink: ends new "
            "WritableStream(), where strategyHWM is 7; expected: ends new WritableStream(), where strategyHWM is 1");
}

// Nothing that can be looked into is different.
class ReturnsAnotherPromise : public CoreSubject {
  sim::Outcome Perform(const SubjectCall& call) override {
    const sim::Outcome outcome = CoreSubject::Perform(call);
    if (call.method == SubjectMethod::kReady) ready_ = outcome;
    return call.method == SubjectMethod::kWrite ? ready_ : outcome;
  }
  sim::Outcome ready_;
};

TEST_F(DivergenceTest, WhatAMethodOrGetterReturnsIsItsOwn) {
  EXPECT_EQ(
      DivergenceOf<ReturnsTwo>(ParseOrDie("w0 = stream.getWriter()\nread w0\nw0.close()\n")),
      "writer.desiredSize, after the end of writer.desiredSize: has `desiredSize = 2`; expected: has `desiredSize = "
      "1`");
  // Also in the middle of another operation.
  EXPECT_EQ(
      DivergenceOf<ReturnsAnotherPromise>(ParseOrDie(
          "methods start\non signal {\n  w0.write(\"a\")\n} return\nw0 = stream.getWriter()\nread w0\nw0.abort(r1)\n")),
      "writer.write(), after the end of writer.write(): has `-> returned p1`; expected: has `-> returned p3`");
}

// Queries once in the middle of the watched run, as a dying process does.
class Dies : public CoreSubject {
 public:
  static inline const DivergenceFinder* finder = nullptr;
  static inline std::optional<Divergence> divergence;

  sim::Outcome Perform(const SubjectCall& call) override {
    if (call.method != SubjectMethod::kWriterClose) return CoreSubject::Perform(call);
    if (const DivergenceFinder* const asked = std::exchange(finder, nullptr)) divergence = asked->divergence();
    return CoreSubject::Perform(call);
  }
};
class DiesOfItsStrategy : public Dies {
  sim::Outcome Perform(const SubjectCall& call) override {
    if (call.method != SubjectMethod::kWrite) return Dies::Perform(call);
    host().stream(0).controller.strategyHWM = 7;
    return CoreSubject::Perform(call);
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
  return Dies::divergence.has_value() ? Dies::divergence->actual : "";
}

TEST_F(DivergenceTest, ADyingProcessHasTheDivergenceSoFar) {
  const Program program = ParseOrDie("w0 = stream.getWriter()\nw0.write(\"a\")\nw0.close()\n");
  EXPECT_EQ(DivergenceOfTheDying<Dies>(program), "");
  EXPECT_EQ(DivergenceOfTheDying<DiesOfItsStrategy>(program), "begins writer.write(), where strategyHWM is 7");
}

}  // namespace
}  // namespace sluice::fuzz
