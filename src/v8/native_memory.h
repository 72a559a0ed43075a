// Memory outside of V8's heap that JavaScript makes native code allocate, in bytes, against one limit for each isolate:
// ArrayBuffers, bodies, timers, queues, and what native code needs while it works. V8's heap has a limit of its own.
//
//   if (!memory.Take(bytes)) return throw_range_error();
//   ...
//   memory.Return(bytes);
//
// V8 frees buffers on threads of its own, and after their isolate is gone: this is shared, and counts atomically.
#ifndef SLUICE_V8_NATIVE_MEMORY_H_
#define SLUICE_V8_NATIVE_MEMORY_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace sluice::binding {

class NativeMemory {
 public:
  // 0: as much as there is.
  explicit NativeMemory(size_t limit) : limit_(limit == 0 ? std::numeric_limits<size_t>::max() : limit) {}
  NativeMemory(const NativeMemory&) = delete;
  NativeMemory& operator=(const NativeMemory&) = delete;

  // Counts `bytes`; false, counting nothing, if they would exceed the limit.
  bool Take(size_t bytes) {
    size_t used = used_.load();
    do {
      if (used > limit_ || bytes > limit_ - used) return false;
    } while (!used_.compare_exchange_weak(used, used + bytes));
    return true;
  }
  // Counts what cannot be refused any more.
  void TakeAnyway(size_t bytes) { used_ += bytes; }
  void Return(size_t bytes) { used_ -= bytes; }
  size_t used() const { return used_; }
  size_t limit() const { return limit_; }

 private:
  const size_t limit_;
  std::atomic<size_t> used_ = 0;
};

}  // namespace sluice::binding

#endif  // SLUICE_V8_NATIVE_MEMORY_H_
