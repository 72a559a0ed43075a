// What straight_line.h does, one program at a time.
#ifndef SLUICE_FUZZ_LAB_STRAIGHT_LINE_WRITER_H_
#define SLUICE_FUZZ_LAB_STRAIGHT_LINE_WRITER_H_

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fuzz/driver/trace.h"
#include "fuzz/lab/script_code.h"
#include "fuzz/lab/straight_line.h"
#include "fuzz/program/language.h"
#include "fuzz/program/program.h"
#include "fuzz/program/where.h"

namespace sluice::lab::internal {

using namespace fuzz;  // NOLINT: programs and their traces, of which all of this speaks

using sim::CallKind;

// What the expected trace has of one operation.
struct OpFacts {
  bool performed = false;
  bool threw = false;
  uint32_t promise = 0;  // that it returned; 0 is none
};

class StraightLineWriter {
 public:
  StraightLineWriter(const Trace& trace, const StraightLineOptions& options)
      : program_(*trace.program), trace_(trace), options_(options) {}
  StraightLineScript Write();

 private:
  // ---- What happens
  void Survey();
  template <typename F>
  void ForEachPerformed(F f) {
    const auto each = [&](uint16_t script, const std::vector<Op>& ops) {
      for (size_t i = 0; i < ops.size(); ++i) {
        const Where where{script, static_cast<uint16_t>(i)};
        if (FactsOf(where).performed) f(where, ops[i]);
      }
    };
    for (size_t i = 0; i < program_.scripts.size(); ++i) each(static_cast<uint16_t>(i), program_.scripts[i].ops);
    each(Where::kMain, program_.ops);
    if (options_.observed.at_end) each(Where::kEpilogue, Epilogue());
  }
  OpFacts& FactsOf(Where where) { return facts_[{where.script, where.op}]; }
  bool Sees(Where where) const {
    return where.script == Where::kEpilogue ? options_.observed.at_end : options_.observed.reads;
  }

  // ---- Names
  // Of the operations that a log line names.
  static std::string Method(const Op& op);
  // "write", or "write 2" where there are several.
  const std::string& Label(Where where, const Op& op);
  std::string Name(uint8_t writer) const;
  static std::string Reason(uint8_t reason) {
    return reason == kNoReason ? "undefined" : Quoted("r" + std::to_string(reason));
  }
  std::string ChunkName(const sim::Chunk& declared) const;
  static std::string ChunkLiteral(const sim::Chunk& chunk);
  std::string Log(const std::string& text) const { return Events() + ".push(" + text + ");"; }
  std::string Events() const { return options_.style == ScriptStyle::kModule ? "log" : "events"; }
  std::string Turn() const;
  // The variable or list that holds what settles a promise of this function.
  static std::string Settler(int source);
  bool IsList(int source) const { return pending_[CallOf(source)] > 1 || settlements_[source] > 1; }
  static int CallOf(int source);
  static std::optional<int> SourceOf(CallKind call);

  // ---- Statements
  void Statement(ScriptCode& code, Where where);
  std::string DetachedBuffer(const sim::Chunk& chunk) const {
    return ChunkName(chunk) + (chunk.kind == sim::ChunkKind::kView ? ".buffer" : "");
  }
  // A writer that is made once is a constant, where it is made.
  std::string Assigned(uint8_t writer) { return (IsConstant(writer) ? "const " : "") + Name(writer) + " = "; }
  bool IsConstant(uint8_t writer) const;
  void Plain(ScriptCode& code, Where where, const Op& op, std::string text);
  static std::string Template(const std::string& text) { return "`" + text + "`"; }
  void Call(ScriptCode& code, Where where, const Op& op, const std::string& text);
  void Watch(ScriptCode& code, Where where, const Op& op, const std::string& text);
  void Settle(ScriptCode& code, const Op& op);
  void ReadWriter(ScriptCode& code, Where where, const Op& op);
  // Another name than any that `watch` gives.
  static std::string NameOfRead(std::string_view property, const std::string& of) {
    return "the " + std::string(property) + " of read" + of;
  }
  bool DesiredSizeThrows(Where where) const;
  void ReadStream(ScriptCode& code, Where where);

  // ---- The stream
  ScriptCode Stream();
  void Declarations(ScriptCode& code);
  static std::string Counter(CallKind call) { return std::string(CallKindNames()[static_cast<int>(call)]) + "s"; }
  // Which call it is matters where there are several scripts, or calls after the last one.
  bool NeedsCount(CallKind call) const;
  void SinkMethod(ScriptCode& sink, fuzz::Method method);
  bool LogsChunks() const;
  void Listeners(ScriptCode& body);
  // The bodies of all calls of a function.
  void Scripts(ScriptCode& body, CallKind call);
  void ScriptBody(ScriptCode& code, size_t index);
  void EndOf(ScriptCode& code, const Script& script);
  void EndOfThen(ScriptCode& code, const End& end);
  void Pending(ScriptCode& code, CallKind call);
  void Thenable(ScriptCode& code);
  std::string Strategy();

  // ---- What is expected
  std::string Text(const sim::Value& value) const;
  // The log's lines, in the order of the trace.
  std::vector<std::string> Expected();
  void ExpectedOf(const Event& event, const std::vector<Where>& open, std::map<uint32_t, std::string>& names,
                  std::vector<std::string>& log);
  void ExpectedCall(const Event& event, std::vector<std::string>& log) const;
  std::string ChunkValue(const sim::Value& value) const;
  void ExpectedProperty(const Event& event, Where where, std::map<uint32_t, std::string>& names,
                        std::vector<std::string>& log);

  // ---- Around it
  void Helpers(ScriptCode& code);
  void SharedHelpers(ScriptCode& code) const;
  std::string Module(const ScriptCode& body, const std::vector<std::string>& expected);
  static std::vector<std::string> QuotedAll(const std::vector<std::string>& texts);
  std::string Test(const ScriptCode& body, const std::vector<std::string>& expected);
  const Program& program_;
  const Trace& trace_;
  const StraightLineOptions& options_;
  std::string why_not_;
  std::map<std::pair<uint16_t, uint16_t>, OpFacts> facts_;
  std::map<std::pair<uint16_t, uint16_t>, std::string> labels_;
  std::map<std::string, int> count_of_;
  std::map<std::string, int> numbered_;
  std::map<uint32_t, std::string> label_of_promise_;  // of those that are watched
  std::set<uint32_t> seen_;
  std::set<uint8_t> threw_making_;
  std::vector<sim::Chunk> detached_;
  std::array<int, kWriterCount> made_{};
  std::array<int, sim::kCallKindCount> scripts_of_{};
  std::array<int, sim::kCallKindCount> calls_{};
  std::array<int, sim::kCallKindCount> pending_{};
  std::array<int, kPromiseSourceCount> settlements_{};
  std::array<bool, kPromiseSourceCount> resolved_{};
  std::array<bool, kPromiseSourceCount> rejected_{};
  std::string signal_;
  bool constructed_ = true;
  bool unhandled_ = false;
  bool uses_controller_ = false;
  bool identities_ = false;
  bool uses_report_ = false;
  bool uses_text_ = false;
};

}  // namespace sluice::lab::internal

#endif  // SLUICE_FUZZ_LAB_STRAIGHT_LINE_WRITER_H_
