#include "fuzz/lab/straight_line.h"

#include <algorithm>

#include "fuzz/lab/straight_line_writer.h"

namespace sluice::lab {
namespace internal {

StraightLineScript StraightLineWriter::Write() {
  Survey();
  if (!why_not_.empty()) return {.text = "", .why_not = why_not_, .expected = {}};
  ScriptCode body;
  body.Append(Beginning());
  Statements(body, Where::kMain, program_.ops);
  if (options_.observed.at_end) {
    Statements(body, Where::kEpilogue, Epilogue());
  } else if (program_.ops.empty() || program_.ops.back().kind != OpKind::kRun) {
    body.Line(Turn());
  }
  if (!why_not_.empty()) return {.text = "", .why_not = why_not_, .expected = {}};
  const std::vector<std::string> expected = Expected();
  const bool is_module = options_.style == ScriptStyle::kModule;
  return {.text = is_module ? Module(body, expected) : Test(body, expected), .why_not = "", .expected = expected};
}

void StraightLineWriter::Survey() {
  for (const Script& script : program_.scripts) {
    StreamFacts& of = Of(script.stream);
    ++of.scripts[static_cast<int>(script.call)];
    if (script.end.kind == EndKind::kReturnPending) ++of.pending[static_cast<int>(script.call)];
  }
  SurveyEvents();
  ForEachPerformed([&](Where where, const Op& op) { SurveyOp(where, op); });
  seen_.clear();
  Of(0).uses_controller |= options_.observed.at_end;
  for (size_t stream = 0; stream < kStreamCount; ++stream) {
    const StreamSettings settings = ResolvedSettings(program_, stream);
    if (!settings.has(Method::kStart) && !settings.has(Method::kWrite)) Of(stream).uses_controller = false;
  }
  if (why_not_.empty()) why_not_ = WhyNotSharing();
}

void StraightLineWriter::SurveyEvents() {
  std::vector<Where> open;
  for (const Event& event : trace_.events) {
    switch (event.kind) {
      case EventKind::kConstructEnd:
        Of(0).threw = event.thrown;
        break;
      case EventKind::kOpBegin:
        open.push_back(event.where);
        ++FactsOf(event.where).performed;
        FactsOf(event.where).has_chunk = event.value.kind != sim::ValueKind::kUndefined;
        break;
      case EventKind::kOpEnd: {
        const Op& op = OpAt(program_, open.back());
        OpFacts& facts = FactsOf(open.back());
        facts.threw += event.thrown ? 1 : 0;
        if (op.kind == OpKind::kConstruct) Of(op.operands.stream).threw = event.thrown;
        if (event.value.kind == sim::ValueKind::kPromise) facts.promises.push_back(event.value.id);
        open.pop_back();
        break;
      }
      case EventKind::kCallBegin:
        ++Of(Owner(event.stream, static_cast<CallKind>(event.code))).calls[event.code];
        break;
      case EventKind::kReported:
        why_not_ = "a listener throws, which many runtimes take for the end of the program";
        break;
      case EventKind::kUnhandled:
        unhandled_ = true;
        if (options_.style == ScriptStyle::kSuite) why_not_ = "a rejection is unhandled, which ends a suite";
        break;
      default:
        break;
    }
  }
}

void StraightLineWriter::SurveyOp(Where where, const Op& op) {
  const OpFacts& facts = FactsOf(where);
  if (facts.threw != 0 && facts.threw != facts.performed)
    why_not_ = "an operation that it repeats throws only sometimes";
  ++count_of_[Method(op)];
  unhandled_ |= op.operands.unobserved;
  if (op.kind == OpKind::kError || op.kind == OpKind::kReadStream) Of(op.operands.stream).uses_controller = true;
  if (op.kind == OpKind::kDetach) detached_.push_back(sim::Canonical(op.operands.chunk));
  if (op.kind == OpKind::kReadWriter && Sees(where)) identities_ = true;
  for (const uint32_t promise : facts.promises) {
    if (seen_.insert(promise).second || op.kind == OpKind::kWatchReady) continue;
    identities_ = true;
    if (facts.performed > 1) why_not_ = "an operation that it repeats returns a promise again";
  }
  if (op.kind == OpKind::kGetWriter || op.kind == OpKind::kConstructWriter) ++made_[op.operands.writer];
  if (op.kind == OpKind::kResolve || op.kind == OpKind::kReject) {
    StreamFacts& of = Of(op.operands.stream);
    const int source = static_cast<int>(op.operands.source);
    of.settlements[source] += static_cast<int>(facts.performed);
    (op.kind == OpKind::kResolve ? of.resolved : of.rejected)[source] = true;
  }
}

// The functions of a shared sink do not know whose controller they get, and each listener of a shared signal is called
// for both.
std::string StraightLineWriter::WhyNotSharing() {
  for (size_t stream = 1; stream < kStreamCount; ++stream) {
    const StreamSettings& settings = program_.settings(stream);
    const bool shares_listeners = settings.shares(Shared::kSink) || settings.shares(Shared::kSignal);
    if (shares_listeners && Of(0).scripts[static_cast<int>(CallKind::kSignal)] > 0) {
      return "two streams share the listeners of a signal";
    }
    if (settings.shares(Shared::kSink) && (Of(0).uses_controller || Of(stream).uses_controller)) {
      return "two streams share a sink, and it uses a controller";
    }
  }
  return "";
}

void StraightLineWriter::Helpers(ScriptCode& code) {
  const std::string events = Events();
  code.Line("const " + events + " = [];");
  if (identities_) {
    code.Line("const names = new Map();");
    code.Line("const nameOf = (name, promise) => names.get(promise) ?? (names.set(promise, name), name);");
  }
  if (uses_report_ || uses_text_ || unhandled_) code.Line("const text = (value) => `${value?.name ?? value}`;");
  if (uses_report_) {
    code.Open("const report = (name, method) => {");
    code.Open("try {");
    if (identities_) {
      code.Line("const promise = method();");
      code.Line("nameOf(name, promise);");
    }
    code.Line(std::string(identities_ ? "promise" : "method()") + ".then(() => " + events +
              ".push(`${name} fulfilled`), (error) => " + events + ".push(`${name} rejected: ${text(error)}`));");
    code.Close("} catch (error) { " + events + ".push(`${name} threw ${text(error)}`); }");
    code.Close("};");
  }
  if (unhandled_) {
    code.Line("const unhandled = (error) => " + events + ".push(`unhandled rejection: ${text(error)}`);");
    code.Line("if (globalThis.process) process.on(\"unhandledRejection\", unhandled);");
    code.Line(
        "else addEventListener(\"unhandledrejection\", (event) => { event.preventDefault(); unhandled(event.reason); "
        "});");
  }
}

std::string StraightLineWriter::Module(const ScriptCode& body, const std::vector<std::string>& expected) {
  ScriptCode code;
  if (!options_.title.empty()) code.Line("// " + options_.title);
  Helpers(code);
  code.Line("const turn = () => new Promise((resolve) => setTimeout(resolve));");
  code.Blank();
  code.Append(body);
  code.Blank();
  List(code, "const expected = ", expected, ";");
  code.Line("console.log(`expected: ${expected.join(\", \")}\\nactual:   ${log.join(\", \")}`);");
  code.Line("if (log.join() !== expected.join()) throw new Error(\"this WritableStream differs from the standard\");");
  return code.Text();
}

void StraightLineWriter::List(ScriptCode& code, const std::string& head, const std::vector<std::string>& texts,
                              const std::string& tail) {
  const std::vector<std::string> items = Items(texts);
  const bool folds = items.size() < texts.size();
  if (folds) code.Line("const times = (count, ...lines) => Array(count).fill(lines).flat();");
  code.List(head, items, tail);
}

std::vector<std::string> StraightLineWriter::Items(const std::vector<std::string>& texts) {
  constexpr size_t kLongest = 4;     // lines: the calls and the settlement of one write
  constexpr size_t kWorthACall = 8;  // times
  std::vector<std::string> items;
  for (size_t i = 0; i < texts.size();) {
    size_t period = 1;
    size_t times = 0;
    for (; period <= kLongest; ++period) {
      size_t end = i + period;
      while (end < texts.size() && texts[end] == texts[end - period]) ++end;
      times = (end - i) / period;
      if (times >= kWorthACall) break;
    }
    const bool folds = times >= kWorthACall;
    std::vector<std::string> quoted;
    for (size_t j = 0; j < (folds ? period : 1); ++j) quoted.push_back(Quoted(texts[i + j]));
    items.push_back(folds ? "...times(" + std::to_string(times) + ", " + Join(quoted, ", ") + ")" : quoted[0]);
    i += folds ? times * period : 1;
  }
  return items;
}

// The helpers of tests/suite (scripts/sluice_dev/mutation/suite_text.py).
void StraightLineWriter::SharedHelpers(ScriptCode& code) const {
  std::vector<std::string> used = {"events"};
  if (uses_report_) used.emplace_back("report");
  if (identities_) used.emplace_back("nameOf");
  if (uses_text_) used.emplace_back("text");
  code.Line("const { " + Join(used, ", ") + " } = record();");
}

std::string StraightLineWriter::Test(const ScriptCode& body, const std::vector<std::string>& expected) {
  ScriptCode code;
  const bool is_alone = options_.style == ScriptStyle::kWpt;
  if (is_alone) {
    code.Line("// META: global=window,worker,shadowrealm");
    code.Line("// META: script=../resources/test-utils.js");
    code.Line("'use strict';");
    code.Blank();
  }
  code.Open("promise_test(async () => {");
  is_alone ? Helpers(code) : SharedHelpers(code);
  code.Blank();
  code.Append(body);
  code.Blank();
  List(code, "assert_array_equals(events, ", expected, ", 'events should happen in this order');");
  std::string title;
  for (const char c : options_.title) title += c == '\'' ? "\\'" : std::string(1, c);
  code.Close("}, '" + title + "');");
  return code.Text();
}

}  // namespace internal

StraightLineScript StraightLine(const fuzz::Trace& trace, const StraightLineOptions& options) {
  return internal::StraightLineWriter(trace, options).Write();
}

}  // namespace sluice::lab
