#include "fuzz/lab/mutant_tests_command.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fuzz/driver/core_subject.h"
#include "fuzz/driver/driver.h"
#include "fuzz/explore/version_comparison.h"
#include "fuzz/lab/commands.h"
#include "fuzz/lab/judging.h"
#include "fuzz/lab/mutant_children.h"
#include "fuzz/lab/program_file.h"
#include "fuzz/lab/straight_line.h"
#include "fuzz/program/javascript.h"
#include "fuzz/program/text.h"
#include "src/core/mutant.h"

namespace sluice::lab {
namespace {

using fuzz::Program;
using fuzz::Space;

constexpr uint64_t kMostEdges = 60'000;  // of one space
constexpr uint32_t kJudged = 12;         // programs of one mutant in one space
constexpr uint32_t kEnough = 16;         // programs that show one, after which no other space is searched for more

// Scripts run microtasks all at once. Few configurations and short queues: tests are to be small.
std::vector<Space> SpacesOfTests() {
  const double undefined = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  const fuzz::Bounds small{.queue = 2, .writers = 2, .checkpoints = true};
  const auto space = [](const fuzz::Bounds& bounds, fuzz::Combinations combinations) {
    combinations.listeners = {false};
    combinations.observed = {true};
    return Space({{"tests", bounds, std::move(combinations)}});
  };
  std::vector<Space> spaces;
  for (const uint8_t sink : {0, 2, 4, 8, 1, 15}) {
    spaces.push_back(space(small, {.sinks = {sink}, .sizes = {false}, .highWaterMarks = {1, 0}}));
  }
  for (const uint8_t sink : {2, 8, 15}) {
    spaces.push_back(space(small, {.sinks = {sink}, .sizes = {false}, .watched = {true}}));
    spaces.push_back(space(small, {.sinks = {sink}, .sizes = {false}, .undefinedReasons = {true}}));
  }
  spaces.push_back(space(small, {.sinks = {15}}));
  fuzz::Bounds sizes = small;
  sizes.sizes = {1, 0, -1, undefined, infinity};
  spaces.push_back(space(sizes, {.sinks = {2}}));
  spaces.push_back(Space({{"tests", small, {.sinks = {15}, .sizes = {false}, .observed = {true}}}}));
  return spaces;
}

fuzz::Trace TraceOf(const Program& program) {
  fuzz::Trace trace;
  fuzz::CoreSubject core;
  fuzz::Driver().Run(program, core, {.snapshots = false}, trace);
  return trace;
}

StraightLineScript ScriptOf(const fuzz::Trace& trace) {
  return StraightLine(trace, {.style = ScriptStyle::kSuite, .observed = {}, .title = "TITLE"});
}

// Whether a script expects the same in every tick model, so that only what the standard says decides.
bool ExpectsTheSameInAllTicks(Program program, const StraightLineScript& script) {
  for (int model = 0; model < core::kTickModelCount; ++model) {
    program.tickModel = static_cast<core::TickModel>(model);
    if (ScriptOf(TraceOf(program)).text != script.text) return false;
  }
  return true;
}

struct Candidate {
  Program program;
  std::vector<fuzz::Event> events;
  StraightLineScript script;
  bool any_ticks = false;
  Json shows = Json::object();
};

class MutantTestsRun {
 public:
  explicit MutantTestsRun(const MutantTestsFlags& flags) : flags_(flags) {}

  int Do() {
    for (const uint32_t number : flags_.only) {
      if (number == 0 || number > core::AllMutants().size()) {
        return Complain(absl::InvalidArgumentError(absl::StrCat("--only: there is no mutant ", number)));
      }
    }
    for (const std::string& path : flags_.programs) {
      const auto program = ReadProgram(path);
      if (!program.ok()) return Complain(program.status());
      Add(*program);
    }
    std::set<uint32_t> alive(flags_.only.begin(), flags_.only.end());
    for (const uint32_t number : flags_.fatal) alive.erase(number);
    for (const Space& space : SpacesOfTests()) Collect(space, alive);
    for (const uint32_t number : flags_.only) Show(number);
    return Write();
  }

 private:
  // The programs of the space that show mutants. A mutant that ends the process is left out from then on.
  void Collect(const Space& space, std::set<uint32_t>& alive) {
    while (!alive.empty()) {
      const std::string died = InChild([&](std::FILE* out) { CompareAll(space, alive, out); },
                                       [&](const Json& json) {
                                         ++shown_[json["number"]];
                                         AddText(json["program"]);
                                       });
      if (died.empty() || SharedBeacon().running == 0) break;
      alive.erase(SharedBeacon().running);
    }
    std::erase_if(alive, [this](uint32_t number) { return shown_[number] >= kEnough; });
    std::fprintf(stderr, "%zu programs, %zu mutants need more\n", candidates_.size(), alive.size());
  }

