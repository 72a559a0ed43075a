#include "fuzz/lab/explore_command.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>
#include <span>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "fuzz/explore/canonicity.h"
#include "fuzz/explore/explorer.h"
#include "fuzz/explore/graph.h"
#include "fuzz/explore/state_predicate.h"
#include "fuzz/lab/commands.h"
#include "fuzz/lab/judging.h"
#include "fuzz/lab/observable_commands.h"
#include "fuzz/lab/program_file.h"
#include "fuzz/oracle/canary.h"
#include "fuzz/oracle/divergence.h"
#include "fuzz/oracle/finding_report.h"
#include "fuzz/program/language.h"
#include "fuzz/program/text.h"

namespace sluice::lab {
namespace {

using fuzz::Explorer;
using fuzz::Family;
using fuzz::Progress;
using Clock = std::chrono::steady_clock;

std::atomic<bool> g_interrupted = false;

double SecondsSince(Clock::time_point begun) { return std::chrono::duration<double>(Clock::now() - begun).count(); }

// ---- Flags

absl::Status Wrong(const std::string& what) { return absl::InvalidArgumentError(what); }

absl::Status ReadFlags(const std::vector<std::string>& words, const char* flag, std::vector<bool>& list) {
  if (!words.empty()) list.clear();
  for (const std::string& word : words) {
    if (word != "yes" && word != "no") return Wrong(absl::StrCat(flag, ": expected yes or no, not ", word));
    list.push_back(word == "yes");
  }
  return absl::OkStatus();
}

// The bits of names joined by +, of which `names` has the order; nullopt if there is no such name.
std::optional<uint8_t> BitsOf(const std::string& word, std::span<const std::string_view> names) {
  uint8_t bits = 0;
  const std::vector<std::string> given = absl::StrSplit(word, '+', absl::SkipEmpty());
  for (const std::string& name : given) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) return std::nullopt;
    bits |= static_cast<uint8_t>(1 << (found - names.begin()));
  }
  return bits;
}

absl::Status ReadSinks(const std::vector<std::string>& words, const char* flag, std::vector<uint8_t>& sinks) {
  const auto methods = fuzz::MethodNames().first(static_cast<size_t>(fuzz::Method::kSize));
  for (const std::string& word : words) {
    if (word == "all") {
      sinks = fuzz::AllSinks();
      continue;
    }
    const std::optional<uint8_t> sink = BitsOf(word == "none" ? "" : word, methods);
    if (!sink.has_value()) {
      return Wrong(absl::StrCat(flag, ": expected all, none or methods as start+write+close+abort, not ", word));
    }
    sinks.push_back(*sink);
  }
  return absl::OkStatus();
}

// All combinations of the second stream's sinks and of what it shares; none, if no flag is for it.
absl::Status ReadSeconds(const ExploreFlags& flags, std::vector<std::optional<fuzz::SecondStream>>& seconds) {
  std::vector<uint8_t> sinks;
  const absl::Status status = ReadSinks(flags.second_sinks, "--second-sink", sinks);
  if (!status.ok()) return status;
  if (sinks.empty() && flags.shares.empty()) return absl::OkStatus();
  if (sinks.empty()) sinks = {0};
  // A function that listens to two signals would be one script and two calls.
  const auto shareable = fuzz::SharedNames().first(static_cast<size_t>(fuzz::Shared::kSignal));
  seconds.clear();
  for (const std::string& word : flags.shares.empty() ? std::vector<std::string>{"nothing"} : flags.shares) {
    const std::optional<uint8_t> shared = BitsOf(word == "nothing" ? "" : word, shareable);
    if (!shared.has_value()) {
      return Wrong(absl::StrCat("--shares: expected nothing, sink, strategy or sink+strategy, not ", word));
    }
    for (const uint8_t sink : sinks) seconds.push_back({{.methods = sink, .shared = *shared}});
  }
  return absl::OkStatus();
}

