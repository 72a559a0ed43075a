#include "fuzz/lab/compare_commands.h"

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <span>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "fuzz/driver/core_subject.h"
#include "fuzz/driver/driver.h"
#include "fuzz/driver/trace.h"
#include "fuzz/lab/commands.h"
#include "fuzz/lab/judging.h"
#include "fuzz/lab/program_file.h"
#include "fuzz/lab/straight_line.h"
#include "fuzz/oracle/finding_report.h"
#include "fuzz/oracle/judge.h"
#include "fuzz/program/javascript.h"
#include "fuzz/program/language.h"
#include "fuzz/program/mutate.h"
#include "fuzz/program/shrink.h"
#include "fuzz/program/text.h"

namespace sluice::lab {
namespace {

using fuzz::Program;

// Runs programs on the core in every tick model. One at a time: the judge takes the core's asserts.
class Examples {
 public:
  std::string Of(const std::string& name, const Program& program) {
    fuzz::TraceOfModel traces;
    Program in_model = program;
    for (int i = 0; i < core::kTickModelCount; ++i) {
      // A program for Sluice alone may name its model; it is compared in that one.
      if (program.tickModel == core::TickModel::kWebIdl) in_model.tickModel = static_cast<core::TickModel>(i);
      driver_.Run(in_model, core_, {.snapshots = false}, trace_);
      traces[i] = fuzz::TraceText(trace_);
    }
    return fuzz::EmitExample(name, program, traces);
  }

 private:
  fuzz::Judge judge_;
  fuzz::Driver driver_;
  fuzz::CoreSubject core_;
  fuzz::Trace trace_;
};

// The comment that a program's text begins with, without its marks, on one line.
std::string LeadingTitle(const std::vector<uint8_t>& bytes) {
  std::vector<std::string> lines;
  for (const absl::string_view line : absl::StrSplit(LeadingComment(bytes), '\n', absl::SkipWhitespace())) {
    lines.emplace_back(absl::StripPrefix(absl::StripAsciiWhitespace(line), "# "));
  }
  return absl::StrJoin(lines, " ");
}

// Waits until all microtasks have run, where a program waits for some: what is left does not depend on how many
// something takes.
void RunForTick(Program& program) {
  for (fuzz::Op& op : program.ops) {
    if (op.kind == fuzz::OpKind::kTick) op = {.kind = fuzz::OpKind::kRun, .operands = {}};
  }
}

// One of them, changed in some places, or two of them in one.
Program Mutated(const std::vector<Program>& programs, fuzz::Random& numbers, const fuzz::Profile& profile) {
  Program program = programs[numbers.Below(programs.size())];
  if (numbers.OneIn(4)) program = fuzz::CrossOver(program, programs[numbers.Below(programs.size())], numbers);
  const size_t times = numbers.Below(3);
  for (size_t i = 0; i <= times; ++i) fuzz::Mutate(program, numbers, profile);
  return program;
}

}  // namespace

int Batch(const BatchOptions& options) {
  const fuzz::Target target = options.for_sluice ? fuzz::Target::kSluice : fuzz::Target::kAnyRuntime;
  Examples examples;
  const auto print = [&](const std::string& name, Program program) {
    if (options.at_rest) RunForTick(program);
    if (!fuzz::WhyNotPortable(program, target).has_value()) PrintOut(examples.Of(name, program) + "\n");
  };
  std::vector<Program> programs;
  for (const std::string& path : options.paths) {
    const auto program = ReadProgram(path);
    if (!program.ok()) return Complain(program.status());
    if (options.mutate) {
      programs.push_back(*program);
    } else {
      print(path, *program);
    }
  }
  const fuzz::Profile profile = *fuzz::ProfileNamed(options.profile);
  const bool random = options.paths.empty();
  for (uint64_t seed = options.seed; (random || options.mutate) && seed < options.seed + options.count; ++seed) {
    if (std::ferror(stdout) != 0) break;  // nobody gets any more of it
    fuzz::Random numbers(seed);
    Program program = random ? fuzz::RandomProgram(numbers, profile) : Mutated(programs, numbers, profile);
    fuzz::MakePortable(program, target);
    print(absl::StrCat(random ? "" : "mutated ", options.profile, " ", seed), program);
  }
  return kExitOk;
}

int ShrinkDialog() {
  std::string line;
  const auto text = std::getline(std::cin, line) ? nlohmann::json::parse(line, nullptr, false) : nlohmann::json();
  if (!text.is_string()) return Complain(absl::InvalidArgumentError("shrink-dialog: the first line is no JSON string"));
  const auto source = text.get<std::string>();
  const auto program = ParseProgram("-", {source.begin(), source.end()});
  if (!program.ok()) return Complain(program.status());
  Examples examples;
  constexpr size_t kBatch = 16;
  bool broken = false;
  const Program shrunk = fuzz::ShrinkInBatches(*program, kBatch, [&](std::span<const Program> candidates) {
    if (broken) return candidates.size();
    std::vector<std::string> lines;
    for (const Program& candidate : candidates) lines.push_back(examples.Of("candidate", candidate));
    PrintOut("[" + absl::StrJoin(lines, ",") + "]\n");
    std::fflush(stdout);
    size_t answer = candidates.size();
    broken = !(std::cin >> answer);
    return std::min(answer, candidates.size());
  });
  if (broken) return Complain(absl::InvalidArgumentError("shrink-dialog: an answer is missing, or no number"));
  PrintOut(examples.Of("shrunk", shrunk) + "\n");
  return kExitOk;
}

int Emit(const EmitOptions& options) {
  const auto bytes = ReadFile(options.path);
  if (!bytes.ok()) return Complain(bytes.status());
  auto program = ParseProgram(options.path, *bytes);
  if (!program.ok()) return Complain(program.status());
  const auto refuse = [&](const std::string& why) {
    return Complain(
        absl::InvalidArgumentError(absl::StrCat(options.path, ": cannot be expressed in JavaScript: ", why)));
  };
  if (const auto why = fuzz::WhyNotPortable(*program)) return refuse(*why);
  if (options.format == "json") PrintOut(fuzz::EmitJson(*program) + "\n");
  if (options.format == "interpreter") PrintOut(fuzz::EmitJavaScript(*program));
  const std::map<std::string_view, ScriptStyle> styles = {
      {"js", ScriptStyle::kModule}, {"wpt", ScriptStyle::kWpt}, {"suite", ScriptStyle::kSuite}};
  const auto style = styles.find(options.format);
  if (style == styles.end()) return kExitOk;
  const auto models = fuzz::TickModelNames();
  const auto model = std::find(models.begin(), models.end(), options.ticks) - models.begin();
  for (size_t stream = 0; stream < fuzz::kStreamCount; ++stream) {
    program->settings(stream).tickModel = static_cast<core::TickModel>(model);
  }
  fuzz::Judge judge;  // takes the core's asserts
  fuzz::Trace trace;
  fuzz::CoreSubject core;
  fuzz::Driver().Run(*program, core, {.snapshots = false}, trace);
  const auto has = [&](std::string_view what) { return options.log.find(what) != std::string::npos; };
  const auto script = StraightLine(
      trace,
      {.style = style->second,
       .observed = {.calls = has("calls"), .results = has("results"), .reads = has("reads"), .at_end = has("end")},
       .title = options.title.empty() ? LeadingTitle(*bytes) : options.title});
  if (!script.why_not.empty()) return refuse(script.why_not);
  PrintOut(script.text);
  return kExitOk;
}

}  // namespace sluice::lab
