// What a line of the REPL may be completed with: names of variables and of properties.
//
//   Complete(context, evaluator, "console.lo")   {.prefix = "lo", .candidates = {"log"}}
//
// No getter runs, and no Proxy's traps.
#ifndef SLUICE_RUNTIME_COMPLETION_H_
#define SLUICE_RUNTIME_COMPLETION_H_

#include <v8.h>

#include <string>
#include <string_view>
#include <vector>

#include "src/runtime/repl_evaluator.h"

namespace sluice::runtime {

struct Completion {
  std::string prefix;                   // the part of the line's end that is being completed
  std::vector<std::string> candidates;  // whole names that begin with it, sorted
};

// `line` is what stands before the cursor. Inside a task.
Completion Complete(v8::Local<v8::Context> context, ReplEvaluator& evaluator, std::string_view line);
// What all of `candidates` begin with.
std::string CommonPrefix(const std::vector<std::string>& candidates);

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_COMPLETION_H_
