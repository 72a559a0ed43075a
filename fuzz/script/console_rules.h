// What must hold of the console (src/runtime/console, console_format, inspect), for the values of any value program.
#ifndef SLUICE_FUZZ_SCRIPT_CONSOLE_RULES_H_
#define SLUICE_FUZZ_SCRIPT_CONSOLE_RULES_H_

#include <optional>
#include <string_view>

#include "fuzz/script/script_world.h"

namespace sluice::fuzz {

// The first rule that does not hold when the values of the program `text` are printed, in each way that there is. Tests
// give statements as `fault` that put methods with faults in place of the console's.
std::optional<ScriptFinding> CheckConsole(std::string_view text, std::string_view fault = "");

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_SCRIPT_CONSOLE_RULES_H_
