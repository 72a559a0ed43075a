// Base64 as the Infra Standard has it. https://infra.spec.whatwg.org/#forgiving-base64
#ifndef SLUICE_RUNTIME_BASE64_H_
#define SLUICE_RUNTIME_BASE64_H_

#include <optional>
#include <string>
#include <string_view>

namespace sluice::runtime {

// Blanks between the characters and missing padding are forgiven. Nothing if `text` is no Base64.
std::optional<std::string> ForgivingBase64Decode(std::string_view text);

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_BASE64_H_
