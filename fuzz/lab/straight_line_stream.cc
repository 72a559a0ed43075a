// The stream: its sink, its strategy, and the bodies of user functions.
#include <algorithm>

#include "fuzz/lab/straight_line_writer.h"

namespace sluice::lab::internal {

ScriptCode StraightLineWriter::Stream() {
  ScriptCode code;
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
  ScriptCode sink;
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

void StraightLineWriter::Declarations(ScriptCode& code) {
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

bool StraightLineWriter::NeedsCount(CallKind call) const {
  const int index = static_cast<int>(call);
  if (call == CallKind::kSignal || scripts_of_[index] == 0) return false;
  return scripts_of_[index] > 1 || calls_[index] > 1;
}

void StraightLineWriter::SinkMethod(ScriptCode& sink, fuzz::Method method) {
  constexpr CallKind kCalls[] = {CallKind::kStart, CallKind::kWrite, CallKind::kClose, CallKind::kAbort};
  const CallKind call = kCalls[static_cast<int>(method)];
  ScriptCode body;
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

bool StraightLineWriter::LogsChunks() const {
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

void StraightLineWriter::Listeners(ScriptCode& body) {
  for (size_t i = 0; i < program_.scripts.size(); ++i) {
    if (program_.scripts[i].call != CallKind::kSignal) continue;
    ScriptCode listener;
    if (options_.observed.calls) listener.Line(Log(Quoted("signal aborted")));
    ScriptBody(listener, i);
    body.Block("c.signal.addEventListener(\"abort\", () =>", listener, ");");
  }
}

void StraightLineWriter::Scripts(ScriptCode& body, CallKind call) {
  const bool counts = NeedsCount(call);
  int number = 0;
  if (counts) body.Line("++" + Counter(call) + ";");
  for (size_t i = 0; i < program_.scripts.size(); ++i) {
    if (program_.scripts[i].call != call) continue;
    ++number;
    ScriptCode script;
    ScriptBody(script, i);
    if (!counts) {
      body.Append(script);
    } else if (script.size() > 0) {
      body.Block("if (" + Counter(call) + " === " + std::to_string(number) + ")", script, "");
    }
  }
  if (call == CallKind::kSize && (counts || number == 0)) body.Line("return 1;");
}

void StraightLineWriter::ScriptBody(ScriptCode& code, size_t index) {
  const Script& script = program_.scripts[index];
  for (size_t i = 0; i < script.ops.size(); ++i) {
    Statement(code, {static_cast<uint16_t>(index), static_cast<uint16_t>(i)});
  }
  EndOf(code, script);
}

void StraightLineWriter::EndOf(ScriptCode& code, const Script& script) {
  const End& end = script.end;
  const std::string reason = Reason(end.operands.reason);
  if (script.call == CallKind::kThen) return EndOfThen(code, end);
  switch (end.kind) {
    case EndKind::kReturn:
      // After it is what later calls of size() return.
      if (script.call == CallKind::kSize) code.Line("return;");
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

void StraightLineWriter::EndOfThen(ScriptCode& code, const End& end) {
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

void StraightLineWriter::Pending(ScriptCode& code, CallKind call) {
  const auto source = SourceOf(call);
  if (!source.has_value() || settlements_[*source] == 0) return code.Line("return new Promise(() => {});");
  const std::string settler = Settler(*source);
  if (IsList(*source)) {
    return code.Line("return new Promise((resolve, reject) => { " + settler + ".push({ resolve, reject }); });");
  }
  if (!rejected_[*source]) return code.Line("return new Promise((resolve) => { " + settler + " = resolve; });");
  code.Line("return new Promise((_, reject) => { " + settler + " = reject; });");
}

void StraightLineWriter::Thenable(ScriptCode& code) {
  ScriptCode then;
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
  ScriptCode get;
  if (options_.observed.calls) get.Line(Log(Quoted("get then")));
  Scripts(get, CallKind::kGetThen);
  get.Block("return (resolve, reject) =>", then, ";");
  code.Block("return { get then()", get, " };");
}

std::string StraightLineWriter::Strategy() {
  const std::string mark = program_.highWaterMark.has_value() ? NumberText(*program_.highWaterMark) : "";
  if (program_.strategy != sim::Strategy::kAuthor) {
    const std::string name(StrategyNames()[static_cast<int>(program_.strategy)]);
    const std::string made = "new " + name + "({ highWaterMark: " + (mark.empty() ? "NaN" : mark) + " })";
    return mark.empty() ? "{ size: " + made + ".size }" : made;
  }
  std::vector<std::string> members;
  if (!mark.empty()) members.push_back("highWaterMark: " + mark);
  if (program_.has(fuzz::Method::kSize)) {
    ScriptCode body;
    if (options_.observed.calls) body.Line(Log(Quoted("size")));
    Scripts(body, CallKind::kSize);
    ScriptCode member;
    member.Block("size()", body, "");
    std::string text = member.Text();
    text.pop_back();
    members.push_back(text);
  }
  return members.empty() ? "" : "{ " + Join(members, ", ") + " }";
}

}  // namespace sluice::lab::internal
