#include "fuzz/lab/state_coverage_command.h"

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "fuzz/driver/driver.h"
#include "fuzz/harness/files_under.h"
#include "fuzz/lab/commands.h"
#include "fuzz/lab/program_file.h"
#include "fuzz/oracle/judge.h"
#include "fuzz/program/bytes.h"
#include "fuzz/state_coverage/state_coverage_subject.h"

namespace sluice::lab {
namespace {

using Json = nlohmann::ordered_json;

// In the order of their names, so that examples are the same everywhere.
absl::StatusOr<std::vector<std::string>> FilesIn(const std::string& path) {
  std::error_code error;
  std::vector<std::string> files;
  for (const std::filesystem::path& file : fuzz::FilesUnder(path, error)) {
    if (file == path || file.filename() != "README.md") files.push_back(file);
  }
  if (error && files != std::vector{path}) {
    return absl::NotFoundError(absl::StrCat(path, ": cannot be read: ", error.message()));
  }
  return files;
}

// Only a text that a person wrote has mistakes; all else is an input as an engine has it.
absl::StatusOr<fuzz::Program> ReadInput(const std::string& path) {
  if (path.ends_with(".ops")) return ReadProgram(path);
  const auto bytes = ReadFile(path);
  if (!bytes.ok()) return bytes.status();
  return fuzz::DecodeInput(*bytes);
}

void AddVisits(Json& json, const fuzz::Visits& visits) {
  json["count"] = visits.count;
  if (visits.count > 0) json["example"] = visits.example;
}

Json PhasesAsJson(const fuzz::StateCoverageCounts& counts) {
  Json phases = Json::array();
  for (const fuzz::PhaseRow& row : fuzz::PhaseRows()) {
    if (row.phase == fuzz::Phase::kNone) continue;
    Json phase{{"id", row.id}, {"state", row.state}, {"meaning", row.meaning}};
    AddVisits(phase, counts.phases[static_cast<int>(row.phase)]);
    phases.push_back(std::move(phase));
  }
  return phases;
}

Json TransitionsAsJson(const fuzz::StateCoverageCounts& counts) {
  Json transitions = Json::array();
  for (const fuzz::Transition& t : fuzz::AllTransitions()) {
    Json transition{{"from", fuzz::PhaseId(t.from)},
                    {"cause", fuzz::CauseId(t.cause)},
                    {"to", fuzz::PhaseId(t.to)},
                    {"anchor", t.anchor}};
    AddVisits(transition,
              counts.transitions[static_cast<int>(t.from)][static_cast<int>(t.cause)][static_cast<int>(t.to)]);
    transitions.push_back(std::move(transition));
  }
  return transitions;
}

Json BegunAsJson(const fuzz::StateCoverageCounts& counts) {
  Json begun = Json::array();
  for (const fuzz::PhaseRow& row : fuzz::PhaseRows()) {
    for (int c = 0; c < static_cast<int>(fuzz::Cause::kNothing); ++c) {
      const auto cause = static_cast<fuzz::Cause>(c);
      if (!fuzz::MayBegin(row.phase, cause)) continue;
      Json pair{{"state", row.id}, {"cause", fuzz::CauseId(cause)}};
      AddVisits(pair, counts.begun[static_cast<int>(row.phase)][c]);
      begun.push_back(std::move(pair));
    }
  }
  return begun;
}

}  // namespace

int StateCoverage(const std::vector<std::string>& paths) {
  fuzz::Driver driver;
  fuzz::StateCoverageSubject subject;
  fuzz::Trace trace;
  fuzz::Judge judge;  // Takes the asserts.
  for (const std::string& path : paths) {
    const auto files = FilesIn(path);
    if (!files.ok()) {
      std::fprintf(stderr, "sluice-fuzz: %s\n", std::string(files.status().message()).c_str());
      return kExitUnreadable;
    }
    for (const std::string& file : *files) {
      const auto program = ReadInput(file);
      if (!program.ok()) {
        std::fprintf(stderr, "sluice-fuzz: %s\n", std::string(program.status().message()).c_str());
        return kExitUnreadable;
      }
      subject.set_example(file);
      driver.Run(*program, subject, {.snapshots = false}, trace);
    }
  }
  const fuzz::StateCoverageCounts& counts = subject.counts();
  Json impossible = Json::array();
  for (const auto& [what, visits] : counts.impossible) {
    Json json{{"what", what}};
    AddVisits(json, visits);
    impossible.push_back(std::move(json));
  }
  const Json result{{"programs", counts.programs},
                    {"states", PhasesAsJson(counts)},
                    {"transitions", TransitionsAsJson(counts)},
                    {"begun", BegunAsJson(counts)},
                    {"impossible", impossible}};
  // An example's path may be no UTF-8, which JSON has no form for.
  std::puts(result.dump(1, ' ', false, Json::error_handler_t::replace).c_str());
  return counts.impossible.empty() ? kExitOk : kExitFinding;
}

}  // namespace sluice::lab
