#include "src/v8/streams.h"

#include <initializer_list>
#include <iterator>

#include "src/v8/effects.h"
#include "src/v8/stream_extension.h"
#include "src/v8/stream_page.h"
#include "src/v8/v8_host.h"

namespace sluice::binding {
namespace {

template <size_t count>
v8::MaybeLocal<v8::Value> Call(v8::Local<v8::Context> context, StreamFunction function,
                               v8::Local<v8::Value> (&&arguments)[count]) {
  return GetStreamFunction(context, function)
      ->Call(context, v8::Undefined(context->GetIsolate()), static_cast<int>(count), arguments);
}

// The state that an object of one of `interfaces` has in JavaScript; undefined for any other.
v8::Local<v8::Value> StateOf(v8::Local<v8::Context> context, v8::Local<v8::Value> object,
                             std::initializer_list<int> interfaces) {
  const v8::Local<v8::Value> undefined = v8::Undefined(context->GetIsolate());
  if (!object->IsObject()) return undefined;
  const auto states_of = GetStreamFunction(context, StreamFunction::kStatesOf).As<v8::Value>().As<v8::Array>();
  for (const int interface : interfaces) {
    v8::Local<v8::Value> state_of;
    v8::Local<v8::Value> state;
    if (!states_of->Get(context, static_cast<uint32_t>(interface)).ToLocal(&state_of)) break;
    if (!state_of.As<v8::Function>()->Call(context, undefined, 1, &object).ToLocal(&state)) break;
    if (state->IsObject()) return state;
  }
  return undefined;
}

}  // namespace

v8::MaybeLocal<v8::Object> NewWritableStream(v8::Local<v8::Context> context, v8::Local<v8::Value> sink,
                                             v8::Local<v8::Value> strategy, const StreamOptions& options) {
  v8::Isolate* const isolate = context->GetIsolate();
  v8::Local<v8::Value> limit = v8::Null(isolate);
  if (options.byte_limit.has_value()) limit = v8::BigInt::NewFromUnsigned(isolate, *options.byte_limit);
  const auto tick_model = v8::Integer::New(isolate, static_cast<int>(options.tick_model));
  v8::Local<v8::Value> stream;
  if (!Call(context, StreamFunction::kNewStream, {sink, strategy, limit, tick_model}).ToLocal(&stream)) return {};
  return stream.As<v8::Object>();
}

bool ErrorStream(v8::Local<v8::Context> context, v8::Local<v8::Object> stream, v8::Local<v8::Value> error) {
  return !Call(context, StreamFunction::kErrorStream, {stream, error}).IsEmpty();
}

v8::MaybeLocal<v8::Promise> CloseWithErrorPropagation(v8::Local<v8::Context> context, v8::Local<v8::Object> writer) {
  v8::Local<v8::Value> promise;
  if (!Call(context, StreamFunction::kCloseWithErrorPropagation, {writer}).ToLocal(&promise)) return {};
  return promise.As<v8::Promise>();
}

v8::Local<v8::Value> StreamStateOf(v8::Local<v8::Context> context, v8::Local<v8::Value> object) {
  return StateOf(context, object, {channel::kStream, channel::kController});
}

v8::Local<v8::Value> WriterStateOf(v8::Local<v8::Context> context, v8::Local<v8::Value> object) {
  return StateOf(context, object, {channel::kWriter});
}

StreamObject* StreamObjectOf(v8::Local<v8::Context> context, v8::Local<v8::Value> object) {
  v8::Isolate* const isolate = context->GetIsolate();
  const v8::Local<v8::Value> state = StreamStateOf(context, object);
  v8::Local<v8::Value> page;
  v8::Local<v8::Value> index;
  if (!state->IsObject() || !state.As<v8::Object>()->Get(context, Ascii(isolate, "page")).ToLocal(&page) ||
      !state.As<v8::Object>()->Get(context, Ascii(isolate, "index")).ToLocal(&index)) {
    return nullptr;
  }
  return &Page<StreamObject>::Of(page)->at(index.As<v8::Int32>()->Value());
}

}  // namespace sluice::binding
