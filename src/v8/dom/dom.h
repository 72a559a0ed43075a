// EventTarget, Event, CustomEvent, DOMException, AbortController and AbortSignal.
#ifndef SLUICE_V8_DOM_DOM_H_
#define SLUICE_V8_DOM_DOM_H_

#include <v8.h>

namespace sluice::binding {

// Defines them on the global object of `context`, before any author code has run in it. `context` is entered.
void ExposeDom(v8::Local<v8::Context> context);

// Milliseconds since the isolate's data was made, as Event.timeStamp has them: performance.now() of the same isolate
// returns the same. https://w3c.github.io/hr-time/#dfn-current-high-resolution-time
double CurrentHighResolutionTime(v8::Isolate* isolate);

}  // namespace sluice::binding

#endif  // SLUICE_V8_DOM_DOM_H_
