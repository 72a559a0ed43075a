// What must hold of Headers, Request and Response (src/runtime/fetch), for any steps (step_program.h):
//
//   headers a|b|Set-Cookie|c    made of a sequence; `record` of an object, `copy` of the last Headers
//   append a|d                  and `set`, `delete`, `iterate`, `many`, to the last Headers; `of 2` makes another the
//   last one method post                 and the other options: body, raw, buffer, query, nobody, status, reason, with
//   (headers),
//                               signal, unsignal, which the next constructor gets
//   request http://a/           and `response`, `json`, `redirect`, `error`, `again` (a request of the last request),
//   `clone` use 0                       makes another message the last one text                        reads its body:
//   `parse` as JSON, `view` as bytes, `take` as a buffer abort                       the last signal
//
// The second opinion is fetch.js: a literal model of the Fetch Standard, with which all objects are compared after each
// step.
#ifndef SLUICE_FUZZ_SCRIPT_FETCH_RULES_H_
#define SLUICE_FUZZ_SCRIPT_FETCH_RULES_H_

#include <optional>
#include <string_view>

#include "fuzz/script/script_world.h"

namespace sluice::fuzz {

// The first rule that does not hold. Tests give statements as `fault` that put a class with a fault in place of ours.
std::optional<ScriptFinding> CheckFetch(std::string_view text, std::string_view fault = "");

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_SCRIPT_FETCH_RULES_H_
