// The memory of an isolate's ArrayBuffers, which is not on its heap.
#ifndef SLUICE_RUNTIME_BUFFER_ALLOCATOR_H_
#define SLUICE_RUNTIME_BUFFER_ALLOCATOR_H_

#include <v8.h>

#include <cstddef>
#include <memory>

namespace sluice::runtime {

// Lets no more than `limit` bytes be allocated at once; 0: as many as there are. When an allocation is refused, V8 collects
// garbage and tries again before it throws a RangeError.
std::unique_ptr<v8::ArrayBuffer::Allocator> NewBufferAllocator(size_t limit);

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_BUFFER_ALLOCATOR_H_
