#include "src/sim/sim_host.h"

#include <algorithm>
#include <limits>
#include <type_traits>

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
  is_marked_.reserve(kRoom);
  marked_writers_.reserve(kRoom);
  promises_.reserve(kRoom);
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
  writers_ = other.writers_;
  is_marked_ = other.is_marked_;
  marked_writers_ = other.marked_writers_;
  promises_ = other.promises_;
  values_ = other.values_;
  detached_ = other.detached_;
  type_errors_ = other.type_errors_;
  live_references_ = other.live_references_;
  last_charge_ = other.last_charge_;
  range_errors_ = other.range_errors_;
  abort_errors_ = other.abort_errors_;
  violations_ = other.violations_;
}

bool SimHost::HoldsTheSameAs(const SimHost& other) const {
  const auto equal = [](const auto& a, const auto& b) { return *a == *b; };
  return std::ranges::equal(streams_, other.streams_, equal) && writers_ == other.writers_ &&
         promises_ == other.promises_ && values_ == other.values_ && live_references_ == other.live_references_ &&
         detached_ == other.detached_ && type_errors_ == other.type_errors_ && last_charge_ == other.last_charge_ &&
         range_errors_ == other.range_errors_ && abort_errors_ == other.abort_errors_ &&
         violations_ == other.violations_ && realm_.HoldsTheSameAs(other.realm_);
}

void SimHost::Clear() {
  streams_.clear();
  writers_.Clear();
  is_marked_.clear();
  marked_writers_.clear();
  promises_.clear();
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
  stream.name = options.name;
  const Completion<> made =
      core::ws::Constructor(*this, stream.core, options.sink, options.strategy, options.byte_limit);
  if (made.is_thrown()) return Outcome::Throw(TakeThrown(made.thrown()));
  return Outcome::Return(Value::Undefined());
}

WriterSlot SimHost::NewWriter() {
  writers_.Add();
  is_marked_.push_back(false);
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
  for (uint32_t name = 1; name <= writers_.size(); ++name) MarkWriter(name);
  CheckPlaces();
  // Twice: what was released is empty, so the second time must find nothing to drop.
  for (int times = 0; times < 2; ++times) {
    for (const auto& stream : streams_) core::ReleaseSlots(*this, stream->core);
    for (size_t i = 0; i < writers_.size(); ++i) core::ReleaseSlots(*this, writers_[i]);
  }
  realm_.ForEachWaitingCoreReaction([this](const core::Reaction& reaction) { Drop(reaction.abort_promise); });
  if (live_references_ != 0) Violation("a reference that the core took was never dropped");
  realm_.Clear();
  Clear();
}

// ---- Promises

PromiseSlot SimHost::Adopt(uint32_t promise) {
  promises_.push_back({.promise = promise, .references = 1});
  ++live_references_;
  return {promises_.size()};
}

// "The empty slot `which` of `writer`": the core has dropped what was there.
PromiseSlot SimHost::AdoptFor(WriterSlot writer, core::WriterPromise which, uint32_t promise) {
  const core::WritableStreamDefaultWriter& of = Writer(writer);
  const PromiseSlot before = which == core::WriterPromise::kReady ? of.readyPromise : of.closedPromise;
  if (!before.is_undefined() && before.name <= promises_.size() && promises_[before.name - 1].references != 0) {
    Violation("a writer's promise is made while its slot is not empty");
  }
  const PromiseSlot slot = Adopt(promise);
  promises_.back().home = {.writer = static_cast<uint32_t>(writer.name), .which = which};
  return slot;
}

