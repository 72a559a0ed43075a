// What must hold of ES modules (src/runtime/module_loader), for any graph: each import() settles, the process
// survives, and importing a module again gives the same result. The second opinion knows graphs, not promises: which
// modules a module reaches, which of them fail, and which must run first.
#ifndef SLUICE_FUZZ_SCRIPT_MODULE_RULES_H_
#define SLUICE_FUZZ_SCRIPT_MODULE_RULES_H_

#include <optional>
#include <string_view>

#include "fuzz/script/script_world.h"

namespace sluice::fuzz {

// The first rule that does not hold for the graph `text` (module_graph.h). Tests give statements as `fault` that
// falsify what the script sees.
std::optional<ScriptFinding> CheckModules(std::string_view text, std::string_view fault = "");

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_SCRIPT_MODULE_RULES_H_
