// Graphs of ES modules, described by lines of text: what module_graph_fuzzer reads.
//
//   module                 begins module 0; the next line of this kind, module 1, and so on
//   import 1               a static import of module 1
//   await 3                awaits three microtasks
//   throw
//   dynamic 2              import() of module 2, which nothing waits for
//   load 0                 the script imports module 0, in a task of its own
//
// An unknown word is replaced by the one that its first byte selects, so any bytes are a graph.
#ifndef SLUICE_FUZZ_SCRIPT_MODULE_GRAPH_H_
#define SLUICE_FUZZ_SCRIPT_MODULE_GRAPH_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::fuzz {

inline constexpr size_t kMostModules = 7;

enum class ModuleStep : uint8_t {
  kImport,    // statically, of all of a module
  kReexport,  // export * from
  kNamed,     // statically, of a name that all modules export
  kMissing,   // statically, of a name that no module exports: a SyntaxError when it is linked
  kAwait,     // so many microtasks
  kThrow,
  kReject,   // awaits a rejected promise
  kDynamic,  // import(), not awaited
  kRace,     // awaits import() or a few microtasks, whichever comes first: awaiting it alone could wait for itself
};

struct Module {
  struct Line {
    ModuleStep step;
    size_t number = 0;  // of the module, or of microtasks
  };
  std::vector<Line> lines;
  bool is_broken = false;  // no JavaScript
  bool is_absent = false;  // there is no such file
};

struct ModuleGraph {
  std::vector<Module> modules;  // at least one
  std::vector<size_t> loads;    // that the script does, in order; at least one
};

ModuleGraph ReadModuleGraph(std::string_view text);

// The text of module `index`. It calls `log` where its body begins and ends, and `imported` for each import();
// modules name one another by `specifiers`.
std::string ModuleSource(const ModuleGraph& graph, size_t index, const std::vector<std::string>& specifiers);

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_SCRIPT_MODULE_GRAPH_H_
