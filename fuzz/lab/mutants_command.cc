#include "fuzz/lab/mutants_command.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fuzz/explore/explorer.h"
#include "fuzz/explore/version_comparison.h"
#include "fuzz/explore/visibility.h"
#include "fuzz/lab/commands.h"
#include "fuzz/lab/judging.h"
#include "fuzz/lab/mutant_children.h"
#include "fuzz/program/text.h"
#include "src/core/mutant.h"

namespace sluice::lab {
namespace {

using fuzz::Family;
using fuzz::Fate;
using fuzz::Space;
using fuzz::VersionResult;

// ---- Spaces: small ones first, in which most mutants are killed at once

struct Round {
  std::string name;
  Space space;
};

std::vector<Round> Rounds(const std::vector<std::string>& families) {
  std::vector<Round> rounds;
  const fuzz::Bounds small{.queue = 2, .writers = 1};
  rounds.push_back(
      {"small",
       Space({{"small", small, {.sinks = {0, 2, 15}, .sizes = {false, true}, .observed = {true}}},
              {"small-watched",
               small,
               {.sinks = {2, 14}, .sizes = {false}, .listeners = {false}, .observed = {true}, .watched = {true}}}})});
  constexpr double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
  std::vector<Family> chosen;
  if (families.empty()) {
    // Methods matter by themselves: sinks with one each, and one with all.
    chosen = {
        {"one-method", {}, {.sinks = {0, 1, 2, 4, 8}, .sizes = {false}, .observed = {true}}},
        {"all-methods", {}, {.sinks = {15}, .sizes = {false, true}, .highWaterMarks = {0, 1}, .observed = {true}}},
        {"unobserved", {}, {.sinks = {2, 15}, .sizes = {false}}},
        {"byte-limit", {}, {.sinks = {2, 15}, .sizes = {false}, .byteLimits = {2}, .observed = {true}}},
        {"sizes", {.queue = 2, .writers = 1, .sizes = {1, 0, -1, nan, infinity}}, {.sinks = {2}, .observed = {true}}},
        {"undefined-reasons", {}, {.sinks = {8}, .sizes = {false}, .undefinedReasons = {true}}},
        {"pairs",
         {.queue = 1, .writers = 1},
         {.sinks = {0},
          .sizes = {false},
          .observed = {true},
          .seconds = {fuzz::SecondStream{.methods = 31},
                      fuzz::SecondStream{.methods = 1, .tickModel = core::TickModel::kPromiseResolveStart}}}}};
  } else {
    for (const Family& family : fuzz::DefaultFamilies()) {
      if (std::ranges::find(families, family.name) != families.end()) chosen.push_back(family);
    }
  }
  for (const Family& family : chosen) rounds.push_back({family.name, Space({family})});
  return rounds;
}

// ---- Results

std::string FateName(Fate fate) {
  switch (fate) {
    case Fate::kNotRun:
      return "not run";
    case Fate::kSame:
      return "equivalent";
    case Fate::kUndecided:
      return "undecided";
    case Fate::kKilled:
      return "killed";
  }
  return "";
}

Json JsonOf(const VersionResult& result, const std::string& space) {
  Json oracles = Json::array();
  for (uint32_t oracle = 0; oracle < 32; ++oracle) {
    if ((result.oracles >> oracle & 1) != 0) oracles.push_back(fuzz::OracleName(static_cast<fuzz::Oracle>(oracle)));
  }
  Json json = {
      {"number", result.version}, {"fate", FateName(result.fate)}, {"space", space},          {"edges", result.edges},
      {"runs", result.runs},      {"findings", result.findings},   {"judged", result.judged}, {"oracles", oracles}};
  const bool has_program = result.fate == Fate::kKilled || result.fate == Fate::kUndecided;
  if (has_program) json["program"] = fuzz::PrintText(result.program);
  if (result.visible.has_value()) json["visible"] = fuzz::PrintText(*result.visible);
  return json;
}

class Results {
 public:
  // Goes on from `path`, if the file is of these mutants.
  absl::Status Open(const std::string& path) {
    path_ = path;
    for (const core::Mutant& mutant : core::AllMutants()) by_number_[mutant.number] = {{"number", mutant.number}};
    if (path.empty() || !std::filesystem::exists(path)) return absl::OkStatus();
    std::ifstream in(path);
    for (std::string line; std::getline(in, line);) {
      const Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
      const uint32_t number = json.is_object() ? json.value("number", 0u) : 0;
      if (number == 0 || number > core::AllMutants().size() || json.value("name", "") != NameOf(number)) {
        return absl::InvalidArgumentError(absl::StrCat(path, " is of another build; remove it to begin anew"));
      }
      by_number_[number] = json;
    }
    return absl::OkStatus();
  }
  bool IsKilled(uint32_t number) const { return by_number_.at(number).value("fate", "") == "killed"; }
  const Json& operator[](uint32_t number) const { return by_number_.at(number); }
  void Forget(uint32_t number) { by_number_[number] = {{"number", number}}; }
  void Put(Json json) {
    const uint32_t number = json["number"];
    const Json before = by_number_[number];
    // Edges on which it was the same in another space count, too.
    if (json["fate"] == "not run" && before.contains("fate") && before["fate"] != "not run") return;
    if (json["fate"] == "equivalent" && before.value("fate", "") == "undecided" && !json.contains("own")) return;
    json["name"] = NameOf(number);
    json["line"] = core::AllMutants()[number - 1].line;
    by_number_[number] = std::move(json);
  }
  // All of them each time: what is decided is never lost.
  absl::Status Write() const {
    if (path_.empty()) return absl::OkStatus();
    const std::string fresh = path_ + ".new";
    std::ofstream out(fresh, std::ios::trunc);
    for (const auto& [number, json] : by_number_) {
      if (json.contains("fate")) out << json.dump(-1, ' ', false, Json::error_handler_t::replace) << "\n";
    }
    out.close();
    std::error_code error;
    if (out) std::filesystem::rename(fresh, path_, error);
    if (!out || error) return absl::UnknownError(path_ + " cannot be written");
    return absl::OkStatus();
  }
  static std::string NameOf(uint32_t number) { return core::AllMutants()[number - 1].name; }

