#include "fuzz/lab/straight_line.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "fuzz/program/language.h"
#include "fuzz/program/where.h"

namespace sluice::lab {
namespace {

using namespace fuzz;  // NOLINT: programs and their traces, of which all of this speaks

using sim::CallKind;

constexpr size_t kWidth = 112;

std::string Quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

std::string Join(const std::vector<std::string>& parts, std::string_view between) {
  std::string text;
  for (size_t i = 0; i < parts.size(); ++i) text += (i == 0 ? "" : std::string(between)) + parts[i];
  return text;
}

// Lines with their indentation.
class Code {
 public:
  void Line(std::string text) { lines_.push_back(std::string(2 * depth_, ' ') + std::move(text)); }
  void Open(std::string text) {
    Line(std::move(text));
    ++depth_;
  }
  void Close(std::string text) {
    --depth_;
    Line(std::move(text));
  }
  void Append(const Code& other) {
    for (const std::string& line : other.lines_) Line(line);
  }
  // `head` and the body on one line where that is short, else on several.
  void Block(const std::string& head, const Code& body, const std::string& tail) {
    const std::string brace = head.ends_with('(') ? "{" : " {";
    const std::string one = head + brace + " " + Join(body.lines_, " ") + " }" + tail;
    if (body.lines_.empty()) return Line(head + brace + "}" + tail);
    if (body.lines_.size() <= 3 && 2 * depth_ + one.size() <= kWidth && !body.nested_) return Line(one);
    nested_ = true;
    Open(head + brace);
    Append(body);
    Close("}" + tail);
  }
  // A list in brackets, over as many lines as it needs.
  void List(const std::string& head, const std::vector<std::string>& items, const std::string& tail) {
    const std::string one = head + "[" + Join(items, ", ") + "]" + tail;
    if (2 * depth_ + one.size() <= kWidth) return Line(one);
    Open(head + "[");
    std::string line;
    for (const std::string& item : items) {
      if (!line.empty() && 2 * depth_ + line.size() + item.size() + 2 > kWidth) {
        Line(line);
        line.clear();
      }
      line += (line.empty() ? "" : " ") + item + ",";
    }
    if (!line.empty()) Line(line);
    Close("]" + tail);
  }
  void Blank() { lines_.emplace_back(); }
  std::string Text() const { return Join(lines_, "\n") + "\n"; }
  size_t size() const { return lines_.size(); }

 private:
  std::vector<std::string> lines_;
  size_t depth_ = 0;
  bool nested_ = false;
};

// What the expected trace says of one operation.
struct OpFacts {
  bool performed = false;
  bool threw = false;
  uint32_t promise = 0;  // that it returned; 0 is none
};

class Writer {
 public:
  Writer(const Program& program, const Trace& trace, const StraightLineOptions& options)
      : program_(program), trace_(trace), options_(options) {}

  StraightLineScript Write() {
    Survey();
    if (!why_not_.empty()) return {"", why_not_};
    Code body;
    body.Append(Stream());
    for (size_t i = 0; i < program_.ops.size(); ++i) Statement(body, {Where::kMain, static_cast<uint16_t>(i)});
    if (options_.observed.at_end) {
      for (size_t i = 0; i < Epilogue().size(); ++i) Statement(body, {Where::kEpilogue, static_cast<uint16_t>(i)});
    } else if (program_.ops.empty() || program_.ops.back().kind != OpKind::kRun) {
      body.Line(Turn());
    }
    if (!why_not_.empty()) return {"", why_not_};
    return {options_.style == ScriptStyle::kModule ? Module(body) : Test(body), ""};
  }

 private:
  // ---- What happens

