// What must hold of structuredClone (src/runtime/structured_clone), for the value of any value program.
#ifndef SLUICE_FUZZ_SCRIPT_CLONE_RULES_H_
#define SLUICE_FUZZ_SCRIPT_CLONE_RULES_H_

#include <optional>
#include <string_view>

#include "fuzz/script/script_world.h"

namespace sluice::fuzz {

// The first rule that does not hold for the last value of the program `text`, with its transfer list. Tests give
// statements as `fault` that put a clone with a fault in place of ours.
std::optional<ScriptFinding> CheckClone(std::string_view text, std::string_view fault = "");

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_SCRIPT_CLONE_RULES_H_