 private:
  std::string path_;
  std::map<uint32_t, Json> by_number_;
};

// ---- The run

class MutantRun {
 public:
  explicit MutantRun(const MutantsFlags& flags) : flags_(flags) {}

  int Do() {
    if (const absl::Status status = results_.Open(flags_.results); !status.ok()) return Complain(status);
    for (const core::Mutant& mutant : core::AllMutants()) {
      const bool is_chosen = flags_.only.empty() || std::ranges::find(flags_.only, mutant.number) != flags_.only.end();
      if (is_chosen) chosen_.push_back(mutant.number);
    }
    const std::vector<Round> rounds = Rounds(flags_.families);
    if (!flags_.families.empty() && rounds.size() != flags_.families.size() + 1) {
      return Complain(absl::InvalidArgumentError(
          absl::StrCat("--family: there are: ", fuzz::FamilyNames(fuzz::DefaultFamilies()))));
    }
    for (const Round& round : rounds) {
      if (const absl::Status status = Compare(round, Alive()); !status.ok()) return Complain(status);
    }
    for (const uint32_t number : chosen_) {
      if (IsConfirmed(number)) continue;
      results_.Forget(number);
      for (const Round& round : rounds) {
        if (const absl::Status status = Compare(round, {number}); !status.ok()) return Complain(status);
        if (results_.IsKilled(number)) break;
      }
    }
    for (const uint32_t number : Alive()) {
      if (results_[number].value("fate", "") == "undecided") ExploreByItself(number, rounds);
    }
    if (const absl::Status status = results_.Write(); !status.ok()) return Complain(status);
    for (const Round& round : rounds) {
      if (const absl::Status status = FindVisible(round); !status.ok()) return Complain(status);
    }
    return Summary();
  }

 private:
  std::vector<uint32_t> Alive() const {
    std::vector<uint32_t> alive;
    for (const uint32_t number : chosen_) {
      if (!results_.IsKilled(number)) alive.push_back(number);
    }
    return alive;
  }

  // A mutant that ends the process is killed by that; the others begin anew without it. What corrupts the memory may
  // end the process while another mutant runs, so that only what dies alone is blamed.
  absl::Status Compare(const Round& round, std::vector<uint32_t> alive) {
    while (!alive.empty()) {
      const std::string died = InChild([&](std::FILE* out) { CompareAll(round, alive, out); },
                                       [&](const Json& json) { results_.Put(json); });
      if (const absl::Status status = results_.Write(); !status.ok()) return status;
      if (died.empty()) return absl::OkStatus();
      const uint32_t suspect = SharedBeacon().running;
      const bool is_blamed = suspect != 0 && DiesAlone(suspect, round);
      if (!is_blamed && alive.size() == 1) {
        PutDeath(alive.front(), died, round);
        return results_.Write();
      }
      std::erase_if(alive, [this](uint32_t number) { return results_.IsKilled(number); });
      if (is_blamed) continue;
      const auto middle = alive.begin() + static_cast<std::ptrdiff_t>(alive.size() / 2);
      const absl::Status first = Compare(round, {alive.begin(), middle});
      return first.ok() ? Compare(round, {middle, alive.end()}) : first;
    }
    return absl::OkStatus();
  }

