// Step numbers are those of the Streams Standard, revision b9ba9f4.
#include "src/core/writable_stream_default_controller.h"

#include "src/core/queue_with_sizes.h"
#include "src/core/writable_stream.h"

namespace sluice::core {

// https://streams.spec.whatwg.org/#ws-default-controller-private-abort
PromiseSlot AbortSteps(ReentrantHost& host, WritableStream& stream, ValueSlot reason) {
  SLUICE_ASSERT(stream.controller.abortAlgorithm != Algorithm::kUndefined, "[[AbortSteps]]", "there is an algorithm");
  // 1.
  const PromiseSlot result = stream.controller.abortAlgorithm == Algorithm::kHost
                                 ? host.PerformAbortAlgorithm(stream.self, reason)
                                 : host.NewPromiseResolved();
  // 2.
  WritableStreamDefaultControllerClearAlgorithms(host, stream);
  // 3.
  return result;
}

// https://streams.spec.whatwg.org/#ws-default-controller-private-error
void ErrorSteps(Host& host, WritableStream& stream) {
  // 1.
  ResetQueue(host, stream.controller);
}

// https://streams.spec.whatwg.org/#set-up-writable-stream-default-controller
Completion<> SetUpWritableStreamDefaultController(ReentrantHost& host, WritableStream& stream,
                                                  const ControllerAlgorithms& algorithms, double highWaterMark,
                                                  std::optional<uint64_t> byte_limit) {
  WritableStreamDefaultController& controller = stream.controller;
  // 1. The type says so.
  // 2.
  SLUICE_ASSERT(!controller.exists, "SetUpWritableStreamDefaultController", "the stream has no controller yet");
  // 3, 4.
  controller.exists = true;
  // 5.
  ResetQueue(host, controller);
  // 6. The host makes the AbortController with the stream.
  // 7.
  controller.started = false;
  // 8.
  controller.strategySizeAlgorithm = algorithms.size;
  // 9.
  controller.strategyHWM = highWaterMark;
  controller.byte_limit = byte_limit;
  // 10.
  controller.writeAlgorithm = algorithms.write;
  // 11.
  controller.closeAlgorithm = algorithms.close;
  // 12.
  controller.abortAlgorithm = algorithms.abort;
  // 13.
  const bool backpressure = WritableStreamDefaultControllerGetBackpressure(stream);
  // 14.
  WritableStreamUpdateBackpressure(host, stream, backpressure);
  // 15. start() runs here and may change anything.
  ValueSlot startResult = kUndefined;
  if (algorithms.start == Algorithm::kHost) {
    SLUICE_TRY(result, host.PerformStartAlgorithm(stream.self));
    startResult = result;
  }
  // 16. A `then` getter may run here.
  const PromiseSlot startPromise = host.PromiseResolvedWithStartResult(stream.self, startResult);
  // 17, 18.
  host.UponSettled(startPromise, {ReactionKind::kStart, stream.self, {}});
  host.Drop(startPromise);
  return NormalCompletion();
}

void OnStartFulfilled(ReentrantHost& host, WritableStream& stream) {
  // SetUpWritableStreamDefaultController, 17.1.
  SLUICE_ASSERT(stream.state == StreamState::kWritable || stream.state == StreamState::kErroring,
                "SetUpWritableStreamDefaultController", "state is writable or erroring when start fulfills");
  // SetUpWritableStreamDefaultController, 17.2.
  stream.controller.started = true;
  // SetUpWritableStreamDefaultController, 17.3.
  WritableStreamDefaultControllerAdvanceQueueIfNeeded(host, stream);
}

void OnStartRejected(ReentrantHost& host, WritableStream& stream, ValueSlot reason) {
  // SetUpWritableStreamDefaultController, 18.1.
  SLUICE_ASSERT(stream.state == StreamState::kWritable || stream.state == StreamState::kErroring,
                "SetUpWritableStreamDefaultController", "state is writable or erroring when start rejects");
  // SetUpWritableStreamDefaultController, 18.2.
  stream.controller.started = true;
  // SetUpWritableStreamDefaultController, 18.3.
  WritableStreamDealWithRejection(host, stream, reason);
}

// https://streams.spec.whatwg.org/#set-up-writable-stream-default-controller-from-underlying-sink
Completion<> SetUpWritableStreamDefaultControllerFromUnderlyingSink(ReentrantHost& host, WritableStream& stream,
                                                                    const UnderlyingSink& underlyingSinkDict,
                                                                    double highWaterMark, Algorithm sizeAlgorithm,
                                                                    std::optional<uint64_t> byte_limit) {
  // 1. The controller is part of the stream.
  // 2 to 5. The defaults of ControllerAlgorithms.
  ControllerAlgorithms algorithms;
  // 6.
  if (underlyingSinkDict.start) algorithms.start = Algorithm::kHost;
  // 7.
  if (underlyingSinkDict.write) algorithms.write = Algorithm::kHost;
  // 8.
  if (underlyingSinkDict.close) algorithms.close = Algorithm::kHost;
  // 9.
  if (underlyingSinkDict.abort) algorithms.abort = Algorithm::kHost;
  algorithms.size = sizeAlgorithm;
  // 10.
  return SetUpWritableStreamDefaultController(host, stream, algorithms, highWaterMark, byte_limit);
}

// https://streams.spec.whatwg.org/#writable-stream-default-controller-advance-queue-if-needed
void WritableStreamDefaultControllerAdvanceQueueIfNeeded(ReentrantHost& host, WritableStream& stream) {
  // 1, 2.
  if (!stream.controller.started) return;
  // 3.
  if (!stream.inFlightWriteRequest.is_undefined()) return;
  // 4.
  const StreamState state = stream.state;
  // 5.
  SLUICE_ASSERT(state != StreamState::kClosed && state != StreamState::kErrored,
                "WritableStreamDefaultControllerAdvanceQueueIfNeeded", "state is neither closed nor errored");
  // 6.
  if (state == StreamState::kErroring) {
    // 6.1.
    WritableStreamFinishErroring(host, stream);
    // 6.2.
    return;
  }
  // 7.
  if (stream.controller.queue.empty()) return;
  // 8. Copied: author code runs next, and may reset the queue.
  const QueueEntry value = PeekQueueValue(stream.controller);
  if (value.is_close_sentinel) {
    // 9.
    WritableStreamDefaultControllerProcessClose(host, stream);
  } else {
    // 10.
    WritableStreamDefaultControllerProcessWrite(host, stream, value.value);
  }
}

// https://streams.spec.whatwg.org/#writable-stream-default-controller-clear-algorithms
void WritableStreamDefaultControllerClearAlgorithms(Host& host, WritableStream& stream) {
  // 1.
  stream.controller.writeAlgorithm = Algorithm::kUndefined;
  // 2.
  stream.controller.closeAlgorithm = Algorithm::kUndefined;
  // 3.
  stream.controller.abortAlgorithm = Algorithm::kUndefined;
  // 4.
  stream.controller.strategySizeAlgorithm = Algorithm::kUndefined;
  host.AlgorithmsCleared(stream.self);
}

// https://streams.spec.whatwg.org/#writable-stream-default-controller-close
void WritableStreamDefaultControllerClose(ReentrantHost& host, WritableStream& stream) {
  // 1.
  EnqueueCloseSentinel(stream.controller);
  // 2.
  WritableStreamDefaultControllerAdvanceQueueIfNeeded(host, stream);
}

// https://streams.spec.whatwg.org/#writable-stream-default-controller-error
void WritableStreamDefaultControllerError(ReentrantHost& host, WritableStream& stream, ValueSlot error) {
  // 1, 2.
  SLUICE_ASSERT(stream.state == StreamState::kWritable, "WritableStreamDefaultControllerError", "state is writable");
  // 3.
  WritableStreamDefaultControllerClearAlgorithms(host, stream);
  // 4.
  WritableStreamStartErroring(host, stream, error);
}

// https://streams.spec.whatwg.org/#writable-stream-default-controller-error-if-needed
void WritableStreamDefaultControllerErrorIfNeeded(ReentrantHost& host, WritableStream& stream, ValueSlot error) {
  // 1.
  if (stream.state == StreamState::kWritable) WritableStreamDefaultControllerError(host, stream, error);
}

// https://streams.spec.whatwg.org/#writable-stream-default-controller-get-backpressure
bool WritableStreamDefaultControllerGetBackpressure(const WritableStream& stream) {
  // 1.
  const double desiredSize = WritableStreamDefaultControllerGetDesiredSize(stream);
  // 2. False for NaN, as the standard has it.
  return desiredSize <= 0;
}

// https://streams.spec.whatwg.org/#writable-stream-default-controller-get-chunk-size
double WritableStreamDefaultControllerGetChunkSize(ReentrantHost& host, WritableStream& stream, ValueSlot chunk) {
  // 1.
  if (stream.controller.strategySizeAlgorithm == Algorithm::kUndefined) {
    // 1.1.
    // Deviation: not asserted. A write() while sink close is pending comes here with the state still "writable"
    // (whatwg/streams#1218; WriteWhileSinkCloseIsPending).
    // 1.2.
    return 1;
  }
  if (stream.controller.strategySizeAlgorithm == Algorithm::kDefault) return 1;
  // 2.
  const Completion<double> returnValue = host.PerformSizeAlgorithm(stream.self, chunk);
  // 3.
  if (returnValue.is_thrown()) {
    // 3.1.
    WritableStreamDefaultControllerErrorIfNeeded(host, stream, returnValue.thrown().value);
    host.Drop(returnValue.thrown().value);
    // 3.2.
    return 1;
  }
  // 4.
  return returnValue.value();
}

// https://streams.spec.whatwg.org/#writable-stream-default-controller-get-desired-size
double WritableStreamDefaultControllerGetDesiredSize(const WritableStream& stream) {
  // 1.
  return stream.controller.strategyHWM - stream.controller.queueTotalSize;
}

// https://streams.spec.whatwg.org/#writable-stream-default-controller-process-close
void WritableStreamDefaultControllerProcessClose(ReentrantHost& host, WritableStream& stream) {
  // 1, 2.
  WritableStreamMarkCloseRequestInFlight(stream);
  // 3.
  host.Drop(DequeueValue(stream.controller));
  // 4.
  SLUICE_ASSERT(stream.controller.queue.empty(), "WritableStreamDefaultControllerProcessClose", "the queue is empty");
  SLUICE_ASSERT(stream.controller.closeAlgorithm != Algorithm::kUndefined,
                "WritableStreamDefaultControllerProcessClose", "there is an algorithm");
  // 5. close() runs here and may change anything.
  const PromiseSlot sinkClosePromise = stream.controller.closeAlgorithm == Algorithm::kHost
                                           ? host.PerformCloseAlgorithm(stream.self)
                                           : host.NewPromiseResolved();
  // 6.
  WritableStreamDefaultControllerClearAlgorithms(host, stream);
  // 7, 8.
  host.UponSettled(sinkClosePromise, {ReactionKind::kClose, stream.self, {}});
  host.Drop(sinkClosePromise);
}

// https://streams.spec.whatwg.org/#writable-stream-default-controller-process-write
void WritableStreamDefaultControllerProcessWrite(ReentrantHost& host, WritableStream& stream, ValueSlot chunk) {
  // 1, 2.
  WritableStreamMarkFirstWriteRequestInFlight(stream);
  SLUICE_ASSERT(stream.controller.writeAlgorithm != Algorithm::kUndefined,
                "WritableStreamDefaultControllerProcessWrite", "there is an algorithm");
  // 3. write() runs here and may change anything.
  const PromiseSlot sinkWritePromise = stream.controller.writeAlgorithm == Algorithm::kHost
                                           ? host.PerformWriteAlgorithm(stream.self, chunk)
                                           : host.NewPromiseResolved();
  // 4, 5.
  host.UponSettled(sinkWritePromise, {ReactionKind::kWrite, stream.self, {}});
  host.Drop(sinkWritePromise);
}

void OnSinkWriteFulfilled(ReentrantHost& host, WritableStream& stream) {
  // WritableStreamDefaultControllerProcessWrite, 4.1.
  WritableStreamFinishInFlightWrite(host, stream);
  // WritableStreamDefaultControllerProcessWrite, 4.2.
  const StreamState state = stream.state;
  // WritableStreamDefaultControllerProcessWrite, 4.3.
  SLUICE_ASSERT(state == StreamState::kWritable || state == StreamState::kErroring,
                "WritableStreamDefaultControllerProcessWrite", "state is writable or erroring");
  // WritableStreamDefaultControllerProcessWrite, 4.4.
  host.Drop(DequeueValue(stream.controller));
  // WritableStreamDefaultControllerProcessWrite, 4.5.
  if (!WritableStreamCloseQueuedOrInFlight(stream) && state == StreamState::kWritable) {
    // WritableStreamDefaultControllerProcessWrite, 4.5.1.
    const bool backpressure = WritableStreamDefaultControllerGetBackpressure(stream);
    // WritableStreamDefaultControllerProcessWrite, 4.5.2.
    WritableStreamUpdateBackpressure(host, stream, backpressure);
  }
  // WritableStreamDefaultControllerProcessWrite, 4.6.
  WritableStreamDefaultControllerAdvanceQueueIfNeeded(host, stream);
}

void OnSinkWriteRejected(ReentrantHost& host, WritableStream& stream, ValueSlot reason) {
  // WritableStreamDefaultControllerProcessWrite, 5.1.
  if (stream.state == StreamState::kWritable) WritableStreamDefaultControllerClearAlgorithms(host, stream);
  // WritableStreamDefaultControllerProcessWrite, 5.2.
  WritableStreamFinishInFlightWriteWithError(host, stream, reason);
}

// https://streams.spec.whatwg.org/#writable-stream-default-controller-write
void WritableStreamDefaultControllerWrite(ReentrantHost& host, WritableStream& stream, ValueSlot chunk,
                                          double chunkSize, uint64_t charge) {
  // 1.
  const Completion<> enqueueResult =
      EnqueueValueWithSize(host, stream.self, stream.controller, chunk, chunkSize, charge);
  // 2.
  if (enqueueResult.is_thrown()) {
    // 2.1.
    WritableStreamDefaultControllerErrorIfNeeded(host, stream, enqueueResult.thrown().value);
    host.Drop(enqueueResult.thrown().value);
    // 2.2.
    return;
  }
  // 3, 4.
  if (!WritableStreamCloseQueuedOrInFlight(stream) && stream.state == StreamState::kWritable) {
    // 4.1.
    const bool backpressure = WritableStreamDefaultControllerGetBackpressure(stream);
    // 4.2.
    WritableStreamUpdateBackpressure(host, stream, backpressure);
  }
  // 5.
  WritableStreamDefaultControllerAdvanceQueueIfNeeded(host, stream);
}

}  // namespace sluice::core