absl::Status ReadTicks(const std::vector<std::string>& words, std::vector<core::TickModel>& ticks) {
  if (!words.empty()) ticks.clear();
  for (const std::string& word : words) {
    const auto names = fuzz::TickModelNames();
    const auto found = std::find(names.begin(), names.end(), word);
    if (found == names.end()) return Wrong("--ticks: there is no tick model " + word);
    ticks.push_back(static_cast<core::TickModel>(found - names.begin()));
  }
  return absl::OkStatus();
}

absl::Status ReadByteLimits(const std::vector<std::string>& words, std::vector<std::optional<uint64_t>>& limits) {
  if (!words.empty()) limits.clear();
  for (const std::string& word : words) {
    uint64_t limit = 0;
    if (word != "none" && !absl::SimpleAtoi(word, &limit)) {
      return Wrong("--byte-limit: expected bytes or none, not " + word);
    }
    limits.push_back(word == "none" ? std::nullopt : std::optional(limit));
  }
  return absl::OkStatus();
}

absl::StatusOr<Family> CustomFamily(const ExploreFlags& flags) {
  Family family{.name = "custom", .bounds = {}, .combinations = {}};
  fuzz::Combinations& of = family.combinations;
  absl::Status status = ReadSinks(flags.sinks, "--sink", of.sinks);
  if (of.sinks.empty()) of.sinks = fuzz::AllSinks();
  status.Update(ReadSeconds(flags, of.seconds));
  status.Update(ReadFlags(flags.sizes, "--size", of.sizes));
  status.Update(ReadFlags(flags.listeners, "--listener", of.listeners));
  status.Update(ReadFlags(flags.observed, "--observed", of.observed));
  status.Update(ReadFlags(flags.watched, "--watched", of.watched));
  status.Update(ReadFlags(flags.undefined_reasons, "--undefined-reasons", of.undefinedReasons));
  status.Update(ReadTicks(flags.ticks, of.tickModels));
  status.Update(ReadByteLimits(flags.byte_limits, of.byteLimits));
  if (!status.ok()) return status;
  if (!flags.high_water_marks.empty()) of.highWaterMarks = flags.high_water_marks;
  for (const double mark : of.highWaterMarks) {
    if (std::isnan(mark) || mark < 0) return Wrong("--high-water-mark: a stream has none that is negative or NaN");
  }
  return family;
}

absl::StatusOr<std::vector<Family>> ChosenFamilies(const ExploreFlags& flags) {
  const bool is_custom = !flags.sinks.empty() || !flags.sizes.empty() || !flags.listeners.empty() ||
                         !flags.observed.empty() || !flags.watched.empty() || !flags.undefined_reasons.empty() ||
                         !flags.high_water_marks.empty() || !flags.ticks.empty() || !flags.byte_limits.empty() ||
                         !flags.second_sinks.empty() || !flags.shares.empty();
  if (is_custom && (flags.deep || !flags.families.empty())) {
    return Wrong("--deep and --family have configurations of their own: no flag for those can stand beside them");
  }
  if (is_custom) {
    absl::StatusOr<Family> family = CustomFamily(flags);
    if (!family.ok()) return family.status();
    return std::vector<Family>{*std::move(family)};
  }
  const std::vector<Family> all = flags.deep ? fuzz::DeepFamilies() : fuzz::DefaultFamilies();
  if (flags.families.empty()) return all;
  std::vector<Family> chosen;
  for (const std::string& name : flags.families) {
    const auto found = std::find_if(all.begin(), all.end(), [&](const Family& family) { return family.name == name; });
    if (found == all.end()) {
      return Wrong(absl::StrCat("there is no family ", name, "; there are: ", fuzz::FamilyNames(all)));
    }
    chosen.push_back(*found);
  }
  return chosen;
}

