// A list of values that V8's collector traces: records linked to one another, in an internal field of their owner.
//
//   if (!list::Append(context, signal, kAlgorithms, function, IsDead)) return;   // execution is being terminated
//   list::ForEach(signal, kAlgorithms, [](v8::Local<v8::Object> node) { ... list::ValueOf(node) ...; return true; });
//
// An element that is done with becomes undefined (list::Drop). Those, and what IsDead says of, leave when the list has
// grown to twice what was alive the last time.
#ifndef SLUICE_V8_DOM_LIST_H_
#define SLUICE_V8_DOM_LIST_H_

#include <v8.h>

#include "src/v8/dom/dom_data.h"

namespace sluice::binding::list {

enum HeadFields { kFirst, kLast, kSize, kSweepAt, kHeadEnd };
enum NodeFields { kValue, kNext, kNodeEnd };

// Whether a value can leave the list. Runs no author code.
using IsDead = bool (*)(v8::Isolate* isolate, v8::Local<v8::Value> value);

// False only when execution is being terminated.
bool Append(v8::Local<v8::Context> context, v8::Local<v8::Object> owner, int field, v8::Local<v8::Value> value,
            IsDead is_dead);

inline v8::Local<v8::Value> ValueOf(v8::Local<v8::Object> node) { return Field(node, kValue); }
inline void Drop(v8::Isolate* isolate, v8::Local<v8::Object> node) { ClearField(isolate, node, kValue); }

// The value that was appended last; undefined if there is none.
v8::Local<v8::Value> Last(v8::Isolate* isolate, v8::Local<v8::Object> owner, int field);

// Calls `visit` with each node whose value is not undefined, until it returns false. False if it did.
template <typename Visit>
bool ForEach(v8::Local<v8::Object> owner, int field, Visit visit) {
  const v8::Local<v8::Object> head = ObjectField(owner, field);
  if (head.IsEmpty()) return true;
  for (auto node = ObjectField(head, kFirst); !node.IsEmpty(); node = ObjectField(node, kNext)) {
    if (!ValueOf(node)->IsUndefined() && !visit(node)) return false;
  }
  return true;
}

}  // namespace sluice::binding::list

#endif  // SLUICE_V8_DOM_LIST_H_
