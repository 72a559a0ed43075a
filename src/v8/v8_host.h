// V8's host: core::ReentrantHost whose effects JavaScript performs. One for each isolate.
//
// The core asks its host for effects (settle this promise, store that chunk) and for the author's functions. V8 does
// all of those far faster in JavaScript than through its C++ interface, so this host writes effects down (effects.h),
// and js/writable_stream.js does them, in order, when the operation returns. Author code never runs before the effects
// that preceded it are done:
//   - start() and write() are the last steps of the operations that call them, and what follows them in the standard is
//     the registration of a reaction, which nothing can see; JavaScript calls them after the operation;
//   - size(), close(), abort() and the abort listeners are called in the middle, through JavaScript functions that
//   first
//     do the effects so far.
// The host holds no JavaScript value: a slot is a name for a place that JavaScript keeps (effects.h, "Names of
// values").
//
// What no author can see is not made: `ready` and `closed` are promises only once somebody has read them, and when a
// sink's method returns something, no promise is made for the conversion; microtasks take exactly the ticks that it
// would have taken.
//
// Termination. When execution is terminated while an operation of the core, or JavaScript that does its effects, is on
// the stack, the stream is broken: both sides may disagree about it. What is called on it afterwards throws or rejects.
// Author functions that were called last (start, write) are no such case: the stream then waits for ever. So does one
// whose reaction was among the microtasks that V8 drops when execution ends in one of them.
//
// The embedder's promise hooks and promise reject callback are called while effects are done. They should leave streams
// alone: a stream is broken when an operation on any stream begins before its own effects are done.
#ifndef SLUICE_V8_V8_HOST_H_
#define SLUICE_V8_V8_HOST_H_

#include <v8.h>

#include <array>
#include <memory>
#include <unordered_map>
#include <vector>

#include "src/core/host.h"
#include "src/v8/effects.h"
#include "src/v8/isolate_data.h"
#include "src/v8/stream_page.h"

namespace sluice::binding {

// What js/writable_stream.js publishes: functions that the host calls, then those that C++ calls (streams.h), a list of
// functions that look into this realm's objects, and its interface prototype objects.
enum class StreamFunction : int {
  kCallSize,
  kCallClose,
  kCallAbort,
  kSignalAbort,
  kNewStream,
  kErrorStream,
  kCloseWithErrorPropagation,
  kStatesOf,
  kPrototypes,
  kCount
};

class V8Host final : public core::ReentrantHost {
 public:
  explicit V8Host(IsolateData& data);
  V8Host(const V8Host&) = delete;
  V8Host& operator=(const V8Host&) = delete;
  ~V8Host() override;

  template <typename T>
  PageAllocator<T>& Pages() {
    if constexpr (std::is_same_v<T, StreamObject>) {
      return streams_;
    } else {
      return writers_;
    }
  }

  // ---- Operations
  // One operation of the core. They nest as calls do. `state` and `argument` are the StreamState and the method's
  // argument in JavaScript; `stream` may be null, for a writer without one.
  class Operation {
   public:
    Operation(V8Host& host, StreamObject* stream, v8::Local<v8::Value> state, v8::Local<v8::Value> argument)
        : host_(host), outer_(host.operation_), stream_(stream), state_(state), argument_(argument) {
      host.operation_ = this;
      if (host.channel_[channel::kCount] != 0) host.Interrupted();
      host.last_stream_ = stream;
    }
    Operation(const Operation&) = delete;
    Operation& operator=(const Operation&) = delete;
    ~Operation() {
      host_.operation_ = outer_;
      if (stream_ == nullptr) return;
      host_.CountCharge(*stream_);
      if (stream_->QueueBytes() != stream_->reported_bytes || host_.MustWatch(*stream_)) {
        host_.ReportQueue(*stream_, state_);
      }
    }

    // Whether the stream may be used, and the stack is large enough to do the effects of an operation on it: else
    // `code` is to be returned, with kThrowBroken or kReturnBroken as `kind`.
    bool MayBegin(int kind, int& code) const;
    core::ValueSlot argument() const {
      return argument_->IsUndefined() ? core::kUndefined : core::ValueSlot{channel::kArgument};
    }

   private:
    friend class V8Host;
    V8Host& host_;
    Operation* outer_;
    StreamObject* stream_;
    v8::Local<v8::Value> state_;
    v8::Local<v8::Value> argument_;
    v8::Local<v8::Value> fresh_;  // the promise that the operation returns, if JavaScript has made it already
  };

  // What a promise-returning operation gives to JavaScript: the promise, or a code. `make_promise`: make it here, which
  // takes less memory than making it in JavaScript.
  void Return(const v8::FunctionCallbackInfo<v8::Value>& info, core::PromiseSlot promise, bool make_promise = false);
  static int ThrowCode(core::Thrown thrown) { return channel::kThrow | static_cast<int>(thrown.value.name) << 8; }

  int32_t* channel() { return channel_; }
  size_t channel_bytes() const { return sizeof channel_; }
  double* facts() { return facts_; }
  // The memory of streams that nobody can reach is about to be freed.
  void Forget(const Page<StreamObject>& page) {
    if (last_stream_ != nullptr && page.has(last_stream_)) last_stream_ = nullptr;
  }
  void Forget(const Page<WriterObject>&) {}
  const core::ByteLimitExceeded& overflow() const { return overflow_; }
  void Emit(int effect, uint64_t ref = 0);