  void Survey() {
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
  static std::string Method(const Op& op) {
    switch (op.kind) {
      case OpKind::kGetWriter:
        return "getWriter";
      case OpKind::kConstructWriter:
        return "new WritableStreamDefaultWriter";
      case OpKind::kWrite:
        return "write";
      case OpKind::kClose:
      case OpKind::kStreamClose:
        return "close";
      case OpKind::kAbort:
      case OpKind::kStreamAbort:
        return "abort";
      case OpKind::kReleaseLock:
        return "releaseLock";
      case OpKind::kError:
        return "error";
      case OpKind::kWatchReady:
        return "ready";
      case OpKind::kWatchClosed:
        return "closed";
      case OpKind::kReadWriter:
        return "read";
      default:
        return "";
    }
  }

  // "write", or "write 2" where there are several.
  const std::string& Label(Where where, const Op& op) {
    std::string& label = labels_[{where.script, where.op}];
    if (label.empty()) {
      const std::string method = Method(op);
      const int number = ++numbered_[method];
      label = count_of_[method] > 1 ? method + " " + std::to_string(number) : method;
    }
    return label;
  }

  std::string Name(uint8_t writer) const {
    const bool several = std::count_if(made_.begin(), made_.end(), [](int n) { return n > 0; }) > 1;
    return several ? "writer" + std::to_string(writer) : "writer";
  }

  static std::string Reason(uint8_t reason) {
    return reason == kNoReason ? "undefined" : Quoted("r" + std::to_string(reason));
  }

  std::string ChunkName(const sim::Chunk& said) const {
    const sim::Chunk chunk = sim::Canonical(said);
    const auto found = std::find(detached_.begin(), detached_.end(), chunk);
    return found != detached_.end() ? "chunk" + std::to_string(found - detached_.begin()) : ChunkLiteral(chunk);
  }

  static std::string ChunkLiteral(const sim::Chunk& chunk) {
    const std::string count = std::to_string(chunk.count);
    switch (chunk.kind) {
      case sim::ChunkKind::kString: {
        const std::string text = ChunkText(chunk);  // as in JavaScript, but for the count
        const size_t star = text.rfind("\" * ");
        return star == std::string::npos ? text : text.substr(0, star + 1) + ".repeat(" + count + ")";
      }
      case sim::ChunkKind::kArrayBuffer:
        return "new ArrayBuffer(" + count + ")";
      case sim::ChunkKind::kSharedArrayBuffer:
        return "new SharedArrayBuffer(" + count + ")";
      case sim::ChunkKind::kView:
        return "new Uint8Array(" + count + ")";
      case sim::ChunkKind::kObject:
        return "{}";
      case sim::ChunkKind::kNumber:
        return std::to_string(chunk.tag);
      case sim::ChunkKind::kUndefined:
        return "undefined";
    }
    return "undefined";
  }

  std::string Log(const std::string& text) const { return Events() + ".push(" + text + ");"; }
  std::string Events() const { return options_.style == ScriptStyle::kWpt ? "events" : "log"; }
  std::string Turn() const {
    return options_.style == ScriptStyle::kWpt ? "await flushAsyncEvents();" : "await turn();";
  }

  // The variable or list that holds what settles a promise of this function.
  static std::string Settler(int source) {
    static constexpr std::array<std::string_view, kPromiseSourceCount> kNames = {"Start", "Write", "Close", "Abort",
                                                                                 "Then"};
    return "end" + std::string(kNames[source]);
  }
  bool IsList(int source) const { return pending_[CallOf(source)] > 1 || settlements_[source] > 1; }
  static int CallOf(int source) {
    constexpr CallKind kCalls[] = {CallKind::kStart, CallKind::kWrite, CallKind::kClose, CallKind::kAbort,
                                   CallKind::kThen};
    return static_cast<int>(kCalls[source]);
  }
  static std::optional<int> SourceOf(CallKind call) {
    for (int source = 0; source < kPromiseSourceCount; ++source) {
      if (CallOf(source) == static_cast<int>(call)) return source;
    }
    return std::nullopt;
  }

  // ---- Statements

  void Statement(Code& code, Where where) {
    const Op& op = OpAt(program_, where);
    const OpFacts facts = FactsOf(where);
    if (!facts.performed) return;
    const Operands& o = op.operands;
    switch (op.kind) {
      case OpKind::kGetWriter:
        return Plain(code, where, op, Assigned(o.writer) + "stream.getWriter()");
      case OpKind::kConstructWriter:
        return Plain(code, where, op, Assigned(o.writer) + "new WritableStreamDefaultWriter(stream)");
      case OpKind::kWrite:
        return Call(code, where, op, Name(o.writer) + ".write(" + ChunkName(o.chunk) + ")");
      case OpKind::kClose:
        return Call(code, where, op, Name(o.writer) + ".close()");
      case OpKind::kAbort:
        return Call(code, where, op,
                    Name(o.writer) + ".abort(" + (o.reason == kNoReason ? "" : Reason(o.reason)) + ")");
      case OpKind::kStreamAbort:
        return Call(code, where, op, "stream.abort(" + (o.reason == kNoReason ? "" : Reason(o.reason)) + ")");
      case OpKind::kStreamClose:
        return Call(code, where, op, "stream.close()");
      case OpKind::kReleaseLock:
        return Plain(code, where, op, Name(o.writer) + ".releaseLock()");
      case OpKind::kError:
        return Plain(code, where, op, "controller.error(" + Reason(o.reason) + ")");
      case OpKind::kResolve:
      case OpKind::kReject:
        return Settle(code, op);
      case OpKind::kRun:
        return code.Line(Turn());
      case OpKind::kTick:
        return code.Line(o.count == 1 ? "await undefined;"
                                      : "for (let i = 0; i < " + std::to_string(o.count) + "; ++i) await undefined;");
      case OpKind::kReadWriter:
        return ReadWriter(code, where, op);
      case OpKind::kReadStream:
        return ReadStream(code, where);
      case OpKind::kWatchReady:
        return Watch(code, where, op, Name(o.writer) + ".ready");
      case OpKind::kWatchClosed:
        return Watch(code, where, op, Name(o.writer) + ".closed");
      case OpKind::kDetach:
        return code.Line("structuredClone(" + DetachedBuffer(o.chunk) + ", { transfer: [" + DetachedBuffer(o.chunk) +
                         "] });");
      case OpKind::kRunCount:
      case OpKind::kCloseWithErrorPropagation:
      case OpKind::kErrorStream:
        why_not_ = "it has an operation that JavaScript cannot perform: " + std::string(RowOf(op.kind).name);
    }
  }

  std::string DetachedBuffer(const sim::Chunk& chunk) const {
    return ChunkName(chunk) + (chunk.kind == sim::ChunkKind::kView ? ".buffer" : "");
  }

  // A writer that is made once is a constant, where it is made.
  std::string Assigned(uint8_t writer) { return (IsConstant(writer) ? "const " : "") + Name(writer) + " = "; }
  bool IsConstant(uint8_t writer) const {
    if (made_[writer] != 1) return false;
    return std::any_of(program_.ops.begin(), program_.ops.end(),
                       [&](const Op& op) {
                         return (op.kind == OpKind::kGetWriter || op.kind == OpKind::kConstructWriter) &&
                                op.operands.writer == writer;
                       }) &&
           !threw_making_.contains(writer);
  }

  void Plain(Code& code, Where where, const Op& op, std::string text) {
    if (!FactsOf(where).threw) return code.Line(std::move(text) + ";");
    const size_t equals = text.find("const ");
    if (equals == 0) text = text.substr(text.find(" = ") + 3);
    code.Line("try { " + text + "; } catch (error) { " + Log(Template(Label(where, op) + " threw ${text(error)}")) +
              " }");
    uses_text_ = true;
  }

  static std::string Template(const std::string& text) { return "`" + text + "`"; }

  void Call(Code& code, Where where, const Op& op, const std::string& text) {
    const uint32_t promise = FactsOf(where).promise;
    const std::string& label = Label(where, op);
    if (op.operands.unobserved || !options_.observed.results) {
      // Somebody has to handle its rejection.
      code.Line(text + (op.operands.unobserved ? ";" : ".catch(() => {});"));
      return;
    }
    if (promise != 0 && !seen_.insert(promise).second) {
      code.Line(Log(Template(label + " returned ${nameOf(" + Quoted("a new promise") + ", " + text + ")}")));
      return;
    }
    code.Line("report(" + Quoted(label) + ", () => " + text + ");");
    uses_report_ = true;
    label_of_promise_[promise] = label;
  }

  void Watch(Code& code, Where where, const Op& op, const std::string& text) {
    if (!Sees(where)) return;
    const uint32_t promise = FactsOf(where).promise;
    if (!seen_.insert(promise).second && label_of_promise_.contains(promise)) return;  // It is watched already.
    code.Line("report(" + Quoted(Label(where, op)) + ", () => " + text + ");");
    uses_report_ = true;
    label_of_promise_[promise] = Label(where, op);
  }

  void Settle(Code& code, const Op& op) {
    const int source = static_cast<int>(op.operands.source);
    const bool resolves = op.kind == OpKind::kResolve;
    const std::string argument = resolves ? "" : Reason(op.operands.reason);
    if (IsList(source)) {
      return code.Line(Settler(source) + ".shift()." + (resolves ? "resolve(" : "reject(") + argument + ");");
    }
    code.Line(Settler(source) + "(" + argument + ");");
  }

  void ReadWriter(Code& code, Where where, const Op& op) {
    if (!Sees(where)) return;
    const std::string writer = Name(op.operands.writer);
    const std::string& label = Label(where, op);
    if (DesiredSizeThrows(where)) {
      code.Line("try { " + Log(Template("desiredSize ${" + writer + ".desiredSize}")) + " } catch (error) { " +
                Log(Template("desiredSize threw ${text(error)}")) + " }");
      uses_text_ = true;
    } else {
      code.Line(Log(Template("desiredSize ${" + writer + ".desiredSize}")));
    }
    const std::string of = label == "read" ? "" : label.substr(4);
    for (const std::string_view property : {"ready", "closed"}) {
      code.Line(Log(Template(std::string(property) + " is ${nameOf(" + Quoted(NameOfRead(property, of)) + ", " +
                             writer + "." + std::string(property) + ")}")));
    }
    identities_ = true;
  }

  // Another name than any that `watch` gives.
  static std::string NameOfRead(std::string_view property, const std::string& of) {
    return "the " + std::string(property) + " of read" + of;
  }

  bool DesiredSizeThrows(Where where) const {
    bool here = false;
    for (const Event& event : trace_.events) {
      if (event.kind == EventKind::kOpBegin) here = event.where == where;
      if (here && event.kind == EventKind::kProperty && static_cast<Property>(event.code) == Property::kDesiredSize) {
        return event.thrown;
      }
    }
    return false;
  }

  void ReadStream(Code& code, Where where) {
    if (!Sees(where)) return;
    if (constructed_) code.Line(Log(Template("locked ${stream.locked}")));
    if (!uses_controller_) return;
    code.Line(Log(Template("signal ${controller.signal.aborted} ${text(controller.signal.reason)}")));
    uses_text_ = true;
  }

  // ---- The stream

  Code Stream() {
    Code code;
    for (size_t i = 0; i < detached_.size(); ++i) {
      if (std::find(detached_.begin(), detached_.begin() + static_cast<std::ptrdiff_t>(i), detached_[i]) !=
          detached_.begin() + static_cast<std::ptrdiff_t>(i)) {
        continue;
      }
      code.Line("const chunk" + std::to_string(i) + " = " + ChunkLiteral(detached_[i]) + ";");
    }
    ForEachPerformed([&](Where where, const Op& op) {
      if ((op.kind == OpKind::kGetWriter || op.kind == OpKind::kConstructWriter) && FactsOf(where).threw) {
        threw_making_.insert(op.operands.writer);
      }
    });
    Code sink;
    for (int method = 0; method < kMethodCount - 1; ++method) {
      if (program_.has(static_cast<fuzz::Method>(method))) SinkMethod(sink, static_cast<fuzz::Method>(method));
    }
    Declarations(code);
    const std::string strategy = Strategy();
    const std::string tail = (strategy.empty() ? "" : ", " + strategy) + ");";
    if (constructed_ && sink.size() == 0 && strategy.empty()) {
      code.Line("const stream = new WritableStream();");
    } else if (constructed_) {
      code.Block("const stream = new WritableStream(", sink, tail);
    } else {
      code.Open("try {");
      code.Block("new WritableStream(", sink, tail);
      code.Close("} catch (error) { " + Log("`the constructor threw ${text(error)}`") + " }");
      uses_text_ = true;
    }
    return code;
  }

  void Declarations(Code& code) {
    std::vector<std::string> names;
    if (uses_controller_) names.emplace_back("controller");
    for (uint8_t writer = 0; writer < kWriterCount; ++writer) {
      if (made_[writer] > 0 && !IsConstant(writer)) names.push_back(Name(writer));
    }
    for (int source = 0; source < kPromiseSourceCount; ++source) {
      if (settlements_[source] == 0) continue;
      names.push_back(Settler(source) + (IsList(source) ? " = []" : ""));
    }
    for (int call = 0; call < sim::kCallKindCount; ++call) {
      if (NeedsCount(static_cast<CallKind>(call))) names.push_back(Counter(static_cast<CallKind>(call)) + " = 0");
    }
    if (!names.empty()) code.Line("let " + Join(names, ", ") + ";");
  }

  static std::string Counter(CallKind call) { return std::string(CallKindNames()[static_cast<int>(call)]) + "s"; }
  // Which call it is matters where there are several scripts, or calls after the last one.
  bool NeedsCount(CallKind call) const {
    const int index = static_cast<int>(call);
    if (call == CallKind::kSignal || scripts_of_[index] == 0) return false;
    return scripts_of_[index] > 1 || calls_[index] > 1;
  }

  void SinkMethod(Code& sink, fuzz::Method method) {
    constexpr CallKind kCalls[] = {CallKind::kStart, CallKind::kWrite, CallKind::kClose, CallKind::kAbort};
    const CallKind call = kCalls[static_cast<int>(method)];
    Code body;
    const bool in_write = !program_.has(fuzz::Method::kStart);
    const bool sets = uses_controller_ && (call == CallKind::kStart || (call == CallKind::kWrite && in_write));
    if (sets) body.Line("controller = c;");
    if (call == CallKind::kStart) Listeners(body);
    std::string parameters;
    if (call == CallKind::kStart) parameters = sets || scripts_of_[static_cast<int>(CallKind::kSignal)] > 0 ? "c" : "";
    if (call == CallKind::kWrite) parameters = sets ? "chunk, c" : LogsChunks() ? "chunk" : "";
    if (call == CallKind::kAbort) parameters = options_.observed.calls ? "reason" : "";
    std::string text = Quoted("sink." + std::string(CallKindNames()[static_cast<int>(call)]));
    if (call == CallKind::kWrite && LogsChunks()) text = "`sink.write ${chunk}`";
    if (call == CallKind::kAbort) {
      text = "`sink.abort ${text(reason)}`";
      uses_text_ |= options_.observed.calls;
    }
    if (options_.observed.calls && call != CallKind::kStart) body.Line(Log(text));
    Scripts(body, call);
    sink.Block(std::string(CallKindNames()[static_cast<int>(call)]) + "(" + parameters + ")", body, ",");
  }

  bool LogsChunks() const {
    if (!options_.observed.calls) return false;
    bool plain = true;
    const auto look = [&](const std::vector<Op>& ops) {
      for (const Op& op : ops) {
        const sim::Chunk& chunk = op.operands.chunk;
        if (op.kind != OpKind::kWrite) continue;
        plain &= chunk.kind == sim::ChunkKind::kString && chunk.count <= 2 &&
                 std::all_of(chunk.units.begin(), chunk.units.begin() + chunk.unit_count,
                             [](char16_t unit) { return unit > 0x20 && unit < 0x7F && unit != '"' && unit != '\\'; });
      }
    };
    look(program_.ops);
    for (const Script& script : program_.scripts) look(script.ops);
    return plain;
  }

  void Listeners(Code& body) {
    for (size_t i = 0; i < program_.scripts.size(); ++i) {
      if (program_.scripts[i].call != CallKind::kSignal) continue;
      Code listener;
      if (options_.observed.calls) listener.Line(Log(Quoted("signal aborted")));
      ScriptBody(listener, i);
      body.Block("c.signal.addEventListener(\"abort\", () =>", listener, ");");
    }
  }

  // The bodies of all calls of a function.
  void Scripts(Code& body, CallKind call) {
    const bool counts = NeedsCount(call);
    int number = 0;
    if (counts) body.Line("++" + Counter(call) + ";");
    for (size_t i = 0; i < program_.scripts.size(); ++i) {
      if (program_.scripts[i].call != call) continue;
      ++number;
      Code script;
      ScriptBody(script, i);
      if (!counts) {
        body.Append(script);
      } else if (script.size() > 0) {
        body.Block("if (" + Counter(call) + " === " + std::to_string(number) + ")", script, "");
      }
    }
    if (call == CallKind::kSize && (counts || number == 0)) body.Line("return 1;");
  }

  void ScriptBody(Code& code, size_t index) {
    const Script& script = program_.scripts[index];
    for (size_t i = 0; i < script.ops.size(); ++i) {
      Statement(code, {static_cast<uint16_t>(index), static_cast<uint16_t>(i)});
    }
    EndOf(code, script);
  }

  void EndOf(Code& code, const Script& script) {
    const End& end = script.end;
    const std::string reason = Reason(end.operands.reason);
    if (script.call == CallKind::kThen) return EndOfThen(code, end);
    switch (end.kind) {
      case EndKind::kReturn:
        return;
      case EndKind::kReturnNumber:
        return code.Line("return " + NumberText(end.operands.number) + ";");
      case EndKind::kThrow:
        return code.Line("throw " + reason + ";");
      case EndKind::kReturnResolved:
        return code.Line("return Promise.resolve();");
      case EndKind::kReturnRejected:
        return code.Line("return Promise.reject(" + reason + ");");
      case EndKind::kReturnPending:
        return Pending(code, script.call);
      case EndKind::kReturnThenable:
        return Thenable(code);
    }
  }

  void EndOfThen(Code& code, const End& end) {
    const int source = static_cast<int>(PromiseSource::kThen);
    switch (end.kind) {
      case EndKind::kReturnResolved:
        return code.Line("resolve();");
      case EndKind::kReturnRejected:
        return code.Line("reject(" + Reason(end.operands.reason) + ");");
      case EndKind::kThrow:
        return code.Line("throw " + Reason(end.operands.reason) + ";");
      case EndKind::kReturnPending:
        if (settlements_[source] == 0) return;
        if (IsList(source)) return code.Line(Settler(source) + ".push({ resolve, reject });");
        return code.Line(Settler(source) + " = " + (rejected_[source] ? "reject" : "resolve") + ";");
      default:
        return;
    }
  }

  void Pending(Code& code, CallKind call) {
    const auto source = SourceOf(call);
    if (!source.has_value() || settlements_[*source] == 0) return code.Line("return new Promise(() => {});");
    const std::string settler = Settler(*source);
    if (IsList(*source)) {
      return code.Line("return new Promise((resolve, reject) => { " + settler + ".push({ resolve, reject }); });");
    }
    if (!rejected_[*source]) return code.Line("return new Promise((resolve) => { " + settler + " = resolve; });");
    code.Line("return new Promise((_, reject) => { " + settler + " = reject; });");
  }

  void Thenable(Code& code) {
    Code then;
    if (options_.observed.calls) then.Line(Log(Quoted("then")));
    Scripts(then, CallKind::kThen);
    if (scripts_of_[static_cast<int>(CallKind::kThen)] == 0) then.Line("resolve();");
    if (NeedsCount(CallKind::kThen)) {
      then.Line("if (" + Counter(CallKind::kThen) + " > " +
                std::to_string(scripts_of_[static_cast<int>(CallKind::kThen)]) + ") resolve();");
    }
    if (scripts_of_[static_cast<int>(CallKind::kGetThen)] == 0 && !options_.observed.calls) {
      return code.Block("return { then(resolve, reject)", then, " };");
    }
    Code get;
    if (options_.observed.calls) get.Line(Log(Quoted("get then")));
    Scripts(get, CallKind::kGetThen);
    get.Block("return (resolve, reject) =>", then, ";");
    code.Block("return { get then()", get, " };");
  }

  std::string Strategy() {
    const std::string mark = program_.highWaterMark.has_value() ? NumberText(*program_.highWaterMark) : "";
    if (program_.strategy != sim::Strategy::kAuthor) {
      const std::string name(StrategyNames()[static_cast<int>(program_.strategy)]);
      const std::string made = "new " + name + "({ highWaterMark: " + (mark.empty() ? "NaN" : mark) + " })";
      return mark.empty() ? "{ size: " + made + ".size }" : made;
    }
    std::vector<std::string> members;
    if (!mark.empty()) members.push_back("highWaterMark: " + mark);
    if (program_.has(fuzz::Method::kSize)) {
      Code body;
      if (options_.observed.calls) body.Line(Log(Quoted("size")));
      Scripts(body, CallKind::kSize);
      Code member;
      member.Block("size()", body, "");
      std::string text = member.Text();
      text.pop_back();
      members.push_back(text);
    }
    return members.empty() ? "" : "{ " + Join(members, ", ") + " }";
  }

  // ---- What is expected

  std::string Text(const sim::Value& value) const {
    switch (value.kind) {
      case sim::ValueKind::kTypeError:
        return "TypeError";
      case sim::ValueKind::kRangeError:
        return "RangeError";
      case sim::ValueKind::kAbortError:
        return "AbortError";
      default:
        return ValueText(value, trace_.chunks);
    }
  }

  // The log's lines, in the order of the trace.
  std::vector<std::string> Expected() {
    std::vector<std::string> log;
    std::vector<Where> open;
    std::map<uint32_t, std::string> names;  // as nameOf() gives them
    for (const Event& event : trace_.events) {
      if (event.kind == EventKind::kOpBegin) open.push_back(event.where);
      if (!open.empty() && open.back().script == Where::kEpilogue && !options_.observed.at_end &&
          OpAt(program_, open.back()).kind != OpKind::kRun) {
        if (event.kind == EventKind::kOpEnd) open.pop_back();
        continue;
      }
      ExpectedOf(event, open, names, log);
      if (event.kind == EventKind::kOpEnd) open.pop_back();
    }
    return log;
  }

  void ExpectedOf(const Event& event, const std::vector<Where>& open, std::map<uint32_t, std::string>& names,
                  std::vector<std::string>& log) {
    const auto name_of = [&](uint32_t promise, const std::string& name) {
      return names.try_emplace(promise, name).first->second;
    };
    switch (event.kind) {
      case EventKind::kConstructEnd:
        if (event.thrown) log.push_back("the constructor threw " + Text(event.value));
        return;
      case EventKind::kCallBegin:
        return ExpectedCall(event, log);
      case EventKind::kOpEnd: {
        const Where where = open.back();
        const Op& op = OpAt(program_, where);
        const auto label = labels_.find({where.script, where.op});
        if (label == labels_.end()) return;
        if (event.thrown) log.push_back(label->second + " threw " + Text(event.value));
        const bool returns = op.kind == OpKind::kWrite || op.kind == OpKind::kClose || op.kind == OpKind::kAbort ||
                             op.kind == OpKind::kStreamAbort || op.kind == OpKind::kStreamClose;
        const bool watches = op.kind == OpKind::kWatchReady || op.kind == OpKind::kWatchClosed;
        if (event.value.kind != sim::ValueKind::kPromise || op.operands.unobserved) return;
        if (!options_.observed.results && returns) return;
        if (watches && !Sees(where)) return;
        const auto own = label_of_promise_.find(event.value.id);
        const bool first = own != label_of_promise_.end() && own->second == label->second;
        if (first) {
          name_of(event.value.id, label->second);
        } else if (returns) {
          log.push_back(label->second + " returned " + name_of(event.value.id, "a new promise"));
        }
        return;
      }
      case EventKind::kSettled:
        if (const auto label = label_of_promise_.find(event.number); label != label_of_promise_.end()) {
          log.push_back(label->second + (event.thrown ? " rejected: " + Text(event.value) : " fulfilled"));
        }
        return;
      case EventKind::kProperty:
        return ExpectedProperty(event, open.back(), names, log);
      case EventKind::kUnhandled:
        log.push_back("unhandled rejection: " + Text(event.value));
        return;
      default:
        return;
    }
  }

  void ExpectedCall(const Event& event, std::vector<std::string>& log) const {
    if (!options_.observed.calls) return;
    switch (static_cast<CallKind>(event.code)) {
      case CallKind::kStart:
        return;
      case CallKind::kSize:
        return log.push_back("size");
      case CallKind::kWrite:
        return log.push_back(LogsChunks() ? "sink.write " + ChunkValue(event.value) : "sink.write");
      case CallKind::kClose:
        return log.push_back("sink.close");
      case CallKind::kAbort:
        return log.push_back("sink.abort " + Text(event.value));
      case CallKind::kSignal:
        return log.push_back("signal aborted");
      case CallKind::kGetThen:
        return log.push_back("get then");
      case CallKind::kThen:
        return log.push_back("then");
    }
  }

  std::string ChunkValue(const sim::Value& value) const {
    const sim::Chunk& chunk = trace_.chunks[value.id];
    std::string text;
    for (uint32_t i = 0; i < chunk.count; ++i) {
      for (int j = 0; j < chunk.unit_count; ++j) text += static_cast<char>(chunk.units[j]);
    }
    return text;
  }

  void ExpectedProperty(const Event& event, Where where, std::map<uint32_t, std::string>& names,
                        std::vector<std::string>& log) {
    if (!Sees(where)) return;
    const auto label = labels_.find({where.script, where.op});
    const std::string of = label == labels_.end() || label->second == "read" ? "" : label->second.substr(4);
    const auto promise = [&](const std::string& property) {
      log.push_back(property + " is " + names.try_emplace(event.value.id, NameOfRead(property, of)).first->second);
    };
    switch (static_cast<Property>(event.code)) {
      case Property::kDesiredSize:
        return log.push_back((event.thrown ? "desiredSize threw " : "desiredSize ") + Text(event.value));
      case Property::kReady:
        return promise("ready");
      case Property::kClosed:
        return promise("closed");
      case Property::kLocked:
        return log.push_back("locked " + Text(event.value));
      case Property::kSignalAborted:
        if (uses_controller_) signal_ = Text(event.value);
        return;
      case Property::kSignalReason:
        if (uses_controller_) log.push_back("signal " + signal_ + " " + Text(event.value));
        return;
    }
  }

  // ---- Around it

  void Helpers(Code& code) {
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

  std::string Module(const Code& body) {
    Code code;
    if (!options_.title.empty()) code.Line("// " + options_.title);
    const std::vector<std::string> expected = Expected();
    Helpers(code);
    code.Line("const turn = () => new Promise((resolve) => setTimeout(resolve));");
    code.Blank();
    code.Append(body);
    code.Blank();
    code.List("const expected = ", QuotedAll(expected), ";");
    code.Line("console.log(`expected: ${expected.join(\", \")}\\nactual:   ${log.join(\", \")}`);");
    code.Line(
        "if (log.join() !== expected.join()) throw new Error(\"this WritableStream differs from the standard\");");
    return code.Text();
  }

  static std::vector<std::string> QuotedAll(const std::vector<std::string>& texts) {
    std::vector<std::string> quoted;
    for (const std::string& text : texts) quoted.push_back(Quoted(text));
    return quoted;
  }

  std::string Test(const Code& body) {
    Code code;
    const std::vector<std::string> expected = Expected();
    code.Line("// META: global=window,worker,shadowrealm");
    code.Line("// META: script=../resources/test-utils.js");
    code.Line("'use strict';");
    code.Blank();
    code.Open("promise_test(async () => {");
    Helpers(code);
    code.Blank();
    code.Append(body);
    code.Blank();
    code.List("assert_array_equals(events, ", QuotedAll(expected), ", 'events should happen in this order');");
    std::string title;
    for (const char c : options_.title) title += c == '\'' ? "\\'" : std::string(1, c);
    code.Close("}, '" + title + "');");
    return code.Text();
  }

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

}  // namespace

StraightLineScript StraightLine(const Program& program, const Trace& trace, const StraightLineOptions& options) {
  return Writer(program, trace, options).Write();
}

}  // namespace sluice::lab
