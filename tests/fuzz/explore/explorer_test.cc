#include "fuzz/explore/explorer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <vector>

#include "fuzz/explore/depth_first.h"
#include "fuzz/oracle/canary.h"
#include "fuzz/program/text.h"
#include "tests/fuzz/explore/spaces.h"

namespace sluice::fuzz {
namespace {

using Outcome = Explorer::Outcome;

std::vector<ConfigurationCount> Count(ExploreOptions options) {
  Explorer explorer(std::move(options));
  EXPECT_EQ(explorer.Run(GoOn), Outcome::kClosed);
  return explorer.counts();
}

TEST(ExplorerTest, CountsAreTheSameBreadthFirstAndDepthFirst) {
  EXPECT_EQ(Count({.space = SmallSpace(), .judge = false}), ExploreDepthFirst(SmallSpace(), 0));
  EXPECT_EQ(Count({.space = FullSink(), .judge = false}), ExploreDepthFirst(FullSink(), 0));
}

TEST(ExplorerTest, CountsOfTwoStreamsAreTheSameBreadthFirstAndDepthFirst) {
  EXPECT_EQ(Count({.space = PairSpace(), .judge = false}), ExploreDepthFirst(PairSpace(), 0));
  EXPECT_EQ(Count({.space = ActingPairSpace(), .judge = false}), ExploreDepthFirst(ActingPairSpace(), 0));
}

TEST(ExplorerTest, CountsAreTheSameWithMoreThreads) {
  const auto one = Count({.space = FullSink(), .judge = false});
  EXPECT_EQ(one, Count({.space = FullSink(), .judge = false, .threads = 3}));
}

TEST(ExplorerTest, StatesAreFoundInTheSameOrderWithMoreThreads) {
  Explorer one({.space = SmallSpace(), .judge = false});
  Explorer two({.space = SmallSpace(), .judge = false, .threads = 2});
  one.Run(GoOn);
  two.Run(GoOn);
  std::ostringstream first, second;
  one.Write(first);
  two.Write(second);
  EXPECT_EQ(first.str(), second.str());
}

TEST(ExplorerTest, CountsAreTheSameWithAnotherHashSeed) {
  EXPECT_EQ(Count({.space = FullSink(), .judge = false}), Count({.space = FullSink(), .judge = false, .seed = 77}));
}

TEST(ExplorerTest, EveryEdgeOfASmallSpacePassesTheJudge) { Count({.space = SmallSpace(), .judge = true}); }

TEST(ExplorerTest, TheCanaryIsFoundByAShortestProgram) {
  Explorer explorer({.space = FullSink(), .make_subject = [] { return std::make_unique<CanarySubject>(); }});
  ASSERT_EQ(explorer.Run(GoOn), Outcome::kFinding);
  // It takes a writer, a write in flight and an abort before releaseLock().
  EXPECT_LE(explorer.findings().front().program.ops.size(), 5u) << PrintText(explorer.findings().front().program);
}

std::string PinnedCounts() {
  std::ifstream file("tests/fuzz/explore/counts.txt");
  return {std::istreambuf_iterator<char>(file), {}};
}

// scripts/explore compares the others, and judges them.
TEST(ExplorerTest, TheFamilyWithAByteLimitHasThePinnedCounts) {
  std::vector<Family> families = DefaultFamilies();
  std::erase_if(families, [](const Family& family) { return family.name != "byte-limit"; });
  ASSERT_EQ(families.size(), 1u);
  Explorer explorer({.space = Space(families), .judge = false, .threads = 2});
  ASSERT_EQ(explorer.Run(GoOn), Outcome::kClosed);
  EXPECT_THAT(PinnedCounts(), ::testing::HasSubstr("\n" + explorer.CountsText()));
}

// A fault that takes ten operations to come to: six writes, of which one is in flight, an abort, and a lock that was
// released.
class ElevenStepsSubject final : public CoreSubject {
 public:
  sim::Outcome Perform(const SubjectCall& call) override {
    if (call.method != SubjectMethod::kGetWriter) return CoreSubject::Perform(call);
    const core::WritableStream& stream = host().stream(0);
    const bool is_there = stream.pendingAbortRequest.has_value() && !stream.inFlightWriteRequest.is_undefined() &&
                          stream.controller.queue.size() == 6 && stream.writer.is_undefined();
    if (!is_there) return CoreSubject::Perform(call);
    return sim::Outcome::Throw(host().TakeThrown({host().NewTypeError(core::TypeErrorReason::kStreamIsLocked)}));
  }
};

TEST(ExplorerTest, AFaultOfElevenStepsIsFoundByAProgramOfElevenOperations) {
  const Space space(
      {{"long", {.queue = 6, .writers = 1, .reentry = 1, .microtasks = 2}, {.sinks = {2}, .sizes = {false}}}});
  for (const unsigned threads : {1u, 2u}) {
    Explorer explorer(
        {.space = space, .threads = threads, .make_subject = [] { return std::make_unique<ElevenStepsSubject>(); }});
    ASSERT_EQ(explorer.Run(GoOn), Outcome::kFinding);
    const EdgeFinding& found = explorer.findings().front();
    EXPECT_EQ(found.program.ops.size(), 11u) << PrintText(found.program);
    EXPECT_EQ(found.program.ops.back().kind, OpKind::kGetWriter);
    EXPECT_EQ(found.finding.oracle, Oracle::kModel);
  }
}

// The core does to the first stream what was to be done to the second.
class MixedUpSubject final : public CoreSubject {
 public:
  explicit MixedUpSubject(SubjectMethod method) : method_(method) {}
  sim::Outcome Perform(const SubjectCall& call) override {
    SubjectCall performed = call;
    if (call.method == method_) performed.stream = 0;
    return CoreSubject::Perform(performed);
  }