absl::Status SetBounds(const ExploreFlags& flags, Family& family) {
  fuzz::Bounds& bounds = family.bounds;
  bounds.queue = flags.queue.value_or(bounds.queue);
  bounds.writers = flags.writers.value_or(bounds.writers);
  bounds.reentry = flags.reentry.value_or(bounds.reentry);
  bounds.inside = flags.inside.value_or(bounds.inside);
  bounds.microtasks = flags.microtasks.value_or(bounds.microtasks);
  bounds.checkpoints |= flags.checkpoints;
  bounds.thenables |= flags.thenables;
  const bool is_pair =
      std::ranges::any_of(family.combinations.seconds, [](const auto& one) { return one.has_value(); });
  if (is_pair && 2 * bounds.writers > fuzz::kWriterCount) {
    return Wrong(
        absl::StrCat("--writers: there are ", fuzz::kWriterCount, " names, for both streams of ", family.name));
  }
  if (!flags.size_returns.empty()) bounds.sizes.clear();
  for (const std::string& word : flags.size_returns) {
    double number = std::numeric_limits<double>::quiet_NaN();
    if (word != "undefined" && !absl::SimpleAtod(word, &number)) {
      return Wrong("--size-returns: expected numbers or undefined, not " + word);
    }
    bounds.sizes.push_back(number);
  }
  return absl::OkStatus();
}

// ---- Results

// Whether each line of `counts` is in the file that says what they should be.
int CompareCounts(const std::string& path, const std::string& counts) {
  const auto file = ReadFile(path);
  if (!file.ok()) return Complain(file.status());
  const std::vector<std::string> expected = absl::StrSplit(std::string(file->begin(), file->end()), '\n');
  int result = kExitOk;
  const std::vector<std::string> lines = absl::StrSplit(counts, '\n', absl::SkipEmpty());
  for (const std::string& line : lines) {
    if (std::find(expected.begin(), expected.end(), line) != expected.end()) continue;
    const std::string name = line.substr(0, line.find(':') + 1);
    const auto other = std::find_if(expected.begin(), expected.end(),
                                    [&](const std::string& known) { return known.starts_with(name); });
    PrintOut(absl::StrCat("\nOther counts than in ", path, ":\n  ", line, "\n  expected ",
                          other == expected.end() ? "nothing of this name" : *other, "\n"));
    result = kExitFinding;
  }
  if (result != kExitOk) PrintOut("If the change is right, put the new counts there and say why in the commit.\n");
  return result;
}

void PrintFindings(const Explorer& explorer, bool canary) {
  for (const fuzz::EdgeFinding& found : explorer.findings()) {
    const auto judge = NewJudge(canary ? Judged::kCanary : Judged::kCore);
    fuzz::DivergenceFinder finder(found.program);
    judge->WatchCore(&finder);
    judge->Run(found.program);
    const fuzz::FindingRecord record = fuzz::RecordOf(*judge, found.finding, finder.divergence());
    PrintOut(fuzz::FindingReport(*judge, found.finding, record));
    PrintOut("\nVerdict: FAILS, " + record.key() + "\n\n");
  }
}

void PrintProgress(const Progress& progress, double seconds, bool is_last) {
  const double rate = seconds > 0 ? static_cast<double>(progress.edges) / seconds : 0;
  const std::string text =
      absl::StrFormat("%d of %d states expanded, %d edges (%.0f a second), depth %d, %d MB", progress.expanded,
                      progress.states, progress.edges, rate, progress.depth, progress.memory >> 20);
  if (isatty(STDERR_FILENO) != 0) {
    std::fprintf(stderr, "\r\033[K%s%s", text.c_str(), is_last ? "\n" : "");
  } else {
    std::fprintf(stderr, "%s\n", text.c_str());
  }
}

// ---- Checkpoints

absl::Status ReadCheckpoint(const std::string& path, Explorer& explorer) {
  if (path.empty() || !std::filesystem::exists(path)) return absl::OkStatus();
  std::ifstream in(path, std::ios::binary);
  if (!in) return absl::NotFoundError(path + " cannot be read");
  if (const std::string wrong = explorer.Read(in); !wrong.empty()) {
    return Wrong(absl::StrCat(path, " cannot be gone on from: ", wrong, "\nRemove it to begin anew."));
  }
  std::fprintf(stderr, "sluice-fuzz: goes on from %s\n", path.c_str());
  return absl::OkStatus();
}

