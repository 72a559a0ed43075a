#include "fuzz/program/bytes.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fuzz/oracle/codec.h"
#include "fuzz/program/language.h"
#include "fuzz/program/mutate.h"
#include "fuzz/program/text.h"

namespace sluice::fuzz {
namespace {

std::span<const uint8_t> AsBytes(const std::string& bytes) {
  return {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
}

TEST(BytesTest, EveryStatementWithEveryInterestingOperandReadsBackTheSame) {
  Program program;
  for (const Row& row : OpRows()) {
    Op op{.kind = static_cast<OpKind>(row.kind),
          .operands = {
              .writer = 3, .reason = kNoReason, .source = PromiseSource::kThen, .unobserved = true, .count = 999}};
    Normalize(row, op.operands);
    program.ops.push_back(op);
  }
  for (const sim::Chunk& chunk : InterestingChunks()) program.ops.push_back({OpKind::kWrite, {.chunk = chunk}});
  for (const double number : InterestingNumbers()) {
    program.scripts.push_back({sim::CallKind::kSize, {}, {EndKind::kReturnNumber, {.number = number}}});
  }
  EXPECT_EQ(PrintText(DecodeBytes(AsBytes(EncodeBytes(program)))), PrintText(program));
}

TEST(BytesTest, AnyBytesDecodeAndKeepTheCodecRules) {
  Random random(7);
  for (int i = 0; i < 20000; ++i) {
    std::string bytes(random.Below(120), '\0');
    for (char& byte : bytes) byte = static_cast<char>(random.Next());
    const auto finding = CheckCodec(AsBytes(bytes));
    ASSERT_FALSE(finding.has_value()) << finding->rule << "\n" << finding->detail;
  }
}

TEST(BytesTest, NoBytesAreTheEmptyProgram) { EXPECT_EQ(DecodeBytes({}), Program{}); }

TEST(BytesTest, CutOffBytesStillDecode) {
  Random random(3);
  const std::string bytes = EncodeBytes(RandomProgram(random, ReentrancyProfile()));
  for (size_t size = 0; size < bytes.size(); ++size) {
    const auto finding = CheckCodec(AsBytes(bytes.substr(0, size)));
    ASSERT_FALSE(finding.has_value()) << finding->rule;
  }
}

TEST(BytesTest, InputsAreReadAsTextOrAsBytes) {
  const std::string text = "# comment\nw0 = stream.getWriter()\n";
  EXPECT_EQ(DecodeInput(AsBytes(text)).ops.size(), 1u);
  EXPECT_EQ(DecodeInput(AsBytes(EncodeBytes(DecodeInput(AsBytes(text))))), DecodeInput(AsBytes(text)));
  // Text that does not parse is bytes like any other.
  EXPECT_EQ(DecodeInput(AsBytes("# nonsense follows\nnonsense")), DecodeBytes(AsBytes("# nonsense follows\nnonsense")));
}

}  // namespace
}  // namespace sluice::fuzz
