#include "fuzz/oracle/history.h"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace sluice::fuzz {
namespace {

using sim::CallKind;
using sim::ValueKind;

constexpr HistoryRule kRules[] = {
    {"H-ORDER", "underlying-sink-api", "Chunks reach the sink in the order in which they were written."},
    {"H-ONE-AT-A-TIME", "underlying-sink-api", "The sink gets no chunk while it is still busy with the one before."},
    {"H-START-FIRST", "underlying-sink-api", "The sink gets nothing before start() has succeeded."},
    {"H-ONCE", "underlying-sink-api", "start(), close() and abort() are called at most once each."},
    {"H-NOTHING-AFTER-CLOSE", "underlying-sink-api", "After the sink's close() was called, nothing else reaches it."},
    {"H-NOTHING-AFTER-ABORT", "underlying-sink-api", "After the sink's abort() was called, nothing else reaches it."},
    {"H-SETTLES-ONCE", "ws-model", "A promise settles at most once."},
    {"H-FULFILLED-WAS-WRITTEN", "default-writer-write", "A write whose promise fulfills reached the sink, in order."},
    {"H-FULFILL-ORDER", "default-writer-write", "Writes fulfill in the order in which they were written."},
    {"H-RANGE-ERROR-NOT-WRITTEN", "byte-limit", "A write that was rejected with a RangeError never reaches the sink."},
    {"H-CLOSED-WAS-CLOSED", "default-writer-close",
     "A close() fulfills only after the sink's close() was called and has succeeded."},
    {"H-LIMIT", "byte-limit", "The chunks that wait for the sink never hold more bytes than the limit."},
    {"H-NOTHING-STUCK", "ws-model",
     "When the author has settled everything and no microtask is left, every write, close and abort has settled."},
};

// Values of chunks compare by this.
constexpr uint32_t kUndefinedChunk = ~0u;
constexpr uint32_t kFirstWriter = 1u << 30;
constexpr uint32_t kFirstPromise = 1u << 31;
uint32_t ChunkKey(const sim::Value& value) {
  if (value.kind == ValueKind::kWriter) return kFirstWriter + value.id;
  if (value.kind == ValueKind::kPromise) return kFirstPromise + value.id;
  return value.kind == ValueKind::kChunk ? value.id : kUndefinedChunk;
}
uint32_t ChunkKey(const Trace& trace, const sim::Chunk& chunk) {
  const auto found = std::find(trace.chunks.begin(), trace.chunks.end(), sim::Canonical(chunk));
  if (chunk.kind == sim::ChunkKind::kUndefined || found == trace.chunks.end()) return kUndefinedChunk;
  return static_cast<uint32_t>(found - trace.chunks.begin());
}

// The end of the nth call of a function.
const End* EndOfCall(const Program& program, size_t owner, CallKind kind, uint32_t number) {
  for (const Script& script : program.scripts) {
    if (script.call == kind && script.stream == owner && --number == 0) return &script.end;
  }
  return nullptr;
}

template <typename T>
T& At(std::vector<T>& list, size_t index) {
  if (list.size() <= index) list.resize(index + 1);
  return list[index];
}

// The UTF-8 length of `count` repetitions, unit by unit.
uint64_t LengthOfRepetitions(const sim::Chunk& chunk, uint32_t count) {
  uint64_t length = 0;
  const uint64_t units = uint64_t{chunk.unit_count} * count;
  for (uint64_t i = 0; i < units; ++i) {
    const uint32_t unit = chunk.units[i % chunk.unit_count];
    const uint32_t next = i + 1 < units ? chunk.units[(i + 1) % chunk.unit_count] : 0;
    if (unit >= 0xD800 && unit <= 0xDBFF && next >= 0xDC00 && next <= 0xDFFF) {
      length += 4;
      ++i;
    } else {
      length += unit <= 0x7F ? 1 : unit <= 0x7FF ? 2 : 3;
    }
  }
  return length;
}

}  // namespace

std::span<const HistoryRule> AllHistoryRules() { return kRules; }

