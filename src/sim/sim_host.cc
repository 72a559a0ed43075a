#include "src/sim/sim_host.h"

#include <algorithm>
#include <limits>

#include "src/core/byte_limit.h"
#include "src/core/invariants.h"
#include "src/core/writable_stream.h"

namespace sluice::sim {

using core::Completion;
using core::PromiseSlot;
using core::PromiseView;
using core::StreamSlot;
using core::Thrown;
using core::ValueSlot;
using core::WriterSlot;
namespace {

constexpr size_t kRoom = 1024;  // as in realm.cc

// Objects stay where they are, so that copying takes no memory once there is enough.
template <typename T>
void CopyObjects(const std::vector<std::unique_ptr<T>>& from, std::vector<std::unique_ptr<T>>& to) {
  to.resize(std::min(to.size(), from.size()));
  for (size_t i = 0; i < from.size(); ++i) {
    if (i < to.size()) {
      *to[i] = *from[i];
    } else {
      to.push_back(std::make_unique<T>(*from[i]));
    }
  }
}

}  // namespace

void SimHost::Reset(UserCode& user_code, const std::vector<Chunk>& chunks) {
  realm_.Reset(user_code, this);
  user_code_ = &user_code;
  chunks_ = &chunks;
  Clear();
  streams_.reserve(kRoom);
  writers_.reserve(kRoom);
  promise_references_.reserve(kRoom);
  values_.reserve(kRoom);
  detached_.reserve(kRoom);
  type_errors_.reserve(kRoom);
  range_errors_ = abort_errors_ = 0;
  last_charge_ = 0;
  violations_.clear();
}

void SimHost::CopyFrom(const SimHost& other) {
  realm_.CopyFrom(other.realm_);
  CopyObjects(other.streams_, streams_);
  CopyObjects(other.writers_, writers_);
  promise_references_ = other.promise_references_;
  values_ = other.values_;
  detached_ = other.detached_;
  type_errors_ = other.type_errors_;
  live_references_ = other.live_references_;
  last_charge_ = other.last_charge_;
  range_errors_ = other.range_errors_;
  abort_errors_ = other.abort_errors_;
  violations_ = other.violations_;
}

void SimHost::Clear() {
  streams_.clear();
  writers_.clear();
  promise_references_.clear();
  values_.clear();
  detached_.clear();
  type_errors_.clear();
  live_references_ = 0;
}

void SimHost::Violation(const char* what) {
  if (is_inspecting_) return;
  if (std::find(violations_.begin(), violations_.end(), what) == violations_.end()) violations_.push_back(what);
}

// ---- Objects and names

Outcome SimHost::ConstructStream(const SimStreamOptions& options) {
  streams_.push_back(std::make_unique<SimStream>());
  SimStream& stream = *streams_.back();
  stream.core.self = {streams_.size()};
  stream.tick_model = options.tick_model;
  stream.size_of = options.size_of;
  stream.listeners = options.listeners;
  const Completion<> made =
      core::ws::Constructor(*this, stream.core, options.sink, options.strategy, options.byte_limit);
  if (made.is_thrown()) return Outcome::Throw(TakeThrown(made.thrown()));
  return Outcome::Return(Value::Undefined());
}

WriterSlot SimHost::NewWriter() {
  writers_.push_back(std::make_unique<core::WritableStreamDefaultWriter>());
  return {writers_.size()};
}

ValueSlot SimHost::Name(Value value) {
  if (value.kind == ValueKind::kUndefined) return core::kUndefined;
  values_.push_back({.value = value, .references = 1});
  ++live_references_;
  return {values_.size()};
}

Value SimHost::ValueOf(ValueSlot slot) {
  if (slot.is_undefined()) return Value::Undefined();
  if (slot.name > values_.size()) {
    Violation("a value slot that was never issued is used");
    return Value::Undefined();
  }
  const NamedValue& named = values_[slot.name - 1];
  if (named.references == 0) Violation("a value is used after its last reference was dropped");
  return named.value;
}

uint32_t SimHost::TakePromise(PromiseSlot slot) {
  const uint32_t promise = Checked(slot);
  Drop(slot);
  return promise;
}

Value SimHost::TakeThrown(Thrown thrown) {
  const Value value = ValueOf(thrown.value);
  Drop(thrown.value);
  return value;
}

void SimHost::Teardown() {
  for (const auto& stream : streams_) {
    const core::WritableStreamDefaultController& controller = stream->core.controller;
    if (controller.exists && (controller.writeAlgorithm == core::Algorithm::kUndefined) != stream->algorithms_cleared) {
      Violation("the host was not told that the algorithms were cleared");
    }
  }
  // Twice: what was released is empty, so the second time must find nothing to drop.
  for (int times = 0; times < 2; ++times) {
    for (const auto& stream : streams_) core::ReleaseSlots(*this, stream->core);
    for (const auto& writer : writers_) core::ReleaseSlots(*this, *writer);
  }
  realm_.ForEachWaitingCoreReaction([this](const core::Reaction& reaction) { Drop(reaction.abort_promise); });
  if (live_references_ != 0) Violation("a reference that the core took was never dropped");
  realm_.Clear();
  Clear();
}

// ---- Promises

PromiseSlot SimHost::Adopt(uint32_t promise) {
  if (promise_references_.size() <= promise) promise_references_.resize(promise + 1);
  ++promise_references_[promise];
  ++live_references_;
  return {uint64_t{promise} + 1};
}

uint32_t SimHost::Checked(PromiseSlot slot) {
  const uint32_t promise = PromiseIndex(slot);
  if (slot.is_undefined() || promise >= promise_references_.size()) {
    Violation("a promise slot that was never issued is used");
    // A promise that nobody holds, so that the run can go on to its end.
    const uint32_t stand_in = realm_.NewPromise();
    promise_references_.resize(realm_.promise_count());
    return stand_in;
  }
  if (promise_references_[promise] == 0) Violation("a promise is used after its last reference was dropped");
  return promise;
}

PromiseSlot SimHost::NewPromise() { return Adopt(realm_.NewPromise()); }

PromiseSlot SimHost::NewPromiseResolved() {
  const uint32_t promise = realm_.NewPromise();
  realm_.FulfillPromise(promise, Value::Undefined());
  return Adopt(promise);
}

PromiseSlot SimHost::NewPromiseRejected(ValueSlot reason) {
  const uint32_t promise = realm_.NewPromise();
  realm_.RejectPromise(promise, ValueOf(reason));
  return Adopt(promise);
}

PromiseSlot SimHost::NewWriterPromise(WriterSlot, core::WriterPromise) { return NewPromise(); }

PromiseSlot SimHost::NewWriterPromiseResolved(WriterSlot, core::WriterPromise) { return NewPromiseResolved(); }

PromiseSlot SimHost::NewWriterPromiseRejected(WriterSlot, core::WriterPromise, ValueSlot reason) {
  const uint32_t promise = realm_.NewPromise();
  realm_.MarkHandled(promise);
  realm_.RejectPromise(promise, ValueOf(reason));
  return Adopt(promise);
}

void SimHost::Resolve(PromiseSlot promise) { realm_.FulfillPromise(Checked(promise), Value::Undefined()); }

void SimHost::Reject(PromiseSlot promise, ValueSlot reason) { realm_.RejectPromise(Checked(promise), ValueOf(reason)); }

void SimHost::RejectAndMarkHandled(PromiseSlot promise, ValueSlot reason) {
  const uint32_t index = Checked(promise);
  realm_.MarkHandled(index);
  realm_.RejectPromise(index, ValueOf(reason));
}

PromiseView SimHost::State(PromiseSlot promise) {
  return promise.is_undefined() ? PromiseView::kUndefined : realm_.State(Checked(promise));
}

bool SimHost::IsHandled(PromiseSlot promise) { return !promise.is_undefined() && realm_.IsHandled(Checked(promise)); }

void SimHost::UponSettled(PromiseSlot promise, const core::Reaction& reaction) {
  realm_.ThenCore(Checked(promise), reaction);
}

void SimHost::RunReaction(const core::Reaction& reaction, bool fulfilled, Value value) {
  const ValueSlot slot = fulfilled ? core::kUndefined : Name(value);
  core::OnSettled(*this, reaction, fulfilled, slot);
  SLUICE_CHECK_INVARIANTS(*this, Stream(reaction.stream));
  Drop(slot);
}

// ---- References

PromiseSlot SimHost::Keep(PromiseSlot promise, core::Place, StreamSlot) { return Retain(promise); }

ValueSlot SimHost::Keep(ValueSlot value, core::Place, StreamSlot) { return Retain(value); }

PromiseSlot SimHost::Retain(PromiseSlot promise) {
  if (promise.is_undefined()) return promise;
  ++promise_references_[Checked(promise)];
  ++live_references_;
  return promise;
}

ValueSlot SimHost::Retain(ValueSlot value) {
  if (value.is_undefined()) return value;
  ValueOf(value);
  if (value.name > values_.size()) return core::kUndefined;
  ++values_[value.name - 1].references;
  ++live_references_;
  return value;
}

void SimHost::Drop(PromiseSlot promise) {
  if (promise.is_undefined()) return;
  uint32_t& references = promise_references_[Checked(promise)];
  if (references == 0) return Violation("a promise is dropped more often than it was retained");
  --references;
  --live_references_;
}

void SimHost::Drop(ValueSlot value) {
  if (value.is_undefined()) return;
  if (value.name > values_.size()) return Violation("a value slot that was never issued is used");
  uint32_t& references = values_[value.name - 1].references;
  if (references == 0) return Violation("a value is dropped more often than it was retained");
  --references;
  --live_references_;
}

// ---- Errors and chunks

ValueSlot SimHost::NewTypeError(core::TypeErrorReason reason) {
  type_errors_.push_back(reason);
  return Name(Value::Of(ValueKind::kTypeError, static_cast<uint32_t>(type_errors_.size() - 1)));
}

ValueSlot SimHost::NewRangeError(core::RangeErrorReason) {
  return Name(Value::Of(ValueKind::kRangeError, range_errors_++));
}

ValueSlot SimHost::NewRangeError(const core::ByteLimitExceeded& facts) {
  for (const auto& stream : streams_) {
    const core::WritableStreamDefaultController& controller = stream->core.controller;
    if (!controller.byte_limit.has_value() || streams_.size() > 1) continue;
    if (controller.byte_limit == facts.limit && controller.charged_bytes == facts.buffered &&
        facts.asked == last_charge_)
      continue;
    Violation("the error of an overflow does not name its limit with the bytes buffered and asked for");
  }
  return Name(Value::Of(ValueKind::kRangeError, range_errors_++));
}

void SimHost::AlgorithmsCleared(StreamSlot stream) { streams_[stream.name - 1]->algorithms_cleared = true; }

uint64_t SimHost::ByteCharge(ValueSlot slot) {
  last_charge_ = ChargeOf(ValueOf(slot));
  return last_charge_;
}

uint64_t SimHost::ChargeOf(Value value) const {
  if (value.kind != ValueKind::kChunk) return core::kNominalCharge;
  const Chunk& chunk = (*chunks_)[value.id];
  switch (chunk.kind) {
    case ChunkKind::kString:
      return core::Utf8Length(chunk.units.data(), chunk.unit_count, chunk.count);
    case ChunkKind::kArrayBuffer:
    case ChunkKind::kSharedArrayBuffer:
    case ChunkKind::kView:
      return ByteLength(value.id);
    case ChunkKind::kObject:
    case ChunkKind::kNumber:
    case ChunkKind::kUndefined:
      return core::kNominalCharge;
  }
  return core::kNominalCharge;
}

uint64_t SimHost::ByteLength(uint32_t chunk) const {
  return chunk < detached_.size() && detached_[chunk] ? 0 : (*chunks_)[chunk].count;
}

void SimHost::Detach(Value chunk) {
  if (detached_.size() <= chunk.id) detached_.resize(chunk.id + 1);
  detached_[chunk.id] = true;
}

core::WritableStream& SimHost::Stream(StreamSlot stream) { return streams_[stream.name - 1]->core; }

core::WritableStreamDefaultWriter& SimHost::Writer(WriterSlot writer) { return *writers_[writer.name - 1]; }

bool SimHost::SignalIsAborted(StreamSlot stream) { return streams_[stream.name - 1]->aborted; }

// ---- Author code

PromiseSlot SimHost::PromiseFromCallback(const Outcome& outcome, bool use_promise_itself) {
  if (!outcome.thrown && use_promise_itself && outcome.value.kind == ValueKind::kPromise)
    return Adopt(outcome.value.id);
  const uint32_t promise = realm_.NewPromise();
  const PromiseSlot slot = Adopt(promise);
  if (outcome.thrown) {
    realm_.RejectPromise(promise, outcome.value);
  } else {
    realm_.ResolvePromise(promise, outcome.value);
  }
  return slot;
}

// https://webidl.spec.whatwg.org/#js-invoking-callback-functions, with a return type of Promise<undefined>.
PromiseSlot SimHost::PromiseFromSinkMethod(StreamSlot stream, const Outcome& outcome) {
  return PromiseFromCallback(outcome, streams_[stream.name - 1]->tick_model != core::TickModel::kWebIdl);
}

Completion<ValueSlot> SimHost::PerformStartAlgorithm(StreamSlot) {
  const Outcome outcome = user_code_->Call(CallKind::kStart, Value::Undefined(), 0);
  if (outcome.thrown) return Thrown{Name(outcome.value)};
  return Name(outcome.value);
}

PromiseSlot SimHost::PromiseResolvedWithStartResult(StreamSlot stream, ValueSlot start_result) {
  const Value value = ValueOf(start_result);
  Drop(start_result);
  return PromiseFromCallback(Outcome::Return(value),
                             streams_[stream.name - 1]->tick_model == core::TickModel::kPromiseResolveStart);
}

// https://streams.spec.whatwg.org/#byte-length-queuing-strategy-size-function
Completion<double> SimHost::ByteLengthSize(Value chunk) {
  if (chunk.kind != ValueKind::kChunk) {
    // undefined has no properties.
    type_errors_.push_back(std::nullopt);
    return Thrown{Name(Value::Of(ValueKind::kTypeError, static_cast<uint32_t>(type_errors_.size() - 1)))};
  }
  switch ((*chunks_)[chunk.id].kind) {
    case ChunkKind::kArrayBuffer:
    case ChunkKind::kSharedArrayBuffer:
    case ChunkKind::kView:
      return static_cast<double>(ByteLength(chunk.id));
    case ChunkKind::kString:
    case ChunkKind::kObject:
    case ChunkKind::kNumber:
    case ChunkKind::kUndefined:
      // No such property: undefined, which converts to NaN.
      break;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

Completion<double> SimHost::PerformSizeAlgorithm(StreamSlot stream, ValueSlot chunk) {
  switch (streams_[stream.name - 1]->size_of) {
    case Strategy::kAuthor:
      break;
    case Strategy::kCount:
      return core::kCountQueuingStrategySize;
    case Strategy::kByteLength:
      return ByteLengthSize(ValueOf(chunk));
  }
  const Outcome outcome = user_code_->Call(CallKind::kSize, ValueOf(chunk), 0);
  if (outcome.thrown) return Thrown{Name(outcome.value)};
  if (outcome.value.kind != ValueKind::kNumber) return std::numeric_limits<double>::quiet_NaN();
  return outcome.value.number;
}

PromiseSlot SimHost::PerformWriteAlgorithm(StreamSlot stream, ValueSlot chunk) {
  return PromiseFromSinkMethod(stream, user_code_->Call(CallKind::kWrite, ValueOf(chunk), 0));
}

PromiseSlot SimHost::PerformCloseAlgorithm(StreamSlot stream) {
  return PromiseFromSinkMethod(stream, user_code_->Call(CallKind::kClose, Value::Undefined(), 0));
}

PromiseSlot SimHost::PerformAbortAlgorithm(StreamSlot stream, ValueSlot reason) {
  return PromiseFromSinkMethod(stream, user_code_->Call(CallKind::kAbort, ValueOf(reason), 0));
}

// https://dom.spec.whatwg.org/#abortsignal-signal-abort
void SimHost::SignalAbort(StreamSlot slot, ValueSlot reason) {
  SimStream& stream = *streams_[slot.name - 1];
  if (stream.aborted) return;
  stream.aborted = true;
  stream.signal_reason = reason.is_undefined() ? Value::Of(ValueKind::kAbortError, abort_errors_++) : ValueOf(reason);
  for (uint32_t i = 0; i < stream.listeners; ++i) {
    const Outcome outcome = user_code_->Call(CallKind::kSignal, Value::Undefined(), 0);
    if (outcome.thrown) user_code_->ReportException(outcome.value);
  }
}

}  // namespace sluice::sim
