#include "src/core/queue_with_sizes.h"

#include <cmath>
#include <limits>

#include "src/core/operation.h"

namespace sluice::core {

// https://streams.spec.whatwg.org/#dequeue-value
ValueSlot DequeueValue(QueueWithSizes& container) {
  const Operation operation("DequeueValue");
  // 1. The container's type has both slots.
  // 2. Callers have checked it.
  SLUICE_ASSERT(!container.queue.empty(), "DequeueValue", "the queue is not empty");
  // 3, 4. The oldest entry.
  const QueueEntry valueWithSize = container.queue.front();
  container.queue.pop_front();
  // 5. Its size was added by EnqueueValueWithSize.
  container.queueTotalSize -= valueWithSize.size;
  // 6. Rounding may have left less than nothing.
  if (container.queueTotalSize < 0) container.queueTotalSize = 0;
  // Byte limit: the charge is given back with the entry.
  container.charged_bytes -= valueWithSize.charge;
  // 7. Its reference moves to the caller.
  return valueWithSize.value;
}

// https://streams.spec.whatwg.org/#enqueue-value-with-size
Completion<> EnqueueValueWithSize(Host& host, StreamSlot stream, QueueWithSizes& container, ValueSlot value,
                                  double size, uint64_t charge) {
  const Operation operation("EnqueueValueWithSize");
  // 1. The container's type has both slots.
  // 2. NaN or less than 0.
  if (!IsNonNegativeNumber(size)) return Thrown{host.NewRangeError(RangeErrorReason::kInvalidChunkSize)};
  // 3. The total would stay infinite.
  if (size == std::numeric_limits<double>::infinity()) {
    return Thrown{host.NewRangeError(RangeErrorReason::kInvalidChunkSize)};
  }
  // 4. The queue keeps a reference.
  container.queue.push_back({.value = host.Store(value, Place::kChunk, stream), .size = size, .charge = charge});
  container.charged_bytes += charge;
  // 5. Compared with the high-water mark.
  container.queueTotalSize += size;
  return NormalCompletion();
}

void EnqueueCloseSentinel(QueueWithSizes& container) {
  const Operation operation("EnqueueValueWithSize");
  container.queue.push_back({.is_close_sentinel = true});
}

// https://streams.spec.whatwg.org/#peek-queue-value
const QueueEntry& PeekQueueValue(const QueueWithSizes& container) {
  const Operation operation("PeekQueueValue");
  // 1. The container's type has both slots.
  // 2. Callers have checked it.
  SLUICE_ASSERT(!container.queue.empty(), "PeekQueueValue", "the queue is not empty");
  // 3, 4. The oldest entry, which stays.
  return container.queue.front();
}

// https://streams.spec.whatwg.org/#reset-queue
void ResetQueue(Host& host, QueueWithSizes& container) {
  const Operation operation("ResetQueue");
  // 1. The container's type has both slots.
  // 2. Drops the references to all chunks.
  for (const QueueEntry& entry : container.queue) host.Drop(entry.value);
  container.queue.clear();
  container.charged_bytes = 0;
  // 3. An empty queue has no size.
  container.queueTotalSize = 0;
}

// https://streams.spec.whatwg.org/#is-non-negative-number
bool IsNonNegativeNumber(double v) {
  // 1. The type is a Number.
  // 2. NaN is not less than 0.
  if (std::isnan(v)) return false;
  // 3. -0 is not less than 0.
  if (v < 0) return false;
  // 4. Infinity is allowed; callers decide.
  return true;
}

}  // namespace sluice::core
