#include "src/v8/v8_host.h"

#include <string>

#include "src/core/byte_limit.h"
#include "src/v8/dom/abort_signal.h"
#include "src/v8/record_queue.h"
#include "src/v8/slot_names.h"

namespace sluice::binding {
namespace {

using core::Place;
using core::PromiseSlot;
using core::PromiseView;
using core::StreamSlot;
using core::ValueSlot;
using core::WriterPromise;
using core::WriterSlot;

int FieldOf(PromiseTag tag) {
  return tag == PromiseTag::kCloseRequest ? StreamField::kCloseRequest : StreamField::kAbortRequest;
}

const char* Message(core::TypeErrorReason reason) {
  switch (reason) {
    case core::TypeErrorReason::kStreamIsLocked:
      return "The stream is locked to a writer";
    case core::TypeErrorReason::kWriterHasNoStream:
      return "The writer was released from its stream";
    case core::TypeErrorReason::kAlreadyClosing:
      return "The stream is closing already";
    case core::TypeErrorReason::kCannotCloseClosedStream:
      return "The stream is closed or errored already";
    case core::TypeErrorReason::kWriterReleasedInSize:
      return "The strategy's size() released the writer from its stream";
    case core::TypeErrorReason::kWriteAfterClose:
      return "The stream is closing or closed and takes no more chunks";
    case core::TypeErrorReason::kWriterReleased:
      return "The writer was released from its stream and no longer tells how the stream fares";
  }
  return "";
}

const char* Message(core::RangeErrorReason reason) {
  switch (reason) {
    case core::RangeErrorReason::kInvalidHighWaterMark:
      return "The strategy's highWaterMark is NaN or negative";
    case core::RangeErrorReason::kInvalidChunkSize:
      return "The strategy's size() gave no finite number that is zero or more";
    case core::RangeErrorReason::kUnsupportedSinkType:
      return "The underlying sink has a type, which is reserved for later";
  }
  return "";
}

std::string Bytes(uint64_t count) { return std::to_string(count) + (count == 1 ? " byte" : " bytes"); }

v8::Local<v8::String> Text(v8::Isolate* isolate, const std::string& text) {
  return v8::String::NewFromUtf8(isolate, text.c_str()).ToLocalChecked();
}

// The JavaScript object was collected.
template <typename T>
void Collected(const v8::WeakCallbackInfo<T>& info) {
  info.GetParameter()->wrapper.Reset();
  delete info.GetParameter();
}

// Native memory of a stream, in bytes, the queue's apart.
constexpr int64_t kStreamBytes = sizeof(StreamObject);

}  // namespace

V8Host::V8Host(IsolateData& data) : data_(data), isolate_(data.isolate()) {
  isolate_->AddMicrotasksCompletedCallback(
      [](v8::Isolate*, void* host) { static_cast<V8Host*>(host)->ForgetMicrotasks(); }, this);
}

V8Host::~V8Host() {
  while (streams_.linked()) delete static_cast<StreamObject*>(streams_.next);
  while (writers_.linked()) delete static_cast<WriterObject*>(writers_.next);
}

// ---- Objects

StreamObject::StreamObject(IsolateData& isolate_data) : data(isolate_data) {
  ++data.live().streams;
  reported_bytes = kStreamBytes;
  data.AdjustExternalMemory(reported_bytes);
}

StreamObject::~StreamObject() {
  --data.live().streams;
  data.AdjustExternalMemory(-reported_bytes);
}

void StreamObject::MakeWeak() { wrapper.SetWeak(this, Collected<StreamObject>, v8::WeakCallbackType::kParameter); }

WriterObject::WriterObject(IsolateData& isolate_data) : data(isolate_data) { ++data.live().writers; }

WriterObject::~WriterObject() { --data.live().writers; }

StreamObject& V8Host::NewStream(v8::Local<v8::Object> wrapper) {
  auto* stream = new StreamObject(data_);
  stream->InsertBefore(streams_);
  stream->core.self = {reinterpret_cast<uint64_t>(stream)};
  stream->tick_model = data_.options().tick_model;
  wrapper->SetAlignedPointerInInternalField(StreamField::kNative, stream);
  stream->wrapper.Reset(isolate_, wrapper);
  stream->MakeWeak();
  return *stream;
}

WriterObject& V8Host::NewWriter(v8::Local<v8::Object> wrapper) {
  auto* writer = new WriterObject(data_);
  writer->InsertBefore(writers_);
  wrapper->SetAlignedPointerInInternalField(WriterField::kNative, writer);
  writer->wrapper.Reset(isolate_, wrapper);
  writer->wrapper.SetWeak(writer, Collected<WriterObject>, v8::WeakCallbackType::kParameter);
  return *writer;
}

void V8Host::Attach(v8::Local<v8::Object> writer_wrapper, v8::Local<v8::Object> stream_wrapper) {
  writer_wrapper->SetInternalField(WriterField::kStream, stream_wrapper);
  stream_wrapper->SetInternalField(StreamField::kWriter, writer_wrapper);
}

void V8Host::Detach(v8::Local<v8::Object> writer_wrapper) {
  const v8::Local<v8::Value> undefined = v8::Undefined(isolate_);
  const v8::Local<v8::Value> stream = writer_wrapper->GetInternalField(WriterField::kStream);
  if (!stream->IsObject()) return;
  stream.As<v8::Object>()->SetInternalField(StreamField::kWriter, undefined);
  writer_wrapper->SetInternalField(WriterField::kStream, undefined);
}

v8::MaybeLocal<v8::Object> V8Host::Controller(v8::Local<v8::Context> context, v8::Local<v8::Object> stream_wrapper) {
  const v8::Local<v8::Value> made = stream_wrapper->GetInternalField(StreamField::kController);
  if (made->IsObject()) return made.As<v8::Object>();
  v8::Local<v8::Object> controller;
  if (!NewObject(context, kWritableStreamDefaultControllerInterface).ToLocal(&controller)) return {};
  controller->SetInternalField(ControllerField::kStream, stream_wrapper);
  stream_wrapper->SetInternalField(StreamField::kController, controller);
  return controller;
}

v8::MaybeLocal<v8::Value> V8Host::Signal(v8::Local<v8::Context> context, StreamObject& stream,
                                         v8::Local<v8::Object> wrapper) {
  const v8::Local<v8::Value> made = wrapper->GetInternalField(StreamField::kSignal);
  if (made->IsObject()) return made;
  v8::Local<v8::Object> signal;
  if (stream.aborted) {
    const v8::Local<v8::Value> reason = wrapper->GetInternalField(StreamField::kSignalReason);
    if (!NewAbortedSignal(context, reason).ToLocal(&signal)) return {};
    wrapper->SetInternalField(StreamField::kSignalReason, v8::Undefined(isolate_));
  } else if (!NewAbortSignal(context).ToLocal(&signal)) {
    return {};
  }
  wrapper->SetInternalField(StreamField::kSignal, signal);
  return signal;
}

// ---- Slots and values

ValueSlot V8Host::Borrow(v8::Local<v8::Value> value) {
  return value->IsUndefined() ? core::kUndefined : ValueSlot{NameOfLocal(value)};
}

v8::Local<v8::Value> V8Host::ValueOf(ValueSlot slot) {
  if (slot.is_undefined()) return v8::Undefined(isolate_);
  switch (TagOf(slot)) {
    case ValueTag::kLocal:
      return LocalOf<v8::Value>(slot.name);
    case ValueTag::kChunk: {
      auto& stream = Pointee<StreamObject>(slot.name);
      return RecordQueue(isolate_, stream, Wrapper(stream)).FrontChunk();
    }
    case ValueTag::kStoredError:
      return Wrapper(Pointee<StreamObject>(slot.name))->GetInternalField(StreamField::kStoredError);
    case ValueTag::kAbortReason:
      return Wrapper(Pointee<StreamObject>(slot.name))->GetInternalField(StreamField::kAbortReason);
  }
  return v8::Undefined(isolate_);
}

v8::MaybeLocal<v8::Value> V8Host::PromiseOf(PromiseSlot slot) {
  if (slot.is_undefined()) return {};
  switch (TagOf(slot)) {
    case PromiseTag::kReady: {
      auto& writer = Pointee<WriterObject>(slot.name);
      return MakeWriterPromise(writer, writer.ready, WriterField::kReady);
    }
    case PromiseTag::kClosed: {
      auto& writer = Pointee<WriterObject>(slot.name);
      return MakeWriterPromise(writer, writer.closed, WriterField::kClosed);
    }
    case PromiseTag::kFulfilled: {
      v8::Local<v8::Promise::Resolver> resolver;
      if (!v8::Promise::Resolver::New(context()).ToLocal(&resolver)) return {};
      if (resolver->Resolve(context(), v8::Undefined(isolate_)).IsNothing()) return {};
      return resolver->GetPromise().As<v8::Value>();
    }
    default: {
      const v8::Local<v8::Promise::Resolver> resolver = ResolverOf(slot);
      if (resolver.IsEmpty()) return {};
      return resolver->GetPromise().As<v8::Value>();
    }
  }
}

// Empty for names that have no promise of their own.
v8::Local<v8::Promise::Resolver> V8Host::ResolverOf(PromiseSlot slot) {
  if (slot.is_undefined()) return {};
  switch (TagOf(slot)) {
    case PromiseTag::kLocal:
      return LocalOf<v8::Promise::Resolver>(slot.name);
    case PromiseTag::kWriteRequest: {
      auto& stream = Pointee<StreamObject>(slot.name);
      return RecordQueue(isolate_, stream, Wrapper(stream)).FrontRequest().As<v8::Promise::Resolver>();
    }
    case PromiseTag::kCloseRequest:
    case PromiseTag::kAbortRequest:
      return Wrapper(Pointee<StreamObject>(slot.name))
          ->GetInternalField(FieldOf(TagOf(slot)))
          .As<v8::Promise::Resolver>();
    default:
      return {};
  }
}

PromiseSlot V8Host::Keep(PromiseSlot promise, Place place, StreamSlot slot) {
  if (promise.is_undefined()) return promise;
  auto& stream = *StreamObject::Of(slot);
  const v8::Local<v8::Object> wrapper = Wrapper(stream);
  switch (place) {
    case Place::kWriteRequest:
      if (!RecordQueue(isolate_, stream, wrapper).PushRequest(context(), ResolverOf(promise))) return {};
      return Named(PromiseTag::kWriteRequest, &stream);
    case Place::kCloseRequest:
      wrapper->SetInternalField(StreamField::kCloseRequest, ResolverOf(promise));
      return Named(PromiseTag::kCloseRequest, &stream);
    default:
      wrapper->SetInternalField(StreamField::kAbortRequest, ResolverOf(promise));
      return Named(PromiseTag::kAbortRequest, &stream);
  }
}

ValueSlot V8Host::Keep(ValueSlot value, Place place, StreamSlot slot) {
  auto& stream = *StreamObject::Of(slot);
  const v8::Local<v8::Object> wrapper = Wrapper(stream);
  switch (place) {
    case Place::kChunk: {
      // Also undefined, which has its place in the queue.
      RecordQueue(isolate_, stream, wrapper).PushChunk(ValueOf(value));
      const auto bytes = static_cast<int64_t>(sizeof(StreamObject) + stream.core.controller.queue.allocated_bytes() +
                                              stream.core.writeRequests.allocated_bytes());
      if (bytes != stream.reported_bytes) {
        data_.AdjustExternalMemory(bytes - stream.reported_bytes);
        stream.reported_bytes = bytes;
      }
      return Named(ValueTag::kChunk, &stream);
    }
    case Place::kStoredError:
      if (value.is_undefined()) return value;
      wrapper->SetInternalField(StreamField::kStoredError, ValueOf(value));
      return Named(ValueTag::kStoredError, &stream);
    default:
      if (value.is_undefined()) return value;
      wrapper->SetInternalField(StreamField::kAbortReason, ValueOf(value));
      return Named(ValueTag::kAbortReason, &stream);
  }
}

void V8Host::Drop(PromiseSlot promise) {
  if (promise.is_undefined()) return;
  switch (TagOf(promise)) {
    case PromiseTag::kWriteRequest: {
      const v8::HandleScope scope(isolate_);
      auto& stream = Pointee<StreamObject>(promise.name);
      RecordQueue(isolate_, stream, Wrapper(stream)).PopRequest();
      break;
    }
    case PromiseTag::kCloseRequest:
    case PromiseTag::kAbortRequest:
      Wrapper(Pointee<StreamObject>(promise.name))->SetInternalField(FieldOf(TagOf(promise)), v8::Undefined(isolate_));
      break;
    default:
      break;
  }
}

void V8Host::Drop(ValueSlot value) {
  if (value.is_undefined()) return;
  switch (TagOf(value)) {
    case ValueTag::kLocal:
      break;
    case ValueTag::kChunk: {
      const v8::HandleScope scope(isolate_);
      auto& stream = Pointee<StreamObject>(value.name);
      RecordQueue(isolate_, stream, Wrapper(stream)).PopChunk();
      break;
    }
    case ValueTag::kStoredError:
      Wrapper(Pointee<StreamObject>(value.name))->SetInternalField(StreamField::kStoredError, v8::Undefined(isolate_));
      break;
    case ValueTag::kAbortReason:
      Wrapper(Pointee<StreamObject>(value.name))->SetInternalField(StreamField::kAbortReason, v8::Undefined(isolate_));
      break;
  }
}

// ---- Promises

PromiseSlot V8Host::NewPromise() {
  v8::Local<v8::Promise::Resolver> resolver;
  if (!v8::Promise::Resolver::New(context()).ToLocal(&resolver)) return {};
  return {NameOfLocal(resolver)};
}

PromiseSlot V8Host::NewPromiseResolved() { return Named(PromiseTag::kFulfilled, nullptr); }

PromiseSlot V8Host::NewPromiseRejected(ValueSlot reason) {
  const PromiseSlot promise = NewPromise();
  Reject(promise, reason);
  return promise;
}

PromiseSlot V8Host::NewWriterPromise(WriterSlot writer_slot, WriterPromise which) {
  auto& writer = *WriterObject::Of(writer_slot);
  const bool is_ready = which == WriterPromise::kReady;
  WriterObject::Promise& promise = is_ready ? writer.ready : writer.closed;
  // What was there before goes.
  if (promise.made || promise.state == PromiseView::kRejected) {
    writer.wrapper.Get(isolate_)->SetInternalField(is_ready ? WriterField::kReady : WriterField::kClosed,
                                                   v8::Undefined(isolate_));
  }
  promise = {.state = PromiseView::kPending, .made = false};
  return Named(is_ready ? PromiseTag::kReady : PromiseTag::kClosed, &writer);
}

PromiseSlot V8Host::NewWriterPromiseResolved(WriterSlot writer, WriterPromise which) {
  const PromiseSlot slot = NewWriterPromise(writer, which);
  Resolve(slot);
  return slot;
}

PromiseSlot V8Host::NewWriterPromiseRejected(WriterSlot writer, WriterPromise which, ValueSlot reason) {
  const PromiseSlot slot = NewWriterPromise(writer, which);
  RejectAndMarkHandled(slot, reason);
  return slot;
}

v8::MaybeLocal<v8::Value> V8Host::MakeWriterPromise(WriterObject& writer, WriterObject::Promise& promise, int field) {
  const v8::Local<v8::Object> wrapper = writer.wrapper.Get(isolate_);
  const v8::Local<v8::Value> value = wrapper->GetInternalField(field);
  if (promise.made) return value;
  v8::Local<v8::Promise::Resolver> resolver;
  if (!v8::Promise::Resolver::New(context()).ToLocal(&resolver)) return {};
  const v8::Local<v8::Promise> made = resolver->GetPromise();
  if (promise.state == PromiseView::kFulfilled && resolver->Resolve(context(), v8::Undefined(isolate_)).IsNothing()) {
    return {};
  }
  if (promise.state == PromiseView::kRejected) {
    made->MarkAsHandled();
    if (resolver->Reject(context(), value).IsNothing()) return {};
  }
  promise.made = true;
  wrapper->SetInternalField(field, made);
  return made.As<v8::Value>();
}

void V8Host::SettleWriterPromise(WriterObject& writer, WriterPromise which, bool fulfilled, ValueSlot reason) {
  const bool is_ready = which == WriterPromise::kReady;
  WriterObject::Promise& promise = is_ready ? writer.ready : writer.closed;
  if (promise.state != PromiseView::kPending) return;
  promise.state = fulfilled ? PromiseView::kFulfilled : PromiseView::kRejected;
  if (!promise.made && fulfilled) return;
  const int field = is_ready ? WriterField::kReady : WriterField::kClosed;
  const v8::Local<v8::Object> wrapper = writer.wrapper.Get(isolate_);
  if (!promise.made) return wrapper->SetInternalField(field, ValueOf(reason));
  const auto resolver = wrapper->GetInternalField(field).As<v8::Promise::Resolver>();
  // V8 reports a rejection at once: mark first.
  if (!fulfilled) resolver->GetPromise()->MarkAsHandled();
  SettleResolver(resolver, fulfilled, reason);
}

void V8Host::SettleResolver(v8::Local<v8::Promise::Resolver> resolver, bool fulfilled, ValueSlot reason) {
  const v8::Maybe<bool> done =
      fulfilled ? resolver->Resolve(context(), v8::Undefined(isolate_)) : resolver->Reject(context(), ValueOf(reason));
  // Nothing while execution is being terminated: nobody will see the promise settle.
  static_cast<void>(done);
}

void V8Host::Settle(PromiseSlot promise, bool fulfilled, bool mark_handled, ValueSlot reason) {
  const v8::HandleScope scope(isolate_);
  if (promise.is_undefined()) return;
  if (TagOf(promise) == PromiseTag::kReady || TagOf(promise) == PromiseTag::kClosed) {
    const auto which = TagOf(promise) == PromiseTag::kReady ? WriterPromise::kReady : WriterPromise::kClosed;
    return SettleWriterPromise(Pointee<WriterObject>(promise.name), which, fulfilled, reason);
  }
  const v8::Local<v8::Promise::Resolver> resolver = ResolverOf(promise);
  if (resolver.IsEmpty()) return;
  if (mark_handled) resolver->GetPromise()->MarkAsHandled();
  SettleResolver(resolver, fulfilled, reason);
}

void V8Host::Resolve(PromiseSlot promise) { Settle(promise, true, false, {}); }
void V8Host::Reject(PromiseSlot promise, ValueSlot reason) { Settle(promise, false, false, reason); }
void V8Host::RejectAndMarkHandled(PromiseSlot promise, ValueSlot reason) { Settle(promise, false, true, reason); }

PromiseView V8Host::State(PromiseSlot promise) {
  if (promise.is_undefined()) return PromiseView::kUndefined;
  switch (TagOf(promise)) {
    case PromiseTag::kReady:
      return Pointee<WriterObject>(promise.name).ready.state;
    case PromiseTag::kClosed:
      return Pointee<WriterObject>(promise.name).closed.state;
    case PromiseTag::kFulfilled:
      return PromiseView::kFulfilled;
    case PromiseTag::kLocal:
    case PromiseTag::kCloseRequest:
    case PromiseTag::kAbortRequest: {
      const v8::HandleScope scope(isolate_);
      switch (ResolverOf(promise)->GetPromise()->State()) {
        case v8::Promise::kPending:
          return PromiseView::kPending;
        case v8::Promise::kFulfilled:
          return PromiseView::kFulfilled;
        case v8::Promise::kRejected:
          return PromiseView::kRejected;
      }
      return PromiseView::kPending;
    }
    case PromiseTag::kWriteRequest:  // dropped as soon as it is settled
    case PromiseTag::kSink:
      return PromiseView::kPending;
  }
  return PromiseView::kPending;
}

bool V8Host::IsHandled(PromiseSlot promise) {
  if (promise.is_undefined()) return false;
  const v8::HandleScope scope(isolate_);
  const auto of_writer = [this](WriterObject& writer, const WriterObject::Promise& state, int field) {
    if (!state.made) return state.state == PromiseView::kRejected;
    return writer.wrapper.Get(isolate_)->GetInternalField(field).As<v8::Promise>()->HasHandler();
  };
  if (TagOf(promise) == PromiseTag::kReady) {
    auto& writer = Pointee<WriterObject>(promise.name);
    return of_writer(writer, writer.ready, WriterField::kReady);
  }
  if (TagOf(promise) == PromiseTag::kClosed) {
    auto& writer = Pointee<WriterObject>(promise.name);
    return of_writer(writer, writer.closed, WriterField::kClosed);
  }
  const v8::Local<v8::Promise::Resolver> resolver = ResolverOf(promise);
  return !resolver.IsEmpty() && resolver->GetPromise()->HasHandler();
}

// ---- Errors and chunks

ValueSlot V8Host::NewTypeError(core::TypeErrorReason reason) {
  return Borrow(v8::Exception::TypeError(Text(isolate_, Message(reason))));
}

ValueSlot V8Host::NewRangeError(core::RangeErrorReason reason) {
  return Borrow(v8::Exception::RangeError(Text(isolate_, Message(reason))));
}

ValueSlot V8Host::NewRangeError(const core::ByteLimitExceeded& facts) {
  return Borrow(v8::Exception::RangeError(Text(isolate_, "The stream may buffer " + Bytes(facts.limit) + " and holds " +
                                                             Bytes(facts.buffered) + ": no room for a chunk of " +
                                                             Bytes(facts.asked))));
}

uint64_t V8Host::ByteCharge(ValueSlot slot) {
  const v8::Local<v8::Value> chunk = ValueOf(slot);
  // V8 counts 3 for a lone surrogate, as byte_limit.h does.
  if (chunk->IsString()) return static_cast<uint64_t>(chunk.As<v8::String>()->Utf8Length(isolate_));
  if (!chunk->IsObject()) return core::kNominalCharge;
  if (chunk->IsArrayBufferView()) return chunk.As<v8::ArrayBufferView>()->ByteLength();
  if (chunk->IsArrayBuffer()) return chunk.As<v8::ArrayBuffer>()->ByteLength();
  if (chunk->IsSharedArrayBuffer()) return chunk.As<v8::SharedArrayBuffer>()->ByteLength();
  return core::kNominalCharge;
}

void V8Host::AlgorithmsCleared(StreamSlot slot) {
  const v8::HandleScope scope(isolate_);
  const v8::Local<v8::Object> wrapper = Wrapper(*StreamObject::Of(slot));
  const v8::Local<v8::Value> undefined = v8::Undefined(isolate_);
  for (int field = StreamField::kSink; field <= StreamField::kSize; ++field) {
    if (!wrapper->GetInternalField(field)->IsUndefined()) wrapper->SetInternalField(field, undefined);
  }
}

// ---- Termination

bool V8Host::Terminated(const v8::TryCatch& caught) {
  if (!caught.HasTerminated() && !isolate_->IsExecutionTerminating()) return false;
  terminating_ = true;
  isolate_->CancelTerminateExecution();
  return true;
}

void V8Host::TerminateAgain() {
  terminating_ = false;
  isolate_->TerminateExecution();
}

// V8 drops the microtasks that are queued when execution is terminated: nothing would make those streams weak again.
void V8Host::ForgetMicrotasks() {
  while (waiting_.linked()) {
    auto* stream = StreamObject::OfWaiting(waiting_.next);
    stream->waiting.Unlink();
    stream->MakeWeak();
  }
}

}  // namespace sluice::binding
