#include "fuzz/explore/canonicity.h"

#include <gtest/gtest.h>

#include "fuzz/program/text.h"
#include "tests/fuzz/explore/spaces.h"

namespace sluice::fuzz {
namespace {

using Fault = CanonicalState::Fault;

std::string Walk(const Space& space, Fault fault) {
  Explorer explorer({.space = space, .judge = false, .fault = fault});
  if (explorer.Run(GoOn) != Explorer::Outcome::kClosed) return "not closed";
  const auto difference = WalkAtRandom(explorer, {.walks = 60});
  if (!difference.has_value()) return "";
  return difference->what + "\n" + PrintText(difference->walked) + "---\n" + PrintText(difference->known);
}

TEST(CanonicityTest, RandomWalksComeToKnownStatesWithTheSameEdges) {
  EXPECT_EQ(Walk(SmallSpace(), Fault::kNone), "");
  EXPECT_EQ(Walk(FullSink(), Fault::kNone), "");
  // Two writers, which are interchangeable once they are released.
  EXPECT_EQ(Walk(FullSink(true, {.queue = 1}), Fault::kNone), "");
}

TEST(CanonicityTest, RandomWalksOfTwoStreamsComeToKnownStatesWithTheSameEdges) {
  EXPECT_EQ(Walk(PairSpace(), Fault::kNone), "");
  EXPECT_EQ(Walk(ActingPairSpace(), Fault::kNone), "");
}

TEST(CanonicityTest, ASecondStreamThatIsLeftOutIsNoticed) { EXPECT_NE(Walk(PairSpace(), Fault::kSecondStream), ""); }
TEST(CanonicityTest, MicrotasksThatAreLeftOutAreNoticed) { EXPECT_NE(Walk(FullSink(), Fault::kMicrotasks), ""); }
TEST(CanonicityTest, AReadyPromiseThatIsLeftOutIsNoticed) { EXPECT_NE(Walk(SmallSpace(), Fault::kReadyPromise), ""); }
TEST(CanonicityTest, ReactionsOfTheAuthorThatAreLeftOutAreNoticed) {
  EXPECT_NE(Walk(SmallSpace(), Fault::kObserved), "");
}

}  // namespace
}  // namespace sluice::fuzz
