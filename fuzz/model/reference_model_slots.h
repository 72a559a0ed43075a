// The internal slots of the reference model's three objects, one member per slot, named for it.
//
// An optional without a value, and a null pointer, is undefined.
#ifndef SLUICE_FUZZ_MODEL_REFERENCE_MODEL_SLOTS_H_
#define SLUICE_FUZZ_MODEL_REFERENCE_MODEL_SLOTS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "fuzz/model/model_promise.h"
#include "src/core/snapshot.h"
#include "src/sim/value.h"

namespace sluice::fuzz::model {

using WriterId = uint32_t;
using core::StreamState;

// A list of the standard. Its first item is removed in constant time, because programs make lists of thousands.
template <typename T>
class List {
 public:
  bool empty() const { return first_ == items_.size(); }
  size_t size() const { return items_.size() - first_; }
  const T& front() const { return items_[first_]; }
  const T& back() const { return items_.back(); }
  auto begin() const { return items_.begin() + static_cast<std::ptrdiff_t>(first_); }
  auto end() const { return items_.end(); }
  void push_back(const T& item) { items_.push_back(item); }
  void pop_front() {
    if (++first_ == items_.size()) clear();
  }
  void clear() {
    items_.clear();
    first_ = 0;
  }

 private:
  std::vector<T> items_;
  size_t first_ = 0;  // those before it were removed
};

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
  List<PromiseId> writeRequests;
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
  List<ValueWithSize> queue;
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
