// EventTarget: listeners, dispatch, event handlers. https://dom.spec.whatwg.org/#interface-eventtarget
//
// Nothing here has a parent, so an event's path is its target alone: the capturing listeners, then the others.
#ifndef SLUICE_V8_DOM_EVENT_TARGET_H_
#define SLUICE_V8_DOM_EVENT_TARGET_H_

#include <v8.h>

#include "src/v8/dom/dom_data.h"
#include "src/v8/web_idl.h"

namespace sluice::binding {

extern const Interface kEventTargetInterface;

namespace event_target {
// kListeners, kLast: the ends of a list. kIndex: of them, once there are many. Those of derived interfaces begin with
// kEnd.
enum Fields { kListeners = kFirstField, kLast, kCount, kIndex, kEnd };
}  // namespace event_target

// Whether the JavaScript stack is empty, so that microtasks run when a listener has returned.
// https://html.spec.whatwg.org/#clean-up-after-running-script
enum class Stack { kInUse, kEmpty };

// Fires a trusted event at `target`. Runs author code; reports what listeners throw. False if execution is being
// terminated. https://dom.spec.whatwg.org/#concept-event-fire
bool FireEvent(v8::Local<v8::Context> context, v8::Local<v8::Object> target, v8::Local<v8::String> type, Stack stack);

// Reports what `caught` holds, and takes it. False, leaving everything as it is, if that is termination.
bool ReportCaught(v8::Local<v8::Context> context, v8::TryCatch& caught);

// Removes a listener (a record of this file). Nothing if that was done before.
void RemoveListener(v8::Isolate* isolate, v8::Local<v8::Object> target, v8::Local<v8::Object> listener);
bool HasListener(v8::Local<v8::Object> target, v8::Local<v8::String> type);
// The target of a listener that was added with a signal.
v8::Local<v8::Object> TargetOf(v8::Local<v8::Object> listener);

// An event handler IDL attribute. Its listener (a record) is kept in internal field `field` of `target`.
// https://html.spec.whatwg.org/#event-handler-idl-attributes
v8::Local<v8::Value> GetEventHandler(v8::Local<v8::Object> target, int field);
// Nothing is done if execution is being terminated.
void SetEventHandler(v8::Local<v8::Context> context, v8::Local<v8::Object> target, int field,
                     v8::Local<v8::String> type, v8::Local<v8::Value> value);

}  // namespace sluice::binding

#endif  // SLUICE_V8_DOM_EVENT_TARGET_H_
