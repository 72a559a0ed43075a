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
  uint32_t performed = 0;          // times
  uint32_t threw = 0;              // times
  std::vector<uint32_t> promises;  // that it returned
  bool has_chunk = false;          // of those that the author gets from a writer
  uint32_t promise() const { return promises.empty() ? 0 : promises.back(); }  // 0 is none
};

// What the expected trace has of one stream and its functions.
struct StreamFacts {
  std::array<int, sim::kCallKindCount> scripts{};
  std::array<int, sim::kCallKindCount> calls{};
  std::array<int, sim::kCallKindCount> pending{};
  std::array<int, kPromiseSourceCount> settlements{};
  std::array<bool, kPromiseSourceCount> resolved{};
  std::array<bool, kPromiseSourceCount> rejected{};
  std::string signal;
  bool threw = false;  // its constructor
  bool uses_controller = false;
};

class StraightLineWriter {
 public:
  StraightLineWriter(const Trace& trace, const StraightLineOptions& options)
      : program_(*trace.program), trace_(trace), options_(options) {}
  StraightLineScript Write();

 private:
  // ---- What happens
  void Survey();
  void SurveyEvents();
  void SurveyOp(Where where, const Op& op);
  std::string WhyNotSharing();
  StreamFacts& Of(size_t stream) { return streams_[stream]; }
  const StreamFacts& Of(size_t stream) const { return streams_[stream]; }
  // The facts of the stream whose function it is.
  size_t Owner(size_t stream, CallKind call) const { return OwnerOf(program_, stream, call); }
  template <typename F>
  void ForEachPerformed(F f) {
    const auto each = [&](uint16_t script, const std::vector<Op>& ops) {
      for (size_t i = 0; i < ops.size(); ++i) {
        const Where where{script, static_cast<uint16_t>(i)};
        if (FactsOf(where).performed > 0) f(where, ops[i]);
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
  std::string ChunkName(Where where, const sim::Chunk& declared);
  std::string ChunkName(const sim::Chunk& declared) const;
  static std::string ChunkLiteral(const sim::Chunk& chunk);
  std::string Log(const std::string& text) const { return Events() + ".push(" + text + ");"; }
  std::string Events() const { return options_.style == ScriptStyle::kModule ? "log" : "events"; }
  std::string Turn() const;
  // "1" for s1; the first stream's names have none.
  static std::string Suffix(size_t stream) { return stream == 0 ? "" : std::to_string(stream); }
  static std::string Controller(size_t stream) { return "controller" + Suffix(stream); }
  // The variable or list that holds what settles a promise of this function.
  static std::string Settler(int source, size_t stream);
  bool IsList(int source, size_t stream) const {
    return Of(stream).pending[CallOf(source)] > 1 || Of(stream).settlements[source] > 1;
  }
  static int CallOf(int source);
  static std::optional<int> SourceOf(CallKind call);

  // ---- Statements
  void Statements(ScriptCode& code, uint16_t script, const std::vector<Op>& ops);
  void Repeated(ScriptCode& code, Where where);
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
  // What the operation at `where` read; nullptr: nothing.
  const Event* ReadOf(Where where, Property property) const;
  void ReadStream(ScriptCode& code, Where where, size_t stream);

  // ---- The streams
  ScriptCode Beginning();
  void Declarations(ScriptCode& code);
  // The statements that construct a stream, as the constant that only the program's own operations need not declare.
  ScriptCode NewStream(size_t stream, bool is_constant);
  ScriptCode Sink(size_t stream);
  bool IsConstantStream(size_t stream) const;
  bool ShareSome(Shared what) const;
  static std::string Counter(CallKind call, size_t stream) {
    return std::string(CallKindNames()[static_cast<int>(call)]) + "s" + Suffix(stream);
  }
  // Which call it is matters where there are several scripts, or calls after the last one.
  bool NeedsCount(CallKind call, size_t stream) const;
  void SinkMethod(ScriptCode& sink, fuzz::Method method, size_t stream);
  bool LogsChunks() const;
  bool HasListeners(size_t stream) const {
    return Of(Owner(stream, CallKind::kSignal)).scripts[static_cast<int>(CallKind::kSignal)] > 0;
  }
  void Listeners(ScriptCode& body, size_t stream);
  // The bodies of all calls of a function.
  void Scripts(ScriptCode& body, CallKind call, size_t stream);
  void ScriptBody(ScriptCode& code, size_t index);
  void EndOf(ScriptCode& code, const Script& script);
  void EndOfThen(ScriptCode& code, const End& end);
  void Pending(ScriptCode& code, CallKind call, size_t stream);
  void Thenable(ScriptCode& code);
  std::string Strategy(size_t stream);

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
  // As items of a list in JavaScript. What repeats is a call of `times`.
  static std::vector<std::string> Items(const std::vector<std::string>& texts);
  // `head` [items] `tail`, after the `times` that they call.
  static void List(ScriptCode& code, const std::string& head, const std::vector<std::string>& texts,
                   const std::string& tail);
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
  std::array<StreamFacts, kStreamCount> streams_;
  bool shares_sink_ = false;  // a sink that is not empty
  bool shares_strategy_ = false;
  bool unhandled_ = false;
  bool identities_ = false;
  bool uses_report_ = false;
  bool uses_text_ = false;
};

}  // namespace sluice::lab::internal

#endif  // SLUICE_FUZZ_LAB_STRAIGHT_LINE_WRITER_H_
