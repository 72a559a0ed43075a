#include "fuzz/runtime/text_decoding_rules.h"

#include <algorithm>
#include <cstdio>
#include <vector>

#include "fuzz/runtime/encoding_standard.h"

namespace sluice::fuzz {
namespace {

using runtime::DecodedText;
using runtime::DecodeOptions;
using runtime::DecoderState;
using runtime::Encoding;
using MaybeTextFinding = std::optional<TextDecodingFinding>;
using Chunks = std::vector<std::string_view>;

constexpr std::pair<Encoding, StandardEncoding> kEncodings[] = {
    {Encoding::kUtf8, StandardEncoding::kUtf8},
    {Encoding::kUtf16Le, StandardEncoding::kUtf16Le},
    {Encoding::kUtf16Be, StandardEncoding::kUtf16Be},
    {Encoding::kWindows1252, StandardEncoding::kWindows1252},
};

std::string Hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    char digits[4];
    std::snprintf(digits, sizeof(digits), "%s%02x", text.empty() ? "" : " ", static_cast<unsigned char>(c));
    text += digits;
  }
  return text.empty() ? "nothing" : text;
}

std::string Printed(const std::optional<std::u16string>& text) {
  if (!text) return "a TypeError";
  std::string printed;
  for (const char16_t unit : *text) {
    char digits[8];
    std::snprintf(digits, sizeof(digits), " %04X", static_cast<unsigned>(unit));
    printed += digits;
  }
  return printed.empty() ? "the empty string" : "code units" + printed;
}

// Text that should be to be well-formed UTF-8, as code units; nothing if it is not.
std::optional<std::u16string> FromUtf8(std::string_view utf8) {
  return StandardDecoder(StandardEncoding::kUtf8, {.fatal = true, .ignore_bom = true}).Decode(utf8, false);
}

struct Variant {
  std::pair<Encoding, StandardEncoding> encoding;
  DecodeOptions options;

  std::string Printed() const {
    return std::string(NameOf(encoding.first)) + (options.fatal ? ", fatal" : "") +
           (options.ignore_bom ? ", ignoreBOM" : "");
  }
};

// What the standard's decoder makes of `bytes`. It reads one at a time, so that one pass says what is to come of a
// stream that is cut anywhere.
class Expected {
 public:
  Expected(const Variant& variant, std::string_view bytes) {
    StandardDecoder decoder(variant.encoding.second,
                            {.fatal = variant.options.fatal, .ignore_bom = variant.options.ignore_bom});
    for (size_t i = 0; i <= bytes.size(); ++i) {
      const bool at_end = i == bytes.size();
      const auto more = decoder.Decode(at_end ? "" : bytes.substr(i, 1), !at_end);
      if (!more) return;
      text_ += *more;
      lengths_.push_back(text_.size());
    }
  }

  // Of a call of decode() that is given the bytes from `begin` to `end`, and has none after `end` if it is the last.
  std::optional<std::u16string> Of(size_t begin, size_t end, bool is_last) const {
    const size_t reads = end + (is_last ? 1 : 0);
    if (reads > lengths_.size()) return std::nullopt;
    const size_t from = begin == 0 ? 0 : lengths_[begin - 1];
    return text_.substr(from, (reads == 0 ? 0 : lengths_[reads - 1]) - from);
  }

 private:
  std::u16string text_;
  std::vector<size_t> lengths_;  // of the text after each byte, and after the end; up to the first error that is fatal
};

// Feeds one of our decoders with the bytes, cut into chunks, up to the end or a TypeError; then again, the same
// decoder.
class Run {
 public:
  Run(const Variant& variant, const Expected& expected, const TextDecode& decode)
      : variant_(variant), expected_(expected), decode_(decode) {}