  // Whether an oracle finds the mutant in its program when no other has run in the process.
  bool IsConfirmed(uint32_t number) const {
    const Json& result = results_[number];
    if (!results_.IsKilled(number) || result.value("died", false)) return true;
    const auto parsed = fuzz::ParseText(result.value("program", ""));
    bool is_found = false;
    const auto judge_alone = [&](std::FILE* out) {
      SharedBeacon().Begin(number);
      core::g_mutant = number;
      fuzz::Judge judge;
      judge.Run(*parsed.program);
      PrintLine(out, {{"found", !judge.findings().empty()}});
    };
    if (!parsed.program.has_value()) return false;
    const std::string died = InChild(judge_alone, [&](const Json& json) { is_found = json.value("found", false); });
    return died.empty() && is_found;
  }

  static void CompareAll(const Round& round, const std::vector<uint32_t>& alive, std::FILE* out) {
    Beacon& beacon = SharedBeacon();
    MutantVersions versions;
    uint64_t printed = 0;
    fuzz::VersionComparison comparison(
        {.space = round.space,
         .versions = &versions,
         .compared = alive,
         .on_run =
             [&](uint32_t version, uint64_t edges, fuzz::Walker&) {
               beacon.edges = edges;
               beacon.Begin(version);
             },
         .on_killed = [&](const VersionResult& result) { PrintLine(out, JsonOf(result, round.name)); },
         .go_on =
             [&](uint64_t states, uint64_t edges, size_t count) {
               beacon.running = 0;
               if (edges - printed < 50'000) return true;
               printed = edges;
               std::fprintf(stderr, "%s: %llu states, %llu edges, %zu of %zu alive\n", round.name.c_str(),
                            static_cast<unsigned long long>(states), static_cast<unsigned long long>(edges), count,
                            alive.size());
               return true;
             }});
    comparison.Run();
    beacon.running = 0;
    for (const VersionResult& result : comparison.results()) PrintLine(out, JsonOf(result, round.name));
    std::fprintf(stderr, "%s: closed, %llu states, %llu edges\n", round.name.c_str(),
                 static_cast<unsigned long long>(comparison.states()),
                 static_cast<unsigned long long>(comparison.edges()));
  }

  // Runs the mutant once more without others, which is how its program is known, too.
  bool DiesAlone(uint32_t number, const Round& round) {
    const auto alone = [&](std::FILE*) {
      Beacon& beacon = SharedBeacon();
      MutantVersions versions;
      fuzz::VersionComparison comparison({.space = round.space,
                                          .versions = &versions,
                                          .compared = {number},
                                          .on_run = [&](uint32_t version, uint64_t edges, fuzz::Walker& at) {
                                            beacon.edges = edges;
                                            beacon.Begin(version);
                                            beacon.Put(at.program());
                                          }});
      comparison.Run();
    };
    SharedBeacon().program[0] = '\0';
    const std::string died = InChild(alone, [](const Json&) {});
    if (!died.empty()) PutDeath(number, died, round);
    return !died.empty();
  }

  void PutDeath(uint32_t number, const std::string& died, const Round& round) {
    results_.Put({{"number", number},
                  {"fate", "killed"},
                  {"space", round.name},
                  {"edges", SharedBeacon().edges.load()},
                  {"findings", {died}},
                  {"oracles", {died.substr(0, died.find(':'))}},
                  {"died", true},
                  {"program", std::string(SharedBeacon().program)}});
    std::fprintf(stderr, "%s: %s\n", died.c_str(), Results::NameOf(number).c_str());
  }

  // What it left otherwise than the original did was nothing that an oracle sees: its own states are explored.
  void ExploreByItself(uint32_t number, const std::vector<Round>& rounds) {
    for (const Round& round : rounds) {
      std::fprintf(stderr, "by itself, %s: %s\n", round.name.c_str(), Results::NameOf(number).c_str());
      const std::string died = InChild(
          [&](std::FILE* out) {
            core::g_mutant = number;
            fuzz::Explorer explorer({.space = round.space});
            const auto outcome = explorer.Run([](const fuzz::Progress&) { return true; });
            const auto progress = explorer.progress();
            Json json = {{"number", number}, {"space", round.name}, {"edges", progress.edges}, {"own", true}};
            json["fate"] = outcome == fuzz::Explorer::Outcome::kFinding ? "killed" : "equivalent";
            if (outcome == fuzz::Explorer::Outcome::kFinding) {
              const fuzz::EdgeFinding& found = explorer.findings().front();
              json["findings"] = {found.finding.key()};
              json["oracles"] = {fuzz::OracleName(found.finding.oracle)};
              core::g_mutant = 0;
              json["program"] = fuzz::PrintText(found.program);
            }
            PrintLine(out, json);
          },
          [&](const Json& json) { results_.Put(json); });
      if (!died.empty()) PutDeath(number, died, round);
      if (results_.IsKilled(number)) return;
    }
  }

  // Of the mutants that were killed in this space. Oracles see inside: what they find at once, authors may see later,
  // in states that only the mutant comes to, or never. All share one walk along the original's edges; one that ends the
  // process is left out from then on.
  absl::Status FindVisible(const Round& round) {
    std::set<uint32_t> hidden;
    for (const uint32_t number : chosen_) {
      const Json& result = results_[number];
      const bool is_known = result.contains("visible") || result.contains("sight");
      const bool is_killed = result.value("fate", "") == "killed" && result.value("space", "") == round.name;
      if (is_killed && !result.value("died", false) && !is_known) hidden.insert(number);
    }
    while (!hidden.empty()) {
      absl::Status written;
      const std::string died = InChild(
          [&](std::FILE* out) {
            LookFor({hidden.begin(), hidden.end()}, round, out);
          },
          [&](const Json& line) {
            const uint32_t number = line["number"];
            Json json = results_[number];
            json["sight"] = line["sight"];
            if (line.contains("program")) json["visible"] = line["program"];
            results_.Put(std::move(json));
            hidden.erase(number);
            if (hidden.size() % 25 == 0) written.Update(results_.Write());
          });
      written.Update(results_.Write());
      if (!written.ok()) return written;
      const uint32_t suspect = SharedBeacon().running;
      if (died.empty() || suspect == 0) break;
      std::fprintf(stderr, "%s, left out: %s\n", died.c_str(), Results::NameOf(suspect).c_str());
      Json json = results_[suspect];
      json["sight"] = died;
      results_.Put(std::move(json));
      hidden.erase(suspect);
    }
    return absl::OkStatus();
  }

  static void LookFor(const std::vector<uint32_t>& numbers, const Round& round, std::FILE* out) {
    Beacon& beacon = SharedBeacon();
    MutantVersions versions;
    size_t known = 0;
    uint64_t printed = 0;
    const auto on_result = [&](const fuzz::VisibilityResult& result) {
      constexpr std::array kSights = {"none", "seen", "open"};
      Json line = {{"number", result.version}, {"sight", kSights[static_cast<size_t>(result.visible)]}};
      if (result.visible == fuzz::Visible::kYes) line["program"] = fuzz::PrintText(result.program);
      PrintLine(out, line);
      if (++known % 20 == 0) std::fprintf(stderr, "visible: %zu of %zu known\n", known, numbers.size());
    };
    fuzz::Visibility visibility({.space = round.space,
                                 .versions = &versions,
                                 .compared = numbers,
                                 .on_run = [&](uint32_t version) { beacon.Begin(version); },
                                 .on_result = on_result,
                                 .go_on =
                                     [&](uint64_t states, uint64_t edges) {
                                       beacon.running = 0;
                                       if (edges - printed < 50'000) return true;
                                       printed = edges;
                                       std::fprintf(stderr, "visible: %llu states, %llu edges\n",
                                                    static_cast<unsigned long long>(states),
                                                    static_cast<unsigned long long>(edges));
                                       return true;
                                     }});
    visibility.Run();
    beacon.running = 0;
  }

  int Summary() const {
    std::map<std::string, int> counts;
    for (const uint32_t number : chosen_) ++counts[results_[number].value("fate", "not run")];
    std::string text;
    for (const auto& [fate, count] : counts) absl::StrAppend(&text, text.empty() ? "" : ", ", count, " ", fate);
    PrintOut(absl::StrCat(chosen_.size(), " mutants: ", text, "\n"));
    return counts["killed"] == static_cast<int>(chosen_.size()) ? kExitOk : kExitFinding;
  }

  const MutantsFlags& flags_;
  Results results_;
  std::vector<uint32_t> chosen_;
};

}  // namespace

int Mutants(const MutantsFlags& flags) {
  if (flags.list) {
    for (const core::Mutant& mutant : core::AllMutants())
      PrintOut(absl::StrCat(mutant.number, "\t", mutant.name, "\n"));
    return kExitOk;
  }
  return MutantRun(flags).Do();
}

}  // namespace sluice::lab
