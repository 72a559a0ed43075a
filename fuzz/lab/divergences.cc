#include "fuzz/lab/divergences.h"

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fuzz/lab/judging.h"
#include "fuzz/lab/program_file.h"

namespace sluice::lab {

using fuzz::Divergence;
using fuzz::DivergenceFinder;
using fuzz::Finding;
using fuzz::Judge;
using fuzz::Program;

WithoutV8 RunWithoutV8(const Program& program, const Finding& finding) {
  DivergenceFinder finder(program);
  Judge judge;
  judge.WatchCore(&finder);
  const std::optional<Finding> first = judge.Run(program);
  const auto& all = judge.findings();
  const auto same =
      std::find_if(all.begin(), all.end(), [&](const Finding& one) { return one.key() == finding.key(); });
  if (same != all.end()) return {same->key(), finder.divergence()};
  if (first.has_value() && first->event <= finding.event) return {first->key(), finder.divergence()};
  return {};
}

std::optional<DivergentFinding> FirstWithDivergence(Judge& judge, Judged judged, const Program& program) {
  const auto point_of = [](const std::optional<Divergence>& divergence) {
    return divergence.has_value() ? divergence->place() : std::string();
  };
  if (judged == Judged::kV8) {
    const std::optional<Finding> first = judge.Run(program);
    if (!first.has_value()) return std::nullopt;
    const WithoutV8 without = RunWithoutV8(program, *first);
    return DivergentFinding{*first, without.broken.empty() ? kInV8Alone : point_of(without.divergence)};
  }
  DivergenceFinder finder(program);
  judge.WatchCore(&finder);
  const std::optional<Finding> first = judge.Run(program);
  judge.WatchCore(nullptr);
  if (!first.has_value()) return std::nullopt;
  return DivergentFinding{*first, point_of(finder.divergence())};
}

int Divergences(const std::vector<std::string>& paths, Judged judged) {
  const auto judge = NewJudge(judged);
  int worst = kExitOk;
  for (const std::string& path : paths) {
    const auto bytes = ReadFile(path);
    const auto program = bytes.ok() ? ParseProgram(path, *bytes) : bytes.status();
    if (!program.ok()) {
      worst = Complain(program.status());
      continue;
    }
    if (const auto found = FirstWithDivergence(*judge, judged, *program)) {
      PrintOut(absl::StrCat(path, "\t", found->finding.key(), "\t", found->divergence, "\n"));
      worst = std::max(worst, kExitFinding);
    } else {
      PrintOut(absl::StrCat(path, "\t\t\n"));
    }
    std::fflush(stdout);  // what is behind may end the process
  }
  return worst;
}

}  // namespace sluice::lab
