#include "fuzz/lab/commands.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fuzz/harness/conformance_programs.h"
#include "fuzz/lab/judging.h"
#include "fuzz/lab/program_file.h"
#include "fuzz/oracle/canary.h"
#include "fuzz/oracle/codec.h"
#include "fuzz/oracle/divergence.h"
#include "fuzz/oracle/finding_record.h"
#include "fuzz/oracle/finding_report.h"
#include "fuzz/oracle/judge.h"
#include "fuzz/program/bytes.h"
#include "fuzz/program/dictionary.h"
#include "fuzz/program/javascript.h"
#include "fuzz/program/language.h"
#include "fuzz/program/mutate.h"
#include "fuzz/program/shrink.h"
#include "fuzz/program/text.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(undefined_behavior_sanitizer)
#include <sanitizer/common_interface_defs.h>
#define SLUICE_LAB_SANITIZED 1
#endif
#endif

namespace sluice::lab {

namespace {

using fuzz::Finding;
using fuzz::Judge;
using fuzz::Program;

// What ran when a sanitizer or the time limit ended the process: the report has the stack, this has the steps.
const Judge* g_judge = nullptr;
const fuzz::DivergenceFinder* g_finder = nullptr;  // null for what is judged in V8
bool g_as_json = false;
const char* g_death = "crash";

// Once: a sanitizer that has reported then aborts.
void PrintProgress() {
  const Judge* const judge = std::exchange(g_judge, nullptr);
  if (judge == nullptr) return;
  const fuzz::FindingRecord record =
      fuzz::DeathRecord(g_death, *judge, g_finder == nullptr ? std::nullopt : g_finder->divergence());
  if (g_as_json) {
    PrintOut(record.Json() + "\n");
    std::fflush(stdout);
    return;
  }
  std::string also;
  for (const std::string& rule : record.also) also += (also.empty() ? "\nBroken before: " : ", ") + rule;
  std::fprintf(stderr,
               "%s\n%s\nThe program:\n\n%s\n"
               "What had happened when it came (the last line may be unfinished):\n\n%s",
               also.c_str(), record.divergence.has_value() ? fuzz::DivergenceText(*record.divergence).c_str() : "",
               fuzz::PrintText(*judge->core_trace().program).c_str(),
               fuzz::FoldedTraceText(judge->core_trace()).c_str());
}

void PrintUnfinished() {
#ifdef SLUICE_LAB_SANITIZED
  std::fprintf(stderr, "\nWhere it was:\n\n");
  __sanitizer_print_stack_trace();
#endif
  PrintProgress();
}

// A program that hangs or aborts is past helping: what is called here need not be safe in a signal handler, it need
// only mostly work.
void OnTimeLimit(int) {
  std::fflush(stdout);
  std::fprintf(stderr, "\nVerdict: FAILS, it did not end in time\n");
  g_death = "timeout";
  PrintUnfinished();
  std::_Exit(kExitFinding);
}

// As the standard library's checks and V8's do, which no sanitizer sees. The process ends when this returns.
void OnAbort(int) {
  std::signal(SIGABRT, SIG_DFL);
  std::fflush(stdout);
  if (g_judge != nullptr) PrintUnfinished();
}

// Seconds from now; 0 takes it back.
void SetTimeLimit(unsigned seconds) {
  if (seconds != 0) std::signal(SIGALRM, &OnTimeLimit);
  alarm(seconds);
}

int PrintCodecFinding(const fuzz::CodecFinding& finding, bool as_json) {
  const fuzz::FindingRecord record{.oracle = "codec", .rule = finding.rule, .sentence = finding.sentence};
  PrintOut(as_json ? record.Json() + "\n"
                   : absl::StrCat("\nThe rule: ", finding.sentence, "\n\n", finding.detail, "\n\nVerdict: FAILS, ",
                                  record.key(), "\n"));
  return kExitFinding;
}

// Runs every oracle. If the run ends the process, what it did until then is printed.
void RunJudge(Judge& judge, const Program& program, const fuzz::DivergenceFinder* finder, unsigned seconds) {
  g_judge = &judge;
  g_finder = finder;
#ifdef SLUICE_LAB_SANITIZED
  __sanitizer_set_death_callback(&PrintProgress);
#endif
  std::signal(SIGABRT, &OnAbort);
  if (seconds != 0) SetTimeLimit(seconds);
  judge.Run(program);
  if (seconds != 0) SetTimeLimit(0);
  g_judge = nullptr;
  g_finder = nullptr;
}

int ReproOne(const std::string& path, Judge& judge, const ReproOptions& options) {
  const auto bytes = ReadFile(path);
  if (!bytes.ok()) return Complain(bytes.status());
  if (!options.as_json) PrintOut(absl::StrCat("== ", path, "\n", LeadingComment(*bytes)));
  // A fault of the language breaks most files, and is not to mask the finding that is asked for.
  const bool is_of_codec = options.finding.empty() || options.finding.starts_with("codec/");
  if (const auto codec = is_of_codec ? fuzz::CheckCodec(*bytes) : std::nullopt) {
    return PrintCodecFinding(*codec, options.as_json);
  }
  const auto program = ParseProgram(path, *bytes);
  if (!program.ok()) return Complain(program.status());
  std::fflush(stdout);
  std::optional<fuzz::DivergenceFinder> finder;
  if (options.judged != Judged::kV8) judge.WatchCore(&finder.emplace(*program));
  RunJudge(judge, *program, finder.has_value() ? &*finder : nullptr, options.seconds);
  judge.WatchCore(nullptr);
  const std::optional<Finding> finding = Chosen(judge, options.finding, LeadingComment(*bytes));
  if (!finding.has_value()) {
    if (!options.as_json) PrintOut(fuzz::FindingReport(judge, finding) + "\nVerdict: passes every oracle\n");
    return kExitOk;
  }
  const fuzz::FindingRecord record =
      finder.has_value() ? fuzz::RecordOf(judge, *finding, finder->divergence()) : fuzz::RecordOf(judge, *finding);
  PrintOut(options.as_json ? record.Json() + "\n"
                           : fuzz::FindingReport(judge, finding, record) + "\nVerdict: FAILS, " + record.key() + "\n");
  return kExitFinding;
}

}  // namespace

int Show(const std::string& path, const std::string& out_bytes) {
  const auto bytes = ReadFile(path);
  if (!bytes.ok()) return Complain(bytes.status());
  const auto program = ParseProgram(path, *bytes);
  if (!program.ok()) return Complain(program.status());
  if (out_bytes.empty()) {
    PrintOut(LeadingComment(*bytes) + fuzz::PrintText(*program));
    return kExitOk;
  }
  const absl::Status written = WriteFile(out_bytes, fuzz::EncodeBytes(*program));
  return written.ok() ? kExitOk : Complain(written);
}

int TraceCommand(const std::string& path, bool slots, Traced traced) {
  const auto program = ReadProgram(path);
  if (!program.ok()) return Complain(program.status());
  fuzz::Driver driver;
  std::unique_ptr<fuzz::Subject> subject;
  if (traced == Traced::kModel) subject = std::make_unique<fuzz::ReferenceModel>();
  if (traced == Traced::kCore) subject = std::make_unique<fuzz::CoreSubject>();
  if (traced == Traced::kCanary) subject = std::make_unique<fuzz::CanarySubject>();
  fuzz::Trace trace;
  Judge judge;  // Takes the asserts.
  driver.Run(*program, *subject, {}, trace);
  if (!slots) {
    PrintOut(fuzz::FoldedTraceText(trace));
    return kExitOk;
  }
  const auto lines = fuzz::TraceLines(trace);
  std::array<core::Snapshot, fuzz::kStreamCount> before;
  for (size_t i = 0; i < lines.size(); ++i) {
    PrintOut(absl::StrCat(lines[i], "\n"));
    for (size_t stream = 0; stream < before.size(); ++stream) {
      const core::Snapshot* const snapshot = trace.SnapshotOf(i, stream);
      if (snapshot == nullptr) continue;
      const std::string changes = fuzz::ChangesText(before[stream], *snapshot);
      const std::string of = stream == 0 ? "" : absl::StrCat(fuzz::StreamText(stream), ": ");
      if (!changes.empty()) PrintOut(absl::StrCat("        { ", of, changes, " }\n"));
      before[stream] = *snapshot;
    }
  }
  return kExitOk;
}

int Repro(const ReproOptions& options) {
  const auto judge = NewJudge(options.judged);
  g_as_json = options.as_json;
  int worst = kExitOk;
  for (const std::string& path : options.paths) worst = std::max(worst, ReproOne(path, *judge, options));
  return worst;
}

int Language() {
  const auto rows = [](std::string_view title, std::span<const fuzz::Row> list) {
    std::string text = std::string(title) + "\n";
    for (const fuzz::Row& row : list) {
      std::string pattern(row.pattern);
      pattern.resize(std::max<size_t>(pattern.size(), 46), ' ');
      text += "  " + pattern + "  " + std::string(row.meaning) + "\n";
    }
    return text;
  };
  PrintOut(
      rows("Operations ($w writer, $s stream, $t a stream that is constructed, $S nothing or `s1.`, $c chunk, $b "
           "buffer or view, $r reason, $p whose promise, $n count, $o nothing or "
           "`unobserved`)",
           fuzz::OpRows()));
  PrintOut(rows("\nHow a call of a user function ends", fuzz::EndRows()));
  std::string words =
      "\nSettings: highWaterMark NUMBER, strategy STRATEGY, byteLimit BYTES, ticks MODEL, methods NAME...\nThose of "
      "another stream: s1 methods NAME..., and s1 shares sink strategy signal (with the first stream)\nAuthor "
      "functions:";
  for (const auto& name : fuzz::CallKindNames()) words += " " + std::string(name);
  absl::StrAppend(&words, "\nStrategies:");
  for (const auto& name : fuzz::StrategyNames().subspan(1)) words += " " + std::string(name);
  absl::StrAppend(&words, "\nTick models:");
  for (const auto& name : fuzz::TickModelNames()) words += " " + std::string(name);
  absl::StrAppend(&words, "\nChunks:");
  for (const auto& chunk : fuzz::InterestingChunks()) absl::StrAppend(&words, " ", fuzz::ChunkText(chunk), ",");
  words.back() = '\n';
  PrintOut(words);
  return kExitOk;
}

int Dictionary() {
  PrintOut(fuzz::DictionaryText());
  return kExitOk;
}

int Conformance(uint64_t seed, uint64_t count, const std::string& profile) {
  const auto judge = NewJudge(Judged::kV8);
  const fuzz::Profile chosen = *fuzz::ProfileNamed(profile);
  size_t programs = 0;
  for (uint64_t i = 0; i < count; ++i) {
    for (const Program& program : fuzz::ConformancePrograms(seed + i, chosen)) {
      ++programs;
      const std::optional<Finding> finding = judge->Run(program);
      if (!finding.has_value()) continue;
      const std::string identity = finding->identity();
      const Program small = fuzz::Shrink(program, [&](const Program& p) { return Breaks(*judge, p, identity); });
      judge->Run(small);
      PrintOut(absl::StrCat("Seed ", seed + i, " of the profile ", profile, ", shrunk:\n\n",
                            fuzz::FindingReport(*judge, Chosen(*judge, identity, ""))));
      return kExitFinding;
    }
  }
  PrintOut(absl::StrCat(programs, " programs conform, from ", count, " seeds of the profile ", profile, "\n"));
  return kExitOk;
}

int RandomCommand(uint64_t seed, const std::string& profile) {
  fuzz::Random random(seed);
  PrintOut(absl::StrCat("# random program, seed ", seed, "\n",
                        fuzz::PrintText(fuzz::RandomProgram(random, *fuzz::ProfileNamed(profile)))));
  return kExitOk;
}

}  // namespace sluice::lab
