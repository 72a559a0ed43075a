// The one place where the binding's interfaces are registered: the script runner, the REPL, the app server and the
// tests all make their contexts here.
#ifndef SLUICE_V8_GLOBALS_H_
#define SLUICE_V8_GLOBALS_H_

#include <v8.h>

#include <span>

namespace sluice::binding {

// A new realm whose global object has WritableStream and its relatives, and what they need of DOM. The isolate has an
// IsolateData. Empty if execution is being terminated. `scripts` are names of more extensions (script_extension.h).
v8::MaybeLocal<v8::Context> NewContext(v8::Isolate* isolate, std::span<const char* const> scripts = {});

}  // namespace sluice::binding

#endif  // SLUICE_V8_GLOBALS_H_
