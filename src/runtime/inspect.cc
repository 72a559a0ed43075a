#include "src/runtime/inspect.h"

#include "src/runtime/values.h"
#include "src/v8/web_idl.h"

namespace sluice::runtime {

std::string Inspect(v8::Local<v8::Context> context, v8::Local<v8::Value> value) {
  v8::Isolate* const isolate = context->GetIsolate();
  const v8::TryCatch caught(isolate);
  if (value->IsString()) return Utf8(isolate, value.As<v8::String>());
  v8::Local<v8::Value> stack;
  if (value->IsNativeError() &&
      value.As<v8::Object>()->Get(context, binding::Ascii(isolate, "stack")).ToLocal(&stack) && stack->IsString()) {
    return Utf8(isolate, stack.As<v8::String>());
  }
  v8::Local<v8::String> text;
  return value->ToDetailString(context).ToLocal(&text) ? Utf8(isolate, text) : "<unprintable>";
}

}  // namespace sluice::runtime