uint32_t SimHost::Checked(PromiseSlot slot) {
  if (slot.is_undefined() || slot.name > promises_.size()) {
    Violation("a promise slot that was never issued is used");
    // A promise that nobody holds, so that the run can go on to its end.
    return realm_.NewPromise();
  }
  const NamedPromise& named = promises_[slot.name - 1];
  if (named.references == 0) Violation("a promise is used after its last reference was dropped");
  return named.promise;
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

PromiseSlot SimHost::NewWriterPromise(WriterSlot writer, core::WriterPromise which) {
  return AdoptFor(writer, which, realm_.NewPromise());
}

PromiseSlot SimHost::NewWriterPromiseResolved(WriterSlot writer, core::WriterPromise which) {
  const uint32_t promise = realm_.NewPromise();
  realm_.FulfillPromise(promise, Value::Undefined());
  return AdoptFor(writer, which, promise);
}

PromiseSlot SimHost::NewWriterPromiseRejected(WriterSlot writer, core::WriterPromise which, ValueSlot reason) {
  const uint32_t promise = realm_.NewPromise();
  realm_.MarkHandled(promise);
  realm_.RejectPromise(promise, ValueOf(reason));
  return AdoptFor(writer, which, promise);
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
  CheckPlace(reaction.abort_promise, core::Place::kAbortRequest, reaction.stream);
  realm_.ThenCore(Checked(promise), reaction);
}

void SimHost::RunReaction(const core::Reaction& reaction, bool fulfilled, Value value) {
  const ValueSlot slot = fulfilled ? core::kUndefined : Name(value);
  core::OnSettled(*this, reaction, fulfilled, slot);
  SLUICE_CHECK_INVARIANTS(*this, Stream(reaction.stream));
  Drop(slot);
}

// ---- References

SimHost::Home SimHost::NewHome(core::Place place, StreamSlot slot) {
  if (slot.is_undefined()) return {};  // a queue of its own, as in tests
  if (slot.name > streams_.size()) {
    Violation("something is stored for a stream that does not exist");
    return {};
  }
  SimStream& stream = *streams_[slot.name - 1];
  const size_t at = static_cast<size_t>(place);
  const bool holds_many = place == core::Place::kChunk || place == core::Place::kWriteRequest;
  if (!holds_many && stream.stored[at] != stream.dropped[at])
    Violation("a place of a stream holds two things at a time");
  return {.stream = static_cast<uint32_t>(slot.name), .number = stream.stored[at]++, .place = place};
}

void SimHost::Leave(const Home& home) {
  if (home.stream == 0) return;
  uint32_t& dropped = streams_[home.stream - 1]->dropped[static_cast<size_t>(home.place)];
  if (home.number != dropped) Violation("chunks and write requests are dropped in the order in which they were stored");
  ++dropped;
}

PromiseSlot SimHost::Store(PromiseSlot promise, core::Place place, StreamSlot stream) {
  if (promise.is_undefined()) return promise;
  const PromiseSlot stored = Adopt(Checked(promise));
  promises_.back().home = NewHome(place, stream);
  return stored;
}

ValueSlot SimHost::Store(ValueSlot value, core::Place place, StreamSlot stream) {
  if (value.is_undefined()) return value;
  values_.push_back({.value = ValueOf(value), .references = 1, .home = NewHome(place, stream)});
  ++live_references_;
  return {values_.size()};
}

PromiseSlot SimHost::Retain(PromiseSlot promise) {
  if (promise.is_undefined()) return promise;
  Checked(promise);
  if (promise.name > promises_.size()) return NewPromise();
  ++promises_[promise.name - 1].references;
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
  if (promise.name > promises_.size()) return Violation("a promise slot that was never issued is used");
  NamedPromise& named = promises_[promise.name - 1];
  if (named.references == 0) return Violation("a promise is dropped more often than it was retained");
  --live_references_;
  if (--named.references != 0) return;
  if (named.home.writer != 0) MarkWriter(named.home.writer);
  Leave(named.home);
}

void SimHost::Drop(ValueSlot value) {
  if (value.is_undefined()) return;
  if (value.name > values_.size()) return Violation("a value slot that was never issued is used");
  NamedValue& named = values_[value.name - 1];
  if (named.references == 0) return Violation("a value is dropped more often than it was retained");
  --live_references_;
  if (--named.references == 0) Leave(named.home);
}

const SimHost::Home* SimHost::HomeOf(PromiseSlot slot) {
  if (slot.is_undefined()) return nullptr;
  Checked(slot);
  return slot.name > promises_.size() ? nullptr : &promises_[slot.name - 1].home;
}

const SimHost::Home* SimHost::HomeOf(ValueSlot slot) {
  if (slot.is_undefined()) return nullptr;
  ValueOf(slot);
  return slot.name > values_.size() ? nullptr : &values_[slot.name - 1].home;
}

template <typename Slot>
void SimHost::CheckPlace(Slot slot, core::Place place, StreamSlot stream) {
  const Home* const home = HomeOf(slot);
  if (home == nullptr || (home->stream == stream.name && home->place == place)) return;
  Violation(std::is_same_v<Slot, PromiseSlot> ? "a slot holds a promise that was not stored for it"
                                              : "a slot holds a value that was not stored for it");
}

void SimHost::CheckPlaces() {
  if (is_inspecting_) return;  // nothing would be a violation
  using core::Place;
  for (const auto& one : streams_) {
    const core::WritableStream& stream = one->core;
    const StreamSlot self = stream.self;
    CheckPlace(stream.closeRequest, Place::kCloseRequest, self);
    CheckPlace(stream.inFlightCloseRequest, Place::kCloseRequest, self);
    CheckPlace(stream.inFlightWriteRequest, Place::kWriteRequest, self);
    CheckPlace(stream.storedError, Place::kStoredError, self);
    if (stream.pendingAbortRequest.has_value()) {
      CheckPlace(stream.pendingAbortRequest->promise, Place::kAbortRequest, self);
      CheckPlace(stream.pendingAbortRequest->reason, Place::kAbortReason, self);
    }
    if (!stream.writeRequests.empty()) {
      CheckPlace(stream.writeRequests.front(), Place::kWriteRequest, self);
      CheckPlace(stream.writeRequests.back(), Place::kWriteRequest, self);
    }
    if (const auto& queue = stream.controller.queue; !queue.empty()) {
      CheckPlace(queue.front().value, Place::kChunk, self);
      CheckPlace(queue.back().value, Place::kChunk, self);
    }
  }
  for (const uint32_t name : marked_writers_) {
    const core::WritableStreamDefaultWriter& writer = writers_[name - 1];
    const auto check = [&](PromiseSlot promise, core::WriterPromise which) {
      const Home* const home = HomeOf(promise);
      if (home != nullptr && (home->writer != name || home->which != which)) {
        Violation("a writer has a promise that was not made for it");
      }
    };
    check(writer.readyPromise, core::WriterPromise::kReady);
    check(writer.closedPromise, core::WriterPromise::kClosed);
    is_marked_[name - 1] = false;
  }
  marked_writers_.clear();
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
  const bool is_known = std::any_of(streams_.begin(), streams_.end(), [&](const auto& stream) {
    const core::WritableStreamDefaultController& controller = stream->core.controller;
    return controller.byte_limit == facts.limit && controller.charged_bytes == facts.buffered;
  });
  const bool is_limited = std::any_of(streams_.begin(), streams_.end(), [](const auto& stream) {
    return stream->core.controller.byte_limit.has_value();
  });
  if (is_limited && (!is_known || facts.asked != last_charge_)) {
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
    case ChunkKind::kWriter:
    case ChunkKind::kReady:
    case ChunkKind::kClosed:
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

core::WritableStreamDefaultWriter& SimHost::Writer(WriterSlot writer) {
  MarkWriter(static_cast<uint32_t>(writer.name));
  return writers_[writer.name - 1];
}

void SimHost::MarkWriter(uint32_t name) {
  if (name == 0 || name > writers_.size() || is_marked_[name - 1]) return;
  is_marked_[name - 1] = true;
  marked_writers_.push_back(name);
}

bool SimHost::SignalIsAborted(StreamSlot stream) { return streams_[stream.name - 1]->aborted; }

// ---- Author code

Outcome SimHost::CallUser(StreamSlot stream, CallKind kind, Value argument) {
  const Outcome outcome = user_code_->Call(kind, argument, 0, streams_[stream.name - 1]->name);
  writers_.Move();
  return outcome;
}

PromiseSlot SimHost::PromiseFromCallback(const Outcome& outcome, bool use_promise_itself) {
  if (!outcome.thrown && use_promise_itself && outcome.value.kind == ValueKind::kPromise)
    return Adopt(outcome.value.id);
  const uint32_t promise = realm_.NewPromise();
  const PromiseSlot slot = Adopt(promise);
  if (outcome.thrown) {
    realm_.RejectPromise(promise, outcome.value);
  } else {
    realm_.ResolvePromise(promise, outcome.value);
    if (outcome.value.kind == ValueKind::kThenable) writers_.Move();  // its `then` was read
  }
  return slot;
}

// https://webidl.spec.whatwg.org/#js-invoking-callback-functions, with a return type of Promise<undefined>.
PromiseSlot SimHost::PromiseFromSinkMethod(StreamSlot stream, const Outcome& outcome) {
  return PromiseFromCallback(outcome, streams_[stream.name - 1]->tick_model != core::TickModel::kWebIdl);
}

Completion<ValueSlot> SimHost::PerformStartAlgorithm(StreamSlot stream) {
  const Outcome outcome = CallUser(stream, CallKind::kStart, Value::Undefined());
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
  if (chunk.kind == ValueKind::kUndefined) {
    // undefined has no properties.
    type_errors_.push_back(std::nullopt);
    return Thrown{Name(Value::Of(ValueKind::kTypeError, static_cast<uint32_t>(type_errors_.size() - 1)))};
  }
  const ChunkKind kind = chunk.kind == ValueKind::kChunk ? (*chunks_)[chunk.id].kind : ChunkKind::kObject;
  switch (kind) {
    case ChunkKind::kArrayBuffer:
    case ChunkKind::kSharedArrayBuffer:
    case ChunkKind::kView:
      return static_cast<double>(ByteLength(chunk.id));
    case ChunkKind::kString:
    case ChunkKind::kObject:
    case ChunkKind::kNumber:
    case ChunkKind::kUndefined:
    case ChunkKind::kWriter:
    case ChunkKind::kReady:
    case ChunkKind::kClosed:
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
  const Outcome outcome = CallUser(stream, CallKind::kSize, ValueOf(chunk));
  if (outcome.thrown) return Thrown{Name(outcome.value)};
  if (outcome.value.kind != ValueKind::kNumber) return std::numeric_limits<double>::quiet_NaN();
  return outcome.value.number;
}

PromiseSlot SimHost::PerformWriteAlgorithm(StreamSlot stream, ValueSlot chunk) {
  CheckPlace(chunk, core::Place::kChunk, stream);
  return PromiseFromSinkMethod(stream, CallUser(stream, CallKind::kWrite, ValueOf(chunk)));
}

PromiseSlot SimHost::PerformCloseAlgorithm(StreamSlot stream) {
  return PromiseFromSinkMethod(stream, CallUser(stream, CallKind::kClose, Value::Undefined()));
}

PromiseSlot SimHost::PerformAbortAlgorithm(StreamSlot stream, ValueSlot reason) {
  CheckPlace(reason, core::Place::kAbortReason, stream);
  return PromiseFromSinkMethod(stream, CallUser(stream, CallKind::kAbort, ValueOf(reason)));
}

// https://dom.spec.whatwg.org/#abortsignal-signal-abort
void SimHost::SignalAbort(StreamSlot slot, ValueSlot reason) {
  SimStream& stream = *streams_[slot.name - 1];
  if (stream.aborted) return;
  stream.aborted = true;
  stream.signal_reason = reason.is_undefined() ? Value::Of(ValueKind::kAbortError, abort_errors_++) : ValueOf(reason);
  for (uint32_t i = 0; i < stream.listeners; ++i) {
    const Outcome outcome = CallUser(slot, CallKind::kSignal, Value::Undefined());
    if (outcome.thrown) user_code_->ReportException(outcome.value);
  }
}

}  // namespace sluice::sim
