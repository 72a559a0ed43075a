// The log that the standard's steps give.
#include <algorithm>

#include "fuzz/lab/straight_line_writer.h"

namespace sluice::lab::internal {

std::string StraightLineWriter::Text(const sim::Value& value) const {
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

std::vector<std::string> StraightLineWriter::Expected() {
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

void StraightLineWriter::ExpectedOf(const Event& event, const std::vector<Where>& open,
                                    std::map<uint32_t, std::string>& names, std::vector<std::string>& log) {
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
      if (op.kind == OpKind::kConstruct && event.thrown) {
        log.push_back("the constructor of " + StreamText(op.operands.stream) + " threw " + Text(event.value));
      }
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

void StraightLineWriter::ExpectedCall(const Event& event, std::vector<std::string>& log) const {
  if (!options_.observed.calls) return;
  const auto call = static_cast<CallKind>(event.code);
  const std::string of = StreamPrefix(Owner(event.stream, call));
  switch (call) {
    case CallKind::kStart:
      return;
    case CallKind::kSize:
      return log.push_back(of + "size");
    case CallKind::kWrite:
      return log.push_back(of + (LogsChunks() ? "sink.write " + ChunkValue(event.value) : "sink.write"));
    case CallKind::kClose:
      return log.push_back(of + "sink.close");
    case CallKind::kAbort:
      return log.push_back(of + "sink.abort " + Text(event.value));
    case CallKind::kSignal:
      return log.push_back(of + "signal aborted");
    case CallKind::kGetThen:
      return log.push_back("get then");
    case CallKind::kThen:
      return log.push_back("then");
  }
}

std::string StraightLineWriter::ChunkValue(const sim::Value& value) const {
  const sim::Chunk& chunk = trace_.chunks[value.id];
  std::string text;
  for (uint32_t i = 0; i < chunk.count; ++i) {
    for (int j = 0; j < chunk.unit_count; ++j) text += static_cast<char>(chunk.units[j]);
  }
  return text;
}

void StraightLineWriter::ExpectedProperty(const Event& event, Where where, std::map<uint32_t, std::string>& names,
                                          std::vector<std::string>& log) {
  if (!Sees(where)) return;
  const auto label = labels_.find({where.script, where.op});
  const uint8_t stream = OpAt(program_, where).operands.stream;  // of `read stream`
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
      return log.push_back(StreamPrefix(stream) + "locked " + Text(event.value));
    case Property::kSignalAborted:
      if (Of(stream).uses_controller) Of(stream).signal = Text(event.value);
      return;
    case Property::kSignalReason:
      if (!Of(stream).uses_controller) return;
      return log.push_back(StreamPrefix(stream) + "signal " + Of(stream).signal + " " + Text(event.value));
  }
}

}  // namespace sluice::lab::internal