  // What the core registered with UponSettled() for the promise that `stream` waits for.
  static core::Reaction ReactionOf(const StreamObject& stream);

  // ---- core::Host
  core::PromiseSlot NewPromise() override;
  core::PromiseSlot NewPromiseResolved() override;
  core::PromiseSlot NewPromiseRejected(core::ValueSlot reason) override;
  core::PromiseSlot NewWriterPromise(core::WriterSlot writer, core::WriterPromise which) override;
  core::PromiseSlot NewWriterPromiseResolved(core::WriterSlot writer, core::WriterPromise which) override;
  core::PromiseSlot NewWriterPromiseRejected(core::WriterSlot writer, core::WriterPromise which,
                                             core::ValueSlot reason) override;
  void Resolve(core::PromiseSlot promise) override;
  void Reject(core::PromiseSlot promise, core::ValueSlot reason) override;
  void RejectAndMarkHandled(core::PromiseSlot promise, core::ValueSlot reason) override;
  core::PromiseView State(core::PromiseSlot promise) override;
  bool IsHandled(core::PromiseSlot promise) override;
  void UponSettled(core::PromiseSlot promise, const core::Reaction& reaction) override;
  core::PromiseSlot Store(core::PromiseSlot promise, core::Place place, core::StreamSlot stream) override;
  core::ValueSlot Store(core::ValueSlot value, core::Place place, core::StreamSlot stream) override;
  core::PromiseSlot Retain(core::PromiseSlot promise) override { return promise; }
  core::ValueSlot Retain(core::ValueSlot value) override { return value; }
  void Drop(core::PromiseSlot promise) override;
  void Drop(core::ValueSlot value) override;
  core::ValueSlot NewTypeError(core::TypeErrorReason reason) override;
  core::ValueSlot NewRangeError(core::RangeErrorReason reason) override;
  core::ValueSlot NewRangeError(const core::ByteLimitExceeded& facts) override;
  uint64_t ByteCharge(core::ValueSlot chunk) override;
  core::WritableStream& Stream(core::StreamSlot stream) override { return StreamObject::Of(stream)->core; }
  core::WritableStreamDefaultWriter& Writer(core::WriterSlot writer) override { return WriterObject::Of(writer)->core; }
  bool SignalIsAborted(core::StreamSlot stream) override { return StreamObject::Of(stream)->aborted; }
  void AlgorithmsCleared(core::StreamSlot) override { Emit(channel::kClearAlgorithms); }

  // ---- core::ReentrantHost
  core::Completion<core::ValueSlot> PerformStartAlgorithm(core::StreamSlot stream) override;
  core::PromiseSlot PromiseResolvedWithStartResult(core::StreamSlot stream, core::ValueSlot start_result) override;
  core::Completion<double> PerformSizeAlgorithm(core::StreamSlot stream, core::ValueSlot chunk) override;
  core::PromiseSlot PerformWriteAlgorithm(core::StreamSlot stream, core::ValueSlot chunk) override;
  core::PromiseSlot PerformCloseAlgorithm(core::StreamSlot stream) override;
  core::PromiseSlot PerformAbortAlgorithm(core::StreamSlot stream, core::ValueSlot reason) override;
  void SignalAbort(core::StreamSlot stream, core::ValueSlot reason) override;

 private:
  // Empty when it was terminated; the stream is broken then.
  v8::MaybeLocal<v8::Value> Call(StreamFunction function, StreamObject& stream);
  void CallSinkMethod(StreamFunction function, core::StreamSlot stream);
  void Interrupted();
  // What the stream is charged for may have changed.
  void CountCharge(StreamObject& stream);
  // Whether it must be known when the stream is dead: it has a long queue, or a charge of which others need the room.
  bool MustWatch(const StreamObject& stream) const {
    constexpr int64_t kWatchedBytes = 1024;  // what a dead stream may keep costs less than watching it
    return stream.watch == nullptr && (stream.reported_bytes > kWatchedBytes ||
                                       (stream.counted_charge != 0 && data_.options().total_byte_limit.has_value()));
  }
  bool FitsTotalByteLimit(StreamObject& stream, uint64_t charge);
  // The queue's memory has changed.
  void ReportQueue(StreamObject& stream, v8::Local<v8::Value> state);
  static void StateCollected(const v8::WeakCallbackInfo<QueueWatch>& info);

  IsolateData& data_;
  v8::Isolate* isolate_;
  std::unordered_map<QueueWatch*, std::unique_ptr<QueueWatch>> watches_;
  PageAllocator<StreamObject> streams_;  // whose pages refer to watches
  PageAllocator<WriterObject> writers_;
  Operation* operation_ = nullptr;       // the innermost
  StreamObject* last_stream_ = nullptr;  // whose effects are, or were, in the channel
  int last_effect_ = 0;
  core::ByteLimitExceeded overflow_;
  bool total_overflows_ = false;     // the last charge, of all streams
  uint64_t charged_since_full_ = 0;  // since garbage was collected to make room
  alignas(8) int32_t channel_[channel::kFirstEffect + 2 * channel::kCapacity] = {};
  double facts_[1] = {};
};

}  // namespace sluice::binding

#endif  // SLUICE_V8_V8_HOST_H_
