#include "fuzz/script/module_graph.h"

#include <algorithm>
#include <iterator>
#include <optional>

namespace sluice::fuzz {
namespace {

constexpr size_t kMostLines = 8;
constexpr size_t kMostLoads = 12;
constexpr size_t kMostTicks = 6;
// How long kRace waits: no import() that is not done by then ends in microtasks alone.
constexpr size_t kRaceTicks = 8;

struct GraphWord {
  std::string_view word;
  std::optional<ModuleStep> step;
};
constexpr GraphWord kGraphWords[] = {
    {"module", std::nullopt},        {"load", std::nullopt},
    {"broken", std::nullopt},        {"absent", std::nullopt},
    {"import", ModuleStep::kImport}, {"reexport", ModuleStep::kReexport},
    {"named", ModuleStep::kNamed},   {"missing", ModuleStep::kMissing},
    {"await", ModuleStep::kAwait},   {"throw", ModuleStep::kThrow},
    {"reject", ModuleStep::kReject}, {"dynamic", ModuleStep::kDynamic},
    {"race", ModuleStep::kRace},
};

const GraphWord& FoundGraphWord(std::string_view word) {
  const auto found = std::find_if(std::begin(kGraphWords), std::end(kGraphWords),
                                  [&](const GraphWord& each) { return each.word == word; });
  if (found != std::end(kGraphWords)) return *found;
  return kGraphWords[(word.empty() ? 0 : static_cast<unsigned char>(word[0])) % std::size(kGraphWords)];
}

std::string Statement(const Module::Line& line, size_t index, size_t at, const std::vector<std::string>& specifiers) {
  const std::string name = "m" + std::to_string(at);
  const auto from = [&] { return " '" + specifiers[line.number] + "';\n"; };
  const auto import = [&] {
    return "imported(" + std::to_string(line.number) + ", import('" + specifiers[line.number] + "'))";
  };
  switch (line.step) {
    case ModuleStep::kImport:
      return "import * as " + name + " from" + from();
    case ModuleStep::kReexport:
      return "export * from" + from();
    case ModuleStep::kNamed:
      return "import { value as " + name + " } from" + from();
    case ModuleStep::kMissing:
      return "import { nowhere as " + name + " } from" + from();
    case ModuleStep::kAwait:
      return "await ticks(" + std::to_string(line.number) + ");\n";
    case ModuleStep::kThrow:
      return "throw failure(" + std::to_string(index) + ");\n";
    case ModuleStep::kReject:
      return "await Promise.reject(failure(" + std::to_string(index) + "));\n";
    case ModuleStep::kDynamic:
      return import() + ";\n";
    case ModuleStep::kRace:
      return "await Promise.race([" + import() + ", ticks(" + std::to_string(kRaceTicks) + ")]);\n";
  }
  return "";
}

}  // namespace

ModuleGraph ReadModuleGraph(std::string_view text) {
  ModuleGraph graph;
  std::vector<size_t> loads;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    begin = end + 1;
    const size_t blank = std::min(line.find(' '), line.size());
    const size_t number = blank + 1 < line.size() ? static_cast<unsigned char>(line[blank + 1]) - size_t{'0'} : 0;
    const GraphWord& word = FoundGraphWord(line.substr(0, blank));
    if (word.word == "load") {
      if (loads.size() < kMostLoads) loads.push_back(number);
      continue;
    }
    if (word.word == "module" || graph.modules.empty()) {
      if (graph.modules.size() == kMostModules) continue;
      graph.modules.emplace_back();
    }
    Module& module = graph.modules.back();
    module.is_broken = module.is_broken || word.word == "broken";
    module.is_absent = module.is_absent || word.word == "absent";
    if (word.step && module.lines.size() < kMostLines) module.lines.push_back({*word.step, number});
  }
  if (graph.modules.empty()) graph.modules.emplace_back();
  for (Module& module : graph.modules) {
    for (Module::Line& line : module.lines) {
      line.number %= line.step == ModuleStep::kAwait ? kMostTicks : graph.modules.size();
    }
  }
  if (loads.empty()) loads.push_back(0);
  for (const size_t load : loads) graph.loads.push_back(load % graph.modules.size());
  return graph;
}

std::string ModuleSource(const ModuleGraph& graph, size_t index, const std::vector<std::string>& specifiers) {
  const Module& module = graph.modules[index];
  if (module.is_broken) return "this is no JavaScript";
  std::string source =
      "log('begin', " + std::to_string(index) + ");\nexport const value = " + std::to_string(index) + ";\n";
  for (size_t i = 0; i < module.lines.size(); ++i) source += Statement(module.lines[i], index, i, specifiers);
  return source + "log('end', " + std::to_string(index) + ");\n";
}

}  // namespace sluice::fuzz
