// V8Host: author functions, and the promises that the sink's methods return.
//
// A method's result becomes a promise by Web IDL's rules: a new promise, resolved with the result. That promise is
// never seen by author code, so it is not made. Instead native microtasks take its ticks:
//   no thenable        the promise is fulfilled; its reaction is one microtask
//   a promise whose `then` is the realm's own    a microtask calls `then`; when that promise settles, its reaction
//                      settles ours, and one more microtask is our reaction
//   another thenable   real promises and the language's own resolving functions (bootstrap.cc)
// `then` is looked up once, as ECMA-262's promise resolve functions do, and species lookup happens where it would.
//   https://webidl.spec.whatwg.org/#js-promise  https://tc39.es/ecma262/#sec-promise-resolve-functions
#include "src/core/invariants.h"
#include "src/core/writable_stream.h"
#include "src/v8/bootstrap.h"
#include "src/v8/dom/abort_signal.h"
#include "src/v8/slot_names.h"
#include "src/v8/v8_host.h"

namespace sluice::binding {

using core::Completion;
using core::PromiseSlot;
using core::StreamSlot;
using core::Thrown;
using core::ValueSlot;

namespace {

v8::Local<v8::Context> ContextOf(v8::Local<v8::Object> wrapper) {
  return wrapper->GetCreationContext().ToLocalChecked();
}

}  // namespace

// ---- Author functions

Completion<ValueSlot> V8Host::PerformStartAlgorithm(StreamSlot slot) {
  if (terminating_) return Thrown{core::kUndefined};
  const v8::Local<v8::Object> wrapper = Wrapper(*StreamObject::Of(slot));
  const v8::Local<v8::Function> start = start_function.As<v8::Function>();
  v8::TryCatch caught(isolate_);
  v8::Local<v8::Object> controller;
  v8::Local<v8::Value> result;
  if (Controller(context(), wrapper).ToLocal(&controller)) {
    v8::Local<v8::Value> argument = controller;
    if (start->Call(context(), wrapper->GetInternalField(StreamField::kSink), 1, &argument).ToLocal(&result)) {
      return Borrow(result);
    }
  }
  if (Terminated(caught)) return Thrown{core::kUndefined};
  return Thrown{Borrow(caught.Exception())};
}

PromiseSlot V8Host::PromiseResolvedWithStartResult(StreamSlot slot, ValueSlot start_result) {
  auto& stream = *StreamObject::Of(slot);
  return SinkPromise(stream, Wrapper(stream), ValueOf(start_result),
                     stream.tick_model == core::TickModel::kPromiseResolveStart);
}

Completion<double> V8Host::PerformSizeAlgorithm(StreamSlot slot, ValueSlot chunk) {
  if (terminating_) return Thrown{core::kUndefined};
  const auto size = Wrapper(*StreamObject::Of(slot))->GetInternalField(StreamField::kSize).As<v8::Function>();
  v8::TryCatch caught(isolate_);
  v8::Local<v8::Value> argument = ValueOf(chunk);
  v8::Local<v8::Value> result;
  double number = 0;
  if (size->Call(context(), v8::Undefined(isolate_), 1, &argument).ToLocal(&result)) {
    if (result->IsNumber()) return result.As<v8::Number>()->Value();
    if (result->NumberValue(context()).To(&number)) return number;
  }
  if (Terminated(caught)) return Thrown{core::kUndefined};
  return Thrown{Borrow(caught.Exception())};
}

PromiseSlot V8Host::PerformWriteAlgorithm(StreamSlot slot, ValueSlot chunk) {
  v8::Local<v8::Value> arguments[] = {ValueOf(chunk), {}};
  return CallSink(slot, StreamField::kWrite, 2, arguments);
}

PromiseSlot V8Host::PerformCloseAlgorithm(StreamSlot slot) { return CallSink(slot, StreamField::kClose, 0, nullptr); }

PromiseSlot V8Host::PerformAbortAlgorithm(StreamSlot slot, ValueSlot reason) {
  v8::Local<v8::Value> argument = ValueOf(reason);
  return CallSink(slot, StreamField::kAbort, 1, &argument);
}

// The second argument, if there is one, is the controller.
PromiseSlot V8Host::CallSink(StreamSlot slot, int method_field, int argument_count, v8::Local<v8::Value>* arguments) {
  auto& stream = *StreamObject::Of(slot);
  const PromiseSlot promise = Named(PromiseTag::kSink, &stream);
  if (terminating_) return promise;
  const v8::Local<v8::Object> wrapper = Wrapper(stream);
  const v8::Local<v8::Context> current = context();
  v8::TryCatch caught(isolate_);
  v8::Local<v8::Object> controller;
  if (argument_count == 2) {
    if (!Controller(current, wrapper).ToLocal(&controller)) {
      Terminated(caught);
      return promise;
    }
    arguments[1] = controller;
  }
  const auto method = wrapper->GetInternalField(method_field).As<v8::Function>();
  v8::Local<v8::Value> result;
  if (method->Call(current, wrapper->GetInternalField(StreamField::kSink), argument_count, arguments)
          .ToLocal(&result)) {
    return SinkPromise(stream, wrapper, result, stream.tick_model != core::TickModel::kWebIdl);
  }
  RejectSink(stream, wrapper, caught);
  return promise;
}

// https://dom.spec.whatwg.org/#abortcontroller-signal-abort
void V8Host::SignalAbort(StreamSlot slot, ValueSlot reason) {
  auto& stream = *StreamObject::Of(slot);
  if (stream.aborted) return;
  stream.aborted = true;
  const v8::Local<v8::Object> wrapper = Wrapper(stream);
  const v8::Local<v8::Value> signal = wrapper->GetInternalField(StreamField::kSignal);
  if (!signal->IsObject()) {
    // Nobody has the signal, so nobody listens.
    if (!reason.is_undefined()) wrapper->SetInternalField(StreamField::kSignalReason, ValueOf(reason));
    return;
  }
  if (terminating_) return;
  const v8::TryCatch caught(isolate_);
  binding::SignalAbort(context(), signal.As<v8::Object>(), ValueOf(reason));
  Terminated(caught);
}

// ---- Promises of the sink

PromiseSlot V8Host::SinkPromise(StreamObject& stream, v8::Local<v8::Object> wrapper, v8::Local<v8::Value> result,
                                bool use_promise_itself) {
  const PromiseSlot promise = Named(PromiseTag::kSink, &stream);
  if (use_promise_itself && result->IsPromise() && WaitForPromiseItself(stream, wrapper, result)) return promise;
  ResolveSink(stream, wrapper, result);
  return promise;
}

// Promise.resolve(value), for a promise of this realm: no new promise.
// https://tc39.es/ecma262/#sec-promise-resolve
bool V8Host::WaitForPromiseItself(StreamObject& stream, v8::Local<v8::Object> wrapper, v8::Local<v8::Value> value) {
  const v8::Local<v8::Context> realm = ContextOf(wrapper);
  v8::TryCatch caught(isolate_);
  v8::Local<v8::Value> constructor;
  if (value.As<v8::Object>()->Get(realm, data_.name(Name::kConstructor)).ToLocal(&constructor)) {
    if (constructor != GetIntrinsic(realm, Intrinsic::kPromise)) return false;
    stream.settles_directly = true;
    if (Then(realm, wrapper, value)) return true;
  }
  RejectSink(stream, wrapper, caught);
  return true;
}

// The promise resolve function of the promise that is not made.
void V8Host::ResolveSink(StreamObject& stream, v8::Local<v8::Object> wrapper, v8::Local<v8::Value> value) {
  if (!value->IsObject()) return FulfillSink(stream);
  const v8::Local<v8::Context> realm = ContextOf(wrapper);
  v8::TryCatch caught(isolate_);
  v8::Local<v8::Value> then;
  if (!value.As<v8::Object>()->Get(realm, data_.name(Name::kThen)).ToLocal(&then)) {
    return RejectSink(stream, wrapper, caught);
  }
  if (!then->IsFunction()) return FulfillSink(stream);
  if (value->IsPromise() && then == GetIntrinsic(realm, Intrinsic::kPromiseThen)) {
    SetSinkResult(stream, wrapper, value);
    return QueueMicrotask(stream, ThenMicrotask);
  }
  stream.settles_directly = true;
  if (!MakeReactions(realm, wrapper)) return RejectSink(stream, wrapper, caught);
  v8::Local<v8::Value> arguments[] = {value, then, wrapper->GetInternalField(StreamField::kOnFulfilled),
                                      wrapper->GetInternalField(StreamField::kOnRejected)};
  v8::Local<v8::Value> job;
  if (!GetIntrinsic(realm, Intrinsic::kThenableJob)
           .As<v8::Function>()
           ->Call(realm, v8::Undefined(isolate_), std::size(arguments), arguments)
           .ToLocal(&job)) {
    return RejectSink(stream, wrapper, caught);
  }
  isolate_->EnqueueMicrotask(job.As<v8::Function>());
}

void V8Host::FulfillSink(StreamObject& stream) {
  stream.sink = StreamObject::Sink::kFulfilled;
  if (stream.has_reaction) QueueMicrotask(stream, ReactionMicrotask);
}

void V8Host::RejectSink(StreamObject& stream, v8::Local<v8::Object> wrapper, v8::Local<v8::Value> reason) {
  stream.sink = StreamObject::Sink::kRejected;
  stream.settles_directly = false;
  SetSinkResult(stream, wrapper, reason);
  if (stream.has_reaction) QueueMicrotask(stream, ReactionMicrotask);
}

// With what was thrown. What was terminated never settles.
void V8Host::RejectSink(StreamObject& stream, v8::Local<v8::Object> wrapper, const v8::TryCatch& caught) {
  if (!Terminated(caught)) RejectSink(stream, wrapper, caught.Exception());
}

void V8Host::SetSinkResult(StreamObject& stream, v8::Local<v8::Object> wrapper, v8::Local<v8::Value> value) {
  wrapper->SetInternalField(StreamField::kSinkResult, value);
  stream.has_sink_result = true;
}

// ---- Reactions

void V8Host::UponSettled(PromiseSlot promise, const core::Reaction& reaction) {
  auto& stream = *StreamObject::Of(reaction.stream);
  if (TagOf(promise) == PromiseTag::kSink) {
    stream.reaction = reaction;
    stream.has_reaction = true;
    if (stream.sink != StreamObject::Sink::kUnsettled) QueueMicrotask(stream, ReactionMicrotask);
    return;
  }
  if (TagOf(promise) == PromiseTag::kFulfilled && !stream.has_reaction) {
    stream.reaction = reaction;
    stream.has_reaction = true;
    return FulfillSink(stream);
  }
  UponOtherSettled(promise, reaction);
}

// A reaction to a promise that no sink's method returned. The core has none; the conformance suite of hosts has.
void V8Host::UponOtherSettled(PromiseSlot slot, const core::Reaction& reaction) {
  v8::Local<v8::Value> promise;
  if (!PromiseOf(slot).ToLocal(&promise)) return;
  other_reactions_.push_back(reaction);
  const auto run = [](const Info& info, bool fulfilled) {
    V8Host& host = IsolateData::Of(info.GetIsolate())->host();
    const auto& waiting = *static_cast<core::Reaction*>(info.Data().As<v8::External>()->Value());
    core::OnSettled(host, waiting, fulfilled, fulfilled ? core::kUndefined : Borrow(info[0]));
  };
  const auto data = v8::External::New(isolate_, &other_reactions_.back());
  v8::Local<v8::Function> on_fulfilled;
  v8::Local<v8::Function> on_rejected;
  static_assert(std::is_empty_v<decltype(run)>);
  if (!v8::Function::New(
           context(), [](const Info& info) { decltype(run){}(info, true); }, data)
           .ToLocal(&on_fulfilled) ||
      !v8::Function::New(
           context(), [](const Info& info) { decltype(run){}(info, false); }, data)
           .ToLocal(&on_rejected) ||
      promise.As<v8::Promise>()->Then(context(), on_fulfilled, on_rejected).IsEmpty()) {
    other_reactions_.pop_back();
  }
}

// The closures that V8's promises call: value => SinkPromiseSettled(target, true, value), and its twin.
bool V8Host::MakeReactions(v8::Local<v8::Context> realm, v8::Local<v8::Object> wrapper) {
  if (!wrapper->GetInternalField(StreamField::kOnFulfilled)->IsUndefined()) return true;
  v8::Local<v8::Value> target = wrapper;
  return !GetIntrinsic(realm, Intrinsic::kMakeReactions)
              .As<v8::Function>()
              ->Call(realm, v8::Undefined(isolate_), 1, &target)
              .IsEmpty();
}

bool V8Host::Then(v8::Local<v8::Context> realm, v8::Local<v8::Object> wrapper, v8::Local<v8::Value> promise) {
  return MakeReactions(realm, wrapper) &&
         !promise.As<v8::Promise>()
              ->Then(realm, wrapper->GetInternalField(StreamField::kOnFulfilled).As<v8::Function>(),
                     wrapper->GetInternalField(StreamField::kOnRejected).As<v8::Function>())
              .IsEmpty();
}

void V8Host::SinkPromiseSettled(v8::Local<v8::Object> wrapper, bool fulfilled, v8::Local<v8::Value> value) {
  auto& stream = *StreamObject::Of(wrapper);
  const Operation operation(*this);
  if (!stream.settles_directly) {
    return fulfilled ? ResolveSink(stream, wrapper, value) : RejectSink(stream, wrapper, value);
  }
  // This job is the reaction.
  stream.sink = fulfilled ? StreamObject::Sink::kFulfilled : StreamObject::Sink::kRejected;
  RunReaction(stream, wrapper, value);
}

// V8 does not see that the microtask refers to the stream, so its handle is strong until the microtask has begun.
void V8Host::QueueMicrotask(StreamObject& stream, v8::MicrotaskCallback callback) {
  stream.wrapper.ClearWeak<StreamObject>();
  stream.waiting.InsertBefore(waiting_);
  isolate_->EnqueueMicrotask(callback, &stream);
}

v8::Local<v8::Object> V8Host::BeginMicrotask(StreamObject& stream) {
  const v8::Local<v8::Object> wrapper = Wrapper(stream);
  stream.waiting.Unlink();
  stream.MakeWeak();
  return wrapper;
}

// The job that calls `then` of a promise that a sink's method returned.
// https://tc39.es/ecma262/#sec-newpromiseresolvethenablejob
void V8Host::ThenMicrotask(void* data) {
  auto& stream = *static_cast<StreamObject*>(data);
  V8Host& host = stream.data.host();
  const v8::HandleScope scope(host.isolate_);
  const v8::Local<v8::Object> wrapper = host.BeginMicrotask(stream);
  const v8::Local<v8::Context> realm = ContextOf(wrapper);
  const v8::Context::Scope in(realm);
  const Operation operation(host);
  v8::TryCatch caught(host.isolate_);
  if (!host.Then(realm, wrapper, wrapper->GetInternalField(StreamField::kSinkResult))) {
    host.RejectSink(stream, wrapper, caught);
  }
}

void V8Host::ReactionMicrotask(void* data) {
  auto& stream = *static_cast<StreamObject*>(data);
  V8Host& host = stream.data.host();
  const v8::HandleScope scope(host.isolate_);
  const v8::Local<v8::Object> wrapper = host.BeginMicrotask(stream);
  const v8::Context::Scope in(ContextOf(wrapper));
  const Operation operation(host);
  host.RunReaction(stream, wrapper,
                   stream.has_sink_result ? wrapper->GetInternalField(StreamField::kSinkResult)
                                          : v8::Undefined(host.isolate_).As<v8::Value>());
}

void V8Host::RunReaction(StreamObject& stream, v8::Local<v8::Object> wrapper, v8::Local<v8::Value> value) {
  const bool fulfilled = stream.sink == StreamObject::Sink::kFulfilled;
  const core::Reaction reaction = stream.reaction;
  stream.sink = StreamObject::Sink::kUnsettled;
  stream.has_reaction = false;
  stream.settles_directly = false;
  if (stream.has_sink_result) {
    wrapper->SetInternalField(StreamField::kSinkResult, v8::Undefined(isolate_));
    stream.has_sink_result = false;
  }
  core::OnSettled(*this, reaction, fulfilled, fulfilled ? core::kUndefined : Borrow(value));
  SLUICE_CHECK_INVARIANTS(*this, stream.core);
}

}  // namespace sluice::binding
