// Small conversions between JavaScript's values and C++'s.
#ifndef SLUICE_RUNTIME_VALUES_H_
#define SLUICE_RUNTIME_VALUES_H_

#include <v8.h>

#include <string>
#include <string_view>

namespace sluice::runtime {

// UTF-8, with U+FFFD for lone surrogates. Runs no author code.
std::string Utf8(v8::Isolate* isolate, v8::Local<v8::String> string);
// No more than the first `limit` bytes of it, in whole characters; `rest` is how many UTF-16 units are missing. Takes
// no longer than its result, whatever the string's length, once the string is flat.
std::string Utf8Prefix(v8::Isolate* isolate, v8::Local<v8::String> string, size_t limit, size_t& rest);
// Empty with an exception pending if `text`, which is UTF-8, is longer than a string can be (half a gigabyte).
v8::MaybeLocal<v8::String> NewString(v8::Isolate* isolate, std::string_view text);
// The same of bytes that are Latin-1.
v8::MaybeLocal<v8::String> NewByteString(v8::Isolate* isolate, std::string_view bytes);
// Defines a function as `object`'s property, as Web IDL's operations are (writable, enumerable, configurable), with
// `self` as its data.
void DefineFunction(v8::Local<v8::Context> context, v8::Local<v8::Object> object, std::string_view name,
                    v8::FunctionCallback callback, void* self, int length = 0);
// What DefineFunction was given as `self`.
template <typename Self>
Self& SelfOf(const v8::FunctionCallbackInfo<v8::Value>& info) {
  return *static_cast<Self*>(info.Data().As<v8::External>()->Value());
}

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_VALUES_H_
