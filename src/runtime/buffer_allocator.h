// The memory of an isolate's ArrayBuffers, which is not on its heap.
#ifndef SLUICE_RUNTIME_BUFFER_ALLOCATOR_H_
#define SLUICE_RUNTIME_BUFFER_ALLOCATOR_H_

#include <v8.h>

#include <cstddef>
#include <memory>

namespace sluice::runtime {

// Lets no more than `limit` bytes be allocated at once; 0: as many as there are. When an allocation is refused, V8
// collects garbage and tries again before it throws a RangeError.
std::unique_ptr<v8::ArrayBuffer::Allocator> NewBufferAllocator(size_t limit);

// For native code: an ArrayBuffer of `size` bytes that are not initialized, and where they are. V8's own functions end
// the process when an allocation is refused; this throws the RangeError that `new ArrayBuffer(size)` would: empty with
// it pending. May collect garbage.
v8::MaybeLocal<v8::ArrayBuffer> NewBuffer(v8::Isolate* isolate, size_t size, char*& bytes);

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_BUFFER_ALLOCATOR_H_