 private:
  SubjectMethod method_;
};

TEST(ExplorerTest, AMixUpOfTwoStreamsIsFoundByAShortestProgram) {
  const auto find = [](SubjectMethod method, const Space& space) {
    Explorer explorer({.space = space, .make_subject = [=] { return std::make_unique<MixedUpSubject>(method); }});
    const Outcome outcome = explorer.Run(GoOn);
    return outcome == Outcome::kFinding ? explorer.findings().front().program : Program{};
  };
  // The second stream has a start(), which receives its controller.
  const Space space(
      {{"pair",
        {.queue = 1, .writers = 1, .reentry = 1},
        {.sinks = {8}, .sizes = {false}, .listeners = {false}, .seconds = {SecondStream{.methods = 1}}}}});
  for (const SubjectMethod method :
       {SubjectMethod::kStreamAbort, SubjectMethod::kStreamClose, SubjectMethod::kGetWriter,
        SubjectMethod::kConstructWriter, SubjectMethod::kErrorStream, SubjectMethod::kControllerError,
        SubjectMethod::kSignalAborted}) {
    const Program found = find(method, space);
    // The second stream, perhaps something that makes them differ, and the operation; closing looks alike at first.
    EXPECT_GE(found.ops.size(), 2u) << static_cast<int>(method);
    EXPECT_LE(found.ops.size(), 4u) << PrintText(found);
    EXPECT_EQ(LastStream(found), 1u) << PrintText(found);
    EXPECT_TRUE(find(method, FullSink(false, {.queue = 1, .writers = 1, .reentry = 1})).ops.empty());
  }
}

// An exploration that stops after each batch, is written, read into another and goes on there.
TEST(ExplorerTest, ACheckpointGoesOnWhereItWas) {
  Explorer whole({.space = FullSink(), .judge = false});
  ASSERT_EQ(whole.Run(GoOn), Outcome::kClosed);
  std::string saved;
  int parts = 0;
  for (;; ++parts) {
    Explorer part({.space = FullSink(), .judge = false});
    std::istringstream in(saved);
    if (!saved.empty()) {
      ASSERT_EQ(part.Read(in), "");
    }
    const Outcome outcome = part.Run([](const Progress&) { return false; });
    std::ostringstream out;
    part.Write(out);
    saved = out.str();
    if (outcome == Outcome::kClosed) break;
    ASSERT_EQ(outcome, Outcome::kStopped);
  }
  EXPECT_GT(parts, 1);
  std::ostringstream expected;
  whole.Write(expected);
  EXPECT_EQ(saved, expected.str());
}

TEST(ExplorerTest, ADamagedCheckpointIsRefused) {
  Explorer whole({.space = SmallSpace(), .judge = false});
  whole.Run([](const Progress&) { return false; });
  std::ostringstream out;
  whole.Write(out);
  const std::string saved = out.str();
  const auto read = [](const std::string& text) {
    Explorer other({.space = SmallSpace(), .judge = false});
    std::istringstream in(text);
    return other.Read(in);
  };
  EXPECT_EQ(read(saved), "");
  EXPECT_NE(read(""), "");
  EXPECT_NE(read(saved + "x"), "");
  for (size_t size = 0; size < saved.size(); size += 1 + saved.size() / 50) EXPECT_NE(read(saved.substr(0, size)), "");
  // A key that is another's: the path to its state leads elsewhere, or it is not among those that are compared.
  std::string other = saved;
  other[other.find("queue 3") + 6] = '4';
  EXPECT_THAT(read(other), ::testing::HasSubstr("bounds"));
}

// What is said to be judged was.
TEST(ExplorerTest, ACheckpointOfARunWithoutTheJudgeIsRefusedByOneWithIt) {
  Explorer walked({.space = SmallSpace(), .judge = false});
  std::ostringstream out;
  walked.Write(out);
  Explorer judged({.space = SmallSpace(), .judge = true});
  std::istringstream in(out.str());
  EXPECT_NE(judged.Read(in), "");
}

TEST(ExplorerTest, ACheckpointOfAnotherBuildIsRefused) {
  Explorer canary(
      {.space = FullSink(), .judge = false, .make_subject = [] { return std::make_unique<CanarySubject>(); }});
  canary.Run(GoOn);
  std::ostringstream out;
  canary.Write(out);
  Explorer core({.space = FullSink(), .judge = false});
  std::istringstream in(out.str());
  EXPECT_THAT(core.Read(in), ::testing::HasSubstr("leads elsewhere"));
}

}  // namespace
}  // namespace sluice::fuzz