uint64_t ChargeByDefinition(const sim::Chunk& chunk) {
  switch (chunk.kind) {
    case sim::ChunkKind::kString: {
      if (chunk.count <= 3) return LengthOfRepetitions(chunk, chunk.count);
      // Each repetition after the second adds the same.
      const uint64_t two = LengthOfRepetitions(chunk, 2);
      return two + (LengthOfRepetitions(chunk, 3) - two) * (uint64_t{chunk.count} - 2);
    }
    case sim::ChunkKind::kArrayBuffer:
    case sim::ChunkKind::kSharedArrayBuffer:
    case sim::ChunkKind::kView:
      return chunk.count;
    default:
      return 64;
  }
}

void HistoryChecker::Break(const char* id, size_t event) {
  for (BrokenRule& broken : broken_) {
    if (std::strcmp(broken.rule->id, id) != 0) continue;
    broken.event = std::min(broken.event, event);
    return;
  }
  for (const HistoryRule& rule : kRules) {
    if (std::strcmp(rule.id, id) == 0) broken_.push_back({&rule, event});
  }
}

void HistoryChecker::Reset(const Program& program) {
  broken_.clear();
  for (size_t stream = 0; stream < kStreamCount; ++stream) {
    OfStream& of = streams_[stream];
    of.writes.clear();
    of.deliveries.clear();
    of.is_shared = false;
    of.start_pending = of.start_rejected = of.write_pending = of.close_succeeded = of.in_start = false;
    of.close_calls = of.abort_calls = of.start_calls = 0;
    for (auto& list : waiting_[stream]) list.clear();
  }
  for (size_t stream = 1; stream < kStreamCount; ++stream) {
    if (program.settings(stream).shares(Shared::kSink)) streams_[0].is_shared = streams_[stream].is_shared = true;
  }
  stream_of_writer_.fill(0);
  detached_at_.clear();
  frames_.clear();
  settled_.clear();
  returned_.clear();
  unobserved_.clear();
  of_close_.clear();
  pending_at_author_ = 0;
}

std::optional<BrokenRule> HistoryChecker::Check(const Trace& trace) {
  const Program& program = *trace.program;
  Reset(program);
  Collect(trace);
  // Only writes in the middle of a size() make them unsorted, and sorting takes memory.
  const auto earlier = [](const WriteOp& a, const WriteOp& b) { return a.accepted_at < b.accepted_at; };
  for (size_t stream = 0; stream < kStreamCount; ++stream) {
    OfStream& of = streams_[stream];
    if (of.writes.empty() && of.deliveries.empty()) continue;
    ReadSettlements(trace, of);
    if (!std::is_sorted(of.writes.begin(), of.writes.end(), earlier)) {
      std::stable_sort(of.writes.begin(), of.writes.end(), earlier);
    }
    CheckFulfilled(of);
    const StreamSettings settings = ResolvedSettings(program, stream);
    if (settings.has(Method::kWrite)) {
      CheckOrder(of);
      CheckFulfilledWereWritten(of);
    }
    if (settings.byteLimit.has_value()) CheckByteLimit(*settings.byteLimit, of, trace);
  }
  CheckNothingStuck(trace);
  std::stable_sort(broken_.begin(), broken_.end(),
                   [](const BrokenRule& a, const BrokenRule& b) { return a.event < b.event; });
  if (broken_.empty()) return std::nullopt;
  return broken_.front();
}

void HistoryChecker::Collect(const Trace& trace) {
  for (uint32_t at = 0; at < trace.events.size(); ++at) {
    const Event& event = trace.events[at];
    switch (event.kind) {
      case EventKind::kOpBegin:
        OnOpBegin(trace, at);
        break;
      case EventKind::kOpEnd:
        At(returned_, event.value.kind == ValueKind::kPromise ? event.value.id : 0) = at;
        OnOpEnd(trace, at);
        break;
      case EventKind::kCallBegin:
        frames_.push_back({.is_call = true});
        OnCallBegin(event, at);
        break;
      case EventKind::kCallEnd:
        frames_.pop_back();
        OnCallEnd(*trace.program, event, at);
        break;
      case EventKind::kSettled:
        OnSettled(*trace.program, event, at);
        break;
      default:
        break;
    }
  }
}

