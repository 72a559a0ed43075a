// Every oracle notices the fault that it is there for.
#include "fuzz/oracle/judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "fuzz/oracle/canary.h"
#include "fuzz/oracle/story.h"
#include "fuzz/program/mutate.h"
#include "src/core/check.h"
#include "tests/fuzz/run_program.h"

namespace sluice::fuzz {
namespace {

using testing::HasSubstr;

const char kProgram[] =
    "methods start write close abort size\nw0 = stream.getWriter()\nw0.write(\"a\")\nrun\nw0.write(\"b\")\nread "
    "w0\nw0.releaseLock()\n";

template <typename Subject>
std::optional<Finding> Judged(std::string_view text) {
  Judge judge(std::make_unique<Subject>());
  return judge.Run(ParseOrDie(text));
}

class WrongBytes : public CoreSubject {
  uint32_t Write(uint32_t writer, sim::Value chunk) override {
    const uint32_t promise = CoreSubject::Write(writer, chunk);
    host().stream(0).controller.charged_bytes += 1;
    return promise;
  }
};

TEST(JudgeTest, ABrokenInvariantIsFound) {
  EXPECT_EQ(Judged<WrongBytes>(kProgram)->identity(), "invariant/I-BYTES-SUM");
}

class WrongDesiredSize : public CoreSubject {
  sim::Outcome DesiredSize(uint32_t writer) override {
    sim::Outcome size = CoreSubject::DesiredSize(writer);
    size.value.number += 1;
    return size;
  }
};

TEST(JudgeTest, ADifferenceFromTheModelIsFound) {
  EXPECT_EQ(Judged<WrongDesiredSize>(kProgram)->identity(), "model/property");
}

// Not to be seen by any author, nor by an invariant.
class ForgetsHighWaterMark : public CoreSubject {
  sim::Outcome Construct(const StreamOptions& options) override {
    const sim::Outcome made = CoreSubject::Construct(options);
    host().stream(0).controller.strategyHWM += 0.5;
    return made;
  }
};

TEST(JudgeTest, ADifferentSlotIsFound) {
  EXPECT_EQ(Judged<ForgetsHighWaterMark>("run\n")->identity(), "slots/strategyHWM");
}

// The charge of a chunk is what it was when it was queued. Keeps I-BYTES-SUM and I-BYTES-LIMIT.
class MeasuresAgain : public CoreSubject {
  void Detach(sim::Value chunk) override {
    CoreSubject::Detach(chunk);
    core::WritableStreamDefaultController& controller = host().stream(0).controller;
    core::Fifo<core::QueueEntry> measured;
    for (core::QueueEntry entry : controller.queue) {
      const uint64_t charge = entry.is_close_sentinel ? 0 : host().ByteCharge(entry.value);
      controller.charged_bytes -= entry.charge - charge;
      entry.charge = charge;
      measured.push_back(entry);
    }
    controller.queue = measured;
  }
};

TEST(JudgeTest, AChargeThatIsMeasuredAgainIsFound) {
  constexpr char kDetaches[] =
      "byteLimit 64\nw0 = stream.getWriter()\nw0.write(buffer(8))\ndetach buffer(8)\nw0.write(\"a\" * 60)\nrun\n";
  EXPECT_FALSE(Judged<CoreSubject>(kDetaches).has_value());
  EXPECT_EQ(Judged<MeasuresAgain>(kDetaches)->identity(), "slots/charged bytes");
}

class Leaks : public CoreSubject {
  void ReleaseLock(uint32_t writer) override {
    host().Name(sim::Value::Number(1));
    CoreSubject::ReleaseLock(writer);
  }
};

TEST(JudgeTest, ALeakedSlotIsFound) { EXPECT_EQ(Judged<Leaks>(kProgram)->oracle, Oracle::kOwnership); }

class DropsTwice : public CoreSubject {
  void ReleaseLock(uint32_t writer) override {
    const core::ValueSlot value = host().Name(sim::Value::Number(1));
    host().Drop(value);
    host().Drop(value);
    CoreSubject::ReleaseLock(writer);
  }
};

TEST(JudgeTest, ASlotDroppedTwiceIsFound) { EXPECT_EQ(Judged<DropsTwice>(kProgram)->oracle, Oracle::kOwnership); }

class Asserts : public CoreSubject {
  void ReleaseLock(uint32_t writer) override {
    SLUICE_ASSERT(writer > 100, "WritableStreamDefaultWriterRelease", "the writer is the stream's writer");
    CoreSubject::ReleaseLock(writer);
  }
};

TEST(JudgeTest, AFailedAssertIsFound) {
  EXPECT_EQ(Judged<Asserts>(kProgram)->identity(), "assert/WritableStreamDefaultWriterRelease");
}

class Remembers : public CoreSubject {
  bool Locked() override { return CoreSubject::Locked() != (++calls_ >= 2); }
  int calls_ = 0;
};

TEST(JudgeTest, ARunThatSeesAnEarlierOneIsFound) {
  EXPECT_EQ(Judged<Remembers>("run\n")->identity(), "determinism/same-program-same-trace");
}

TEST(JudgeTest, TheCanaryIsFoundAndNoWorkingCoreIs) {
  Judge canary(std::make_unique<CanarySubject>());
  Judge working;
  bool found = false;
  for (uint64_t seed = 0; seed < 6000; ++seed) {
    Random random(seed);
    const Program program = RandomProgram(random, BalancedProfile());
    const auto finding = working.Run(program);
    ASSERT_FALSE(finding.has_value()) << Story(program, working, finding);
    found |= canary.Run(program).has_value();
  }
  EXPECT_TRUE(found);
}

TEST(StoryTest, AFindingNamesTheRuleTheStepAndBothSides) {
  Judge judge(std::make_unique<CanarySubject>());
  const Program program = ParseOrDie(
      "methods start write abort\non write return pending\nw0 = "
      "stream.getWriter()\nrun\nw0.write(\"a\")\nw0.abort(r1)\nw0.releaseLock()\n");
  const auto finding = judge.Run(program);
  ASSERT_TRUE(finding.has_value());
  const std::string story = Story(program, judge, finding);
  EXPECT_TRUE(story.starts_with("SLUICE-FINDING slots/writer\n")) << story;
  EXPECT_THAT(story, HasSubstr("What broke: writer (slots)"));
  EXPECT_THAT(story, HasSubstr("in w0.releaseLock()"));
  EXPECT_THAT(story, HasSubstr("https://streams.spec.whatwg.org/#ws-internal-slots"));
  EXPECT_THAT(story, HasSubstr("locked = true"));
  EXPECT_THAT(story, HasSubstr("| "));
}

}  // namespace
}  // namespace sluice::fuzz
