// Whether V8's heap has room for a string that native code is about to make. V8 can be refused nothing: it ends the
// process for what does not fit.
#ifndef SLUICE_RUNTIME_HEAP_ROOM_H_
#define SLUICE_RUNTIME_HEAP_ROOM_H_

#include <v8.h>

#include <cstddef>

namespace sluice::runtime {

// Collects garbage if there is none. False with a RangeError pending if there is none then.
bool RequireHeap(v8::Isolate* isolate, size_t bytes);

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_HEAP_ROOM_H_
