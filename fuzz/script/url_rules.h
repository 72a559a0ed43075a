// What must hold of URL and URLSearchParams (src/runtime/fetch), for any steps (step_program.h):
//
//   base http://a/
//   url ../b?c=d
//   hash x
//   append key
//
// Words: base, url, href, a part's name, append, delete, sort.
#ifndef SLUICE_FUZZ_SCRIPT_URL_RULES_H_
#define SLUICE_FUZZ_SCRIPT_URL_RULES_H_

#include <optional>
#include <string_view>

#include "fuzz/script/script_world.h"

namespace sluice::fuzz {

// The first rule that does not hold. Tests give statements as `fault` that put a URL with a fault in place of ours.
std::optional<ScriptFinding> CheckUrl(std::string_view text, std::string_view fault = "");

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_SCRIPT_URL_RULES_H_
