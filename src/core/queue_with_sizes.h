// Queue-with-sizes. https://streams.spec.whatwg.org/#queue-with-sizes
//
// Each entry also carries its byte charge (byte_limit.h), so that the charged bytes and the queue cannot drift apart.
// All are O(1) amortised except ResetQueue, which is linear in what it throws away.
#ifndef SLUICE_CORE_QUEUE_WITH_SIZES_H_
#define SLUICE_CORE_QUEUE_WITH_SIZES_H_

#include "src/core/completion.h"
#include "src/core/host.h"
#include "src/core/state.h"

namespace sluice::core {

// Takes the first entry out; the caller owns its value. Precondition: the queue is not empty.
// https://streams.spec.whatwg.org/#dequeue-value
ValueSlot DequeueValue(QueueWithSizes& container);

// Appends a chunk, keeping its own reference to `value`. Throws a RangeError, and changes nothing, if `size` is NaN,
// negative or infinite. `charge` is in bytes; `stream` is the stream whose queue it is.
// https://streams.spec.whatwg.org/#enqueue-value-with-size
Completion<> EnqueueValueWithSize(Host& host, StreamSlot stream, QueueWithSizes& container, ValueSlot value,
                                  double size, uint64_t charge);

// EnqueueValueWithSize(container, close sentinel, 0), which cannot throw.
void EnqueueCloseSentinel(QueueWithSizes& container);

// Precondition: the queue is not empty. https://streams.spec.whatwg.org/#peek-queue-value
const QueueEntry& PeekQueueValue(const QueueWithSizes& container);

// https://streams.spec.whatwg.org/#reset-queue
void ResetQueue(Host& host, QueueWithSizes& container);

// https://streams.spec.whatwg.org/#is-non-negative-number
bool IsNonNegativeNumber(double v);

}  // namespace sluice::core

#endif  // SLUICE_CORE_QUEUE_WITH_SIZES_H_