// What was there stays until the new one is whole.
absl::Status WriteCheckpoint(const std::string& path, const Explorer& explorer) {
  const std::string fresh = path + ".new";
  std::ofstream out(fresh, std::ios::binary | std::ios::trunc);
  explorer.Write(out);
  out.close();
  std::error_code error;
  if (out) std::filesystem::rename(fresh, path, error);
  if (!out || error) return absl::UnknownError(path + " cannot be written");
  std::fprintf(stderr, "sluice-fuzz: wrote %s; the same command goes on from there\n", path.c_str());
  return absl::OkStatus();
}

// ---- The run

class Run {
 public:
  explicit Run(const ExploreFlags& flags) : flags_(flags) {}

  int Do() {
    absl::StatusOr<std::vector<Family>> families = ChosenFamilies(flags_);
    if (!families.ok()) return Complain(families.status());
    for (Family& family : *families) {
      if (const absl::Status status = SetBounds(flags_, family); !status.ok()) return Complain(status);
    }
    fuzz::StatePredicate predicate;
    if (!flags_.to.empty()) {
      if (const std::string wrong = predicate.Parse(flags_.to); !wrong.empty())
        return Complain(Wrong("--to: " + wrong));
    }
    fuzz::ExploreOptions options{.space = fuzz::Space(*std::move(families)),
                                 .judge = flags_.judge && flags_.to.empty(),
                                 .threads = flags_.threads != 0 ? flags_.threads : std::thread::hardware_concurrency(),
                                 .seed = flags_.seed};
    if (!flags_.traces.empty()) {
      traces_ = flags_.traces == "-" ? stdout : std::fopen(flags_.traces.c_str(), "wb");
      if (traces_ == nullptr) return Complain(Wrong(flags_.traces + " cannot be written"));
      options.threads = 1;
      options.on_edge = [this](const fuzz::Program& program) { is_written_ &= WriteTrace(program, traces_); };
    }
    if (flags_.canary) options.make_subject = [] { return std::make_unique<fuzz::CanarySubject>(); };
    if (!flags_.to.empty()) options.wanted = [&](fuzz::Walker& walker) { return predicate.Holds(walker); };
    Explorer explorer(std::move(options));
    if (const absl::Status status = ReadCheckpoint(flags_.checkpoint, explorer); !status.ok()) return Complain(status);
    try {
      const Explorer::Outcome outcome = ExploreWithProgress(explorer);
      return Finish(explorer, outcome);
    } catch (const std::exception& error) {
      return Complain(absl::InternalError(error.what()));
    }
  }

 private:
  Explorer::Outcome ExploreWithProgress(Explorer& explorer) {
    std::signal(SIGINT, [](int) { g_interrupted = true; });
    std::signal(SIGTERM, [](int) { g_interrupted = true; });
    const Clock::time_point begun = Clock::now();
    const uint64_t before = explorer.progress().edges;
    double printed = 0;
    const double every = isatty(STDERR_FILENO) != 0 ? 0.5 : 10;
    const auto now = [&](bool is_last) {
      Progress progress = explorer.progress();
      const double seconds = SecondsSince(begun);
      if (is_last || seconds - printed >= every) {
        printed = seconds;
        progress.edges -= before;
        PrintProgress(progress, seconds, is_last);
      }
      return seconds;
    };
    const Explorer::Outcome outcome = explorer.Run([&](const Progress&) {
      const double seconds = now(false);
      return !g_interrupted && is_written_ && (flags_.seconds == 0 || seconds < static_cast<double>(flags_.seconds));
    });
    seconds_ = now(true);
    return outcome;
  }

