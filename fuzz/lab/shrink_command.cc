#include "fuzz/lab/shrink_command.h"

#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fuzz/lab/candidates.h"
#include "fuzz/lab/in_child.h"
#include "fuzz/lab/judging.h"
#include "fuzz/lab/program_file.h"
#include "fuzz/oracle/codec.h"
#include "fuzz/oracle/finding_record.h"
#include "fuzz/oracle/judge.h"
#include "fuzz/program/bytes.h"
#include "fuzz/program/shrink.h"
#include "fuzz/program/text.h"
#include "src/shell/standard_streams.h"

namespace sluice::lab {
namespace {

using fuzz::Finding;
using fuzz::Judge;
using fuzz::Program;
using Bytes = std::vector<uint8_t>;

constexpr unsigned kSeconds = 10;  // of the processor, for a candidate

// An input on its way to becoming smaller. Each step is written, so that nothing is lost when the process is killed.
class Result {
 public:
  Result(const ShrinkOptions& options, std::string identity) : out_(options.out), identity_(std::move(identity)) {}

  void Keep(const Program& program) {
    Keep(absl::StrCat(identity_.empty() ? "" : absl::StrCat("# ", identity_, "\n"), fuzz::PrintText(program)));
  }
  void Keep(const Bytes& bytes) { Keep(std::string(bytes.begin(), bytes.end())); }

  int Finish() const {
    if (!written_.ok()) return Complain(written_);
    if (out_.empty()) PrintOut(text_);
    // Here, because this may be a child, whose end nobody looks at.
    if (std::fflush(stdout) == 0 || shell::NobodyReadsStandardOutput()) return kExitOk;
    return Complain(absl::UnknownError("standard output cannot be written"));
  }

 private:
  void Keep(std::string text) {
    text_ = std::move(text);
    if (!out_.empty()) written_ = WriteFile(out_, text_);
  }

