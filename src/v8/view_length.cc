#include "src/v8/view_length.h"

#include "src/v8/web_idl.h"

namespace sluice::binding {
namespace {

// A view that has grown with its buffer, and the getters; undefined in an engine without resizable buffers.
constexpr const char* kScript = R"(
ArrayBuffer.prototype.resize && (() => {
  const buffer = new ArrayBuffer(0, {maxByteLength: 1});
  const view = new Uint8Array(buffer);
  buffer.resize(1);
  const getter = (prototype) => Object.getOwnPropertyDescriptor(prototype, "byteLength").get;
  return [view, getter(Object.getPrototypeOf(Uint8Array.prototype)), getter(DataView.prototype)];
})())";

}  // namespace

ViewLength::ViewLength(v8::Local<v8::Context> context) {
  v8::Isolate* const isolate = context->GetIsolate();
  const v8::Context::Scope in(context);
  const v8::TryCatch caught(isolate);
  v8::Local<v8::Script> script;
  v8::Local<v8::Value> made;
  if (!v8::Script::Compile(context, Ascii(isolate, kScript)).ToLocal(&script) || !script->Run(context).ToLocal(&made) ||
      !made->IsArray()) {
    return;
  }
  v8::Local<v8::Value> parts[3];
  for (uint32_t i = 0; i < 3; ++i) {
    if (!made.As<v8::Array>()->Get(context, i).ToLocal(&parts[i])) return;
  }
  if (parts[0].As<v8::ArrayBufferView>()->ByteLength() == 1) return;
  context_.Reset(isolate, context);
  of_typed_array_.Reset(isolate, parts[1].As<v8::Function>());
  of_data_view_.Reset(isolate, parts[2].As<v8::Function>());
}

// A DataView beyond the end of its buffer has none, and throws.
uint64_t ViewLength::FromGetter(v8::Isolate* isolate, v8::Local<v8::ArrayBufferView> view) const {
  const v8::TryCatch caught(isolate);
  const v8::Local<v8::Function> getter = (view->IsDataView() ? of_data_view_ : of_typed_array_).Get(isolate);
  v8::Local<v8::Value> length;
  if (!getter->Call(context_.Get(isolate), view, 0, nullptr).ToLocal(&length)) return 0;
  return static_cast<uint64_t>(length.As<v8::Number>()->Value());
}

}  // namespace sluice::binding