void HistoryChecker::OnOpBegin(const Trace& trace, uint32_t at) {
  const Event& event = trace.events[at];
  const Op& op = trace.OpOf(event);
  if (op.kind != OpKind::kWrite) {
    frames_.push_back({});
    return;
  }
  const uint8_t stream = stream_of_writer_[op.operands.writer];
  std::vector<WriteOp>& writes = streams_[stream].writes;
  const bool is_of_writer = event.value.kind != ValueKind::kUndefined;
  writes.push_back(
      {.accepted_at = at, .chunk = is_of_writer ? ChunkKey(event.value) : ChunkKey(trace, op.operands.chunk)});
  frames_.push_back({.write = static_cast<uint32_t>(writes.size()), .stream = stream});
}

void HistoryChecker::OnCallBegin(const Event& event, uint32_t at) {
  const auto kind = static_cast<CallKind>(event.code);
  OfStream& of = streams_[event.stream];
  // Of functions that two streams share, close() and abort() do not say which one they are for.
  const bool is_known = !of.is_shared || kind == CallKind::kStart || kind == CallKind::kWrite;
  if (!is_known) return;
  const bool reaches_sink = kind == CallKind::kWrite || kind == CallKind::kClose || kind == CallKind::kAbort;
  if (reaches_sink) {
    if (of.in_start || of.start_pending) Break("H-START-FIRST", at);
    if (of.start_rejected && kind != CallKind::kAbort) Break("H-START-FIRST", at);
    if (of.close_calls > 0) Break("H-NOTHING-AFTER-CLOSE", at);
    if (of.abort_calls > 0) Break("H-NOTHING-AFTER-ABORT", at);
  }
  switch (kind) {
    case CallKind::kStart:
      of.in_start = true;
      if (++of.start_calls > 1) Break("H-ONCE", at);
      break;
    case CallKind::kWrite:
      if (of.write_pending) Break("H-ONE-AT-A-TIME", at);
      of.deliveries.push_back({.event = at, .chunk = ChunkKey(event.value)});
      break;
    case CallKind::kClose:
      if (of.write_pending) Break("H-ONE-AT-A-TIME", at);
      if (++of.close_calls > 1) Break("H-ONCE", at);
      break;
    case CallKind::kAbort:
      if (++of.abort_calls > 1) Break("H-ONCE", at);
      break;
    default:
      break;
  }
}

void HistoryChecker::OnCallEnd(const Program& program, const Event& event, uint32_t at) {
  const auto kind = static_cast<CallKind>(event.code);
  const size_t owner = OwnerOf(program, event.stream, kind);
  OfStream& of = streams_[event.stream];
  const End* end = EndOfCall(program, owner, kind, event.number);
  const bool pending = end != nullptr && end->kind == EndKind::kReturnPending;
  const bool settled_by_author = kind == CallKind::kStart || kind == CallKind::kWrite || kind == CallKind::kClose ||
                                 kind == CallKind::kAbort || kind == CallKind::kThen;
  if (pending && settled_by_author) ++pending_at_author_;
  // A `then` that returns and calls nothing leaves its promise pending for ever.
  if (kind == CallKind::kThen && end != nullptr &&
      (end->kind == EndKind::kReturn || end->kind == EndKind::kReturnNumber || end->kind == EndKind::kReturnThenable)) {
    pending_at_author_ += 1;
  }
  switch (kind) {
    case CallKind::kSize:
      // What was written inside size() is queued first.
      if (!frames_.empty() && frames_.back().write > 0) WriteOf(frames_.back()).accepted_at = at;
      break;
    case CallKind::kStart:
      of.in_start = false;
      of.start_pending = pending;
      of.start_rejected = end != nullptr && (end->kind == EndKind::kReturnRejected || end->kind == EndKind::kThrow);
      if (pending) waiting_[owner][0].push_back(event.stream);
      break;
    case CallKind::kWrite:
      of.write_pending = pending;
      if (pending) waiting_[owner][1].push_back(event.stream);
      break;
    case CallKind::kClose:
      // What a thenable says comes later; that it was asked at all is what can be seen here.
      of.close_succeeded = !pending && !event.thrown && (end == nullptr || end->kind != EndKind::kReturnRejected);
      break;
    default:
      break;
  }
}