  int Finish(const Explorer& explorer, Explorer::Outcome outcome) {
    if (traces_ != nullptr) return FinishTraces(outcome);
    const std::string counts = explorer.CountsText();
    const Progress progress = explorer.progress();
    switch (outcome) {
      case Explorer::Outcome::kFinding:
        PrintFindings(explorer, flags_.canary);
        return kExitFinding;
      case Explorer::Outcome::kWanted:
        PrintOut(fuzz::PrintText(explorer.wanted_program()));
        return kExitOk;
      case Explorer::Outcome::kStopped:
        if (!flags_.checkpoint.empty()) {
          if (const absl::Status status = WriteCheckpoint(flags_.checkpoint, explorer); !status.ok()) {
            return Complain(status);
          }
        }
        PrintOut(absl::StrFormat("%sStopped, not closed: %d of %d states expanded, %d edges.\n", counts,
                                 progress.expanded, progress.states, progress.edges));
        // Time that was given was used; nothing is wrong with that.
        return g_interrupted ? kExitUnreadable : kExitOk;
      case Explorer::Outcome::kClosed:
        break;
    }
    if (!flags_.to.empty()) {
      PrintOut(absl::StrCat("There is no such state among ", progress.states, ".\n"));
      return kExitFinding;
    }
    PrintOut(absl::StrFormat("%sClosed: %d states, %d edges, depth %d, %s. %.1f s, %d MB.\n", counts, progress.states,
                             progress.edges, progress.depth, flags_.judge ? "every edge judged" : "no edge judged",
                             seconds_, progress.memory >> 20));
    if (!flags_.checkpoint.empty()) std::filesystem::remove(flags_.checkpoint);
    return std::max({WriteGraph(explorer, "--dot", flags_.dot, fuzz::DotOf),
                     WriteGraph(explorer, "--page", flags_.page, fuzz::PageOf), Walk(explorer),
                     flags_.expect.empty() ? kExitOk : CompareCounts(flags_.expect, counts)});
  }

  // What was compared so far is as good as all, if no more was wanted.
  int FinishTraces(Explorer::Outcome outcome) {
    const bool is_whole =
        outcome == Explorer::Outcome::kClosed || (!g_interrupted && outcome == Explorer::Outcome::kStopped);
    if (is_whole && is_written_ && WriteEndOfTraces(traces_)) return kExitOk;
    return Complain(absl::UnknownError("the traces could not all be written"));
  }

  static int WriteGraph(const Explorer& explorer, const char* flag, const std::string& path,
                        std::string (*text_of)(const Explorer&)) {
    if (path.empty()) return kExitOk;
    if (explorer.table().size() > fuzz::kMostDrawnStates) {
      return Complain(Wrong(absl::StrCat(flag, ": ", explorer.table().size(), " states are more than can be drawn (",
                                         fuzz::kMostDrawnStates, "); choose one sink and smaller bounds")));
    }
    const absl::Status written = WriteFile(path, text_of(explorer));
    return written.ok() ? kExitOk : Complain(written);
  }

  int Walk(const Explorer& explorer) {
    if (flags_.walks == 0) return kExitOk;
    const auto difference = fuzz::WalkAtRandom(explorer, {.walks = flags_.walks, .seed = flags_.seed});
    if (!difference.has_value()) {
      PrintOut(absl::StrCat(flags_.walks, " random walks came to known states only.\n"));
      return kExitOk;
    }
    PrintOut(absl::StrCat("States are taken for one that are not: ", difference->what, "\n\nThe walk:\n\n",
                          fuzz::PrintText(difference->walked), "\nThe shortest program to the state:\n\n",
                          fuzz::PrintText(difference->known)));
    return kExitFinding;
  }

  const ExploreFlags& flags_;
  double seconds_ = 0;
  std::FILE* traces_ = nullptr;
  bool is_written_ = true;
};

}  // namespace

int Explore(const ExploreFlags& flags) { return Run(flags).Do(); }

}  // namespace sluice::lab
