// The stream's state diagram (fuzz/state_coverage), which was written from the standard, and the graph that was walked.
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "fuzz/state_coverage/state_coverage_subject.h"
#include "fuzz/state_coverage/stream_states.h"
#include "tests/fuzz/explore/spaces.h"

namespace sluice::fuzz {
namespace {

// Not `Walker::Position`'s, which only keep what is copied into them.
std::vector<const StateCoverageSubject*>& Subjects() {
  static std::vector<const StateCoverageSubject*> subjects;
  return subjects;
}

TEST(StateDiagramTest, TheWalkedGraphGoesEveryWayOfTheDiagramAndNoOther) {
  Explorer explorer(
      {.space = Space({{"diagram", {.queue = 2, .writers = 1}, {.sinks = {15}, .highWaterMarks = {0, 1, 2}}}}),
       .judge = false,
       .make_subject = [] {
         auto subject = std::make_unique<StateCoverageSubject>();
         Subjects().push_back(subject.get());
         return subject;
       }});
  ASSERT_EQ(explorer.Run(GoOn), Explorer::Outcome::kClosed);
  const auto sum = [](auto count) {
    uint64_t times = 0;
    for (const StateCoverageSubject* subject : Subjects()) times += count(subject->counts());
    return times;
  };
  for (const StateCoverageSubject* subject : Subjects()) {
    for (const auto& [what, reached] : subject->counts().impossible) ADD_FAILURE() << what << ", " << reached.count;
  }
  for (const Transition& transition : AllTransitions()) {
    const auto count = [&](const StateCoverageCounts& counts) {
      return counts
          .transitions[static_cast<size_t>(transition.from)][static_cast<size_t>(transition.cause)]
                      [static_cast<size_t>(transition.to)]
          .count;
    };
    EXPECT_GT(sum(count), 0u) << PhaseId(transition.from) << ", " << CauseId(transition.cause) << ", "
                              << PhaseId(transition.to);
  }
}

}  // namespace
}  // namespace sluice::fuzz
