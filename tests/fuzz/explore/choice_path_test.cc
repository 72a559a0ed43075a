#include "fuzz/explore/choice_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace sluice::fuzz {
namespace {

using ::testing::ElementsAre;

TEST(ChoicePathTest, EveryPathOfATreeIsTakenOnceInOrder) {
  ChoicePath path;
  std::vector<std::pair<uint32_t, uint32_t>> taken;
  do {
    path.Begin();
    const uint32_t first = path.Choose(3);
    taken.emplace_back(first, first == 1 ? path.Choose(2) : 9);  // only one branch forks again
  } while (path.CountUp());
  using Pair = std::pair<uint32_t, uint32_t>;
  EXPECT_THAT(taken, ElementsAre(Pair(0, 9), Pair(1, 0), Pair(1, 1), Pair(2, 9)));
}

TEST(ChoicePathTest, MoreAlternativesThanADigitHasAreAllChosen) {
  ChoicePath path;
  uint32_t expected = 0;
  do {
    path.Begin();
    EXPECT_EQ(path.Choose(600), expected++);
  } while (path.CountUp());
  EXPECT_EQ(expected, 600u);
}

TEST(ChoicePathTest, AGivenPathIsTakenAgain) {
  ChoicePath path;
  const std::vector<uint8_t> given{2, 1};
  path.Set(given);
  EXPECT_EQ(path.Choose(3), 2u);
  EXPECT_FALSE(path.fits()) << "a digit is left";
  EXPECT_EQ(path.Choose(2), 1u);
  EXPECT_TRUE(path.fits());
}

TEST(ChoicePathTest, AGivenPathWithTooLargeADigitDoesNotFit) {
  ChoicePath path;
  const std::vector<uint8_t> given{3};
  path.Set(given);
  path.Choose(3);
  EXPECT_FALSE(path.fits());
}

TEST(ChoicePathTest, AGivenPathThatIsTooShortDoesNotFit) {
  ChoicePath path;
  const std::vector<uint8_t> given{0};
  path.Set(given);
  path.Choose(3);
  path.Choose(2);
  EXPECT_FALSE(path.fits());
}

}  // namespace
}  // namespace sluice::fuzz