  MaybeTextFinding Check(const Chunks& chunks, int rounds) {
    for (int round = 0; round < rounds; ++round) {
      size_t begin = 0;
      for (size_t i = 0; i < chunks.size(); ++i) {
        const bool is_last = i + 1 == chunks.size();
        const auto expected = expected_.Of(begin, begin + chunks[i].size(), is_last);
        begin += chunks[i].size();
        if (auto finding = CheckCall(chunks[i], !is_last, expected)) return finding;
        if (!expected) break;
      }
      if (state_.pending_count != 0 || state_.bom_seen) {
        return Finding("TEXT-END", "after the end of a stream, or an error, a decoder is as new", "It is not");
      }
    }
    return std::nullopt;
  }

 private:
  struct Call {
    std::string_view bytes;
    bool stream = false;
    std::optional<std::u16string> result;
  };

  MaybeTextFinding CheckCall(std::string_view bytes, bool stream, const std::optional<std::u16string>& expected) {
    DecodeOptions options = variant_.options;
    options.stream = stream;
    DecodedText text;
    std::optional<std::u16string> result;
    if (decode_(variant_.encoding.first, bytes, options, state_, text)) {
      result = text.is_utf8 ? FromUtf8(text.utf8) : std::optional(text.units);
      if (!result) return Finding("TEXT-FORM", "text that is passed on as UTF-8 is well-formed", Hex(text.utf8));
    }
    const bool is_whole = calls_.empty() && !stream;
    calls_.push_back({bytes, stream, std::move(result)});
    if (calls_.back().result == expected) return std::nullopt;
    return Finding(is_whole ? "TEXT-WHOLE" : "TEXT-CUT",
                   "each call of decode() returns what the Encoding Standard says, wherever the bytes are cut",
                   "By the standard the last returns " + Printed(expected));
  }

  MaybeTextFinding Finding(const char* rule, const char* sentence, const std::string& why) const {
    std::string detail = variant_.Printed() + "\n";
    for (const auto& [bytes, stream, result] : calls_) {
      detail += "decode(" + Hex(bytes) + (stream ? ", stream) -> " : ") -> ") + Printed(result) + "\n";
    }
    return {{rule, sentence, detail + why}};
  }

  const Variant& variant_;
  const Expected& expected_;
  const TextDecode& decode_;
  DecoderState state_;
  std::vector<Call> calls_;
};

Chunks InPieces(std::string_view bytes, size_t size) {
  Chunks chunks;
  for (size_t i = 0; i < bytes.size(); i += size) chunks.push_back(bytes.substr(i, size));
  chunks.emplace_back();
  return chunks;
}

MaybeTextFinding CheckLabel(std::string_view bytes) {
  const std::string label = StandardLabel(bytes);
  const auto found = runtime::EncodingOfLabel(bytes);
  if (found != runtime::EncodingOfLabel(label) || (found && label.empty())) {
    return {{"TEXT-LABEL", "a label's case and the blanks around it do not matter", Hex(bytes)}};
  }
  if (found && runtime::EncodingOfLabel(NameOf(*found)) != found) {
    return {{"TEXT-NAME", "an encoding's name is a label of it", NameOf(*found)}};
  }
  return std::nullopt;
}

}  // namespace

MaybeTextFinding CheckTextDecoding(std::string_view bytes, const TextDecode& decode) {
  if (auto finding = CheckLabel(bytes)) return finding;
  const size_t step = bytes.size() / kMostTextCuts + 1;
  for (const auto& encoding : kEncodings) {
    for (const int flags : {0, 1, 2, 3}) {
      const Variant variant = {encoding, {.fatal = (flags & 1) != 0, .ignore_bom = (flags & 2) != 0}};
      const Expected expected(variant, bytes);
      const auto check = [&](const Chunks& chunks, int rounds) {
        return Run(variant, expected, decode).Check(chunks, rounds);
      };
      if (auto finding = check({bytes}, 2)) return finding;
      for (size_t cut = 0; cut <= bytes.size(); cut += step) {
        if (auto finding = check({bytes.substr(0, cut), bytes.substr(cut)}, 1)) return finding;
      }
      for (const size_t size : {size_t{1}, size_t{2}, size_t{3}}) {
        if (auto finding = check(InPieces(bytes, size), 2)) return finding;
      }
    }
  }
  return std::nullopt;
}

}  // namespace sluice::fuzz
