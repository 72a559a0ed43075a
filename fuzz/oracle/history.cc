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
uint32_t ChunkKey(const sim::Value& value) { return value.kind == ValueKind::kChunk ? value.id : kUndefinedChunk; }
uint32_t ChunkKey(const Trace& trace, const sim::Chunk& chunk) {
  const auto found = std::find(trace.chunks.begin(), trace.chunks.end(), sim::Canonical(chunk));
  if (chunk.kind == sim::ChunkKind::kUndefined || found == trace.chunks.end()) return kUndefinedChunk;
  return static_cast<uint32_t>(found - trace.chunks.begin());
}

// The end of the nth call of `kind`.
const End* EndOfCall(const Program& program, CallKind kind, uint32_t number) {
  for (const Script& script : program.scripts) {
    if (script.call == kind && --number == 0) return &script.end;
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

std::optional<BrokenRule> HistoryChecker::Check(const Trace& trace) {
  broken_.clear();
  writes_.clear();
  deliveries_.clear();
  detached_at_.clear();
  frames_.clear();
  settled_.clear();
  returned_.clear();
  unobserved_.clear();
  of_close_.clear();
  start_pending_ = start_rejected_ = write_pending_ = close_succeeded_ = in_start_ = false;
  pending_at_author_ = close_calls_ = abort_calls_ = start_calls_ = 0;
  Collect(trace);
  const auto earlier = [](const WriteOp& a, const WriteOp& b) { return a.accepted_at < b.accepted_at; };
  // Only writes in the middle of a size() make them unsorted, and sorting takes memory.
  if (!std::is_sorted(writes_.begin(), writes_.end(), earlier)) {
    std::stable_sort(writes_.begin(), writes_.end(), earlier);
  }
  CheckFulfilled();
  if (trace.program->has(Method::kWrite)) {
    CheckOrder();
    CheckFulfilledWereWritten();
  }
  if (trace.program->byteLimit.has_value()) CheckByteLimit(trace);
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
      case EventKind::kOpBegin: {
        const bool is_write = trace.OpOf(event).kind == OpKind::kWrite;
        if (is_write) writes_.push_back({.accepted_at = at});
        frames_.push_back({.write = is_write ? static_cast<uint32_t>(writes_.size()) : 0});
        if (is_write) writes_.back().chunk = ChunkKey(trace, trace.OpOf(event).operands.chunk);
        break;
      }
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
        OnSettled(event, at, trace.program->has(Method::kClose));
        break;
      default:
        break;
    }
  }
}

void HistoryChecker::OnCallBegin(const Event& event, uint32_t at) {
  const auto kind = static_cast<CallKind>(event.code);
  const bool reaches_sink = kind == CallKind::kWrite || kind == CallKind::kClose || kind == CallKind::kAbort;
  if (reaches_sink) {
    if (in_start_ || start_pending_) Break("H-START-FIRST", at);
    if (start_rejected_ && kind != CallKind::kAbort) Break("H-START-FIRST", at);
    if (close_calls_ > 0) Break("H-NOTHING-AFTER-CLOSE", at);
    if (abort_calls_ > 0) Break("H-NOTHING-AFTER-ABORT", at);
  }
  switch (kind) {
    case CallKind::kStart:
      in_start_ = true;
      if (++start_calls_ > 1) Break("H-ONCE", at);
      break;
    case CallKind::kWrite:
      if (write_pending_) Break("H-ONE-AT-A-TIME", at);
      deliveries_.push_back({.event = at, .chunk = ChunkKey(event.value)});
      break;
    case CallKind::kClose:
      if (write_pending_) Break("H-ONE-AT-A-TIME", at);
      if (++close_calls_ > 1) Break("H-ONCE", at);
      break;
    case CallKind::kAbort:
      if (++abort_calls_ > 1) Break("H-ONCE", at);
      break;
    default:
      break;
  }
}

