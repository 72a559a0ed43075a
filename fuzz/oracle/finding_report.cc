#include "fuzz/oracle/finding_report.h"

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "fuzz/oracle/compare.h"
#include "fuzz/program/language.h"
#include "fuzz/program/text.h"

namespace sluice::fuzz {
namespace {

constexpr size_t kColumn = 62;  // width of the left side, in characters

std::string Numbered(size_t number, const std::string& line) {
  std::string text = std::to_string(number);
  return std::string(text.size() < 4 ? 4 - text.size() : 0, ' ') + text + "  " + line;
}

std::string Padded(std::string text, size_t width) {
  if (text.size() < width) text.resize(width, ' ');
  return text;
}

std::string StepText(const Trace& trace, size_t event) {
  const size_t open = OpenOperation(trace, event);
  if (open == kNoEvent) return "";
  const Event& begin = trace.events[open];
  if (begin.kind == EventKind::kConstructBegin) return ", in new WritableStream(sink, strategy)";
  const std::string text = ", in " + PrintText(trace.OpOf(begin));
  return begin.where.script == Where::kEpilogue ? text + " (after the program's end)" : text;
}

// What the standard says of the step: of the user function that should have been called or not, or of the operation.
std::string_view StepAnchor(const Judge& judge, const Finding& finding) {
  const size_t event = finding.event;
  const auto& expected = judge.other_trace(finding).events;
  for (const auto* events : {&expected, &judge.core_trace().events}) {
    if (event >= events->size()) continue;
    const Event& there = (*events)[event];
    if (there.kind != EventKind::kCallBegin && there.kind != EventKind::kCallEnd) continue;
    constexpr std::string_view kAnchors[] = {"set-up-writable-stream-default-controller",
                                             "writable-stream-default-controller-get-chunk-size",
                                             "writable-stream-default-controller-process-write",
                                             "writable-stream-default-controller-process-close",
                                             "ws-default-controller-private-abort",
                                             "writable-stream-abort",
                                             "underlying-sink-api",
                                             "underlying-sink-api"};
    return kAnchors[there.code];
  }
  const size_t open = OpenOperation(judge.core_trace(), event);
  if (open == kNoEvent) return "ws-all-abstract-ops";
  const Event& begin = judge.core_trace().events[open];
  if (begin.kind == EventKind::kConstructBegin) return "ws-constructor";
  const std::string_view anchor = RowOf(judge.core_trace().OpOf(begin).kind).anchor;
  return anchor.empty() ? "ws-all-abstract-ops" : anchor;
}

void PrintSideBySide(std::ostringstream& out, const Judge& judge, const Finding& finding, std::string_view other) {
  const size_t event = finding.event;
  const Trace& right_trace = judge.other_trace(finding);
  const auto core = TraceLines(judge.core_trace());
  const auto model = TraceLines(right_trace);
  out << "     " << Padded("core", kColumn) << "  " << other << "\n";
  for (size_t i = 0; i < std::max(core.size(), model.size()); ++i) {
    const std::string left = i < core.size() ? core[i] : "(ended)";
    const std::string right = i < model.size() ? model[i] : "(ended)";
    const bool same_event =
        i < core.size() && i < model.size() && judge.core_trace().events[i] == right_trace.events[i];
    const std::string number = Numbered(i + 1, "").substr(0, 5);
    if (same_event) {
      out << (i == event ? ">" : " ") << number << left << "\n";
    } else {
      out << (i == event ? ">" : "!") << number << Padded(left, kColumn) << "| " << right << "\n";
    }
  }
}

// The slots that changed since `before`, and those that differ from the model's.
void PrintSlots(std::ostringstream& out, size_t stream, const core::Snapshot& before, const core::Snapshot& core,
                const core::Snapshot& model) {
  const auto earlier = SnapshotFields(before);
  const auto ours = SnapshotFields(core);
  const auto theirs = SnapshotFields(model);
  const bool all_agree = core == model;
  out << "\nSlots " << (stream == 0 ? "" : "of " + StreamText(stream) + " ") << "that changed there"
      << (all_agree ? "" : " (core | reference model)") << ":\n";
  for (size_t i = 0; i < ours.size(); ++i) {
    const bool differs = ours[i].second != theirs[i].second;
    if (!differs && ours[i].second == earlier[i].second) continue;
    out << (differs ? "  ! " : "    ") << Padded(std::string(ours[i].first) + ":", 42)
        << (differs ? Padded(ours[i].second, 12) + "| " + theirs[i].second : ours[i].second) << "\n";
  }
}

void PrintAlso(std::ostringstream& out, const std::vector<std::string>& also) {
  for (size_t i = 0; i < also.size(); ++i) out << (i == 0 ? "\nAlso broken: " : ", ") << also[i];
  if (!also.empty()) out << "\n";
}

void PrintHeader(std::ostringstream& out, const Judge& judge, const Finding& finding, const FindingRecord& record) {
  out << "What broke: " << record.rule << " (" << record.oracle << ")\n";
  out << "The rule:   " << record.sentence << "\n";
  if (record.anchor == "byte-limit") {
    out << "Ruled by:   src/core/byte_limit.h\n";
  } else if (!record.anchor.empty()) {
    out << "Ruled by:   https://streams.spec.whatwg.org/#" << record.anchor << "\n";
  } else if (finding.oracle == Oracle::kAssert) {
    out << "Ruled by:   the assert in " << record.rule << ", https://streams.spec.whatwg.org/#ws-all-abstract-ops\n";
  }
  out << "At step:    event " << finding.event + 1 << StepText(judge.core_trace(), finding.event) << "\n";
  out << "See:        https://streams.spec.whatwg.org/#" << StepAnchor(judge, finding) << "\n";
  if (record.divergence.has_value()) out << DivergenceText(*record.divergence);
  if (record.v8_only) out << "Only in V8: without it the core breaks no rule by then. Look into src/v8.\n";
}

// A line in two parts: its text with `#` for each number, and the numbers.
struct PatternLine {
  std::string text;
  std::vector<uint64_t> numbers;
};

PatternLine PatternOf(std::string_view line) {
  PatternLine pattern;
  bool in_number = false;
  for (const char c : line) {
    const bool digit = c >= '0' && c <= '9';
    if (digit && !in_number) {
      pattern.text += '#';
      pattern.numbers.push_back(0);
    }
    if (digit) pattern.numbers.back() = pattern.numbers.back() * 10 + static_cast<uint64_t>(c - '0');
    if (!digit) pattern.text += c;
    in_number = digit;
  }
  return pattern;
}

// `times` times `lines` lines that are the same but for numbers, each of which grows by the same from one to the next.
struct Repetition {
  size_t lines = 0;
  size_t times = 0;  // 0: there is none
};

Repetition RepetitionAt(const std::vector<PatternLine>& lines, size_t begin) {
  constexpr size_t kLongest = 8;       // lines: a call of size(), of write(), and a settlement
  constexpr size_t kWorthFolding = 8;  // times
  // Whether line `at` follows the one a period before as line `second` follows `first`.
  const auto follows = [&](size_t first, size_t second, size_t before, size_t at) {
    if (lines[at].text != lines[first].text || lines[second].text != lines[first].text) return false;
    for (size_t i = 0; i < lines[at].numbers.size(); ++i) {
      const uint64_t step = lines[second].numbers[i] - lines[first].numbers[i];
      if (lines[at].numbers[i] - lines[before].numbers[i] != step) return false;
    }
    return true;
  };
  for (size_t period = 1; period <= kLongest; ++period) {
    size_t end = begin + period;
    while (end < lines.size()) {
      const size_t first = begin + (end - begin) % period;
      if (first + period >= lines.size() || !follows(first, first + period, end - period, end)) break;
      ++end;
    }
    if (const size_t times = (end - begin) / period; times >= kWorthFolding) return {period, times};
  }
  return {};
}

}  // namespace

std::string DivergenceText(const Divergence& divergence) {
  return "Divergence: " + divergence.place() + "\n  expected: the standard " + divergence.expected +
         "\n  actual:   the core " + divergence.actual + "\n";
}

std::string TraceText(const Trace& trace) {
  std::ostringstream out;
  size_t number = 0;
  for (const std::string& line : TraceLines(trace)) out << Numbered(++number, line) << "\n";
  return out.str();
}

std::string FoldedTraceText(const Trace& trace) {
  const std::vector<std::string> lines = TraceLines(trace);
  std::vector<PatternLine> patterns;
  for (const std::string& line : lines) patterns.push_back(PatternOf(line));
  std::ostringstream out;
  for (size_t i = 0; i < lines.size();) {
    const Repetition repetition = RepetitionAt(patterns, i);
    const size_t shown = repetition.times > 0 ? 2 * repetition.lines : 1;
    for (size_t j = 0; j < shown; ++j) out << Numbered(i + j + 1, lines[i + j]) << "\n";
    if (repetition.times > 0) {
      out << Numbered(i + shown + 1, "") << "... " << repetition.times - 2
          << " times more, each as much further as the second\n";
    }
    i += repetition.times > 0 ? repetition.times * repetition.lines : 1;
  }
  return out.str();
}

std::string FindingReport(const Judge& judge, const std::optional<Finding>& finding,
                          std::optional<FindingRecord> record) {
  std::ostringstream out;
  if (finding.has_value()) {
    if (!record.has_value()) record = RecordOf(judge, *finding, std::nullopt);
    PrintHeader(out, judge, *finding, *record);
  }
  out << "\nThe program:\n\n";
  std::istringstream text(PrintText(*judge.core_trace().program));
  for (std::string line; std::getline(text, line);) out << "    " << line << "\n";
  if (!finding.has_value()) {
    out << "\nWhat happened (core and model have the same trace):\n\n" << TraceText(judge.core_trace());
    return out.str();
  }
  const bool rerun = finding->oracle == Oracle::kDeterminism || finding->oracle == Oracle::kState;
  out << "\nWhat happened (> the event that broke the rule, ! where the two differ):\n\n";
  PrintSideBySide(out, judge, *finding, rerun ? "| the core, run again" : "| reference model");
  // The slots at the event, or at the last one before it that has them.
  const size_t stream = finding->stream;
  const auto last_with_slots = [&judge, stream](size_t event) {
    while (event > 0 && judge.core_trace().SnapshotOf(event, stream) == nullptr) --event;
    return event;
  };
  const size_t event = last_with_slots(finding->event);
  const core::Snapshot* const core = judge.core_trace().SnapshotOf(event, stream);
  const core::Snapshot* const before =
      event == 0 ? nullptr : judge.core_trace().SnapshotOf(last_with_slots(event - 1), stream);
  const core::Snapshot* const model = rerun ? nullptr : judge.model_trace().SnapshotOf(event, stream);
  if (core != nullptr)
    PrintSlots(out, stream, before != nullptr ? *before : core::Snapshot(), *core, model != nullptr ? *model : *core);
  PrintAlso(out, record->also);
  return out.str();
}

}  // namespace sluice::fuzz
