// Small conversions between JavaScript's values and C++'s.
#ifndef SLUICE_RUNTIME_VALUES_H_
#define SLUICE_RUNTIME_VALUES_H_

#include <v8.h>

#include <string>
#include <string_view>

namespace sluice::runtime {

// UTF-8, with U+FFFD for lone surrogates. Runs no author code.
std::string Utf8(v8::Isolate* isolate, v8::Local<v8::String> string);
// Empty with an exception pending if `text`, which is UTF-8, is longer than a string can be (half a gigabyte).
v8::MaybeLocal<v8::String> NewString(v8::Isolate* isolate, std::string_view text);
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
