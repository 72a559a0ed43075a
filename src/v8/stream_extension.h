// The JavaScript side of the stream classes, as an extension that contexts are made with.
//
// It is js/writable_stream.js, with the constants of effects.h in place of their names and the native functions of
// stream_natives.cc under it (script_extension.h).
#ifndef SLUICE_V8_STREAM_EXTENSION_H_
#define SLUICE_V8_STREAM_EXTENSION_H_

#include <v8.h>

#include <span>
#include <string>

#include "src/v8/isolate_data.h"
#include "src/v8/script_extension.h"

namespace sluice::binding {

enum class StreamFunction : int;

// The name of the extension, which is registered with V8 when it is first asked for.
const char* StreamScript();

// Its text for V8, with the constants in place.
std::string StreamScriptText();

// What the script published in this context.
v8::Local<v8::Function> GetStreamFunction(v8::Local<v8::Context> context, StreamFunction function);

// The script's native functions (stream_natives.cc).
std::span<const ScriptNative> StreamNatives();

// Where a context's embedder data has what the script published.
inline constexpr int kStreamFunctionsIndex = 1;

}  // namespace sluice::binding

#endif  // SLUICE_V8_STREAM_EXTENSION_H_
