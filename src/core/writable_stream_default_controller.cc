// Step numbers are those of the Streams Standard, revision b9ba9f4.
#include "src/core/writable_stream_default_controller.h"

#include "src/core/operation.h"
#include "src/core/queue_with_sizes.h"
#include "src/core/writable_stream.h"

namespace sluice::core {

// https://streams.spec.whatwg.org/#ws-default-controller-private-abort
PromiseSlot AbortSteps(ReentrantHost& host, WritableStream& stream, ValueSlot reason) {
  const Operation operation("AbortSteps");
  SLUICE_ASSERT(stream.controller.abortAlgorithm != Algorithm::kUndefined, "[[AbortSteps]]", "there is an algorithm");
  // 1. The sink's abort runs here and may change anything.
  const PromiseSlot result = stream.controller.abortAlgorithm == Algorithm::kHost
                                 ? host.PerformAbortAlgorithm(stream.self, reason)
                                 : host.NewPromiseResolved();
  // 2. The sink is not called again.
  WritableStreamDefaultControllerClearAlgorithms(host, stream);
  // 3. The caller owns it.
  return result;
}

// https://streams.spec.whatwg.org/#ws-default-controller-private-error
void ErrorSteps(Host& host, WritableStream& stream) {
  const Operation operation("ErrorSteps");
  // 1. No queued chunk reaches the sink.
  ResetQueue(host, stream.controller);
}

// https://streams.spec.whatwg.org/#set-up-writable-stream-default-controller
Completion<> SetUpWritableStreamDefaultController(ReentrantHost& host, WritableStream& stream,
                                                  const ControllerAlgorithms& algorithms, double highWaterMark,
                                                  std::optional<uint64_t> byte_limit) {
  const Operation operation("SetUpWritableStreamDefaultController");
  WritableStreamDefaultController& controller = stream.controller;
  // 1. The type says so.
  // 2. A stream has one controller.
  SLUICE_ASSERT(!controller.exists, "SetUpWritableStreamDefaultController", "the stream has no controller yet");
  // 3, 4. It is part of the stream.
  controller.exists = true;
  // 5. The queue is empty.
  ResetQueue(host, controller);
  // 6. The host makes the AbortController with the stream.
  // 7. Nothing reaches the sink before start() has settled.
  controller.started = false;
  // 8. size(), or 1.
  controller.strategySizeAlgorithm = algorithms.size;
  // 9. The queue is full at this size.
  controller.strategyHWM = highWaterMark;
  controller.byte_limit = byte_limit;
  // 10. The sink's write(), or nothing.
  controller.writeAlgorithm = algorithms.write;
  // 11. The sink's close(), or nothing.
  controller.closeAlgorithm = algorithms.close;
  // 12. The sink's abort(), or nothing.
  controller.abortAlgorithm = algorithms.abort;
  // 13. A high-water mark of 0 begins with backpressure.
  const bool backpressure = WritableStreamDefaultControllerGetBackpressure(stream);
  // 14. There is no writer yet.
  WritableStreamUpdateBackpressure(host, stream, backpressure);
  // 15. start() runs here and may change anything.
  ValueSlot startResult = kUndefined;
  if (algorithms.start == Algorithm::kHost) {
    SLUICE_TRY(result, host.PerformStartAlgorithm(stream.self));
    startResult = result;
  }
  // 16. A `then` getter may run here.
  const PromiseSlot startPromise = host.PromiseResolvedWithStartResult(stream.self, startResult);
  // 17, 18. OnStartFulfilled, OnStartRejected.
  host.UponSettled(startPromise, {ReactionKind::kStart, stream.self, {}});
  host.Drop(startPromise);
  return NormalCompletion();
}

void OnStartFulfilled(ReentrantHost& host, WritableStream& stream) {
  // SetUpWritableStreamDefaultController, 17.1. A stream does not end before start() has settled.
  SLUICE_ASSERT(stream.state == StreamState::kWritable || stream.state == StreamState::kErroring,
                "SetUpWritableStreamDefaultController", "state is writable or erroring when start fulfills");
  // SetUpWritableStreamDefaultController, 17.2. The sink may be called now.
  stream.controller.started = true;
  // SetUpWritableStreamDefaultController, 17.3. Writes may have been queued meanwhile.
  WritableStreamDefaultControllerAdvanceQueueIfNeeded(host, stream);
}

void OnStartRejected(ReentrantHost& host, WritableStream& stream, ValueSlot reason) {
  // SetUpWritableStreamDefaultController, 18.1. A stream does not end before start() has settled.
  SLUICE_ASSERT(stream.state == StreamState::kWritable || stream.state == StreamState::kErroring,
                "SetUpWritableStreamDefaultController", "state is writable or erroring when start rejects");
  // SetUpWritableStreamDefaultController, 18.2. An abort need not wait for start() any longer.
  stream.controller.started = true;
  // SetUpWritableStreamDefaultController, 18.3. A failed start() fails the stream.
  WritableStreamDealWithRejection(host, stream, reason);
}

// https://streams.spec.whatwg.org/#set-up-writable-stream-default-controller-from-underlying-sink
Completion<> SetUpWritableStreamDefaultControllerFromUnderlyingSink(ReentrantHost& host, WritableStream& stream,
                                                                    const UnderlyingSink& underlyingSinkDict,
                                                                    double highWaterMark, Algorithm sizeAlgorithm,
                                                                    std::optional<uint64_t> byte_limit) {
  const Operation operation("SetUpWritableStreamDefaultControllerFromUnderlyingSink");
  // 1. The controller is part of the stream.
  // 2 to 5. The defaults of ControllerAlgorithms.
  ControllerAlgorithms algorithms;
  // 6. The host performs start().
  if (underlyingSinkDict.start) algorithms.start = Algorithm::kHost;
  // 7. The host performs write().
  if (underlyingSinkDict.write) algorithms.write = Algorithm::kHost;
  // 8. The host performs close().
  if (underlyingSinkDict.close) algorithms.close = Algorithm::kHost;
  // 9. The host performs abort().
  if (underlyingSinkDict.abort) algorithms.abort = Algorithm::kHost;
  algorithms.size = sizeAlgorithm;
  // 10. start() runs here and may change anything.
  return SetUpWritableStreamDefaultController(host, stream, algorithms, highWaterMark, byte_limit);
}

// https://streams.spec.whatwg.org/#writable-stream-default-controller-advance-queue-if-needed
void WritableStreamDefaultControllerAdvanceQueueIfNeeded(ReentrantHost& host, WritableStream& stream) {
  const Operation operation("WritableStreamDefaultControllerAdvanceQueueIfNeeded");
  // 1, 2. start() has not settled.
  if (!stream.controller.started) return;
  // 3. One write at a time.
  if (!stream.inFlightWriteRequest.is_undefined()) return;
  // 4. Nothing has run since the call.
  const StreamState state = stream.state;
  // 5. Callers have a stream that has not ended.
  SLUICE_ASSERT(state != StreamState::kClosed && state != StreamState::kErrored,
                "WritableStreamDefaultControllerAdvanceQueueIfNeeded", "state is neither closed nor errored");
  // 6. It failed while an operation was in flight.
  if (state == StreamState::kErroring) {
    // 6.1. That operation has ended.
    WritableStreamFinishErroring(host, stream);
    // 6.2. The queue is gone.
    return;
  }
  // 7. Nothing to do.
  if (stream.controller.queue.empty()) return;
  // 8. Copied: user code runs next, and may reset the queue.
  const QueueEntry value = PeekQueueValue(stream.controller);
  if (value.is_close_sentinel) {
    // 9. It is the last entry.
    WritableStreamDefaultControllerProcessClose(host, stream);
  } else {
    // 10. It stays in the queue until the sink has taken it.
    WritableStreamDefaultControllerProcessWrite(host, stream, value.value);
  }
}

// https://streams.spec.whatwg.org/#writable-stream-default-controller-clear-algorithms
void WritableStreamDefaultControllerClearAlgorithms(Host& host, WritableStream& stream) {
  const Operation operation("WritableStreamDefaultControllerClearAlgorithms");
  // 1. write() is not called again.
  stream.controller.writeAlgorithm = Algorithm::kUndefined;
  // 2. Nor close().
  stream.controller.closeAlgorithm = Algorithm::kUndefined;
  // 3. Nor abort().
  stream.controller.abortAlgorithm = Algorithm::kUndefined;
  // 4. Nor size(), so the host may drop all four functions.
  stream.controller.strategySizeAlgorithm = Algorithm::kUndefined;
  host.AlgorithmsCleared(stream.self);
}

// https://streams.spec.whatwg.org/#writable-stream-default-controller-close
void WritableStreamDefaultControllerClose(ReentrantHost& host, WritableStream& stream) {
  const Operation operation("WritableStreamDefaultControllerClose");
  // 1. The sentinel has size 0 and no charge.
  EnqueueCloseSentinel(stream.controller);
  // 2. Closes at once if the queue was empty.
  WritableStreamDefaultControllerAdvanceQueueIfNeeded(host, stream);
}

// https://streams.spec.whatwg.org/#writable-stream-default-controller-error
void WritableStreamDefaultControllerError(ReentrantHost& host, WritableStream& stream, ValueSlot error) {
  const Operation operation("WritableStreamDefaultControllerError");
  // 1, 2. Callers have checked it.
  SLUICE_ASSERT(stream.state == StreamState::kWritable, "WritableStreamDefaultControllerError", "state is writable");
  // 3. The sink is not called again.
  WritableStreamDefaultControllerClearAlgorithms(host, stream);
  // 4. The stream starts to fail.
  WritableStreamStartErroring(host, stream, error);
}

// https://streams.spec.whatwg.org/#writable-stream-default-controller-error-if-needed
void WritableStreamDefaultControllerErrorIfNeeded(ReentrantHost& host, WritableStream& stream, ValueSlot error) {
  const Operation operation("WritableStreamDefaultControllerErrorIfNeeded");
  // 1. The first error wins.
  if (stream.state == StreamState::kWritable) WritableStreamDefaultControllerError(host, stream, error);
}

// https://streams.spec.whatwg.org/#writable-stream-default-controller-get-backpressure
bool WritableStreamDefaultControllerGetBackpressure(const WritableStream& stream) {
  const Operation operation("WritableStreamDefaultControllerGetBackpressure");
  // 1. High-water mark less queue.
  const double desiredSize = WritableStreamDefaultControllerGetDesiredSize(stream);
  // 2. False for NaN, as the standard has it.
  return desiredSize <= 0;
}

// https://streams.spec.whatwg.org/#writable-stream-default-controller-get-chunk-size
double WritableStreamDefaultControllerGetChunkSize(ReentrantHost& host, WritableStream& stream, ValueSlot chunk) {
  const Operation operation("WritableStreamDefaultControllerGetChunkSize");
  // 1. An earlier step cleared the algorithms.
  if (stream.controller.strategySizeAlgorithm == Algorithm::kUndefined) {
    // 1.1.
    // Deviation: not asserted. A write() while sink close is pending comes here with the state still "writable"
    // (whatwg/streams#1218; WriteWhileSinkCloseIsPending).
    // 1.2. Its caller rejects the write.
    return 1;
  }
  if (stream.controller.strategySizeAlgorithm == Algorithm::kDefault) return 1;
  // 2. size() runs here and may change anything.
  const Completion<double> returnValue = host.PerformSizeAlgorithm(stream.self, chunk);
  // 3. It threw, or the conversion of its result did.
  if (returnValue.is_thrown()) {
    // 3.1. That fails the stream.
    WritableStreamDefaultControllerErrorIfNeeded(host, stream, returnValue.thrown().value);
    host.Drop(returnValue.thrown().value);
    // 3.2. The caller reads the state again.
    return 1;
  }
  // 4. May still be invalid: EnqueueValueWithSize checks it.
  return returnValue.value();
}

// https://streams.spec.whatwg.org/#writable-stream-default-controller-get-desired-size
double WritableStreamDefaultControllerGetDesiredSize(const WritableStream& stream) {
  const Operation operation("WritableStreamDefaultControllerGetDesiredSize");
  // 1. Negative if the queue is over its mark.
  return stream.controller.strategyHWM - stream.controller.queueTotalSize;
}

// https://streams.spec.whatwg.org/#writable-stream-default-controller-process-close
void WritableStreamDefaultControllerProcessClose(ReentrantHost& host, WritableStream& stream) {
  const Operation operation("WritableStreamDefaultControllerProcessClose");
  // 1, 2. close() settles with the sink's close.
  WritableStreamMarkCloseRequestInFlight(stream);
  // 3. The sentinel.
  host.Drop(DequeueValue(stream.controller));
  // 4. It was the last entry.
  SLUICE_ASSERT(stream.controller.queue.empty(), "WritableStreamDefaultControllerProcessClose", "the queue is empty");
  SLUICE_ASSERT(stream.controller.closeAlgorithm != Algorithm::kUndefined,
                "WritableStreamDefaultControllerProcessClose", "there is an algorithm");
  // 5. close() runs here and may change anything.
  const PromiseSlot sinkClosePromise = stream.controller.closeAlgorithm == Algorithm::kHost
                                           ? host.PerformCloseAlgorithm(stream.self)
                                           : host.NewPromiseResolved();
  // 6. The sink is not called again.
  WritableStreamDefaultControllerClearAlgorithms(host, stream);
  // 7, 8. WritableStreamFinishInFlightClose, or the same with an error.
  host.UponSettled(sinkClosePromise, {ReactionKind::kClose, stream.self, {}});
  host.Drop(sinkClosePromise);
}

// https://streams.spec.whatwg.org/#writable-stream-default-controller-process-write
void WritableStreamDefaultControllerProcessWrite(ReentrantHost& host, WritableStream& stream, ValueSlot chunk) {
  const Operation operation("WritableStreamDefaultControllerProcessWrite");
  // 1, 2. write() settles with the sink's write.
  WritableStreamMarkFirstWriteRequestInFlight(stream);
  SLUICE_ASSERT(stream.controller.writeAlgorithm != Algorithm::kUndefined,
                "WritableStreamDefaultControllerProcessWrite", "there is an algorithm");
  // 3. write() runs here and may change anything.
  const PromiseSlot sinkWritePromise = stream.controller.writeAlgorithm == Algorithm::kHost
                                           ? host.PerformWriteAlgorithm(stream.self, chunk)
                                           : host.NewPromiseResolved();
  // 4, 5. OnSinkWriteFulfilled, OnSinkWriteRejected.
  host.UponSettled(sinkWritePromise, {ReactionKind::kWrite, stream.self, {}});
  host.Drop(sinkWritePromise);
}

void OnSinkWriteFulfilled(ReentrantHost& host, WritableStream& stream) {
  // WritableStreamDefaultControllerProcessWrite, 4.1. write() is done.
  WritableStreamFinishInFlightWrite(host, stream);
  // WritableStreamDefaultControllerProcessWrite, 4.2. Resolving runs no user code.
  const StreamState state = stream.state;
  // WritableStreamDefaultControllerProcessWrite, 4.3. A stream does not end during a write.
  SLUICE_ASSERT(state == StreamState::kWritable || state == StreamState::kErroring,
                "WritableStreamDefaultControllerProcessWrite", "state is writable or erroring");
  // WritableStreamDefaultControllerProcessWrite, 4.4. The sink has taken the chunk.
  host.Drop(DequeueValue(stream.controller));
  // WritableStreamDefaultControllerProcessWrite, 4.5. A closing or failing stream keeps its backpressure.
  if (!WritableStreamCloseQueuedOrInFlight(stream) && state == StreamState::kWritable) {
    // WritableStreamDefaultControllerProcessWrite, 4.5.1. The queue has shrunk.
    const bool backpressure = WritableStreamDefaultControllerGetBackpressure(stream);
    // WritableStreamDefaultControllerProcessWrite, 4.5.2. `ready` may resolve.
    WritableStreamUpdateBackpressure(host, stream, backpressure);
  }
  // WritableStreamDefaultControllerProcessWrite, 4.6. The next chunk, or the close.
  WritableStreamDefaultControllerAdvanceQueueIfNeeded(host, stream);
}

void OnSinkWriteRejected(ReentrantHost& host, WritableStream& stream, ValueSlot reason) {
  // WritableStreamDefaultControllerProcessWrite, 5.1. The sink is not called again.
  if (stream.state == StreamState::kWritable) WritableStreamDefaultControllerClearAlgorithms(host, stream);
  // WritableStreamDefaultControllerProcessWrite, 5.2. write() and the stream fail.
  WritableStreamFinishInFlightWriteWithError(host, stream, reason);
}

// https://streams.spec.whatwg.org/#writable-stream-default-controller-write
void WritableStreamDefaultControllerWrite(ReentrantHost& host, WritableStream& stream, ValueSlot chunk,
                                          double chunkSize, uint64_t charge) {
  const Operation operation("WritableStreamDefaultControllerWrite");
  // 1. Fails if the size is invalid.
  const Completion<> enqueueResult =
      EnqueueValueWithSize(host, stream.self, stream.controller, chunk, chunkSize, charge);
  // 2. A size that is NaN, negative or infinite fails the stream.
  if (enqueueResult.is_thrown()) {
    // 2.1. write() rejects with the same error.
    WritableStreamDefaultControllerErrorIfNeeded(host, stream, enqueueResult.thrown().value);
    host.Drop(enqueueResult.thrown().value);
    // 2.2. The chunk is not queued.
    return;
  }
  // 3, 4. A closing or failing stream keeps its backpressure.
  if (!WritableStreamCloseQueuedOrInFlight(stream) && stream.state == StreamState::kWritable) {
    // 4.1. The queue has grown.
    const bool backpressure = WritableStreamDefaultControllerGetBackpressure(stream);
    // 4.2. A new `ready` may have to wait.
    WritableStreamUpdateBackpressure(host, stream, backpressure);
  }
  // 5. Writes at once if the sink is idle.
  WritableStreamDefaultControllerAdvanceQueueIfNeeded(host, stream);
}

}  // namespace sluice::core
