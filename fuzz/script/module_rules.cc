#include "fuzz/script/module_rules.h"

#include <sys/mman.h>
#include <unistd.h>

#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "fuzz/script/module_graph.h"
#include "fuzz/script/modules_js.h"

namespace sluice::fuzz {
namespace {

using MaybeFinding = std::optional<ScriptFinding>;

// Files that nobody but this process sees, and that are gone with it.
class Files {
 public:
  explicit Files(const ModuleGraph& graph) {
    for (const Module& module : graph.modules) {
      const int file = module.is_absent ? -1 : memfd_create("module", MFD_CLOEXEC);
      files_.push_back(file);
      specifiers_.push_back("/proc/self/fd/" +
                            (file < 0 ? "absent" + std::to_string(files_.size()) : std::to_string(file)));
    }
    for (size_t i = 0; i < files_.size(); ++i) {
      const std::string source = ModuleSource(graph, i, specifiers_);
      if (files_[i] >= 0 && write(files_[i], source.data(), source.size()) < 0) specifiers_[i] += "-unwritten";
    }
  }
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;
  ~Files() {
    for (const int file : files_) {
      if (file >= 0) close(file);
    }
  }

  const std::vector<std::string>& specifiers() const { return specifiers_; }

 private:
  std::vector<int> files_;
  std::vector<std::string> specifiers_;
};

// What can be said of a graph without running it.
class Prospects {
 public:
  explicit Prospects(const ModuleGraph& graph) : graph_(graph) {
    for (size_t i = 0; i < graph.modules.size(); ++i) reached_.push_back(Reach(i));
  }

  std::vector<size_t> ImportsOf(size_t module) const {
    std::vector<size_t> imports;
    for (const auto& [step, number] : graph_.modules[module].lines) {
      if (step <= ModuleStep::kMissing) imports.push_back(number);
    }
    return imports;
  }
  // By static imports; with the module itself.
  const std::set<size_t>& ReachedFrom(size_t module) const { return reached_[module]; }
  bool FailsToLoad(size_t module) const {
    for (const size_t each : reached_[module]) {
      const Module& part = graph_.modules[each];
      if (part.is_absent || part.is_broken || Has(each, {ModuleStep::kMissing})) return true;
    }
    return false;
  }
  bool Throws(size_t module) const { return Has(module, {ModuleStep::kThrow, ModuleStep::kReject}); }
  bool FailsToEvaluate(size_t module) const {
    for (const size_t each : reached_[module]) {
      if (Throws(each)) return true;
    }
    return false;
  }

 private:
  bool Has(size_t module, const std::set<ModuleStep>& steps) const {
    for (const Module::Line& line : graph_.modules[module].lines) {
      if (steps.contains(line.step)) return true;
    }
    return false;
  }
  std::set<size_t> Reach(size_t from) const {
    std::set<size_t> reached;
    std::vector<size_t> waiting{from};
    while (!waiting.empty()) {
      const size_t module = waiting.back();
      waiting.pop_back();
      if (!reached.insert(module).second || graph_.modules[module].is_absent || graph_.modules[module].is_broken)
        continue;
      for (const size_t import : ImportsOf(module)) waiting.push_back(import);
    }
    return reached;
  }

  const ModuleGraph& graph_;
  std::vector<std::set<size_t>> reached_;
};

struct Import {
  size_t module = 0;
  std::string state;
  size_t value = 0;  // equal numbers: the same value
  std::string says;
};

// Applies the rules to what a script says happened.
class Judge {
 public:
  Judge(const Prospects& prospects, const std::string& summary) : prospects_(prospects) {
    std::istringstream lines(summary);
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words(line);
      std::string what;
      words >> what;
      if (what == "import") {
        Import import;
        words >> import.module >> import.state >> import.value >> import.says;
        imports_.push_back(import);
      } else {
        size_t module = 0;
        words >> module;
        events_.emplace_back(what, module);
      }
    }
  }

  MaybeFinding Check() const {
    if (auto finding = CheckEvents()) return finding;
    for (const Import& import : imports_) {
      if (auto finding = CheckImport(import)) return finding;
    }
    std::map<size_t, Import> first;
    for (const Import& import : imports_) {
      const Import& before = first.try_emplace(import.module, import).first->second;
      // What failed to load is tried again, and has an error of its own each time.
      const bool is_same = prospects_.FailsToLoad(import.module) || before.value == import.value;
      if (!is_same || before.state != import.state || before.says != import.says) {
        return Finding("MOD-SAME", "a module that is imported again is, or fails, as it did before", import.module);
      }
    }
    return std::nullopt;
  }

