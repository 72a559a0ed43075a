#include "fuzz/lab/straight_line.h"

#include <algorithm>

#include "fuzz/lab/straight_line_writer.h"

namespace sluice::lab {
namespace internal {

StraightLineScript StraightLineWriter::Write() {
  if (LastStream(program_) > 0) return {"", "it has more than one stream"};
  Survey();
  if (!why_not_.empty()) return {.text = "", .why_not = why_not_, .expected = {}};
  ScriptCode body;
  body.Append(Stream());
  for (size_t i = 0; i < program_.ops.size(); ++i) Statement(body, {Where::kMain, static_cast<uint16_t>(i)});
  if (options_.observed.at_end) {
    for (size_t i = 0; i < Epilogue().size(); ++i) Statement(body, {Where::kEpilogue, static_cast<uint16_t>(i)});
  } else if (program_.ops.empty() || program_.ops.back().kind != OpKind::kRun) {
    body.Line(Turn());
  }
  if (!why_not_.empty()) return {.text = "", .why_not = why_not_, .expected = {}};
  const std::vector<std::string> expected = Expected();
  const bool is_module = options_.style == ScriptStyle::kModule;
  return {.text = is_module ? Module(body, expected) : Test(body, expected), .why_not = "", .expected = expected};
}

void StraightLineWriter::Survey() {
  for (const Script& script : program_.scripts) ++scripts_of_[static_cast<int>(script.call)];
  std::vector<Where> open;
  for (const Event& event : trace_.events) {
    switch (event.kind) {
      case EventKind::kConstructEnd:
        constructed_ = !event.thrown;
        break;
      case EventKind::kOpBegin:
        open.push_back(event.where);
        FactsOf(event.where).performed = true;
        break;
      case EventKind::kOpEnd: {
        OpFacts& facts = FactsOf(open.back());
        facts.threw = event.thrown;
        if (event.value.kind == sim::ValueKind::kPromise) facts.promise = event.value.id;
        open.pop_back();
        break;
      }
      case EventKind::kCallBegin:
        ++calls_[event.code];
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
  ForEachPerformed([&](Where where, const Op& op) {
    ++count_of_[Method(op)];
    unhandled_ |= op.operands.unobserved;
    uses_controller_ |= op.kind == OpKind::kError || op.kind == OpKind::kReadStream;
    if (op.kind == OpKind::kDetach) detached_.push_back(sim::Canonical(op.operands.chunk));
    if (op.kind == OpKind::kReadWriter && Sees(where)) identities_ = true;
    const uint32_t promise = FactsOf(where).promise;
    if (promise != 0 && !seen_.insert(promise).second && op.kind != OpKind::kWatchReady) identities_ = true;
    if (op.kind == OpKind::kGetWriter || op.kind == OpKind::kConstructWriter) ++made_[op.operands.writer];
    if (op.kind == OpKind::kResolve || op.kind == OpKind::kReject) {
      ++settlements_[static_cast<int>(op.operands.source)];
      (op.kind == OpKind::kResolve ? resolved_ : rejected_)[static_cast<int>(op.operands.source)] = true;
    }
  });
  seen_.clear();
  uses_controller_ |= options_.observed.at_end;
  if (program_.has(Method::kStart) == false && program_.has(Method::kWrite) == false) uses_controller_ = false;
  for (const Script& script : program_.scripts) {
    if (script.end.kind == EndKind::kReturnPending) ++pending_[static_cast<int>(script.call)];
  }
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
  code.List("const expected = ", QuotedAll(expected), ";");
  code.Line("console.log(`expected: ${expected.join(\", \")}\\nactual:   ${log.join(\", \")}`);");
  code.Line("if (log.join() !== expected.join()) throw new Error(\"this WritableStream differs from the standard\");");
  return code.Text();
}

std::vector<std::string> StraightLineWriter::QuotedAll(const std::vector<std::string>& texts) {
  std::vector<std::string> quoted;
  for (const std::string& text : texts) quoted.push_back(Quoted(text));
  return quoted;
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
  code.List("assert_array_equals(events, ", QuotedAll(expected), ", 'events should happen in this order');");
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
