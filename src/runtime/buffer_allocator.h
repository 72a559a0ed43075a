// The memory of an isolate's ArrayBuffers, which is not on its heap.
#ifndef SLUICE_RUNTIME_BUFFER_ALLOCATOR_H_
#define SLUICE_RUNTIME_BUFFER_ALLOCATOR_H_

#include <v8.h>

#include <cstddef>
#include <memory>
#include <string>

#include "src/v8/native_memory.h"

namespace sluice::runtime {

// Counts in `memory`, and refuses what exceeds its limit. When an allocation is refused, V8 collects garbage and tries
// again before it throws a RangeError.
//
// The buffer of a typed array that V8 has on its heap (up to 64 bytes) is allocated when a script asks for it, without
// being initialized, and refusing it ends the process: so small a buffer is counted, but never refused. Each has an
// object on the heap that is larger, and the heap has a limit. `new ArrayBuffer()` asks for zeros.
std::unique_ptr<v8::ArrayBuffer::Allocator> NewBufferAllocator(std::shared_ptr<binding::NativeMemory> memory);

// For native code: an ArrayBuffer of `size` bytes that are not initialized, and where they are. V8's own functions end
// the process when an allocation is refused; this throws the RangeError that `new ArrayBuffer(size)` would: empty with
// it pending. May collect garbage.
v8::MaybeLocal<v8::ArrayBuffer> NewBuffer(v8::Isolate* isolate, size_t size, char*& bytes);
// One whose bytes are those of `text`, which are not copied. Empty with a RangeError pending, as above.
v8::MaybeLocal<v8::ArrayBuffer> NewBufferOf(v8::Isolate* isolate, std::string text);

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_BUFFER_ALLOCATOR_H_