void HistoryChecker::OnOpEnd(const Trace& trace, uint32_t at) {
  const Event& event = trace.events[at];
  const Op& op = trace.OpOf(event);
  const Frame frame = frames_.back();
  frames_.pop_back();
  if ((op.kind == OpKind::kGetWriter || op.kind == OpKind::kConstructWriter) && !event.thrown) {
    stream_of_writer_[op.operands.writer] = op.operands.stream;
  }
  if (event.value.kind == ValueKind::kPromise) {
    const uint32_t promise = event.value.id;
    if (frame.write > 0) WriteOf(frame).promise = promise;
    if (op.kind == OpKind::kClose) At(of_close_, promise) = 1 + stream_of_writer_[op.operands.writer];
    if (op.kind == OpKind::kStreamClose) At(of_close_, promise) = 1 + op.operands.stream;
    const bool watches = op.kind == OpKind::kWatchReady || op.kind == OpKind::kWatchClosed;
    if (op.operands.unobserved || watches) {
      // Only what was asked of the stream must settle, and only what is observed is seen to.
      if (unobserved_.size() <= promise) unobserved_.resize(promise + 1);
      unobserved_[promise] = true;
    }
  }
  if (op.kind == OpKind::kDetach) {
    if (const uint32_t chunk = ChunkKey(trace, op.operands.chunk); chunk != kUndefinedChunk) {
      uint32_t& detached_at = At(detached_at_, chunk);
      if (detached_at == 0) detached_at = at;
    }
  }
  if (op.kind == OpKind::kResolve || op.kind == OpKind::kReject) OnAuthorSettles(op);
}

void HistoryChecker::OnAuthorSettles(const Op& op) {
  --pending_at_author_;
  const uint8_t owner = op.operands.stream;
  const auto next = [&](std::vector<uint8_t>& waiting) -> OfStream& {
    if (waiting.empty()) return streams_[owner];
    const uint8_t stream = waiting.front();
    waiting.erase(waiting.begin());
    return streams_[stream];
  };
  switch (op.operands.source) {
    case PromiseSource::kStart: {
      OfStream& of = next(waiting_[owner][0]);
      of.start_pending = false;
      of.start_rejected = op.kind == OpKind::kReject;
      break;
    }
    case PromiseSource::kWrite:
      next(waiting_[owner][1]).write_pending = false;
      break;
    case PromiseSource::kClose:
      streams_[owner].close_succeeded = op.kind == OpKind::kResolve;
      break;
    case PromiseSource::kAbort:
    case PromiseSource::kThen:
      break;
  }
}

void HistoryChecker::OnSettled(const Program& program, const Event& event, uint32_t at) {
  uint32_t& settled = At(settled_, event.number);
  if (settled != 0) Break("H-SETTLES-ONCE", at);
  settled = at;
  const uint8_t of_close = event.number < of_close_.size() ? of_close_[event.number] : 0;
  if (of_close > 0 && !event.thrown) {
    const OfStream& of = streams_[of_close - 1];
    const bool has_close = ResolvedSettings(program, of_close - 1).has(Method::kClose);
    if (has_close && !of.is_shared && !of.close_succeeded) Break("H-CLOSED-WAS-CLOSED", at);
  }
}

void HistoryChecker::ReadSettlements(const Trace& trace, OfStream& stream) const {
  for (WriteOp& write : stream.writes) {
    write.settled_at = write.promise < settled_.size() ? settled_[write.promise] : 0;
    if (write.settled_at == 0) continue;
    const Event& event = trace.events[write.settled_at];
    write.fulfilled = !event.thrown;
    write.range_error = event.thrown && event.value.kind == ValueKind::kRangeError;
  }
}