void HistoryChecker::OnCallEnd(const Program& program, const Event& event, uint32_t at) {
  const auto kind = static_cast<CallKind>(event.code);
  const End* end = EndOfCall(program, kind, event.number);
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
      if (!frames_.empty() && frames_.back().write > 0) writes_[frames_.back().write - 1].accepted_at = at;
      break;
    case CallKind::kStart:
      in_start_ = false;
      start_pending_ = pending;
      start_rejected_ = end != nullptr && (end->kind == EndKind::kReturnRejected || end->kind == EndKind::kThrow);
      break;
    case CallKind::kWrite:
      write_pending_ = pending;
      break;
    case CallKind::kClose:
      // What a thenable says comes later; that it was asked at all is what can be seen here.
      close_succeeded_ = !pending && !event.thrown && (end == nullptr || end->kind != EndKind::kReturnRejected);
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
  if (event.value.kind == ValueKind::kPromise) {
    const uint32_t promise = event.value.id;
    if (frame.write > 0) writes_[frame.write - 1].promise = promise;
    if (op.kind == OpKind::kClose || op.kind == OpKind::kStreamClose) {
      if (of_close_.size() <= promise) of_close_.resize(promise + 1);
      of_close_[promise] = true;
    }
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
  if (op.kind == OpKind::kResolve || op.kind == OpKind::kReject) {
    --pending_at_author_;
    if (op.operands.source == PromiseSource::kStart) {
      start_pending_ = false;
      start_rejected_ = op.kind == OpKind::kReject;
    }
    if (op.operands.source == PromiseSource::kWrite) write_pending_ = false;
    if (op.operands.source == PromiseSource::kClose) close_succeeded_ = op.kind == OpKind::kResolve;
  }
}

void HistoryChecker::OnSettled(const Event& event, uint32_t at, bool sink_has_close) {
  uint32_t& settled = At(settled_, event.number);
  if (settled != 0) Break("H-SETTLES-ONCE", at);
  settled = at;
  const bool of_close = event.number < of_close_.size() && of_close_[event.number];
  if (of_close && !event.thrown && sink_has_close && !close_succeeded_) Break("H-CLOSED-WAS-CLOSED", at);
  for (WriteOp& write : writes_) {
    if (write.promise != event.number) continue;
    write.settled_at = at;
    write.fulfilled = !event.thrown;
    write.range_error = event.thrown && event.value.kind == ValueKind::kRangeError;
  }
}

void HistoryChecker::CheckOrder() {
  // The deliveries are a subsequence of the writes that were not turned away.
  size_t next = 0;
  for (const Delivery& delivery : deliveries_) {
    while (next < writes_.size() && (writes_[next].chunk != delivery.chunk || writes_[next].range_error)) ++next;
    if (next == writes_.size()) {
      const bool turned_away = std::any_of(writes_.begin(), writes_.end(), [&](const WriteOp& write) {
        return write.range_error && write.chunk == delivery.chunk;
      });
      return Break(turned_away ? "H-RANGE-ERROR-NOT-WRITTEN" : "H-ORDER", delivery.event);
    }
    if (writes_[next].accepted_at > delivery.event) return Break("H-ORDER", delivery.event);
    ++next;
  }
}

void HistoryChecker::CheckFulfilledWereWritten() {
  // The fulfilled writes are a subsequence of the deliveries.
  size_t next = 0;
  for (const WriteOp& write : writes_) {
    if (!write.fulfilled) continue;
    while (next < deliveries_.size() && deliveries_[next].chunk != write.chunk) ++next;
    if (next == deliveries_.size() || deliveries_[next].event > write.settled_at) {
      return Break("H-FULFILLED-WAS-WRITTEN", write.settled_at);
    }
    ++next;
  }
}

void HistoryChecker::CheckFulfilled() {
  uint32_t last = 0;
  for (const WriteOp& write : writes_) {
    if (!write.fulfilled) continue;
    if (write.settled_at < last) return Break("H-FULFILL-ORDER", write.settled_at);
    last = write.settled_at;
  }
}

uint64_t HistoryChecker::ChargeWhenQueued(const Trace& trace, const WriteOp& write) const {
  if (write.chunk == kUndefinedChunk) return ChargeByDefinition({});
  const uint32_t detached_at = write.chunk < detached_at_.size() ? detached_at_[write.chunk] : 0;
  return detached_at != 0 && detached_at < write.accepted_at ? 0 : ChargeByDefinition(trace.chunks[write.chunk]);
}

void HistoryChecker::CheckByteLimit(const Trace& trace) {
  // For each write that fulfilled: from its acceptance until the first delivery that can have been its own. That is
  // never later than the one that was, so no more is counted than was there.
  struct Wait {
    uint32_t from = 0;
    uint32_t until = 0;
    uint64_t charge = 0;  // bytes
  };
  std::vector<Wait> waits;
  size_t next = 0;
  for (const WriteOp& write : writes_) {
    if (!write.fulfilled) continue;
    while (next < deliveries_.size() && deliveries_[next].chunk != write.chunk) ++next;
    if (next == deliveries_.size()) return;
    waits.push_back({write.accepted_at, deliveries_[next++].event, ChargeWhenQueued(trace, write)});
  }
  for (size_t i = 0; i < waits.size(); ++i) {
    uint64_t room = *trace.program->byteLimit;
    for (size_t j = 0; j <= i; ++j) {
      if (waits[j].until < waits[i].from) continue;
      if (waits[j].charge > room) return Break("H-LIMIT", waits[i].from);
      room -= waits[j].charge;
    }
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
