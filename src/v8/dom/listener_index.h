// The listeners of a target by type, callback and capture, for targets with many of them: without it, adding one would
// look at all.
//
// A tree of records, so that V8's collector traces it and no author can reach it: a node has sixteen fields, one for
// each value of four bits of a hash. Reading and removing run no JavaScript and cannot fail.
#ifndef SLUICE_V8_DOM_LISTENER_INDEX_H_
#define SLUICE_V8_DOM_LISTENER_INDEX_H_

#include <v8.h>

#include <cstdint>

#include "src/v8/dom/dom_data.h"

namespace sluice::binding {

// The fields of a listener, which event_target.cc makes. https://dom.spec.whatwg.org/#concept-event-listener
namespace listener {
enum Fields { kType, kCallback, kFlags, kNext, kPrevious, kSignal, kTarget, kSameHash, kEnd };
enum Flags : int {
  kCapture = 1 << 0,
  kOnce = 1 << 1,
  kPassive = 1 << 2,
  kRemoved = 1 << 3,
  kHandler = 1 << 4,  // of an event handler attribute, whose value is the callback
};

inline bool Has(v8::Local<v8::Object> record, int flags) { return (IntegerField(record, kFlags) & flags) != 0; }
inline bool HasType(v8::Local<v8::Object> record, v8::Local<v8::String> type) {
  return Field(record, kType).As<v8::String>()->StringEquals(type);
}
// Whether it is the same in type, callback and capture.
bool IsSame(v8::Local<v8::Object> record, v8::Local<v8::String> type, v8::Local<v8::Value> callback, bool capture);
}  // namespace listener

namespace listener_index {

// The root of the tree is in internal field `field` of `owner`; undefined: an empty tree. False only when execution is
// being terminated.
bool Insert(v8::Local<v8::Context> context, v8::Local<v8::Object> owner, int field, v8::Local<v8::Object> record);
// Empty if there is none.
v8::Local<v8::Object> Find(v8::Local<v8::Object> owner, int field, v8::Local<v8::String> type,
                           v8::Local<v8::Value> callback, bool capture);
// Nothing if it is not there.
void Remove(v8::Isolate* isolate, v8::Local<v8::Object> owner, int field, v8::Local<v8::Object> record);

}  // namespace listener_index
}  // namespace sluice::binding

#endif  // SLUICE_V8_DOM_LISTENER_INDEX_H_