void HistoryChecker::CheckOrder(const OfStream& stream) {
  // The deliveries are a subsequence of the writes that were not turned away.
  size_t next = 0;
  for (const Delivery& delivery : stream.deliveries) {
    while (next < stream.writes.size() &&
           (stream.writes[next].chunk != delivery.chunk || stream.writes[next].range_error))
      ++next;
    if (next == stream.writes.size()) {
      const bool turned_away = std::any_of(stream.writes.begin(), stream.writes.end(), [&](const WriteOp& write) {
        return write.range_error && write.chunk == delivery.chunk;
      });
      return Break(turned_away ? "H-RANGE-ERROR-NOT-WRITTEN" : "H-ORDER", delivery.event);
    }
    if (stream.writes[next].accepted_at > delivery.event) return Break("H-ORDER", delivery.event);
    ++next;
  }
}

void HistoryChecker::CheckFulfilledWereWritten(const OfStream& stream) {
  // The fulfilled writes are a subsequence of the deliveries.
  size_t next = 0;
  for (const WriteOp& write : stream.writes) {
    if (!write.fulfilled) continue;
    while (next < stream.deliveries.size() && stream.deliveries[next].chunk != write.chunk) ++next;
    if (next == stream.deliveries.size() || stream.deliveries[next].event > write.settled_at) {
      return Break("H-FULFILLED-WAS-WRITTEN", write.settled_at);
    }
    ++next;
  }
}

void HistoryChecker::CheckFulfilled(const OfStream& stream) {
  uint32_t last = 0;
  for (const WriteOp& write : stream.writes) {
    if (!write.fulfilled) continue;
    if (write.settled_at < last) return Break("H-FULFILL-ORDER", write.settled_at);
    last = write.settled_at;
  }
}

uint64_t HistoryChecker::ChargeWhenQueued(const Trace& trace, const WriteOp& write) const {
  if (write.chunk >= kFirstWriter) return ChargeByDefinition({});
  const uint32_t detached_at = write.chunk < detached_at_.size() ? detached_at_[write.chunk] : 0;
  return detached_at != 0 && detached_at < write.accepted_at ? 0 : ChargeByDefinition(trace.chunks[write.chunk]);
}

void HistoryChecker::CheckByteLimit(uint64_t limit, const OfStream& stream, const Trace& trace) {
  // For each write that fulfilled: from its acceptance until the first delivery that can have been its own. That is
  // never later than the one that was, so no more is counted than was there.
  struct Wait {
    uint32_t from = 0;
    uint32_t until = 0;
    uint64_t charge = 0;  // bytes
  };
  std::vector<Wait> waits;
  size_t next = 0;
  for (const WriteOp& write : stream.writes) {
    if (!write.fulfilled) continue;
    while (next < stream.deliveries.size() && stream.deliveries[next].chunk != write.chunk) ++next;
    if (next == stream.deliveries.size()) return;
    waits.push_back({write.accepted_at, stream.deliveries[next++].event, ChargeWhenQueued(trace, write)});
  }
  // Both ends of the waits are in order, so that those which are over when one begins are the first of them.
  uint64_t charged = 0;
  size_t first = 0;
  for (size_t i = 0; i < waits.size(); ++i) {
    const Wait& wait = waits[i];
    for (; first < i && waits[first].until < wait.from; ++first) charged -= waits[first].charge;
    const bool fits = charged <= limit && wait.charge <= limit - charged;
    if (!fits && wait.until >= wait.from) return Break("H-LIMIT", wait.from);
    charged += wait.charge;
  }
}

// Nobody can say before the end that it is stuck.
void HistoryChecker::CheckNothingStuck(const Trace& trace) {
  if (pending_at_author_ != 0) return;
  for (uint32_t promise = 1; promise < returned_.size(); ++promise) {
    if (returned_[promise] == 0) continue;
    if (promise < unobserved_.size() && unobserved_[promise]) continue;
    if (promise >= settled_.size() || settled_[promise] == 0) Break("H-NOTHING-STUCK", trace.events.size() - 1);
  }
}

}  // namespace sluice::fuzz
