// The decoders of the Encoding Standard that this shell has, over plain bytes. Knows no V8, so that a fuzzer can use
// it.
//   https://encoding.spec.whatwg.org/#decoders
//
//   DecoderState state;
//   DecodedText text;
//   if (!Decode(Encoding::kUtf8, bytes, {.fatal = true, .stream = true}, state, text)) ... the bytes were malformed
//
// Deviation: after a fatal error in the middle of a stream, the standard keeps the rest of the chunk for the next call.
// Here the decoder is then as new, so that it never holds more than three bytes.
#ifndef SLUICE_RUNTIME_TEXT_DECODER_H_
#define SLUICE_RUNTIME_TEXT_DECODER_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::runtime {

enum class Encoding : uint8_t { kUtf8, kUtf16Le, kUtf16Be, kWindows1252 };

// https://encoding.spec.whatwg.org/#concept-encoding-get
std::optional<Encoding> EncodingOfLabel(std::string_view label);
// "utf-8", ...
const char* NameOf(Encoding encoding);

// What is carried from one chunk of a stream to the next.
struct DecoderState {
  bool bom_seen = false;
  uint8_t pending_count = 0;
  std::array<uint8_t, 3> pending{};  // the begin of a character whose rest is to come
};

struct DecodeOptions {
  bool fatal = false;
  bool ignore_bom = false;
  bool stream = false;  // more is to come
};

// In the form that costs least to make and to read: well-formed UTF-8 stays where it is.
struct DecodedText {
  DecodedText() = default;
  DecodedText(const DecodedText&) = delete;
  DecodedText& operator=(const DecodedText&) = delete;

  bool is_utf8 = false;
  std::string_view utf8;  // if is_utf8: well-formed; a part of the bytes that were decoded, or of `joined`
  std::u16string units;   // otherwise; never a lone surrogate
  std::string joined;     // what was pending and the bytes
};

// The text of what `state` has pending and `bytes`, which must outlive `text`. Malformed parts become U+FFFD or, if
// `fatal`, the result is false. `state` is then, and at the end of a stream, as new.
[[nodiscard]] bool Decode(Encoding encoding, std::string_view bytes, const DecodeOptions& options, DecoderState& state,
                          DecodedText& text);

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_TEXT_DECODER_H_
