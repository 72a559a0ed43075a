// One operation as a statement, and the names of what it uses.
#include <algorithm>

#include "fuzz/lab/straight_line_writer.h"

namespace sluice::lab::internal {

std::string StraightLineWriter::Method(const Op& op) {
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

const std::string& StraightLineWriter::Label(Where where, const Op& op) {
  std::string& label = labels_[{where.script, where.op}];
  if (label.empty()) {
    const std::string method = Method(op);
    const int number = ++numbered_[method];
    label = count_of_[method] > 1 ? method + " " + std::to_string(number) : method;
  }
  return label;
}

std::string StraightLineWriter::Name(uint8_t writer) const {
  const bool several = std::count_if(made_.begin(), made_.end(), [](int n) { return n > 0; }) > 1;
  return several ? "writer" + std::to_string(writer) : "writer";
}

// What the author has of a writer is undefined before it has one.
std::string StraightLineWriter::ChunkName(Where where, const sim::Chunk& declared) {
  if (!sim::IsOfWriter(declared.kind)) return ChunkName(declared);
  if (!FactsOf(where).has_chunk) return "undefined";
  const std::string_view property = declared.kind == sim::ChunkKind::kReady    ? ".ready"
                                    : declared.kind == sim::ChunkKind::kClosed ? ".closed"
                                                                               : "";
  return Name(declared.tag) + std::string(property);
}

std::string StraightLineWriter::ChunkName(const sim::Chunk& declared) const {
  const sim::Chunk chunk = sim::Canonical(declared);
  const auto found = std::find(detached_.begin(), detached_.end(), chunk);
  return found != detached_.end() ? "chunk" + std::to_string(found - detached_.begin()) : ChunkLiteral(chunk);
}

std::string StraightLineWriter::ChunkLiteral(const sim::Chunk& chunk) {
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
    case sim::ChunkKind::kWriter:
    case sim::ChunkKind::kReady:
    case sim::ChunkKind::kClosed:
      return ChunkText(chunk);
  }
  return "undefined";
}

std::string StraightLineWriter::Turn() const {
  return options_.style == ScriptStyle::kWpt ? "await flushAsyncEvents();" : "await turn();";
}

std::string StraightLineWriter::Settler(int source, size_t stream) {
  static constexpr std::array<std::string_view, kPromiseSourceCount> kNames = {"Start", "Write", "Close", "Abort",
                                                                               "Then"};
  return "end" + std::string(kNames[source]) + Suffix(stream);
}

int StraightLineWriter::CallOf(int source) {
  constexpr CallKind kCalls[] = {CallKind::kStart, CallKind::kWrite, CallKind::kClose, CallKind::kAbort,
                                 CallKind::kThen};
  return static_cast<int>(kCalls[source]);
}

std::optional<int> StraightLineWriter::SourceOf(CallKind call) {
  for (int source = 0; source < kPromiseSourceCount; ++source) {
    if (CallOf(source) == static_cast<int>(call)) return source;
  }
  return std::nullopt;
}

void StraightLineWriter::Statements(ScriptCode& code, uint16_t script, const std::vector<Op>& ops) {
  for (size_t i = 0; i < ops.size(); ++i) {
    const Where where{script, static_cast<uint16_t>(i)};
    FactsOf(where).performed > 1 ? Repeated(code, where) : Statement(code, where);
  }
}

void StraightLineWriter::Repeated(ScriptCode& code, Where where) {
  ScriptCode body;
  Statement(body, where);
  const std::string count = std::to_string(FactsOf(where).performed);
  if (body.size() > 0) code.Block("for (let i = 0; i < " + count + "; ++i)", body, "");
}

void StraightLineWriter::Statement(ScriptCode& code, Where where) {
  const Op& op = OpAt(program_, where);
  if (FactsOf(where).performed == 0) return;
  const Operands& o = op.operands;
  const std::string stream = StreamText(o.stream);
  switch (op.kind) {
    case OpKind::kGetWriter:
      return Plain(code, where, op, Assigned(o.writer) + stream + ".getWriter()");
    case OpKind::kConstructWriter:
      return Plain(code, where, op, Assigned(o.writer) + "new WritableStreamDefaultWriter(" + stream + ")");
    case OpKind::kWrite:
      return Call(code, where, op, Name(o.writer) + ".write(" + ChunkName(where, o.chunk) + ")");
    case OpKind::kClose:
      return Call(code, where, op, Name(o.writer) + ".close()");
    case OpKind::kAbort:
      return Call(code, where, op, Name(o.writer) + ".abort(" + (o.reason == kNoReason ? "" : Reason(o.reason)) + ")");
    case OpKind::kStreamAbort:
      return Call(code, where, op, stream + ".abort(" + (o.reason == kNoReason ? "" : Reason(o.reason)) + ")");
    case OpKind::kStreamClose:
      return Call(code, where, op, stream + ".close()");
    case OpKind::kReleaseLock:
      return Plain(code, where, op, Name(o.writer) + ".releaseLock()");
    case OpKind::kError:
      return Plain(code, where, op, Controller(o.stream) + ".error(" + Reason(o.reason) + ")");
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
      return ReadStream(code, where, o.stream);
    case OpKind::kWatchReady:
      return Watch(code, where, op, Name(o.writer) + ".ready");
    case OpKind::kWatchClosed:
      return Watch(code, where, op, Name(o.writer) + ".closed");
    case OpKind::kDetach:
      return code.Line("structuredClone(" + DetachedBuffer(o.chunk) + ", { transfer: [" + DetachedBuffer(o.chunk) +
                       "] });");
    case OpKind::kConstruct:
      return code.Append(NewStream(o.stream, IsConstantStream(o.stream)));
    case OpKind::kTimes:
      return;  // Statements
    case OpKind::kRunCount:
    case OpKind::kCloseWithErrorPropagation:
    case OpKind::kErrorStream:
      why_not_ = "it has an operation that JavaScript cannot perform: " + std::string(RowOf(op.kind).name);
  }
}

bool StraightLineWriter::IsConstant(uint8_t writer) const {
  if (made_[writer] != 1) return false;
  return std::any_of(program_.ops.begin(), program_.ops.end(),
                     [&](const Op& op) {
                       return (op.kind == OpKind::kGetWriter || op.kind == OpKind::kConstructWriter) &&
                              op.operands.writer == writer;
                     }) &&
         !threw_making_.contains(writer);
}

void StraightLineWriter::Plain(ScriptCode& code, Where where, const Op& op, std::string text) {
  if (!FactsOf(where).threw) return code.Line(std::move(text) + ";");
  const size_t equals = text.find("const ");
  if (equals == 0) text = text.substr(text.find(" = ") + 3);
  code.Line("try { " + text + "; } catch (error) { " + Log(Template(Label(where, op) + " threw ${text(error)}")) +
            " }");
  uses_text_ = true;
}

void StraightLineWriter::Call(ScriptCode& code, Where where, const Op& op, const std::string& text) {
  const OpFacts& facts = FactsOf(where);
  const std::string& label = Label(where, op);
  if (op.operands.unobserved || !options_.observed.results) {
    // Somebody has to handle its rejection.
    code.Line(text + (op.operands.unobserved ? ";" : ".catch(() => {});"));
    return;
  }
  if (facts.performed == 1 && facts.promise() != 0 && !seen_.insert(facts.promise()).second) {
    code.Line(Log(Template(label + " returned ${nameOf(" + Quoted("a new promise") + ", " + text + ")}")));
    return;
  }
  code.Line("report(" + Quoted(label) + ", () => " + text + ");");
  uses_report_ = true;
  for (const uint32_t promise : facts.promises) {
    seen_.insert(promise);
    label_of_promise_[promise] = label;
  }
}

void StraightLineWriter::Watch(ScriptCode& code, Where where, const Op& op, const std::string& text) {
  if (!Sees(where)) return;
  const uint32_t promise = FactsOf(where).promise();
  if (!seen_.insert(promise).second && label_of_promise_.contains(promise)) return;  // It is watched already.
  code.Line("report(" + Quoted(Label(where, op)) + ", () => " + text + ");");
  uses_report_ = true;
  label_of_promise_[promise] = Label(where, op);
}

void StraightLineWriter::Settle(ScriptCode& code, const Op& op) {
  const int source = static_cast<int>(op.operands.source);
  const bool resolves = op.kind == OpKind::kResolve;
  const std::string argument = resolves ? "" : Reason(op.operands.reason);
  const size_t stream = op.operands.stream;
  if (IsList(source, stream)) {
    return code.Line(Settler(source, stream) + ".shift()." + (resolves ? "resolve(" : "reject(") + argument + ");");
  }
  code.Line(Settler(source, stream) + "(" + argument + ");");
}

void StraightLineWriter::ReadWriter(ScriptCode& code, Where where, const Op& op) {
  if (!Sees(where)) return;
  const std::string writer = Name(op.operands.writer);
  const std::string& label = Label(where, op);
  const Event* desired_size = ReadOf(where, Property::kDesiredSize);
  if (desired_size != nullptr && desired_size->thrown) {
    code.Line("try { " + Log(Template("desiredSize ${" + writer + ".desiredSize}")) + " } catch (error) { " +
              Log(Template("desiredSize threw ${text(error)}")) + " }");
    uses_text_ = true;
  } else {
    code.Line(Log(Template("desiredSize ${" + writer + ".desiredSize}")));
  }
  const std::string of = label == "read" ? "" : label.substr(4);
  for (const std::string_view property : {"ready", "closed"}) {
    code.Line(Log(Template(std::string(property) + " is ${nameOf(" + Quoted(NameOfRead(property, of)) + ", " + writer +
                           "." + std::string(property) + ")}")));
  }
  identities_ = true;
}

const Event* StraightLineWriter::ReadOf(Where where, Property property) const {
  bool here = false;
  for (const Event& event : trace_.events) {
    if (event.kind == EventKind::kOpBegin) here = event.where == where;
    if (here && event.kind == EventKind::kProperty && static_cast<Property>(event.code) == property) return &event;
  }
  return nullptr;
}

void StraightLineWriter::ReadStream(ScriptCode& code, Where where, size_t stream) {
  if (!Sees(where)) return;
  const std::string of = StreamPrefix(stream);
  // User code has the stream after its constructor returned.
  if (ReadOf(where, Property::kLocked) != nullptr) {
    code.Line(Log(Template(of + "locked ${" + StreamText(stream) + ".locked}")));
  }
  if (!Of(stream).uses_controller) return;
  const std::string signal = Controller(stream) + ".signal";
  code.Line(Log(Template(of + "signal ${" + signal + ".aborted} ${text(" + signal + ".reason)}")));
  uses_text_ = true;
}

}  // namespace sluice::lab::internal
