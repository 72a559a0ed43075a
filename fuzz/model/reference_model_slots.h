// The internal slots of the reference model's three objects, one member per slot, named for it.
//
// An optional without a value, and a null pointer, is undefined.
#ifndef SLUICE_FUZZ_MODEL_REFERENCE_MODEL_SLOTS_H_
#define SLUICE_FUZZ_MODEL_REFERENCE_MODEL_SLOTS_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "fuzz/model/model_promise.h"
#include "src/core/snapshot.h"
#include "src/sim/value.h"

namespace sluice::fuzz::model {

using WriterId = uint32_t;
using core::StreamState;

struct WritableStreamDefaultController;

struct PendingAbortRequest {
  PromiseId promise;
  sim::Value reason;
  bool wasAlreadyErroring;
};

// https://streams.spec.whatwg.org/#ws-internal-slots
struct WritableStream {
  uint32_t name;  // not a slot: by which the program tells its streams apart
  bool backpressure;
  std::optional<PromiseId> closeRequest;
  WritableStreamDefaultController* controller;
  std::optional<PromiseId> inFlightWriteRequest;
  std::optional<PromiseId> inFlightCloseRequest;
  std::optional<PendingAbortRequest> pendingAbortRequest;
  StreamState state;
  sim::Value storedError;
  std::optional<WriterId> writer;
  std::vector<PromiseId> writeRequests;
};

// In a slot that SetUpWritableStreamDefaultWriter has not set yet.
inline constexpr PromiseId kNoPromise = ~PromiseId{0};

// https://streams.spec.whatwg.org/#default-writer-internal-slots
struct WritableStreamDefaultWriter {
  PromiseId closedPromise = kNoPromise;
  PromiseId readyPromise = kNoPromise;
  WritableStream* stream = nullptr;
};

// A chunk or the close sentinel.
struct QueueValue {
  bool is_close_sentinel;
  sim::Value chunk;
};

// `charge` is not the standard's: the bytes that the byte limit counts for this entry.
struct ValueWithSize {
  QueueValue value;
  double size;
  uint64_t charge;
};

// A member of the underlying sink or of the strategy, or what stands in for an absent one.
// The last two are size functions of the realm.
enum class Algorithm : uint8_t { kDefault, kInvoke, kCountSize, kByteLengthSize };

// An AbortController with its signal. The abort reason is undefined until it is aborted.
struct AbortController {
  sim::Value abortReason;
  uint32_t listeners;
};

// https://streams.spec.whatwg.org/#ws-default-controller-internal-slots
struct WritableStreamDefaultController {
  std::optional<Algorithm> abortAlgorithm;
  AbortController abortController;
  std::optional<Algorithm> closeAlgorithm;
  std::vector<ValueWithSize> queue;
  double queueTotalSize;
  bool started;
  double strategyHWM;
  std::optional<Algorithm> strategySizeAlgorithm;
  WritableStream* stream;
  std::optional<Algorithm> writeAlgorithm;
  uint64_t chargedBytes;  // not in the standard: the bytes charged for `queue`, kept as queueTotalSize is
};

}  // namespace sluice::fuzz::model

#endif  // SLUICE_FUZZ_MODEL_REFERENCE_MODEL_SLOTS_H_