  const std::string& out_;
  const std::string identity_;
  std::string text_;
  absl::Status written_;
};

// How a candidate is given to a command: as an engine would.
std::string Stored(const Program& program) { return fuzz::EncodeBytes(program); }
std::string Stored(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

template <typename T>
fuzz::FirstStill<T> ByCommand(Candidates& candidates, Result& result) {
  return [&](std::span<const T> all) {
    std::vector<std::string> contents;
    for (const T& one : all) contents.push_back(Stored(one));
    const size_t first = candidates.First(contents);
    if (first < all.size()) {
      result.Keep(all[first]);
      std::fprintf(stderr, "sluice-fuzz shrink: %zu executions, %zu bytes\n", candidates.executions(),
                   contents[first].size());
    }
    return first;
  };
}

template <typename T, typename Shrinker>
int ShrinkByCommand(const ShrinkOptions& options, const T& input, Shrinker shrink) {
  Candidates candidates(options.command, options.executions);
  Result result(options, options.finding);
  const std::string stored = Stored(input);
  const size_t whole = candidates.First({&stored, 1});
  if (!candidates.status().ok()) return Complain(candidates.status());
  if (whole != 0) {
    std::fprintf(stderr, "sluice-fuzz: %s: the command does not fail on it, so there is nothing to shrink\n",
                 options.path.c_str());
    return kExitFinding;
  }
  result.Keep(input);
  shrink(input, ByCommand<T>(candidates, result));
  if (!candidates.status().ok()) {
    result.Finish();
    return Complain(candidates.status());
  }
  std::fprintf(stderr, "sluice-fuzz shrink: %zu executions%s\n", candidates.executions(),
               candidates.used_up() ? ", as many as it may have: there may be a smaller one" : "; nothing more can go");
  return result.Finish();
}

int ShrinkCodecFinding(const ShrinkOptions& options, const Bytes& bytes, const fuzz::CodecFinding& finding) {
  Result result(options, "");
  result.Keep(fuzz::ShrinkBytes(bytes, 1, [&](std::span<const Bytes> candidates) {
    const auto same = fuzz::CheckCodec(candidates.front());
    return same.has_value() && same->rule == finding.rule ? size_t{0} : candidates.size();
  }));
  return result.Finish();
}

// A finding of an oracle. If it breaks first, it stays the first: a program that breaks another rule before would be
// reported as another finding.
int ShrinkByJudge(const ShrinkOptions& options, const Program& program) {
  const auto judge = NewJudge(options.judged);
  const std::optional<Finding> first = judge->Run(program);
  if (!first.has_value()) {
    std::fprintf(stderr, "sluice-fuzz: %s: passes every oracle, so there is nothing to shrink\n", options.path.c_str());
    return kExitFinding;
  }
  const std::string first_key = fuzz::RecordOf(*judge, *first).key();
  const std::string wanted = options.finding.empty() ? first_key : options.finding;
  if (!Breaks(*judge, program, wanted)) {
    std::fprintf(stderr, "sluice-fuzz: %s: fails with %s and not with %s\n", options.path.c_str(), first_key.c_str(),
                 wanted.c_str());
    return kExitUnreadable;
  }
  const bool is_first = wanted == first_key || wanted == first->identity();
  const auto holds = [&](const Program& candidate) {
    return is_first ? BreaksFirst(*judge, candidate, wanted) : Breaks(*judge, candidate, wanted);
  };
  const auto shrink = [&](const auto& holds_safely) {
    Result result(options, wanted);
    result.Keep(program);
    fuzz::Shrink(program, [&](const Program& candidate) {
      const bool is_smaller = holds_safely(candidate);
      if (is_smaller) result.Keep(candidate);
      return is_smaller;
    });
    return result.Finish();
  };
  // V8 has threads, which a child has not.
  if (options.judged == Judged::kV8) return shrink(holds);
  // One child for all candidates. Only if one of them ends it or hangs, by another fault, each gets a child of its own.
  const std::optional<int> result = RunInChild([&] {
    return shrink([&](const Program& candidate) {
      LimitProcessorTime(kSeconds);
      return holds(candidate);
    });
  });
  if (result == kExitUnreadable) {
    // The child's own complaint went where its sanitizer's reports go.
    const std::string where = options.out.empty() ? "standard output" : options.out;
    return Complain(absl::UnknownError(where + " cannot be written"));
  }
  if (result.has_value()) return *result;
  return shrink([&](const Program& candidate) {
    const auto exit_code = RunInChild([&] {
      LimitProcessorTime(kSeconds);
      return holds(candidate) ? kExitOk : kExitFinding;
    });
    return exit_code == kExitOk;
  });
}

}  // namespace

int ShrinkCommand(const ShrinkOptions& options) {
  const auto bytes = ReadFile(options.path);
  if (!bytes.ok()) return Complain(bytes.status());
  if (options.bytes && options.command.empty()) {
    const auto codec = fuzz::CheckCodec(*bytes);
    if (codec.has_value()) return ShrinkCodecFinding(options, *bytes, *codec);
    std::fprintf(stderr, "sluice-fuzz: %s: keeps the codec's rules, so there is nothing to shrink\n",
                 options.path.c_str());
    return kExitFinding;
  }
  if (options.bytes) {
    return ShrinkByCommand(options, *bytes, [&](const Bytes& input, const fuzz::FirstStill<Bytes>& first) {
      fuzz::ShrinkBytes(input, options.batch, first);
    });
  }
  const auto program = ParseProgram(options.path, *bytes);
  if (!program.ok()) return Complain(program.status());
  if (options.command.empty()) return ShrinkByJudge(options, *program);
  return ShrinkByCommand(options, *program, [&](const Program& input, const fuzz::FirstStill<Program>& first) {
    fuzz::ShrinkInBatches(input, options.batch, first);
  });
}

}  // namespace sluice::lab
