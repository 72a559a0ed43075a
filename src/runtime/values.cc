#include "src/runtime/values.h"

#include <algorithm>

#include "src/runtime/heap_room.h"
#include "src/v8/web_idl.h"

namespace sluice::runtime {

std::string Utf8(v8::Isolate* isolate, v8::Local<v8::String> string) {
  std::string text(static_cast<size_t>(string->Utf8Length(isolate)), '\0');
  const int written = string->WriteUtf8(isolate, text.data(), static_cast<int>(text.size()), nullptr,
                                        v8::String::NO_NULL_TERMINATION | v8::String::REPLACE_INVALID_UTF8);
  text.resize(static_cast<size_t>(written));
  return text;
}

std::string Utf8Prefix(v8::Isolate* isolate, v8::Local<v8::String> string, size_t limit, size_t& rest) {
  const auto length = static_cast<size_t>(string->Length());
  std::string text(std::min(limit, 3 * length), '\0');
  int units = 0;
  const int written = string->WriteUtf8(isolate, text.data(), static_cast<int>(text.size()), &units,
                                        v8::String::NO_NULL_TERMINATION | v8::String::REPLACE_INVALID_UTF8);
  text.resize(static_cast<size_t>(written));
  rest = length - static_cast<size_t>(units);
  return text;
}

namespace {

// V8 counts in int, and stops the process for more, and for what its heap has no room for.
bool Fits(v8::Isolate* isolate, size_t bytes, size_t heap_bytes) {
  if (bytes <= static_cast<size_t>(v8::String::kMaxLength)) {
    return RequireHeap(isolate, heap_bytes);
  }
  binding::ThrowRangeError(isolate, "Text of " + std::to_string(bytes) + " bytes is too long for a string");
  return false;
}

// What V8 keeps of UTF-8: a byte a character if all are below U+0100, and two bytes for each UTF-16 unit otherwise.
size_t HeapBytes(std::string_view text) {
  size_t units = 0;
  size_t unit_bytes = 1;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    units += ((byte & 0xC0) != 0x80) + (byte >= 0xF0);
    if (byte > 0xC3) unit_bytes = 2;
  }
  return units * unit_bytes;
}

}  // namespace

v8::MaybeLocal<v8::String> NewByteString(v8::Isolate* isolate, std::string_view bytes) {
  if (!Fits(isolate, bytes.size(), bytes.size())) return {};
  return v8::String::NewFromOneByte(isolate, reinterpret_cast<const uint8_t*>(bytes.data()), v8::NewStringType::kNormal,
                                    static_cast<int>(bytes.size()));
}

v8::MaybeLocal<v8::String> NewString(v8::Isolate* isolate, std::string_view text) {
  constexpr size_t kShort = 100'000;  // fits always
  if (text.size() > kShort && !Fits(isolate, text.size(), HeapBytes(text))) return {};
  return v8::String::NewFromUtf8(isolate, text.data(), v8::NewStringType::kNormal, static_cast<int>(text.size()));
}

void DefineFunction(v8::Local<v8::Context> context, v8::Local<v8::Object> object, std::string_view name,
                    v8::FunctionCallback callback, void* self, int length) {
  v8::Isolate* const isolate = context->GetIsolate();
  const v8::Local<v8::String> key = binding::Ascii(isolate, name);
  v8::Local<v8::Function> function;
  // Fails only when the isolate is being terminated.
  if (!v8::Function::New(context, callback, v8::External::New(isolate, self), length, v8::ConstructorBehavior::kThrow)
           .ToLocal(&function)) {
    return;
  }
  function->SetName(key);
  (void)object->CreateDataProperty(context, key, function);
}

}  // namespace sluice::runtime