  static void CompareAll(const Space& space, const std::set<uint32_t>& alive, std::FILE* out) {
    Beacon& beacon = SharedBeacon();
    MutantVersions versions;
    fuzz::VersionComparison comparison(
        {.space = space,
         .versions = &versions,
         .compared = {alive.begin(), alive.end()},
         .programs = kJudged,
         .on_run = [&](uint32_t version, uint64_t, fuzz::Walker&) { beacon.Begin(version); },
         .on_visible =
             [&](uint32_t version, const Program& program) {
               PrintLine(out, {{"number", version}, {"program", fuzz::PrintText(program)}});
             },
         .go_on =
             [&](uint64_t, uint64_t edges, size_t) {
               beacon.running = 0;
               return edges < kMostEdges;
             }});
    comparison.Run();
    beacon.running = 0;
  }

  void AddText(const std::string& text) {
    if (candidates_.contains(text)) return;
    const auto parsed = fuzz::ParseText(text);
    if (parsed.program.has_value()) Add(*parsed.program);
  }

  void Add(const Program& program) {
    if (fuzz::WhyNotPortable(program).has_value()) return;
    const fuzz::Trace trace = TraceOf(program);
    Candidate candidate{.program = program, .events = trace.events, .script = ScriptOf(trace)};
    if (!candidate.script.why_not.empty()) return;
    candidate.any_ticks = ExpectsTheSameInAllTicks(program, candidate.script);
    candidates_.emplace(fuzz::PrintText(program), std::move(candidate));
  }

  // Which programs show the mutant: those whose script would be another one, or that end the process. What comes after
  // such a program is run in a new one.
  void Show(uint32_t number) {
    auto next = candidates_.begin();
    while (next != candidates_.end()) {
      const auto first = next;
      const std::string died = InChild([&](std::FILE* out) { ShowFrom(first, number, out); },
                                       [&](const Json& json) {
                                         Candidate& candidate = candidates_.at(json["program"]);
                                         candidate.shows[std::to_string(number)] = json["expected"];
                                       });
      if (died.empty()) return;
      next = candidates_.find(SharedBeacon().program);
      if (next == candidates_.end()) return;
      next->second.shows[std::to_string(number)] = died;
      if (++deaths_[number] > kMostDeaths) return;
      ++next;
    }
  }

  void ShowFrom(std::map<std::string, Candidate>::const_iterator first, uint32_t number, std::FILE* out) const {
    Beacon& beacon = SharedBeacon();
    const fuzz::Judge judge;  // takes the core's asserts
    for (auto at = first; at != candidates_.end(); ++at) {
      const Candidate& candidate = at->second;
      beacon.Begin(number);
      beacon.Put(candidate.program);
      core::g_mutant = number;
      const fuzz::Trace trace = TraceOf(candidate.program);
      core::g_mutant = 0;
      beacon.running = 0;
      if (trace.events == candidate.events) continue;
      const StraightLineScript other = ScriptOf(trace);
      if (other.text != candidate.script.text) {
        PrintLine(out, {{"program", at->first}, {"expected", other.expected}});
      }
    }
  }

  int Write() const {
    std::ofstream out(flags_.out, std::ios::trunc);
    for (const auto& [text, candidate] : candidates_) {
      if (candidate.shows.empty()) continue;
      const Json json = {{"program", text},
                         {"script", candidate.script.text},
                         {"expected", candidate.script.expected},
                         {"any_ticks", candidate.any_ticks},
                         {"shows", candidate.shows}};
      out << json.dump(-1, ' ', false, Json::error_handler_t::replace) << "\n";
    }
    out.close();
    if (!out) return Complain(absl::UnknownError(flags_.out + " cannot be written"));
    return kExitOk;
  }

  static constexpr int kMostDeaths = 8;  // of one mutant; it has been shown by then

  const MutantTestsFlags& flags_;
  std::map<std::string, Candidate> candidates_;  // by the program's text
  std::map<uint32_t, uint32_t> shown_;           // programs, of each mutant
  std::map<uint32_t, int> deaths_;
};

}  // namespace

int MutantTests(const MutantTestsFlags& flags) { return MutantTestsRun(flags).Do(); }

}  // namespace sluice::lab
