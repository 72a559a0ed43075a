// Rules of TextDecoder's decoders (src/runtime/text_decoder), for any bytes, cut anywhere.
#ifndef SLUICE_FUZZ_RUNTIME_TEXT_DECODING_RULES_H_
#define SLUICE_FUZZ_RUNTIME_TEXT_DECODING_RULES_H_

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "src/runtime/text_decoder.h"

namespace sluice::fuzz {

struct TextDecodingFinding {
  std::string rule;      // "TEXT-CUT"
  std::string sentence;  // the rule
  std::string detail;    // the input that breaks it
};

using TextDecode =
    std::function<bool(runtime::Encoding encoding, std::string_view bytes, const runtime::DecodeOptions& options,
                       runtime::DecoderState& state, runtime::DecodedText& text)>;

// Longer inputs are cut at fewer places.
inline constexpr size_t kMostTextCuts = 96;

// The first rule that does not hold, for every encoding and option. Tests put a decoder with a fault in place of ours.
std::optional<TextDecodingFinding> CheckTextDecoding(std::string_view bytes,
                                                     const TextDecode& decode = runtime::Decode);

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_RUNTIME_TEXT_DECODING_RULES_H_
