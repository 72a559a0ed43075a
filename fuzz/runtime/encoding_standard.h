// A second opinion on TextDecoder: the decoders as the Encoding Standard describes them, a byte at a time, with its
// names. Slow on purpose, and shares nothing with src/runtime/text_decoder.
//   https://encoding.spec.whatwg.org/#decoders
//
//   StandardDecoder decoder(StandardEncoding::kUtf8, {.fatal = false, .ignore_bom = false});
//   std::optional<std::u16string> text = decoder.Decode(bytes, /*stream=*/true);  // nothing: a TypeError
#ifndef SLUICE_FUZZ_RUNTIME_ENCODING_STANDARD_H_
#define SLUICE_FUZZ_RUNTIME_ENCODING_STANDARD_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::fuzz {

enum class StandardEncoding : uint8_t { kUtf8, kUtf16Le, kUtf16Be, kWindows1252 };

class StandardDecoder {
 public:
  struct Options {
    bool fatal = false;
    bool ignore_bom = false;
  };

  StandardDecoder(StandardEncoding encoding, const Options& options);
  ~StandardDecoder();

  // https://encoding.spec.whatwg.org/#dom-textdecoder-decode
  std::optional<std::u16string> Decode(std::string_view bytes, bool stream);

  // One decoder's instance: "the decoder" of the standard, with its handler.
  class Handler;

 private:
  const StandardEncoding encoding_;
  const Options options_;
  std::unique_ptr<Handler> handler_;
  std::deque<int> queue_;  // bytes
  bool do_not_flush_ = false;
  bool bom_seen_ = false;
};

// https://encoding.spec.whatwg.org/#concept-encoding-get, as far as spelling goes: ASCII whitespace around it removed,
// in lower case.
std::string StandardLabel(std::string_view label);

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_RUNTIME_ENCODING_STANDARD_H_
