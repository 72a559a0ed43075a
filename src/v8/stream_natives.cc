// The native functions under js/writable_stream.js: one for each operation of the core, and what only V8's C++
// interface can do.
//
// Operations get the stream's page and index, its StreamState, and the argument, in this order; a writer's get the
// writer's page and index, and the state of its stream, undefined if it was released.
#include <span>
#include <string>
#include <string_view>

#include "src/core/class_steps.h"
#include "src/core/invariants.h"
#include "src/core/writable_stream.h"
#include "src/core/writable_stream_default_writer.h"
#include "src/v8/dom/abort_signal.h"
#include "src/v8/stream_extension.h"
#include "src/v8/v8_host.h"

namespace sluice::binding {
namespace {

using Info = v8::FunctionCallbackInfo<v8::Value>;
using namespace channel;  // NOLINT: the vocabulary

// Up to so many chunks in a queue JavaScript makes the promises itself, which is faster. Where more wait, native code
// does: those promises take a fifth of the memory.
constexpr size_t kFewChunks = 8;

int IndexOf(const Info& info) { return info[1].As<v8::Int32>()->Value(); }
StreamObject& StreamOf(const Info& info) { return Page<StreamObject>::Of(info[0])->at(IndexOf(info)); }
WriterObject& WriterOf(const Info& info) { return Page<WriterObject>::Of(info[0])->at(IndexOf(info)); }
V8Host& HostOf(const Info& info) { return IsolateData::Of(info.GetIsolate())->host(); }
StreamObject* StreamOf(const WriterObject& writer) {
  return writer.core.stream.is_undefined() ? nullptr : StreamObject::Of(writer.core.stream);
}

// ---- WritableStream

// The options that a stream was given by itself: BigInt or null, and a core::TickModel.
StreamOptions OptionsOf(v8::Local<v8::Value> byte_limit, v8::Local<v8::Value> tick_model) {
  StreamOptions options{.byte_limit = std::nullopt,
                        .tick_model = static_cast<core::TickModel>(tick_model.As<v8::Int32>()->Value())};
  if (byte_limit->IsBigInt()) options.byte_limit = byte_limit.As<v8::BigInt>()->Uint64Value();
  return options;
}

// Construct(state, flags, highWaterMark or undefined[, byte limit, tick model]): the stream's page.
void Construct(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  IsolateData& data = *IsolateData::Of(isolate);
  V8Host& host = data.host();
  v8::Local<v8::Object> wrapper;
  if (!host.Pages<StreamObject>().PageWithRoom().ToLocal(&wrapper)) return;
  auto* page = Page<StreamObject>::Of(wrapper);
  const int index = page->Take();
  StreamObject& stream = page->at(index);
  stream.core.self = {reinterpret_cast<uint64_t>(&stream)};
  const StreamOptions options = info.Length() == 5 ? OptionsOf(info[3], info[4]) : data.options().stream;
  stream.tick_model = options.tick_model;
  info.GetReturnValue().Set(wrapper);
  int32_t* const channel = host.channel();
  const V8Host::Operation operation(host, &stream, info[0], v8::Undefined(isolate));
  channel[kIndex] = index;
  channel[kTickModel] = static_cast<int>(stream.tick_model);
  if (!operation.MayBegin(kThrowBroken, channel[kResult])) return;
  const int flags = info[1].As<v8::Int32>()->Value();
  core::QueuingStrategy strategy{.has_size = (flags & kHasSize) != 0};
  if (info[2]->IsNumber()) strategy.highWaterMark = info[2].As<v8::Number>()->Value();
  const auto made = core::ws::Constructor(host, stream.core,
                                          {.start = (flags & kHasStart) != 0,
                                           .write = (flags & kHasWrite) != 0,
                                           .close = (flags & kHasClose) != 0,
                                           .abort = (flags & kHasAbort) != 0,
                                           .type = (flags & kHasType) != 0},
                                          strategy, options.byte_limit);
  channel[kResult] = made.is_thrown() ? V8Host::ThrowCode(made.thrown()) : 0;
}

void Locked(const Info& info) { info.GetReturnValue().Set(core::ws::Locked(StreamOf(info).core)); }

// An operation on a stream that returns a promise.
template <typename Steps>
void StreamOperation(const Info& info, Steps steps) {
  V8Host& host = HostOf(info);
  StreamObject& stream = StreamOf(info);
  const V8Host::Operation operation(host, &stream, info[2], info[3]);
  int code = 0;
  if (!operation.MayBegin(kReturnBroken, code)) return info.GetReturnValue().Set(code);
  host.Return(info, steps(host, stream.core, operation.argument()));
}

void StreamAbort(const Info& info) {
  StreamOperation(info, [](V8Host& host, core::WritableStream& stream, core::ValueSlot reason) {
    return core::ws::Abort(host, stream, reason);
  });
}

void StreamClose(const Info& info) {
  StreamOperation(
      info, [](V8Host& host, core::WritableStream& stream, core::ValueSlot) { return core::ws::Close(host, stream); });
}

// ---- WritableStreamDefaultWriter

// NewWriter(page, index) of the stream: the writer's page.
void NewWriter(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  V8Host& host = HostOf(info);
  StreamObject& stream = StreamOf(info);
  v8::Local<v8::Object> wrapper;
  if (!host.Pages<WriterObject>().PageWithRoom().ToLocal(&wrapper)) return;
  auto* page = Page<WriterObject>::Of(wrapper);
  const int index = page->Take();
  info.GetReturnValue().Set(wrapper);
  int32_t* const channel = host.channel();
  const V8Host::Operation operation(host, &stream, v8::Undefined(isolate), v8::Undefined(isolate));
  channel[kIndex] = index;
  if (!operation.MayBegin(kThrowBroken, channel[kResult])) return;
  const auto made = core::default_writer::Constructor(host, page->at(index).slot(), stream.core);
  channel[kResult] = made.is_thrown() ? V8Host::ThrowCode(made.thrown()) : 0;
}

void DesiredSize(const Info& info) {
  V8Host& host = HostOf(info);
  WriterObject& writer = WriterOf(info);
  const V8Host::Operation operation(host, StreamOf(writer), info[2], info[3]);
  int code = 0;
  if (!operation.MayBegin(kThrowBroken, code)) return info.GetReturnValue().Set(code);
  const auto size = core::default_writer::DesiredSize(host, writer.slot());
  if (size.is_thrown()) return info.GetReturnValue().Set(V8Host::ThrowCode(size.thrown()));
  if (!size.value().has_value()) return info.GetReturnValue().Set(kReturnNull);
  host.facts()[0] = *size.value();
  info.GetReturnValue().Set(kReturnNumber);
}

// An operation on a writer that returns a promise.
template <typename Steps>
void WriterOperation(const Info& info, Steps steps, bool may_make_promise = false) {
  V8Host& host = HostOf(info);
  WriterObject& writer = WriterOf(info);
  const V8Host::Operation operation(host, StreamOf(writer), info[2], info[3]);
  int code = 0;
  if (!operation.MayBegin(kReturnBroken, code)) return info.GetReturnValue().Set(code);
  const core::PromiseSlot promise = steps(host, writer.slot(), operation.argument());
  host.Return(
      info, promise,
      may_make_promise && StreamOf(writer) != nullptr && StreamOf(writer)->core.controller.queue.size() > kFewChunks);
}

void WriterAbort(const Info& info) {
  WriterOperation(info, [](V8Host& host, core::WriterSlot writer, core::ValueSlot reason) {
    return core::default_writer::Abort(host, writer, reason);
  });
}

void WriterClose(const Info& info) {
  WriterOperation(info, [](V8Host& host, core::WriterSlot writer, core::ValueSlot) {
    return core::default_writer::Close(host, writer);
  });
}

void Write(const Info& info) {
  WriterOperation(
      info,
      [](V8Host& host, core::WriterSlot writer, core::ValueSlot chunk) {
        return core::default_writer::Write(host, writer, chunk);
      },
      /*may_make_promise=*/true);
}

void ReleaseLock(const Info& info) {
  V8Host& host = HostOf(info);
  WriterObject& writer = WriterOf(info);
  const V8Host::Operation operation(host, StreamOf(writer), info[2], info[3]);
  int code = 0;
  if (!operation.MayBegin(kThrowBroken, code)) return info.GetReturnValue().Set(code);
  core::default_writer::ReleaseLock(host, writer.slot());
  info.GetReturnValue().Set(0);
}

// ---- WritableStreamDefaultController

void ControllerError(const Info& info) {
  V8Host& host = HostOf(info);
  StreamObject& stream = StreamOf(info);
  const V8Host::Operation operation(host, &stream, info[2], info[3]);
  int code = 0;
  if (!operation.MayBegin(kThrowBroken, code)) return info.GetReturnValue().Set(code);
  core::ws_default_controller::Error(host, stream.core, operation.argument());
  info.GetReturnValue().Set(0);
}

// NewSignal(page, index, reason): the controller's signal, aborted with `reason` if abort was signalled.
void NewSignal(const Info& info) {
  const v8::Local<v8::Context> context = info.GetIsolate()->GetCurrentContext();
  StreamObject& stream = StreamOf(info);
  v8::Local<v8::Object> signal;
  if (!(stream.aborted ? NewAbortedSignal(context, info[2]) : NewAbortSignal(context)).ToLocal(&signal)) return;
  stream.has_signal = true;
  info.GetReturnValue().Set(signal);
}

// SignalAbort(signal, reason)
void SignalAbort(const Info& info) {
  binding::SignalAbort(info.GetIsolate()->GetCurrentContext(), info[0].As<v8::Object>(), info[1]);
}

// ---- What other specifications do

void ErrorStream(const Info& info) {
  V8Host& host = HostOf(info);
  StreamObject& stream = StreamOf(info);
  const V8Host::Operation operation(host, &stream, info[2], info[3]);
  int code = 0;
  if (!operation.MayBegin(kThrowBroken, code)) return info.GetReturnValue().Set(code);
  core::other_specs::Error(host, stream.core, operation.argument());
  info.GetReturnValue().Set(0);
}

void CloseWithErrorPropagation(const Info& info) {
  WriterOperation(info, [](V8Host& host, core::WriterSlot writer, core::ValueSlot) {
    return core::WritableStreamDefaultWriterCloseWithErrorPropagation(host, writer);
  });
}

// Fulfilled(page, index, state), Rejected(page, index, state, reason): the promise of the sink's method settled.
void Settled(const Info& info, bool fulfilled) {
  V8Host& host = HostOf(info);
  StreamObject& stream = StreamOf(info);
  const V8Host::Operation operation(host, &stream, info[2], info[3]);
  int code = 0;
  info.GetReturnValue().Set(0);
  if (!operation.MayBegin(0, code)) {
    // A microtask has nobody to tell. The stream waits for ever.
    stream.broken = true;
    return;
  }
  core::OnSettled(host, host.ReactionOf(stream), fulfilled, fulfilled ? core::kUndefined : operation.argument());
  SLUICE_CHECK_INVARIANTS(host, stream.core);
}

void Fulfilled(const Info& info) { Settled(info, true); }
void Rejected(const Info& info) { Settled(info, false); }

// ---- Promises

void ResolvePromise(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  static_cast<void>(info[0].As<v8::Promise::Resolver>()->Resolve(isolate->GetCurrentContext(), v8::Undefined(isolate)));
}

void RejectPromise(const Info& info) {
  static_cast<void>(info[0].As<v8::Promise::Resolver>()->Reject(info.GetIsolate()->GetCurrentContext(), info[1]));
}

// V8 reports a rejection at once: mark first.
void RejectAndMarkHandled(const Info& info) {
  info[0].As<v8::Promise>()->MarkAsHandled();
  RejectPromise(info);
}

void RejectedAndHandled(const Info& info) {
  const v8::Local<v8::Context> context = info.GetIsolate()->GetCurrentContext();
  v8::Local<v8::Promise::Resolver> resolver;
  if (!v8::Promise::Resolver::New(context).ToLocal(&resolver)) return;
  resolver->GetPromise()->MarkAsHandled();
  if (resolver->Reject(context, info[0]).IsJust()) info.GetReturnValue().Set(resolver->GetPromise());
}

void IsPromise(const Info& info) { info.GetReturnValue().Set(info[0]->IsPromise()); }

// ---- Words

v8::Local<v8::String> Text(const Info& info, const std::string& text) { return Ascii(info.GetIsolate(), text); }

void TypeErrorText(const Info& info) {
  constexpr const char* kTexts[] = {
      "The stream is locked to a writer",                                                  // kStreamIsLocked
      "The writer was released from its stream",                                           // kWriterHasNoStream
      "The stream is closing already",                                                     // kAlreadyClosing
      "The stream is closed or errored already",                                           // kCannotCloseClosedStream
      "The strategy's size() released the writer from its stream",                         // kWriterReleasedInSize
      "The stream is closing or closed and takes no more chunks",                          // kWriteAfterClose
      "The writer was released from its stream and no longer tells how the stream fares",  // kWriterReleased
  };
  info.GetReturnValue().Set(Text(info, kTexts[info[0].As<v8::Int32>()->Value()]));
}

std::string Bytes(uint64_t count) { return std::to_string(count) + (count == 1 ? " byte" : " bytes"); }

void RangeErrorText(const Info& info) {
  constexpr const char* kTexts[] = {
      "The strategy's highWaterMark is NaN or negative",                   // kInvalidHighWaterMark
      "The strategy's size() gave no finite number that is zero or more",  // kInvalidChunkSize
      "The underlying sink has a type, which is reserved for later",       // kUnsupportedSinkType
  };
  const int reason = info[0].As<v8::Int32>()->Value();
  const bool total = reason == kTotalByteLimitExceeded;
  if (!total && reason != kByteLimitExceeded) return info.GetReturnValue().Set(Text(info, kTexts[reason]));
  const core::ByteLimitExceeded& facts = HostOf(info).overflow();
  const std::string& name = IsolateData::Of(info.GetIsolate())->options().total_byte_limit_name;
  const std::string together = name.empty() ? " together and hold " : " together (" + name + ") and hold ";
  info.GetReturnValue().Set(Text(info, (total ? "The streams of this app may buffer " : "The stream may buffer ") +
                                           Bytes(facts.limit) + (total ? together : " and holds ") +
                                           Bytes(facts.buffered) + ": no room for a chunk of " + Bytes(facts.asked)));
}

// ---- Realms

void Io(const Info& info) { info.GetReturnValue().Set(IsolateData::Of(info.GetIsolate())->io()); }
void Facts(const Info& info) { info.GetReturnValue().Set(IsolateData::Of(info.GetIsolate())->facts()); }
void UtilityThen(const Info& info) { info.GetReturnValue().Set(IsolateData::Of(info.GetIsolate())->utility_then()); }
void UtilityResolved(const Info& info) {
  info.GetReturnValue().Set(IsolateData::Of(info.GetIsolate())->utility_resolved());
}

// Publish(...StreamFunction): what the host calls, and the functions that look into this realm's objects.
void Publish(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const v8::Local<v8::Context> context = isolate->GetCurrentContext();
  const auto holder = v8::ObjectTemplate::New(isolate);
  holder->SetInternalFieldCount(static_cast<int>(StreamFunction::kCount));
  v8::Local<v8::Object> functions;
  if (!holder->NewInstance(context).ToLocal(&functions)) return;
  for (int i = 0; i < info.Length(); ++i) functions->SetInternalField(i, info[i]);
  context->SetEmbedderData(kStreamFunctionsIndex, functions);
  IsolateData::Of(isolate)->AddRealm(functions);
}

// StateInOtherRealm(object, interface): the state of an object that another realm of this isolate made, or undefined.
void StateInOtherRealm(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const v8::Local<v8::Context> context = isolate->GetCurrentContext();
  for (const v8::Local<v8::Object> realm : IsolateData::Of(isolate)->Realms()) {
    v8::Local<v8::Value> state_of;
    v8::Local<v8::Value> state;
    const auto list = realm->GetInternalField(static_cast<int>(StreamFunction::kStatesOf)).As<v8::Array>();
    if (!list->Get(context, info[1].As<v8::Uint32>()->Value()).ToLocal(&state_of)) return;
    v8::Local<v8::Value> object = info[0];
    if (!state_of.As<v8::Function>()->Call(context, v8::Undefined(isolate), 1, &object).ToLocal(&state)) return;
    if (!state->IsUndefined()) return info.GetReturnValue().Set(state);
  }
}

// Whether looking up `prototype` on a constructor gives an object, as far as that can be told without running author
// code: not of a proxy or a getter.
bool HasPrototypeObject(v8::Local<v8::Context> context, v8::Local<v8::Value> constructor) {
  v8::Isolate* isolate = context->GetIsolate();
  const auto value_key = Ascii(isolate, "value");
  for (; constructor->IsObject() && !constructor->IsProxy();
       constructor = constructor.As<v8::Object>()->GetPrototype()) {
    v8::Local<v8::Value> found;
    v8::Local<v8::Value> value;
    if (!constructor.As<v8::Object>()->GetOwnPropertyDescriptor(context, Ascii(isolate, "prototype")).ToLocal(&found)) {
      return true;
    }
    if (!found->IsObject()) continue;
    const auto descriptor = found.As<v8::Object>();
    return descriptor->HasOwnProperty(context, value_key).FromMaybe(false) &&
           descriptor->Get(context, value_key).ToLocal(&value) && value->IsObject();
  }
  return false;
}

// PrototypeInstead(object, newTarget, interface): the interface's prototype in the realm whose Object.prototype
// `object` got because `newTarget` had none for it, or undefined.
void PrototypeInstead(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const v8::Local<v8::Context> context = isolate->GetCurrentContext();
  const v8::Local<v8::Value> inherited = info[0].As<v8::Object>()->GetPrototype();
  for (const v8::Local<v8::Object> realm : IsolateData::Of(isolate)->Realms()) {
    v8::Local<v8::Value> root;
    v8::Local<v8::Value> prototype;
    const auto list = realm->GetInternalField(static_cast<int>(StreamFunction::kPrototypes)).As<v8::Array>();
    if (!list->Get(context, list->Length() - 1).ToLocal(&root)) return;
    if (!inherited->StrictEquals(root)) continue;
    if (HasPrototypeObject(context, info[1])) return;
    if (list->Get(context, info[2].As<v8::Uint32>()->Value()).ToLocal(&prototype)) info.GetReturnValue().Set(prototype);
    return;
  }
}

constexpr ScriptNative kNatives[] = {
    {"Construct", Construct},
    {"Locked", Locked},
    {"StreamAbort", StreamAbort},
    {"StreamClose", StreamClose},
    {"NewWriter", NewWriter},
    {"DesiredSize", DesiredSize},
    {"WriterAbort", WriterAbort},
    {"WriterClose", WriterClose},
    {"Write", Write},
    {"ReleaseLock", ReleaseLock},
    {"ControllerError", ControllerError},
    {"ErrorStream", ErrorStream},
    {"CloseWithErrorPropagation", CloseWithErrorPropagation},
    {"NewSignal", NewSignal},
    {"SignalAbort", SignalAbort},
    {"Fulfilled", Fulfilled},
    {"Rejected", Rejected},
    {"ResolvePromise", ResolvePromise},
    {"RejectPromise", RejectPromise},
    {"RejectAndMarkHandled", RejectAndMarkHandled},
    {"RejectedAndHandled", RejectedAndHandled},
    {"IsPromise", IsPromise},
    {"TypeErrorText", TypeErrorText},
    {"RangeErrorText", RangeErrorText},
    {"Io", Io},
    {"Facts", Facts},
    {"UtilityThen", UtilityThen},
    {"UtilityResolved", UtilityResolved},
    {"Publish", Publish},
    {"StateInOtherRealm", StateInOtherRealm},
    {"PrototypeInstead", PrototypeInstead},
};

}  // namespace

std::span<const ScriptNative> StreamNatives() { return kNatives; }

}  // namespace sluice::binding
