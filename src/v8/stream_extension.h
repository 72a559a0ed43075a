// The JavaScript side of the stream classes, as an extension that contexts are made with.
//
// It is js/writable_stream.js, with the constants of effects.h in front of it and the native functions of
// stream_natives.cc under it. An extension's functions print as native code and are in no stack trace, as a browser's.
#ifndef SLUICE_V8_STREAM_EXTENSION_H_
#define SLUICE_V8_STREAM_EXTENSION_H_

#include <v8.h>

#include <string_view>
#include <vector>

#include "src/v8/isolate_data.h"

namespace sluice::binding {

enum class StreamFunction : int;

// For Context::New. Registered with V8 when it is first asked for.
v8::ExtensionConfiguration& StreamExtensions();

// What the script published in this context.
v8::Local<v8::Function> GetStreamFunction(v8::Local<v8::Context> context, StreamFunction function);

// The script's native functions (stream_natives.cc).
std::vector<std::string_view> StreamNativeNames();
v8::Local<v8::FunctionTemplate> StreamNative(v8::Isolate* isolate, std::string_view name);

// Where a context's embedder data has what the script published.
inline constexpr int kStreamFunctionsIndex = 1;

}  // namespace sluice::binding

#endif  // SLUICE_V8_STREAM_EXTENSION_H_
