#include "src/v8/v8_host.h"

#include <limits>
#include <optional>
#include <utility>

#include "src/core/byte_limit.h"
#include "src/v8/stream_extension.h"

namespace sluice::binding {
namespace {

using core::Completion;
using core::Place;
using core::PromiseSlot;
using core::PromiseView;
using core::StreamSlot;
using core::Thrown;
using core::ValueSlot;
using core::WriterPromise;
using core::WriterSlot;
using namespace channel;  // NOLINT: the vocabulary, on every line here

// What a promise slot names: the low three bits; the rest is a value's name or a pointer, aligned to sixteen bytes.
enum Tag : uint64_t {
  kRejectedWith = 0,  // a new promise, rejected with the value whose name, plus one, is in the upper bits
  kFresh = 1,         // the promise that the operation returns
  kResolved = 2,      // a new promise, resolved with undefined
  kSink = 3,          // what the sink's method returned, after conversion
  kWriteRequest = 4,  // the first that is not settled
  kCloseRequest = 5,
  kAbortRequest = 6,
  kOfWriter = 7,  // WriterObject*; with kClosedBit its closed promise, else its ready promise
};
constexpr uint64_t kTagMask = 7;
constexpr uint64_t kClosedBit = 8;

Tag TagOf(PromiseSlot slot) { return static_cast<Tag>(slot.name & kTagMask); }

PromiseSlot Named(WriterSlot writer, WriterPromise which) {
  return {writer.name | kOfWriter | (which == WriterPromise::kClosed ? kClosedBit : 0)};
}

PromiseView& ViewOf(PromiseSlot slot) {
  auto& writer = *reinterpret_cast<WriterObject*>(slot.name & ~(kTagMask | kClosedBit));
  return (slot.name & kClosedBit) != 0 ? writer.closed : writer.ready;
}

constexpr int64_t kWatchBytes = 150;  // of a QueueWatch and its places, more or less

// Stack that the effects of an operation may take, in bytes, with room to spare: no author code is among them.
constexpr uintptr_t kStackForEffects = 48 * 1024;

}  // namespace

V8Host::V8Host(IsolateData& data) : data_(data), isolate_(data.isolate()), streams_(data), writers_(data) {}

V8Host::~V8Host() = default;

// ---- Operations

// JavaScript did not come to the end of the effects of the operation before this one: it was terminated.
void V8Host::Interrupted() {
  if (last_stream_ != nullptr) last_stream_->broken = true;
  channel_[kCount] = 0;
}

void V8Host::ReportQueue(StreamObject& stream, v8::Local<v8::Value> state) {
  const int64_t before = stream.reported_bytes;
  stream.reported_bytes = stream.QueueBytes();
  if (MustWatch(stream) && state->IsObject()) {
    auto watch = std::make_unique<QueueWatch>(QueueWatch{{isolate_, state.As<v8::Object>()}, &stream});
    watch->state.SetWeak(watch.get(), StateCollected, v8::WeakCallbackType::kParameter);
    stream.watch = watch.get();
    watches_.emplace(stream.watch, std::move(watch));
    data_.AdjustExternalMemory(kWatchBytes);
  }
  // Last: it may collect garbage.
  data_.AdjustExternalMemory(stream.reported_bytes - before);
}

void V8Host::StateCollected(const v8::WeakCallbackInfo<QueueWatch>& info) {
  QueueWatch* const watch = info.GetParameter();
  IsolateData& data = *IsolateData::Of(info.GetIsolate());
  watch->state.Reset();
  if (StreamObject* const stream = watch->stream; stream != nullptr) {
    stream->FreeQueue();
    stream->watch = nullptr;
    data.live().charged_bytes -= std::exchange(stream->counted_charge, 0);
    data.AdjustExternalMemory(-std::exchange(stream->reported_bytes, 0));
  }
  data.host().watches_.erase(watch);
  data.AdjustExternalMemory(-kWatchBytes);
}

bool V8Host::Operation::MayBegin(int kind, int& code) const {
  if (stream_ != nullptr && stream_->broken) {
    code = kind;
    return false;
  }
  if (!host_.data_.HasStack(kStackForEffects)) {
    code = kind | 1 << 8;
    return false;
  }
  host_.last_effect_ = 0;
  return true;
}

void V8Host::Emit(int effect, uint64_t ref) {
  const int count = channel_[kCount];
  const int32_t emitted = effect | static_cast<int32_t>(ref) << 8;
  last_effect_ = effect;
  if (count > 0) {
    int32_t* const last = &channel_[kFirstEffect + 2 * (count - 1)];
    if (last[0] == emitted && last[0] != kFinishWrite) {
      ++last[1];
      return;
    }
    // What every write does has a name of its own: there is less to read.
    if (last[0] == kStoreWriteRequest && emitted == kStoreChunk) {
      last[0] = kStoreWrite;
      return;
    }
    if (last[0] == kResolveWriteRequest && emitted == kDropChunks) {
      last[0] = kFinishWrite;
      return;
    }
  }
  SLUICE_ASSERT(count < kCapacity, "V8Host",
                "an operation has no more kinds of effects in a row than the channel holds");
  if (count == kCapacity) return;
  channel_[kFirstEffect + 2 * count] = emitted;
  channel_[kFirstEffect + 2 * count + 1] = 1;
  channel_[kCount] = count + 1;
}

void V8Host::Return(const v8::FunctionCallbackInfo<v8::Value>& info, PromiseSlot promise, bool make_promise) {
  v8::ReturnValue<v8::Value> value = info.GetReturnValue();
  switch (TagOf(promise)) {
    case kFresh:
      if (!operation_->fresh_.IsEmpty()) return value.Set(operation_->fresh_);
      if (make_promise) {
        v8::Local<v8::Promise::Resolver> resolver;
        if (v8::Promise::Resolver::New(isolate_->GetCurrentContext()).ToLocal(&resolver)) value.Set(resolver);
        return;
      }
      return value.Set(kReturnFresh);
    case kResolved:
      return value.Set(kReturnResolved);
    case kAbortRequest:
      return value.Set(kReturnAbortRequest);
    case kRejectedWith:
      return value.Set(kReturnRejected | static_cast<int>((promise.name >> 3) - 1) << 8);
    default:
      return;
  }
}

// ---- Promises

PromiseSlot V8Host::NewPromise() { return {kFresh}; }
PromiseSlot V8Host::NewPromiseResolved() { return {kResolved}; }
PromiseSlot V8Host::NewPromiseRejected(ValueSlot reason) { return {(reason.name + 1) << 3 | kRejectedWith}; }

PromiseSlot V8Host::NewWriterPromise(WriterSlot writer, WriterPromise which) {
  const PromiseSlot promise = Named(writer, which);
  // A new writer's are pending to begin with, in JavaScript too.
  if (ViewOf(promise) != PromiseView::kUndefined) Emit(which == WriterPromise::kReady ? kNewReady : kNewClosed);
  ViewOf(promise) = PromiseView::kPending;
  return promise;
}

PromiseSlot V8Host::NewWriterPromiseResolved(WriterSlot writer, WriterPromise which) {
  const PromiseSlot promise = NewWriterPromise(writer, which);
  Resolve(promise);
  return promise;
}

PromiseSlot V8Host::NewWriterPromiseRejected(WriterSlot writer, WriterPromise which, ValueSlot reason) {
  const PromiseSlot promise = NewWriterPromise(writer, which);
  RejectAndMarkHandled(promise, reason);
  return promise;
}

void V8Host::Resolve(PromiseSlot promise) {
  switch (TagOf(promise)) {
    case kWriteRequest:
      return Emit(kResolveWriteRequest);
    case kCloseRequest:
      return Emit(kResolveCloseRequest);
    case kAbortRequest:
      return Emit(kResolveAbortRequest);
    case kOfWriter:
      if (ViewOf(promise) != PromiseView::kPending) return;
      ViewOf(promise) = PromiseView::kFulfilled;
      return Emit((promise.name & kClosedBit) != 0 ? kResolveClosed : kResolveReady);
    default:
      return;
  }
}

void V8Host::Reject(PromiseSlot promise, ValueSlot reason) {
  switch (TagOf(promise)) {
    case kWriteRequest:
      return Emit(kRejectWriteRequests, reason.name);
    case kCloseRequest:
      return Emit(kRejectCloseRequest, reason.name);
    case kAbortRequest:
      return Emit(kRejectAbortRequest, reason.name);
    default:
      return RejectAndMarkHandled(promise, reason);
  }
}

// Only a writer's promises are ever marked.
void V8Host::RejectAndMarkHandled(PromiseSlot promise, ValueSlot reason) {
  if (TagOf(promise) != kOfWriter || ViewOf(promise) != PromiseView::kPending) return;
  ViewOf(promise) = PromiseView::kRejected;
  Emit((promise.name & kClosedBit) != 0 ? kRejectClosed : kRejectReady, reason.name);
}

// Requests are dropped as soon as they are settled.
PromiseView V8Host::State(PromiseSlot promise) {
  if (promise.is_undefined()) return PromiseView::kUndefined;
  return TagOf(promise) == kOfWriter ? ViewOf(promise) : PromiseView::kPending;
}

bool V8Host::IsHandled(PromiseSlot promise) {
  return TagOf(promise) == kOfWriter && ViewOf(promise) == PromiseView::kRejected;
}

void V8Host::UponSettled(PromiseSlot promise, const core::Reaction& reaction) {
  StreamObject::Of(reaction.stream)->reaction = reaction.kind;
  // What a sink's method returned, JavaScript is looking after.
  if (TagOf(promise) == kResolved) Emit(kReactSoon);
}

core::Reaction V8Host::ReactionOf(const StreamObject& stream) {
  return {stream.reaction, stream.core.self,
          stream.reaction == core::ReactionKind::kAbort ? PromiseSlot{kAbortRequest} : PromiseSlot{}};
}

// ---- What is stored

PromiseSlot V8Host::Store(PromiseSlot, Place place, StreamSlot) {
  switch (place) {
    case Place::kWriteRequest:
      Emit(kStoreWriteRequest);
      return {kWriteRequest};
    case Place::kCloseRequest:
      Emit(kStoreCloseRequest);
      return {kCloseRequest};
    default:
      Emit(kStoreAbortRequest);
      return {kAbortRequest};
  }
}

ValueSlot V8Host::Store(ValueSlot value, Place place, StreamSlot) {
  switch (place) {
    case Place::kChunk:
      // Also undefined, which has its place in the queue.
      Emit(kStoreChunk);
      return {kChunk};
    case Place::kStoredError:
      if (value.is_undefined()) return value;
      Emit(kStoreStoredError, value.name);
      return {kStoredError};
    default:
      if (value.is_undefined()) return value;
      Emit(kStoreAbortReason, value.name);
      return {kAbortReason};
  }
}

// JavaScript forgets a promise when it settles it.
void V8Host::Drop(PromiseSlot) {}

void V8Host::Drop(ValueSlot value) {
  if (value.name == kChunk) return Emit(kDropChunks);
  if (value.name == kStoredError) return Emit(kDropStoredError);
  if (value.name == kAbortReason) return Emit(kDropAbortReason);
}

// ---- Errors and chunks

ValueSlot V8Host::NewTypeError(core::TypeErrorReason reason) {
  Emit(kMakeTypeError, static_cast<uint64_t>(reason));
  return {kMade};
}

ValueSlot V8Host::NewRangeError(core::RangeErrorReason reason) {
  Emit(kMakeRangeError, static_cast<uint64_t>(reason));
  return {kMade};
}

ValueSlot V8Host::NewRangeError(const core::ByteLimitExceeded& facts) {
  if (!total_overflows_) overflow_ = facts;
  Emit(kMakeRangeError, total_overflows_ ? kTotalByteLimitExceeded : kByteLimitExceeded);
  return {kMade};
}

namespace {

uint64_t ChargeOf(v8::Isolate* isolate, v8::Local<v8::Value> chunk) {
  // V8 counts 3 for a lone surrogate, as byte_limit.h does.
  if (chunk->IsString()) return static_cast<uint64_t>(chunk.As<v8::String>()->Utf8Length(isolate));
  if (!chunk->IsObject()) return core::kNominalCharge;
  if (chunk->IsArrayBufferView()) {
    return IsolateData::Of(isolate)->view_length().Of(isolate, chunk.As<v8::ArrayBufferView>());
  }
  if (chunk->IsArrayBuffer()) return chunk.As<v8::ArrayBuffer>()->ByteLength();
  if (chunk->IsSharedArrayBuffer()) return chunk.As<v8::SharedArrayBuffer>()->ByteLength();
  return core::kNominalCharge;
}

}  // namespace

// The chunk is the argument of write(). What all streams together have no room for is charged more than any stream has
// room for: the core knows one stream at a time.
uint64_t V8Host::ByteCharge(ValueSlot) {
  const uint64_t charge = ChargeOf(isolate_, operation_->argument_);
  StreamObject* const stream = operation_->stream_;
  total_overflows_ = stream != nullptr && !FitsTotalByteLimit(*stream, charge);
  return total_overflows_ ? std::numeric_limits<uint64_t>::max() : charge;
}

bool V8Host::FitsTotalByteLimit(StreamObject& stream, uint64_t charge) {
  const std::optional<uint64_t> limit = data_.options().total_byte_limit;
  // Without a limit of its own a stream is the embedder's, who trusts it.
  if (!limit || !stream.core.controller.byte_limit) return true;
  CountCharge(stream);
  const uint64_t& charged = data_.live().charged_bytes;
  const auto fits = [&] { return charged <= *limit && charge <= *limit - charged; };
  constexpr uint64_t kOftenEnough = 8;
  if (!fits() && charged_since_full_ > *limit / kOftenEnough) {
    // Streams that nobody can reach any more are charged until they are collected.
    charged_since_full_ = 0;
    isolate_->LowMemoryNotification();
  }
  if (fits()) {
    charged_since_full_ += charge;
    return true;
  }
  overflow_ = {.limit = *limit, .buffered = charged, .asked = charge};
  return false;
}

void V8Host::CountCharge(StreamObject& stream) {
  const uint64_t charge = stream.core.controller.charged_bytes;
  if (charge == stream.counted_charge) return;
  data_.live().charged_bytes += charge - stream.counted_charge;
  stream.counted_charge = charge;
}

// ---- Author code

Completion<ValueSlot> V8Host::PerformStartAlgorithm(StreamSlot) {
  Emit(kCallStart);
  return core::kUndefined;
}

PromiseSlot V8Host::PromiseResolvedWithStartResult(StreamSlot, ValueSlot) {
  return {last_effect_ == kCallStart ? uint64_t{kSink} : uint64_t{kResolved}};
}

PromiseSlot V8Host::PerformWriteAlgorithm(StreamSlot, ValueSlot) {
  Emit(kCallWrite);
  return {kSink};
}

v8::MaybeLocal<v8::Value> V8Host::Call(StreamFunction function, StreamObject& stream) {
  Operation* const operation = operation_;
  const v8::Local<v8::Context> context = isolate_->GetCurrentContext();
  v8::Local<v8::Value> arguments[] = {operation->state_, operation->argument_};
  v8::Local<v8::Value> result;
  const bool returned = GetStreamFunction(context, function)
                            ->Call(context, v8::Undefined(isolate_), std::size(arguments), arguments)
                            .ToLocal(&result);
  // An operation on another stream that was terminated in its turn has left its effects undone.
  if (channel_[kCount] != 0) Interrupted();
  // The effects from here on are this operation's own again.
  last_stream_ = operation->stream_;
  last_effect_ = 0;
  if (returned) return result;
  // JavaScript unwinds when the operation returns, and does none of its effects.
  stream.broken = true;
  return {};
}

Completion<double> V8Host::PerformSizeAlgorithm(StreamSlot slot, ValueSlot) {
  v8::Local<v8::Value> size;
  if (!Call(StreamFunction::kCallSize, *StreamObject::Of(slot)).ToLocal(&size)) return Thrown{ValueSlot{kThrown}};
  if (size->IsNull()) return Thrown{core::kUndefined};
  if (!size->IsNumber()) return Thrown{ValueSlot{kThrown}};
  return size.As<v8::Number>()->Value();
}

void V8Host::CallSinkMethod(StreamFunction function, StreamSlot slot) {
  v8::Local<v8::Value> fresh;
  if (Call(function, *StreamObject::Of(slot)).ToLocal(&fresh) && fresh->IsPromise()) operation_->fresh_ = fresh;
}

PromiseSlot V8Host::PerformCloseAlgorithm(StreamSlot stream) {
  CallSinkMethod(StreamFunction::kCallClose, stream);
  return {kSink};
}

PromiseSlot V8Host::PerformAbortAlgorithm(StreamSlot stream, ValueSlot) {
  CallSinkMethod(StreamFunction::kCallAbort, stream);
  return {kSink};
}

// https://dom.spec.whatwg.org/#abortcontroller-signal-abort
void V8Host::SignalAbort(StreamSlot slot, ValueSlot reason) {
  auto& stream = *StreamObject::Of(slot);
  if (stream.aborted) return;
  stream.aborted = true;
  // Nobody has the signal: nobody listens.
  if (!stream.has_signal) return Emit(kSetSignalReason, reason.name);
  static_cast<void>(Call(StreamFunction::kSignalAbort, stream));
}

}  // namespace sluice::binding
