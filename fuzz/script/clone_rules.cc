#include "fuzz/script/clone_rules.h"

#include <algorithm>
#include <string>

#include "fuzz/script/clone_js.h"
#include "fuzz/script/value_program.h"
#include "fuzz/script/values_js.h"

namespace sluice::fuzz {

std::optional<ScriptFinding> CheckClone(std::string_view text, std::string_view fault) {
  const ValueProgram program = ReadValueProgram(text);
  std::string check = "checkClone(v[v.length - 1], [";
  for (const size_t index : program.transfer) check += "v[" + std::to_string(index) + "],";
  check += "])";
  const std::string source = std::string(fault) + ";\n" + program.source;
  const ScriptRun run = RunScripts({kValuesJs, kCloneJs, source, check});
  if (!run.thrown.empty())
    return {{"CLONE-ORACLE", "the rules themselves do not fail", run.thrown + "\n" + source + check}};
  if (run.result.empty()) return std::nullopt;
  const size_t rule = std::min(run.result.find('\n'), run.result.size() - 1);
  const size_t sentence = std::min(run.result.find('\n', rule + 1), run.result.size() - 1);
  return {{run.result.substr(0, rule), run.result.substr(rule + 1, sentence - rule - 1),
           run.result.substr(sentence + 1) + "\n\n" + source + check}};
}

}  // namespace sluice::fuzz
