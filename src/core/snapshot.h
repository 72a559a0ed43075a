// Every slot that the standard gives one stream, as plain data that can be compared across implementations.
//
// This header is only a data layout. The core fills it from its own state; the reference model fills it from its own,
// by code that shares nothing with the core. The invariants (invariants.h) are predicates over it.
// Slot names are the standard's: https://streams.spec.whatwg.org/#ws-internal-slots
#ifndef SLUICE_CORE_SNAPSHOT_H_
#define SLUICE_CORE_SNAPSHOT_H_

#include <cstdint>

namespace sluice::core {

// [[state]]
enum class StreamState : uint8_t { kWritable, kClosed, kErroring, kErrored };

// What a slot that may hold a promise holds.
enum class PromiseView : uint8_t {
  kUndefined,  // the slot is undefined: there is no promise
  kPending,
  kFulfilled,
  kRejected,
};

struct Snapshot {
  // WritableStream
  StreamState state = StreamState::kWritable;
  bool backpressure = false;
  bool has_controller = false;
  PromiseView closeRequest = PromiseView::kUndefined;
  PromiseView inFlightWriteRequest = PromiseView::kUndefined;
  PromiseView inFlightCloseRequest = PromiseView::kUndefined;
  PromiseView pendingAbortRequest = PromiseView::kUndefined;  // its promise
  bool pendingAbortRequest_wasAlreadyErroring = false;
  bool pendingAbortRequest_has_reason = false;  // its reason is not undefined
  bool has_storedError = false;                 // [[storedError]] is not undefined
  uint64_t writeRequests_size = 0;
  bool writeRequests_all_pending = true;

  // The active writer: [[writer]] of the stream
  bool has_writer = false;
  bool writer_stream_is_this = false;  // the active writer's [[stream]] is this stream
  PromiseView readyPromise = PromiseView::kUndefined;
  bool readyPromise_is_handled = false;  // [[PromiseIsHandled]]
  PromiseView closedPromise = PromiseView::kUndefined;
  bool closedPromise_is_handled = false;

  // The writer that was released last, as whoever calls releaseLock() knows it; the stream does not, so that the core
  // leaves it undefined
  PromiseView released_readyPromise = PromiseView::kUndefined;
  bool released_readyPromise_is_handled = false;
  PromiseView released_closedPromise = PromiseView::kUndefined;
  bool released_closedPromise_is_handled = false;

  // WritableStreamDefaultController
  bool started = false;
  bool has_writeAlgorithm = false;
  bool has_closeAlgorithm = false;
  bool has_abortAlgorithm = false;
  bool has_strategySizeAlgorithm = false;
  bool signal_aborted = false;
  double strategyHWM = 0;
  double queueTotalSize = 0;
  uint64_t queue_size = 0;                // entries in [[queue]], the close sentinel included
  bool queue_ends_with_sentinel = false;  // the last entry is the close sentinel
  uint64_t queue_sentinels = 0;           // how many entries are the close sentinel
  bool queue_sizes_valid = true;          // every entry's size is finite and not negative

  // The byte limit (not in the standard)
  bool has_byte_limit = false;
  uint64_t byte_limit = 0;        // bytes
  uint64_t charged_bytes = 0;     // bytes charged now: the queue with the chunk in flight
  uint64_t queue_charge_sum = 0;  // the same, recounted entry by entry

  // Number of operations (public methods, reactions) on the stack when the snapshot was taken, as the driver counts
  // them.
  uint32_t depth = 0;

  // Inline: the oracles compare a hundred of them for each input, and the core's copy of it is instrumented.
  [[gnu::always_inline]] friend bool operator==(const Snapshot&, const Snapshot&) = default;
};

}  // namespace sluice::core

#endif  // SLUICE_CORE_SNAPSHOT_H_