 private:
  MaybeFinding CheckEvents() const {
    std::set<size_t> begun;
    std::set<size_t> ended;
    for (const auto& [what, module] : events_) {
      if (!(what == "begin" ? begun : ended).insert(module).second) {
        return Finding("MOD-ONCE", "a module is evaluated at most once", module);
      }
      if (prospects_.FailsToLoad(module))
        return Finding("MOD-LOAD", "a module whose imports fail to load never runs", module);
      // What it reaches through a cycle of its own may come later.
      for (const size_t import : prospects_.ImportsOf(module)) {
        const bool is_cycle = prospects_.ReachedFrom(import).contains(module);
        if (what == "begin" && !is_cycle && !ended.contains(import)) {
          return Finding("MOD-ORDER", "a module begins when all that it imports has ended, cycles apart", module);
        }
      }
    }
    return std::nullopt;
  }

  MaybeFinding CheckImport(const Import& import) const {
    if (import.state != "fulfilled" && import.state != "rejected") {
      return Finding("MOD-SETTLES", "each import() settles, once", import.module);
    }
    const bool fails_to_load = prospects_.FailsToLoad(import.module);
    const bool fails = fails_to_load || prospects_.FailsToEvaluate(import.module);
    if (fails != (import.state == "rejected")) {
      return Finding("MOD-OUTCOME", "an import fails if, and only if, something that it reaches does", import.module);
    }
    if (!fails && import.says != std::to_string(import.module)) {
      return Finding("MOD-NAMESPACE", "an import's value is the namespace of its module", import.module);
    }
    const bool is_loaders = import.says == "TypeError" || import.says == "SyntaxError";
    if (fails && fails_to_load != is_loaders) {
      return Finding("MOD-ERROR", "an import that fails has the error of something that it reaches", import.module);
    }
    if (fails && !fails_to_load) {
      const size_t culprit = import.says.empty() ? SIZE_MAX : static_cast<size_t>(import.says[0] - '0');
      if (!prospects_.ReachedFrom(import.module).contains(culprit) || !prospects_.Throws(culprit)) {
        return Finding("MOD-ERROR", "an import that fails has the error of something that it reaches", import.module);
      }
    }
    return std::nullopt;
  }

  static MaybeFinding Finding(const char* rule, const char* sentence, size_t module) {
    return {{rule, sentence, "module " + std::to_string(module)}};
  }

  const Prospects& prospects_;
  std::vector<std::pair<std::string, size_t>> events_;
  std::vector<Import> imports_;
};

std::string Printed(const ModuleGraph& graph) {
  std::vector<std::string> names;
  for (size_t i = 0; i < graph.modules.size(); ++i) names.push_back("./" + std::to_string(i) + ".mjs");
  std::string text;
  for (size_t i = 0; i < graph.modules.size(); ++i) {
    text += "// " + names[i] +
            (graph.modules[i].is_absent ? ": no such file\n" : "\n" + ModuleSource(graph, i, names)) + "\n";
  }
  return text;
}

}  // namespace

MaybeFinding CheckModules(std::string_view text, std::string_view fault) {
  const ModuleGraph graph = ReadModuleGraph(text);
  const Files files(graph);
  std::string summary;
  std::string thrown;
  WithRealm([&](runtime::Realm& realm, ScriptRun& run) {
    const auto evaluate = [&](const std::string& script) {
      realm.RunTask([&] { run.result = Evaluate(realm.context(), script, run); });
    };
    const auto load = [&](size_t module) {
      const std::string number = std::to_string(module);
      evaluate("void imported(" + number + ", import('" + files.specifiers()[module] + "'))");
    };
    evaluate(std::string(kModulesJs));
    evaluate(std::string(fault));
    // Two at a time, so that some are asked for while they are evaluated.
    for (size_t i = 0; i < graph.loads.size(); ++i) {
      load(graph.loads[i]);
      if (i % 2 == 1) realm.RunLoop();
    }
    realm.RunLoop();
    for (int round = 0; round < 2; ++round) {
      for (size_t i = 0; i < graph.modules.size(); ++i) load(i);
      realm.RunLoop();
    }
    evaluate("summary()");
    summary = run.result;
    thrown = run.thrown;
  });
  MaybeFinding finding = Judge(Prospects(graph), summary).Check();
  if (!finding && !thrown.empty()) finding = {"MOD-ORACLE", "the rules themselves do not fail", thrown};
  if (finding) finding->detail += "\n\n" + summary + "\n\n" + Printed(graph);
  return finding;
}

}  // namespace sluice::fuzz
