// The decoders of the Encoding Standard that this shell has, over plain bytes.
//   https://encoding.spec.whatwg.org/#decoders
//
//   DecoderState state;
//   Decode(isolate, Encoding::kUtf8, bytes, {.stream = true}, state).ToLocal(&text)
#ifndef SLUICE_RUNTIME_TEXT_DECODER_H_
#define SLUICE_RUNTIME_TEXT_DECODER_H_

#include <v8.h>

#include <array>
#include <cstdint>
#include <optional>
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

// The text of what `state` has pending and `bytes`. Malformed bytes become U+FFFD or, if `fatal`, a TypeError is thrown
// and the result is empty. `state` is then, and at the end of a stream, as new.
v8::MaybeLocal<v8::String> Decode(v8::Isolate* isolate, Encoding encoding, std::string_view bytes,
                                  const DecodeOptions& options, DecoderState& state);

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_TEXT_DECODER_H_
