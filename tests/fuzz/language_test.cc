#include "fuzz/program/language.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>

namespace sluice::fuzz {
namespace {

TEST(LanguageTest, EveryRowHasItsOwnNameAndPatternAndAMeaning) {
  for (const auto rows : {OpRows(), EndRows()}) {
    std::set<std::string_view> names;
    std::set<std::string_view> patterns;
    for (const Row& row : rows) {
      EXPECT_TRUE(names.insert(row.name).second) << row.name;
      EXPECT_TRUE(patterns.insert(row.pattern).second) << row.pattern;
      EXPECT_FALSE(row.meaning.empty()) << row.pattern;
    }
  }
}

TEST(LanguageTest, EveryProfileUsesEveryOperation) {
  for (const Row& row : OpRows()) {
    for (const uint8_t weight : row.weights) EXPECT_GT(weight, 0) << row.pattern;
  }
}

TEST(LanguageTest, EveryPreconditionHasANameAndATextForTheTrace) {
  std::set<std::string_view> names;
  for (int i = 0; i < kNeedsCount; ++i) {
    EXPECT_TRUE(names.insert(NeedsNames()[i]).second) << NeedsNames()[i];
    EXPECT_EQ(UnmetText(static_cast<Needs>(i)).empty(), static_cast<Needs>(i) == Needs::kNothing) << NeedsNames()[i];
  }
}

TEST(LanguageTest, InterestingChunksAreNormal) {
  for (const sim::Chunk& chunk : InterestingChunks()) {
    sim::Chunk normal = chunk;
    Normalize(normal);
    EXPECT_EQ(normal, chunk) << ChunkText(chunk);
  }
}

TEST(LanguageTest, NumbersPrintAsJavaScriptPrintsThem) {
  EXPECT_EQ(NumberText(1e15), "1000000000000000");
  EXPECT_EQ(NumberText(1e21), "1e+21");
  EXPECT_EQ(NumberText(123456.789), "123456.789");
  EXPECT_EQ(NumberText(0.000001), "0.000001");
  EXPECT_EQ(NumberText(1e-7), "1e-7");
  EXPECT_EQ(NumberText(-5.592035369656102e-9), "-5.592035369656102e-9");
  EXPECT_EQ(NumberText(5e-324), "5e-324");
  EXPECT_EQ(NumberText(0.1), "0.1");
  EXPECT_EQ(NumberText(-0.0), "-0");
  EXPECT_EQ(NumberText(1.7e308), "1.7e+308");
  EXPECT_EQ(NumberText(NAN), "NaN");
  EXPECT_EQ(NumberText(-INFINITY), "-Infinity");
}

TEST(LanguageTest, NormalizingDropsOperandsThatTheRowDoesNotHave) {
  Operands operands{.writer = 7, .reason = 3, .count = 9, .number = 2};
  Normalize(RowOf(OpKind::kReleaseLock), operands);
  EXPECT_EQ(operands, (Operands{.writer = 3}));
}

TEST(LanguageTest, NaNOperandsAreEqualAndZeroIsNotMinusZero) {
  EXPECT_EQ((Operands{.number = NAN}), (Operands{.number = -NAN}));
  EXPECT_FALSE((Operands{.number = 0.0}) == (Operands{.number = -0.0}));
}

}  // namespace
}  // namespace sluice::fuzz
