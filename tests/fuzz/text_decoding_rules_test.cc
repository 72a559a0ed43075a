// The rules of text decoding notice decoders with faults, and the seeds of text_decoder_fuzzer pass them.
#include "fuzz/runtime/text_decoding_rules.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "fuzz/runtime/encoding_standard.h"

namespace sluice::fuzz {
namespace {

namespace fs = std::filesystem;
using runtime::Decode;
using runtime::DecodedText;
using runtime::DecodeOptions;
using runtime::DecoderState;
using runtime::Encoding;

std::string RuleFor(std::string_view bytes, const TextDecode& decode) {
  const auto finding = CheckTextDecoding(bytes, decode);
  return finding ? finding->rule : "";
}

TEST(TextDecodingRulesTest, NoticeACharacterThatIsCutInTwo) {
  const TextDecode forgets = [](Encoding encoding, std::string_view bytes, const DecodeOptions& options,
                                DecoderState& state, DecodedText& text) {
    state.pending_count = 0;
    return Decode(encoding, bytes, options, state, text);
  };
  EXPECT_EQ(RuleFor("a", forgets), "TEXT-CUT");  // half a unit of UTF-16
  EXPECT_EQ(RuleFor("\xE2\x82\xAC", forgets), "TEXT-CUT");
}

TEST(TextDecodingRulesTest, NoticeAStrayTrailByteThatIsTakenForABegin) {
  const TextDecode keeps = [](Encoding encoding, std::string_view bytes, const DecodeOptions& options,
                              DecoderState& state, DecodedText& text) {
    const bool is_stray = encoding == Encoding::kUtf8 && bytes.size() == 1 && (bytes[0] & 0xC0) == 0x80;
    if (!is_stray || !options.stream || state.pending_count != 0) return Decode(encoding, bytes, options, state, text);
    state.pending = {static_cast<uint8_t>(bytes[0])};
    state.pending_count = 1;
    text.units.clear();
    text.is_utf8 = false;
    return true;
  };
  EXPECT_EQ(RuleFor("a\xE2\x82\xAC", keeps), "");
  EXPECT_EQ(RuleFor("\x80", keeps), "TEXT-CUT");
}

TEST(TextDecodingRulesTest, NoticeFatalThatIsNot) {
  const TextDecode lenient = [](Encoding encoding, std::string_view bytes, DecodeOptions options, DecoderState& state,
                                DecodedText& text) {
    options.fatal = false;
    return Decode(encoding, bytes, options, state, text);
  };
  EXPECT_EQ(RuleFor("ab", lenient), "");
  EXPECT_EQ(RuleFor("\xFF", lenient), "TEXT-WHOLE");
  EXPECT_EQ(RuleFor("a", lenient), "TEXT-WHOLE");  // half a unit of UTF-16
}

TEST(TextDecodingRulesTest, NoticeByteOrderMarks) {
  const TextDecode keeps = [](Encoding encoding, std::string_view bytes, DecodeOptions options, DecoderState& state,
                              DecodedText& text) {
    options.ignore_bom = true;
    return Decode(encoding, bytes, options, state, text);
  };
  EXPECT_EQ(RuleFor("\xEF\xBB\xBF", keeps), "TEXT-WHOLE");
  EXPECT_EQ(RuleFor("\xFF\xFE", keeps), "TEXT-WHOLE");
  const TextDecode takes_each = [](Encoding encoding, std::string_view bytes, const DecodeOptions& options,
                                   DecoderState& state, DecodedText& text) {
    state.bom_seen = false;
    return Decode(encoding, bytes, options, state, text);
  };
  EXPECT_EQ(RuleFor("\xEF\xBB\xBF\xEF\xBB\xBF", takes_each), "TEXT-CUT");
}

TEST(TextDecodingRulesTest, NoticeADecoderThatIsNotAsNewAtTheEnd) {
  const TextDecode remembers = [](Encoding encoding, std::string_view bytes, const DecodeOptions& options,
                                  DecoderState& state, DecodedText& text) {
    const bool well_formed = Decode(encoding, bytes, options, state, text);
    state.bom_seen = state.bom_seen || bytes.size() == 2;
    return well_formed;
  };
  EXPECT_EQ(RuleFor("ab", remembers), "TEXT-END");
}

TEST(TextDecodingRulesTest, NoticeMalformedTextThatIsPassedOnAsUtf8) {
  const TextDecode trusts = [](Encoding encoding, std::string_view bytes, const DecodeOptions& options,
                               DecoderState& state, DecodedText& text) {
    const bool well_formed = Decode(encoding, bytes, options, state, text);
    text.is_utf8 = encoding == Encoding::kUtf8 && state.pending_count == 0;
    text.utf8 = bytes;
    return well_formed;
  };
  EXPECT_EQ(RuleFor("\x80", trusts), "TEXT-FORM");
}

TEST(TextDecodingRulesTest, NoticeAWrongTable) {
  const TextDecode latin1 = [](Encoding encoding, std::string_view bytes, const DecodeOptions& options,
                               DecoderState& state, DecodedText& text) {
    if (encoding != Encoding::kWindows1252) return Decode(encoding, bytes, options, state, text);
    text.units.clear();
    for (const char c : bytes) text.units += static_cast<char16_t>(static_cast<unsigned char>(c));
    return true;
  };
  EXPECT_EQ(RuleFor("\x81", latin1), "");
  EXPECT_EQ(RuleFor("\x80", latin1), "TEXT-WHOLE");
}

// The second opinion by itself, for what the standard's own examples and the web platform tests show.
TEST(EncodingStandardTest, ReplacesEachMaximalPartOfACharacter) {
  const auto decoded = [](std::string_view bytes) {
    return StandardDecoder(StandardEncoding::kUtf8, {}).Decode(bytes, false);
  };
  EXPECT_EQ(decoded("\xC0\x80"), u"\xFFFD\xFFFD");
  EXPECT_EQ(decoded("\xE2\x82"), u"\xFFFD");
  EXPECT_EQ(decoded("\xED\xA0\x80"), u"\xFFFD\xFFFD\xFFFD");
  EXPECT_EQ(decoded("\xF0\x9F\x98"), u"\xFFFD");
  EXPECT_EQ(decoded("\xF4\x90\x80\x80"), u"\xFFFD\xFFFD\xFFFD\xFFFD");
  EXPECT_EQ(decoded("\xF0\x9F\x98\x80"), u"\xD83D\xDE00");
  EXPECT_EQ(StandardDecoder(StandardEncoding::kUtf8, {.fatal = true}).Decode("\x80", false), std::nullopt);
}

TEST(EncodingStandardTest, ALeadSurrogateAndHalfAUnitAtTheEndAreOneError) {
  EXPECT_EQ(StandardDecoder(StandardEncoding::kUtf16Le, {}).Decode("\x3D\xD8\x61", false), u"\xFFFD");
  EXPECT_EQ(StandardDecoder(StandardEncoding::kUtf16Be, {}).Decode("\xD8\x3D\xD8\x3D\x61", false), u"\xFFFD\xFFFD");
}

TEST(TextDecoderCorpusTest, EverySeedPasses) {
  size_t count = 0;
  for (const auto& entry : fs::directory_iterator("corpus/text_decoder_fuzzer")) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    const auto finding = CheckTextDecoding(bytes);
    EXPECT_FALSE(finding.has_value()) << entry.path() << "\n" << finding->rule << "\n" << finding->detail;
    EXPECT_FALSE(bytes.empty()) << entry.path();
    ++count;
  }
  EXPECT_GE(count, 15u);
}

}  // namespace
}  // namespace sluice::fuzz
