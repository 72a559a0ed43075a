// The stream: its sink, its strategy, and the bodies of user functions.
#include <algorithm>

#include "fuzz/lab/straight_line_writer.h"

namespace sluice::lab::internal {

ScriptCode StraightLineWriter::Beginning() {
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
  Declarations(code);
  if (ShareSome(Shared::kSink)) {
    const ScriptCode sink = Sink(0);
    shares_sink_ = sink.size() > 0;
    if (shares_sink_) code.Block("const sink =", sink, ";");
  }
  if (ShareSome(Shared::kStrategy)) {
    const std::string strategy = Strategy(0);
    shares_strategy_ = !strategy.empty();
    if (shares_strategy_) code.Line("const strategy = " + strategy + ";");
  }
  code.Append(NewStream(0, /*is_constant=*/true));
  return code;
}

bool StraightLineWriter::ShareSome(Shared what) const {
  for (size_t stream = 1; stream < kStreamCount; ++stream) {
    if (program_.settings(stream).shares(what)) return true;
  }
  return false;
}

ScriptCode StraightLineWriter::Sink(size_t stream) {
  const StreamSettings settings = ResolvedSettings(program_, stream);
  ScriptCode sink;
  for (int method = 0; method < kMethodCount - 1; ++method) {
    if (settings.has(static_cast<fuzz::Method>(method))) SinkMethod(sink, static_cast<fuzz::Method>(method), stream);
  }
  return sink;
}

ScriptCode StraightLineWriter::NewStream(size_t stream, bool is_constant) {
  const auto is_shared = [&](Shared what) {
    return stream == 0 ? ShareSome(what) : program_.settings(stream).shares(what);
  };
  const bool is_sink_shared = is_shared(Shared::kSink);
  const bool is_strategy_shared = is_shared(Shared::kStrategy);
  const ScriptCode sink = is_sink_shared ? ScriptCode() : Sink(stream);
  const bool has_sink = is_sink_shared ? shares_sink_ : sink.size() > 0;
  const std::string strategy = !is_strategy_shared ? Strategy(stream) : shares_strategy_ ? "strategy" : "";
  const std::string name = StreamText(stream);
  const std::string made = (is_constant ? "const " : "") + name + " = new WritableStream(";
  const std::string tail = (strategy.empty() ? "" : ", " + strategy) + ")";
  const auto construct = [&](ScriptCode& code, const std::string& head) {
    if (!has_sink && strategy.empty()) return code.Line(head + ");");
    if (is_sink_shared && has_sink) return code.Line(head + "sink" + tail + ";");
    code.Block(head, sink, tail + ";");
  };
  ScriptCode code;
  if (!Of(stream).threw) {
    construct(code, made);
    return code;
  }
  code.Open("try {");
  construct(code, "new WritableStream(");
  const std::string of = stream == 0 ? "" : " of " + name;
  code.Close("} catch (error) { " + Log("`the constructor" + of + " threw ${text(error)}`") + " }");
  uses_text_ = true;
  return code;
}

// Functions that are called before it is constructed do not use it: those operations are skipped.
bool StraightLineWriter::IsConstantStream(size_t stream) const {
  return std::any_of(program_.ops.begin(), program_.ops.end(),
                     [stream](const Op& op) { return op.kind == OpKind::kConstruct && op.operands.stream == stream; });
}

void StraightLineWriter::Declarations(ScriptCode& code) {
  std::vector<std::string> names;
  ForEachPerformed([&](Where, const Op& op) {
    if (op.kind == OpKind::kConstruct && !IsConstantStream(op.operands.stream)) {
      names.push_back(StreamText(op.operands.stream));
    }
  });
  for (size_t stream = 0; stream < kStreamCount; ++stream) {
    if (Of(stream).uses_controller) names.push_back(Controller(stream));
  }
  for (uint8_t writer = 0; writer < kWriterCount; ++writer) {
    if (made_[writer] > 0 && !IsConstant(writer)) names.push_back(Name(writer));
  }
  for (size_t stream = 0; stream < kStreamCount; ++stream) {
    for (int source = 0; source < kPromiseSourceCount; ++source) {
      if (Of(stream).settlements[source] == 0) continue;
      names.push_back(Settler(source, stream) + (IsList(source, stream) ? " = []" : ""));
    }
    for (int index = 0; index < sim::kCallKindCount; ++index) {
      const auto call = static_cast<CallKind>(index);
      if (NeedsCount(call, stream)) names.push_back(Counter(call, stream) + " = 0");
    }
  }
  if (!names.empty()) code.Line("let " + Join(names, ", ") + ";");
}

bool StraightLineWriter::NeedsCount(CallKind call, size_t stream) const {
  const int index = static_cast<int>(call);
  const StreamFacts& of = Of(stream);
  if (call == CallKind::kSignal || of.scripts[index] == 0) return false;
  return of.scripts[index] > 1 || of.calls[index] > 1;
}

void StraightLineWriter::SinkMethod(ScriptCode& sink, fuzz::Method method, size_t stream) {
  constexpr CallKind kCalls[] = {CallKind::kStart, CallKind::kWrite, CallKind::kClose, CallKind::kAbort};
  const CallKind call = kCalls[static_cast<int>(method)];
  ScriptCode body;
  const size_t owner = Owner(stream, call);
  const bool in_write = !ResolvedSettings(program_, stream).has(fuzz::Method::kStart);
  const bool sets = Of(stream).uses_controller && (call == CallKind::kStart || (call == CallKind::kWrite && in_write));
  if (sets) body.Line(Controller(stream) + " = c;");
  if (call == CallKind::kStart) Listeners(body, stream);
  std::string parameters;
  if (call == CallKind::kStart) parameters = sets || HasListeners(stream) ? "c" : "";
  if (call == CallKind::kWrite) parameters = sets ? "chunk, c" : LogsChunks() ? "chunk" : "";
  if (call == CallKind::kAbort) parameters = options_.observed.calls ? "reason" : "";
  const std::string of = StreamPrefix(owner);
  std::string text = Quoted(of + "sink." + std::string(CallKindNames()[static_cast<int>(call)]));
  if (call == CallKind::kWrite && LogsChunks()) text = "`" + of + "sink.write ${chunk}`";
  if (call == CallKind::kAbort) {
    text = "`" + of + "sink.abort ${text(reason)}`";
    uses_text_ |= options_.observed.calls;
  }
  if (options_.observed.calls && call != CallKind::kStart) body.Line(Log(text));
  Scripts(body, call, owner);
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

void StraightLineWriter::Listeners(ScriptCode& body, size_t stream) {
  const size_t owner = Owner(stream, CallKind::kSignal);
  for (size_t i = 0; i < program_.scripts.size(); ++i) {
    if (program_.scripts[i].call != CallKind::kSignal || program_.scripts[i].stream != owner) continue;
    ScriptCode listener;
    if (options_.observed.calls) listener.Line(Log(Quoted(StreamPrefix(owner) + "signal aborted")));
    ScriptBody(listener, i);
    body.Block("c.signal.addEventListener(\"abort\", () =>", listener, ");");
  }
}

void StraightLineWriter::Scripts(ScriptCode& body, CallKind call, size_t stream) {
  const bool counts = NeedsCount(call, stream);
  int number = 0;
  if (counts) body.Line("++" + Counter(call, stream) + ";");
  for (size_t i = 0; i < program_.scripts.size(); ++i) {
    if (program_.scripts[i].call != call || program_.scripts[i].stream != stream) continue;
    ++number;
    ScriptCode script;
    ScriptBody(script, i);
    if (!counts) {
      body.Append(script);
    } else if (script.size() > 0) {
      body.Block("if (" + Counter(call, stream) + " === " + std::to_string(number) + ")", script, "");
    }
  }
  if (call == CallKind::kSize && (counts || number == 0)) body.Line("return 1;");
}

void StraightLineWriter::ScriptBody(ScriptCode& code, size_t index) {
  const Script& script = program_.scripts[index];
  Statements(code, static_cast<uint16_t>(index), script.ops);
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
      return Pending(code, script.call, script.stream);
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
      if (Of(0).settlements[source] == 0) return;
      if (IsList(source, 0)) return code.Line(Settler(source, 0) + ".push({ resolve, reject });");
      return code.Line(Settler(source, 0) + " = " + (Of(0).rejected[source] ? "reject" : "resolve") + ";");
    default:
      return;
  }
}

void StraightLineWriter::Pending(ScriptCode& code, CallKind call, size_t stream) {
  const auto source = SourceOf(call);
  const StreamFacts& of = Of(stream);
  if (!source.has_value() || of.settlements[*source] == 0) return code.Line("return new Promise(() => {});");
  const std::string settler = Settler(*source, stream);
  if (IsList(*source, stream)) {
    return code.Line("return new Promise((resolve, reject) => { " + settler + ".push({ resolve, reject }); });");
  }
  if (!of.rejected[*source]) return code.Line("return new Promise((resolve) => { " + settler + " = resolve; });");
  code.Line("return new Promise((_, reject) => { " + settler + " = reject; });");
}

void StraightLineWriter::Thenable(ScriptCode& code) {
  ScriptCode then;
  if (options_.observed.calls) then.Line(Log(Quoted("then")));
  Scripts(then, CallKind::kThen, 0);
  const int scripts = Of(0).scripts[static_cast<int>(CallKind::kThen)];
  if (scripts == 0) then.Line("resolve();");
  if (NeedsCount(CallKind::kThen, 0)) {
    then.Line("if (" + Counter(CallKind::kThen, 0) + " > " + std::to_string(scripts) + ") resolve();");
  }
  if (Of(0).scripts[static_cast<int>(CallKind::kGetThen)] == 0 && !options_.observed.calls) {
    return code.Block("return { then(resolve, reject)", then, " };");
  }
  ScriptCode get;
  if (options_.observed.calls) get.Line(Log(Quoted("get then")));
  Scripts(get, CallKind::kGetThen, 0);
  get.Block("return (resolve, reject) =>", then, ";");
  code.Block("return { get then()", get, " };");
}

std::string StraightLineWriter::Strategy(size_t stream) {
  const StreamSettings settings = ResolvedSettings(program_, stream);
  const std::string mark = settings.highWaterMark.has_value() ? NumberText(*settings.highWaterMark) : "";
  if (settings.strategy != sim::Strategy::kAuthor) {
    const std::string name(StrategyNames()[static_cast<int>(settings.strategy)]);
    const std::string made = "new " + name + "({ highWaterMark: " + (mark.empty() ? "NaN" : mark) + " })";
    return mark.empty() ? "{ size: " + made + ".size }" : made;
  }
  std::vector<std::string> members;
  if (!mark.empty()) members.push_back("highWaterMark: " + mark);
  if (settings.has(fuzz::Method::kSize)) {
    const size_t owner = Owner(stream, CallKind::kSize);
    ScriptCode body;
    if (options_.observed.calls) body.Line(Log(Quoted(StreamPrefix(owner) + "size")));
    Scripts(body, CallKind::kSize, owner);
    ScriptCode member;
    member.Block("size()", body, "");
    std::string text = member.Text();
    text.pop_back();
    members.push_back(text);
  }
  return members.empty() ? "" : "{ " + Join(members, ", ") + " }";
}

}  // namespace sluice::lab::internal
