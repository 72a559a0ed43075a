// The small things that every global object has: self, queueMicrotask, reportError, atob, btoa, performance, crypto.
#ifndef SLUICE_RUNTIME_GLOBAL_SCOPE_H_
#define SLUICE_RUNTIME_GLOBAL_SCOPE_H_

#include <v8.h>

namespace sluice::runtime {

class Realm;

// Defines them on the global object of `context`. `realm` outlives the context.
void ExposeGlobalScope(Realm& realm, v8::Local<v8::Context> context);

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_GLOBAL_SCOPE_H_
