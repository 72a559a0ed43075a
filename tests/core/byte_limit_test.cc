#include "src/core/byte_limit.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <string>

namespace sluice::core {
namespace {

constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();

// The UTF-8 length of the whole repetition, code point by code point.
uint64_t NaiveUtf8Length(const std::u16string& units, uint64_t count) {
  std::u16string text;
  for (uint64_t i = 0; i < count; ++i) text += units;
  uint64_t bytes = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool pair =
        text[i] >= 0xD800 && text[i] <= 0xDBFF && i + 1 < text.size() && text[i + 1] >= 0xDC00 && text[i + 1] <= 0xDFFF;
    bytes += pair ? 4 : text[i] <= 0x7F ? 1 : text[i] <= 0x7FF ? 2 : 3;
    i += pair ? 1 : 0;
  }
  return bytes;
}

uint64_t Length(const std::u16string& units, uint64_t count = 1) {
  return Utf8Length(units.data(), units.size(), count);
}

const std::u16string kLead(1, char16_t{0xD83D});
const std::u16string kTrail(1, char16_t{0xDE00});

TEST(Utf8Length, AgreesWithTheExpansionOfRandomStrings) {
  // The borders of each length, and surrogates often.
  const char16_t alphabet[] = {0,      'a',    0x7F,   0x80,   0x7FF,  0x800,  0xD7FF, 0xD800, 0xD83D,
                               0xDBFF, 0xDC00, 0xDE00, 0xDFFF, 0xE000, 0xFFFF, 0xD900, 0xDD00};
  std::mt19937 random(1);
  for (int i = 0; i < 50'000; ++i) {
    std::u16string units(random() % 7, u' ');
    for (char16_t& unit : units) unit = alphabet[random() % std::size(alphabet)];
    const uint64_t count = random() % 5;
    ASSERT_EQ(Length(units, count), NaiveUtf8Length(units, count)) << "string " << i;
  }
}

TEST(Utf8Length, BordersOfEachLength) {
  EXPECT_EQ(Length({0x7F}), 1u);
  EXPECT_EQ(Length({0x80}), 2u);
  EXPECT_EQ(Length({0x7FF}), 2u);
  EXPECT_EQ(Length({0x800}), 3u);
  EXPECT_EQ(Length({0xFFFF}), 3u);
}

TEST(Utf8Length, NothingIsEmpty) {
  EXPECT_EQ(Utf8Length(nullptr, 0, 1), 0u);
  EXPECT_EQ(Utf8Length(nullptr, 0, 1000), 0u);
  EXPECT_EQ(Length(u"abc", 0), 0u);
}

TEST(Utf8Length, SurrogatePairIsFourAndLoneSurrogatesAreThree) {
  EXPECT_EQ(Length(kLead + kTrail), 4u);
  EXPECT_EQ(Length(kLead), 3u);
  EXPECT_EQ(Length(kTrail), 3u);
  EXPECT_EQ(Length(kTrail + kLead), 6u);
  EXPECT_EQ(Length(kLead + kLead + kTrail), 7u);
}

TEST(Utf8Length, RepetitionsMakePairsAtTheirBorders) {
  // T L, T L, T L: the two borders are pairs.
  EXPECT_EQ(Length(kTrail + kLead, 3), 3u + 4 + 4 + 3);
  EXPECT_EQ(Length(kTrail + u"a" + kLead, 2), 3u + 1 + 4 + 1 + 3);
  EXPECT_EQ(Length(kLead + u"a" + kTrail, 2), 3u + 1 + 3 + 3 + 1 + 3);
  EXPECT_EQ(Length(kLead, 5), 15u);
}

TEST(Utf8Length, TheLargestCountDoesNotOverflow) {
  constexpr uint64_t kCount = (uint64_t{1} << 32) - 1;
  EXPECT_EQ(Length(u"a", kCount), kCount);
  EXPECT_EQ(Length(u"aaaaaa", kCount), 6 * kCount);
  EXPECT_EQ(Length({0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF}, kCount), 18 * kCount);
  EXPECT_EQ(Length(kTrail + kLead, kCount), 4 * (kCount - 1) + 6);
  EXPECT_EQ(Length(kLead + kTrail, kCount), 4 * kCount);
}

TEST(FitsByteLimit, AtTheLimitFitsAndOneMoreDoesNot) {
  EXPECT_TRUE(FitsByteLimit(100, 0, 100));
  EXPECT_FALSE(FitsByteLimit(100, 0, 101));
  EXPECT_TRUE(FitsByteLimit(100, 60, 40));
  EXPECT_FALSE(FitsByteLimit(100, 60, 41));
}

TEST(FitsByteLimit, FullBufferTakesOnlyEmptyChunks) {
  EXPECT_TRUE(FitsByteLimit(100, 100, 0));
  EXPECT_FALSE(FitsByteLimit(100, 100, 1));
}

TEST(FitsByteLimit, LimitZeroTakesOnlyEmptyChunks) {
  EXPECT_TRUE(FitsByteLimit(0, 0, 0));
  EXPECT_FALSE(FitsByteLimit(0, 0, 1));
  EXPECT_FALSE(FitsByteLimit(0, 0, kMax));
}

TEST(FitsByteLimit, NoLimitTakesEverything) {
  EXPECT_TRUE(FitsByteLimit(std::nullopt, 0, kMax));
  EXPECT_TRUE(FitsByteLimit(std::nullopt, kMax, kMax));
}

TEST(FitsByteLimit, SumThatWouldWrapDoesNotFit) {
  EXPECT_TRUE(FitsByteLimit(kMax, 0, kMax));
  EXPECT_TRUE(FitsByteLimit(kMax, kMax - 1, 1));
  EXPECT_FALSE(FitsByteLimit(kMax, kMax - 1, 2));
  EXPECT_FALSE(FitsByteLimit(kMax, kMax, 1));
  EXPECT_FALSE(FitsByteLimit(100, 60, kMax));
}

TEST(ByteLimit, DefaultIs64Mebibytes) { EXPECT_EQ(kDefaultByteLimit, 67'108'864u); }

}  // namespace
}  // namespace sluice::core
