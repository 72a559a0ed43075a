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
          .operands = {.stream = 2,
                       .writer = 3,
                       .reason = kNoReason,
                       .source = PromiseSource::kThen,
                       .unobserved = true,
                       .count = 999}};
    Normalize(row, op.operands);
    program.ops.push_back(op);
  }
  for (const sim::Chunk& chunk : InterestingChunks()) program.ops.push_back({OpKind::kWrite, {.chunk = chunk}});
  for (const double number : InterestingNumbers()) {
    program.scripts.push_back(
        {.call = sim::CallKind::kSize, .ops = {}, .end = {EndKind::kReturnNumber, {.number = number}}});
  }
  EXPECT_EQ(PrintText(DecodeBytes(AsBytes(EncodeBytes(program)))), PrintText(program));
}

TEST(BytesTest, AnyBytesDecodeAndKeepTheCodecRules) {
  Random random(7);
  for (int i = 0; i < 4000; ++i) {  // program_codec_fuzzer tries many more
    std::string bytes(random.Below(120), '\0');
    for (char& byte : bytes) byte = static_cast<char>(random.Next());
    const auto finding = CheckCodec(AsBytes(bytes));
    ASSERT_FALSE(finding.has_value()) << finding->rule << "\n" << finding->detail;
  }
}

// Bytes of the language's first version, with every operation, setting and kind of operand that it had. What a person
// has stored must mean the same for ever: tables that bytes index grow at their ends, and those with a form for other
// values (InterestingNumbers, InterestingByteCounts, InterestingChunks) not at all.
TEST(BytesTest, WhatADecoderReadBeforeDoesNotMatter) {
  Random random(9);
  InputDecoder decoder;
  for (int i = 0; i < 5000; ++i) {
    std::string bytes(random.Below(150), '\0');
    for (char& byte : bytes) byte = static_cast<char>(random.Below(random.OneIn(2) ? 40 : 256));
    if (random.OneIn(50)) bytes = PrintText(RandomProgram(random, BalancedProfile()));
    Program& program = decoder.Decode(AsBytes(bytes));
    ASSERT_EQ(program, DecodeInput(AsBytes(bytes)));
    if (random.OneIn(2)) Mutate(program, random, BalancedProfile());
  }
}

TEST(BytesTest, BytesOfTheFirstVersionKeepTheirMeaning) {
  constexpr std::string_view kHex =
      "011a00000000000002401a3930000000000000011f0300010203150000036100620041000700000001050100011900000000"
      "0000e83f05000201000001010200150203004d00000000020014000300000400040105000603000701080009040a02020b0c"
      "2c010d02000e000f100011001202001302";
  std::string bytes;
  for (size_t i = 0; i < kHex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(kHex.substr(i, 2)), nullptr, 16));
  }
  EXPECT_EQ(PrintText(DecodeBytes(AsBytes(bytes))), R"(highWaterMark 2.25
byteLimit 12345
ticks promise-resolve
methods start write close abort size
on start {
  w3.write("abA" * 7) unobserved
} return pending
on size return 0.75
on signal throw r1
w0 = stream.getWriter()
w1 = new WritableStreamDefaultWriter(stream)
w0.write(shared(77)#3)
w0.write("\u007f\u0080\u07ff\u0800")
w0.close()
w0.abort(undefined) unobserved
w0.releaseLock()
stream.abort(r3)
stream.close() unobserved
controller.error(r0)
resolve then
reject close r2
run
run 300
tick 2
read w0
read stream
watch w0.ready
watch w0.closed
closeWithErrorPropagation(w2)
errorStream(r2)
)");
  EXPECT_EQ(EncodeBytes(DecodeBytes(AsBytes(bytes))), bytes);
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
