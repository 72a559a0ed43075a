#include "src/cli/places.h"

#include <cstdio>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "src/cli/judging.h"
#include "src/cli/program_file.h"

namespace sluice::cli {

using fuzz::Departure;
using fuzz::DepartureFinder;
using fuzz::Finding;
using fuzz::Judge;
using fuzz::Program;

std::optional<Departure> DepartureWithoutV8(const Program& program, const Finding& finding) {
  DepartureFinder finder(program);
  Judge judge;
  judge.WatchCore(&finder);
  return Breaks(judge, program, finding.key()) ? finder.departure() : std::nullopt;
}

std::optional<Placed> FirstWithPlace(Judge& judge, Judged judged, const Program& program) {
  std::optional<DepartureFinder> finder;
  if (judged != Judged::kV8) judge.WatchCore(&finder.emplace(program));
  std::optional<Finding> first = judge.Run(program);
  judge.WatchCore(nullptr);
  if (!first.has_value()) return std::nullopt;
  const auto departure = finder.has_value() ? finder->departure() : DepartureWithoutV8(program, *first);
  std::string place = departure.has_value() ? departure->place : judged == Judged::kV8 ? kInV8Alone : "";
  return Placed{std::move(*first), std::move(place)};
}

int Places(const std::vector<std::string>& paths, Judged judged) {
  const auto judge = NewJudge(judged);
  int worst = kExitOk;
  for (const std::string& path : paths) {
    const auto bytes = ReadFile(path);
    if (!bytes.ok()) return Complain(bytes.status());
    const auto program = ParseProgram(path, *bytes);
    if (!program.ok()) return Complain(program.status());
    if (const auto placed = FirstWithPlace(*judge, judged, *program)) {
      PrintOut(absl::StrCat(path, "\t", placed->finding.key(), "\t", placed->place, "\n"));
      worst = kExitFinding;
    } else {
      PrintOut(absl::StrCat(path, "\t\t\n"));
    }
    std::fflush(stdout);  // what is behind may end the process
  }
  return worst;
}

}  // namespace sluice::cli
