// Event and CustomEvent. https://dom.spec.whatwg.org/#events
#ifndef SLUICE_V8_DOM_EVENT_H_
#define SLUICE_V8_DOM_EVENT_H_

#include <v8.h>

#include "src/v8/dom/dom_data.h"
#include "src/v8/web_idl.h"

namespace sluice::binding {

extern const Interface kEventInterface;
extern const Interface kCustomEventInterface;

namespace event {

enum Fields { kType = kFirstField, kFlags, kTarget, kCurrentTarget, kTimeStamp, kEnd };

// The event's flags and booleans, in one small integer. https://dom.spec.whatwg.org/#stop-propagation-flag
enum Flags : int {
  kBubbles = 1 << 0,
  kCancelable = 1 << 1,
  kComposed = 1 << 2,
  kCanceled = 1 << 3,
  kStopPropagation = 1 << 4,
  kStopImmediatePropagation = 1 << 5,
  kInPassiveListener = 1 << 6,
  kInitialized = 1 << 7,
  kDispatch = 1 << 8,  // and eventPhase is AT_TARGET: nothing here has a parent
  kTrusted = 1 << 9,
};

inline int FlagsOf(v8::Local<v8::Object> event) { return static_cast<int>(IntegerField(event, kFlags)); }
inline bool Has(v8::Local<v8::Object> event, int flags) { return (FlagsOf(event) & flags) != 0; }
inline void Change(v8::Isolate* isolate, v8::Local<v8::Object> event, int set, int unset = 0) {
  SetIntegerField(isolate, event, kFlags, (FlagsOf(event) & ~unset) | set);
}
// https://dom.spec.whatwg.org/#set-the-canceled-flag
void Cancel(v8::Isolate* isolate, v8::Local<v8::Object> event);

}  // namespace event

// A trusted Event that neither bubbles nor can be cancelled. https://dom.spec.whatwg.org/#concept-event-create
// Empty only when execution is being terminated.
v8::MaybeLocal<v8::Object> NewEvent(v8::Local<v8::Context> context, v8::Local<v8::String> type);

}  // namespace sluice::binding

#endif  // SLUICE_V8_DOM_EVENT_H_
