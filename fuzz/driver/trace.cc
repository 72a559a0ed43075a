#include "fuzz/driver/trace.h"

#include "fuzz/program/language.h"
#include "fuzz/program/text.h"

namespace sluice::fuzz {
namespace {

using sim::Value;
using sim::ValueKind;

constexpr std::string_view kPropertyNames[] = {"desiredSize", "ready",          "closed",
                                               "locked",      "signal.aborted", "signal.reason"};

std::string CallText(const Event& event, const std::vector<sim::Chunk>& chunks) {
  const auto kind = static_cast<sim::CallKind>(event.code);
  std::string text(CallKindNames()[event.code]);
  const bool sink = kind == sim::CallKind::kStart || kind == sim::CallKind::kWrite || kind == sim::CallKind::kClose ||
                    kind == sim::CallKind::kAbort;
  if (sink) text = "sink." + text;
  if (kind == sim::CallKind::kSize) text = "strategy.size";
  if (kind == sim::CallKind::kSignal) text = "signal abort listener";
  const bool has_argument =
      kind == sim::CallKind::kSize || kind == sim::CallKind::kWrite || kind == sim::CallKind::kAbort;
  text = StreamPrefix(event.stream) + text;
  text += "(" + (has_argument ? ValueText(event.value, chunks) : "") + ") #" + std::to_string(event.number);
  return text;
}

std::string ResultText(const Event& event, const std::vector<sim::Chunk>& chunks) {
  return (event.thrown ? "threw " : "returned ") + ValueText(event.value, chunks);
}

std::string OneLine(const Trace& trace, const Event& event) {
  const auto& chunks = trace.chunks;
  switch (event.kind) {
    case EventKind::kConstructBegin:
      return "new WritableStream(sink, strategy)";
    case EventKind::kConstructEnd:
      return event.thrown ? "threw " + ValueText(event.value, chunks) : "made the stream";
    case EventKind::kOpBegin:
      return PrintText(trace.OpOf(event));
    case EventKind::kOpEnd:
      return event.thrown || event.value.kind != ValueKind::kUndefined ? ResultText(event, chunks) : "done";
    case EventKind::kSkipped:
      return PrintText(trace.OpOf(event)) + "  (skipped: " + std::string(UnmetText(static_cast<Needs>(event.code))) +
             ")";
    case EventKind::kCallBegin:
      return CallText(event, chunks);
    case EventKind::kCallEnd:
      return ResultText(event, chunks);
    case EventKind::kSettled:
      return "p" + std::to_string(event.number) + (event.thrown ? " rejected with " : " fulfilled with ") +
             ValueText(event.value, chunks);
    case EventKind::kProperty:
      return std::string(PropertyName(static_cast<Property>(event.code))) + (event.thrown ? " threw " : " = ") +
             ValueText(event.value, chunks);
    case EventKind::kReported:
      return "the listener's exception was reported: " + ValueText(event.value, chunks);
    case EventKind::kUnhandled:
      return "unhandled rejection of p" + std::to_string(event.number) + ": " + ValueText(event.value, chunks);
  }
  return "";
}

bool Begins(EventKind kind) {
  return kind == EventKind::kConstructBegin || kind == EventKind::kOpBegin || kind == EventKind::kCallBegin;
}
bool Ends(EventKind kind) {
  return kind == EventKind::kConstructEnd || kind == EventKind::kOpEnd || kind == EventKind::kCallEnd;
}

std::string_view ViewText(core::PromiseView view) {
  constexpr std::string_view kNames[] = {"undefined", "pending", "fulfilled", "rejected"};
  return kNames[static_cast<int>(view)];
}

std::string_view StateText(core::StreamState state) {
  constexpr std::string_view kNames[] = {"writable", "closed", "erroring", "errored"};
  return kNames[static_cast<int>(state)];
}

}  // namespace

bool operator==(const Event& a, const Event& b) {
  return a.kind == b.kind && a.code == b.code && a.thrown == b.thrown && a.stream == b.stream && a.where == b.where &&
         a.number == b.number && a.value == b.value;
}

void Trace::Clear() {
  program = nullptr;
  events.clear();
  for (Snapshots& of_stream : snapshots) {
    of_stream.taken.clear();
    of_stream.of_event.clear();
  }
  chunks.clear();
  settlement_events.clear();
}

const core::Snapshot* Trace::SnapshotOf(size_t event, size_t stream) const {
  const Snapshots& all = snapshots[stream];
  if (event >= all.of_event.size() || all.of_event[event] == 0) return nullptr;
  return &all.taken[all.of_event[event] - 1];
}

size_t OpenOperation(const Trace& trace, size_t event) {
  std::vector<size_t> open;
  for (size_t i = 0; i <= event && i < trace.events.size(); ++i) {
    const EventKind kind = trace.events[i].kind;
    if (kind == EventKind::kOpBegin || kind == EventKind::kConstructBegin) open.push_back(i);
    if ((kind == EventKind::kOpEnd || kind == EventKind::kConstructEnd) && i < event && !open.empty()) open.pop_back();
  }
  return open.empty() ? kNoEvent : open.back();
}

std::string_view StepName(const Trace& trace, size_t begin) {
  if (trace.events[begin].kind == EventKind::kConstructBegin) return "construct";
  const OpKind kind = trace.OpOf(trace.events[begin]).kind;
  if (kind == OpKind::kRun || kind == OpKind::kRunCount || kind == OpKind::kTick) return "microtasks";
  return RowOf(kind).name;
}

std::string_view PropertyName(Property property) { return kPropertyNames[static_cast<size_t>(property)]; }

std::string ValueText(const Value& value, const std::vector<sim::Chunk>& chunks) {
  switch (value.kind) {
    case ValueKind::kUndefined:
      return "undefined";
    case ValueKind::kNull:
      return "null";
    case ValueKind::kNumber:
      return NumberText(value.number);
    case ValueKind::kBoolean:
      return value.id != 0 ? "true" : "false";
    case ValueKind::kChunk:
      return value.id < chunks.size() ? ChunkText(chunks[value.id]) : "an unknown chunk";
    case ValueKind::kReason:
      return "r" + std::to_string(value.id);
    case ValueKind::kTypeError:
      return "TypeError#" + std::to_string(value.id);
    case ValueKind::kRangeError:
      return "RangeError#" + std::to_string(value.id);
    case ValueKind::kAbortError:
      return "AbortError#" + std::to_string(value.id);
    case ValueKind::kPromise:
      return "p" + std::to_string(value.id);
    case ValueKind::kThenable:
      return "thenable#" + std::to_string(value.id);
    case ValueKind::kWriter:
      return "writer#" + std::to_string(value.id);
  }
  return "";
}

std::vector<std::string> TraceLines(const Trace& trace) {
  std::vector<std::string> lines;
  lines.reserve(trace.events.size());
  size_t depth = 0;
  for (const Event& event : trace.events) {
    if (Ends(event.kind) && depth > 0) --depth;
    const bool end = Ends(event.kind);
    lines.push_back(std::string(2 * depth, ' ') + (end ? "-> " : "") + OneLine(trace, event));
    if (Begins(event.kind)) ++depth;
  }
  return lines;
}

std::vector<std::pair<std::string_view, std::string>> SnapshotFields(const core::Snapshot& s) {
  const auto flag = [](bool b) { return std::string(b ? "true" : "false"); };
  const auto view = [](core::PromiseView v) { return std::string(ViewText(v)); };
  const auto count = [](uint64_t n) { return std::to_string(n); };
  return {
      {"state", std::string(StateText(s.state))},
      {"backpressure", flag(s.backpressure)},
      {"controller", flag(s.has_controller)},
      {"closeRequest", view(s.closeRequest)},
      {"inFlightWriteRequest", view(s.inFlightWriteRequest)},
      {"inFlightCloseRequest", view(s.inFlightCloseRequest)},
      {"pendingAbortRequest", view(s.pendingAbortRequest)},
      {"pendingAbortRequest.wasAlreadyErroring", flag(s.pendingAbortRequest_wasAlreadyErroring)},
      {"pendingAbortRequest.reason is set", flag(s.pendingAbortRequest_has_reason)},
      {"storedError is set", flag(s.has_storedError)},
      {"writeRequests", count(s.writeRequests_size)},
      {"writeRequests all pending", flag(s.writeRequests_all_pending)},
      {"writer", flag(s.has_writer)},
      {"writer.stream is this", flag(s.writer_stream_is_this)},
      {"readyPromise", view(s.readyPromise)},
      {"readyPromise handled", flag(s.readyPromise_is_handled)},
      {"closedPromise", view(s.closedPromise)},
      {"closedPromise handled", flag(s.closedPromise_is_handled)},
      {"released writer's readyPromise", view(s.released_readyPromise)},
      {"released writer's readyPromise handled", flag(s.released_readyPromise_is_handled)},
      {"released writer's closedPromise", view(s.released_closedPromise)},
      {"released writer's closedPromise handled", flag(s.released_closedPromise_is_handled)},
      {"started", flag(s.started)},
      {"writeAlgorithm", flag(s.has_writeAlgorithm)},
      {"closeAlgorithm", flag(s.has_closeAlgorithm)},
      {"abortAlgorithm", flag(s.has_abortAlgorithm)},
      {"strategySizeAlgorithm", flag(s.has_strategySizeAlgorithm)},
      {"signal aborted", flag(s.signal_aborted)},
      {"strategyHWM", NumberText(s.strategyHWM)},
      {"queueTotalSize", NumberText(s.queueTotalSize)},
      {"queue entries", count(s.queue_size)},
      {"queue ends with the close sentinel", flag(s.queue_ends_with_sentinel)},
      {"close sentinels", count(s.queue_sentinels)},
      {"queue sizes valid", flag(s.queue_sizes_valid)},
      {"byte limit", s.has_byte_limit ? count(s.byte_limit) : "none"},
      {"charged bytes", count(s.charged_bytes)},
      {"charge summed over the queue", count(s.queue_charge_sum)},
      {"depth", count(s.depth)},
  };
}

std::string ChangesText(const core::Snapshot& before, const core::Snapshot& after) {
  const auto old_fields = SnapshotFields(before);
  const auto fields = SnapshotFields(after);
  std::string text;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].second == old_fields[i].second) continue;
    if (!text.empty()) text += ", ";
    text += std::string(fields[i].first) + " " + fields[i].second;
  }
  return text;
}

}  // namespace sluice::fuzz
