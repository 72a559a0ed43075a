// Rules of header lists, methods and status lines (src/runtime/fetch/http_syntax), for any bytes. The second opinion is
// a literal model, written from RFC 9110, RFC 9112 and the Fetch Standard.
#ifndef SLUICE_FUZZ_RUNTIME_HEADER_RULES_H_
#define SLUICE_FUZZ_RUNTIME_HEADER_RULES_H_

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/runtime/fetch/http_syntax.h"

namespace sluice::fuzz {

struct HeaderFinding {
  std::string rule;      // "HDR-LIST"
  std::string sentence;  // the rule
  std::string detail;    // the input that breaks it
};

// The functions under test. Tests put one with a fault in the place of ours.
struct HeaderFunctions {
  decltype(&runtime::IsToken) is_token = runtime::IsToken;
  decltype(&runtime::IsHeaderValue) is_header_value = runtime::IsHeaderValue;
  decltype(&runtime::NormalizeHeaderValue) normalize_header_value = runtime::NormalizeHeaderValue;
  decltype(&runtime::IsReasonPhrase) is_reason_phrase = runtime::IsReasonPhrase;
  decltype(&runtime::IsForbiddenMethod) is_forbidden_method = runtime::IsForbiddenMethod;
  decltype(&runtime::NormalizeMethod) normalize_method = runtime::NormalizeMethod;
  decltype(&runtime::WriteHeaders) write_headers = runtime::WriteHeaders;
  decltype(&runtime::ReadHeaders) read_headers = runtime::ReadHeaders;
};

// The first rule that does not hold. `bytes` are names and values in turns, with a '|' between two; each is tried as a
// method and as a reason phrase, too.
std::optional<HeaderFinding> CheckHeaders(std::string_view bytes, const HeaderFunctions& functions = {});

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_RUNTIME_HEADER_RULES_H_
