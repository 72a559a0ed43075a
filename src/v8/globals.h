// The one place where the binding's interfaces are registered: whoever makes a context calls this, and the script
// runner, the REPL, the app server and the tests all do.
#ifndef SLUICE_V8_GLOBALS_H_
#define SLUICE_V8_GLOBALS_H_

#include <v8.h>

namespace sluice::binding {

// Defines WritableStream and its relatives, and what they need of DOM, on the global object of `context`. The isolate
// has an IsolateData. `context` is entered.
void ExposeAll(v8::Local<v8::Context> context);

}  // namespace sluice::binding

#endif  // SLUICE_V8_GLOBALS_H_
