// Scripts of our own that contexts are made with, as V8 extensions: their functions print as native code and are in no
// stack trace, as a browser's.
//
//   const ScriptNative kNatives[] = {{"Locked", Locked}};
//   RegisterScript("sluice/writable_stream", text, kNatives);   // before the first context of the process
//   NewContext(isolate, {"sluice/fetch"});                      // globals.h
//
// The script runs inside a function of its own, which it makes strict, when the context is made: nothing of it is
// global. It can call the natives by their names.
#ifndef SLUICE_V8_SCRIPT_EXTENSION_H_
#define SLUICE_V8_SCRIPT_EXTENSION_H_

#include <v8.h>

#include <span>
#include <string>
#include <string_view>

namespace sluice::binding {

struct ScriptNative {
  std::string_view name;
  v8::FunctionCallback call;
};

// Scripts that are registered from now on are compiled as code of a user, so that V8's profiler counts their blocks
// (fuzz/script_coverage). They print as what they are, and stand in stack traces.
void ShowScriptsToProfilers();
// The text in which the profiler counts then, with `script` in the middle of it, and its URL.
std::string ScriptAsShown(std::string_view script, std::span<const ScriptNative> natives);
inline constexpr std::string_view kShownScriptUrl = "sluice.js";

// Once for each name. V8 goes through its list of extensions whenever a context is made, on any thread: this must not
// happen meanwhile. `name` and `natives` live until the process ends.
void RegisterScript(const char* name, std::string_view script, std::span<const ScriptNative> natives);

}  // namespace sluice::binding

#endif  // SLUICE_V8_SCRIPT_EXTENSION_H_
