// The state of one stream: the standard's internal slots, as plain data.
//
// These objects can be copied, compared, printed, hashed, saved and restored (state_io.h). Members are the standard's
// slots under the standard's names; "undefined" is an undefined slot or std::nullopt.
//   https://streams.spec.whatwg.org/#ws-internal-slots
//   https://streams.spec.whatwg.org/#default-writer-internal-slots
//   https://streams.spec.whatwg.org/#ws-default-controller-internal-slots
// A stream and its controller are made together and live together, so the controller is a member of the stream, and an
// operation on "controller" takes the stream.
#ifndef SLUICE_CORE_STATE_H_
#define SLUICE_CORE_STATE_H_

#include <cstdint>
#include <optional>

#include "src/core/fifo.h"
#include "src/core/slots.h"
#include "src/core/snapshot.h"

namespace sluice::core {

// A value-with-size, and what the byte limit charges for it.
// https://streams.spec.whatwg.org/#value-with-size
struct QueueEntry {
  ValueSlot value;      // owned; the undefined slot for the chunk `undefined` and for the close sentinel
  double size = 0;      // as size() gave it: finite, not negative
  uint64_t charge = 0;  // bytes (byte_limit.h); 0 for the close sentinel
  bool is_close_sentinel = false;

  friend bool operator==(const QueueEntry&, const QueueEntry&) = default;
};

// [[queue]] and [[queueTotalSize]]. https://streams.spec.whatwg.org/#queue-with-sizes
struct QueueWithSizes {
  Fifo<QueueEntry> queue;
  double queueTotalSize = 0;
  uint64_t charged_bytes = 0;  // invariant: the sum of `charge` over `queue`

  friend bool operator==(const QueueWithSizes&, const QueueWithSizes&) = default;
};

// https://streams.spec.whatwg.org/#pending-abort-request
struct PendingAbortRequest {
  PromiseSlot promise;
  ValueSlot reason;
  bool wasAlreadyErroring = false;

  friend bool operator==(const PendingAbortRequest&, const PendingAbortRequest&) = default;
};

// What an algorithm slot holds. The algorithm itself stays with the host, which knows it by the stream.
enum class Algorithm : uint8_t {
  kUndefined,
  kDefault,  // the standard's own: returns undefined, a promise resolved with undefined, or 1
  kHost,     // the host performs it: the author's function, or a native sink's
};

struct WritableStreamDefaultController : QueueWithSizes {
  bool exists = false;  // the stream's [[controller]] is not undefined
  bool started = false;
  Algorithm writeAlgorithm = Algorithm::kUndefined;
  Algorithm closeAlgorithm = Algorithm::kUndefined;
  Algorithm abortAlgorithm = Algorithm::kUndefined;
  Algorithm strategySizeAlgorithm = Algorithm::kUndefined;
  double strategyHWM = 0;
  std::optional<uint64_t> byte_limit;  // bytes; none: unlimited

  friend bool operator==(const WritableStreamDefaultController&, const WritableStreamDefaultController&) = default;
};

struct WritableStream {
  StreamSlot self;  // this stream's name at its host; set by the host before the stream is initialised

  StreamState state = StreamState::kWritable;
  bool backpressure = false;
  PromiseSlot closeRequest;
  PromiseSlot inFlightWriteRequest;
  PromiseSlot inFlightCloseRequest;
  std::optional<PendingAbortRequest> pendingAbortRequest;
  ValueSlot storedError;
  WriterSlot writer;
  Fifo<PromiseSlot> writeRequests;
  WritableStreamDefaultController controller;

  friend bool operator==(const WritableStream&, const WritableStream&) = default;
};

struct WritableStreamDefaultWriter {
  StreamSlot stream;
  PromiseSlot readyPromise;
  PromiseSlot closedPromise;

  friend bool operator==(const WritableStreamDefaultWriter&, const WritableStreamDefaultWriter&) = default;
};

}  // namespace sluice::core

#endif  // SLUICE_CORE_STATE_H_
