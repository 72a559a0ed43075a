// Step numbers are those of the Streams Standard, revision b9ba9f4.
#include "src/core/writable_stream.h"

#include "src/core/queue_with_sizes.h"
#include "src/core/writable_stream_default_controller.h"
#include "src/core/writable_stream_default_writer.h"

namespace sluice::core {
namespace {

[[maybe_unused]] bool IsWritableOrErroring(const WritableStream& stream) {
  return stream.state == StreamState::kWritable || stream.state == StreamState::kErroring;
}

// Sets a slot that owns its promise to undefined.
void Clear(Host& host, PromiseSlot& slot) {
  host.Drop(slot);
  slot = {};
}

}  // namespace

// https://streams.spec.whatwg.org/#acquire-writable-stream-default-writer
Completion<WriterSlot> AcquireWritableStreamDefaultWriter(Host& host, WritableStream& stream, WriterSlot writer) {
  // 1. The host made `writer`.
  // 2.
  SLUICE_TRY(done, SetUpWritableStreamDefaultWriter(host, writer, stream));
  // 3.
  return writer;
}

// https://streams.spec.whatwg.org/#create-writable-stream
Completion<> CreateWritableStream(ReentrantHost& host, WritableStream& stream, const UnderlyingSink& algorithms,
                                  double highWaterMark, Algorithm sizeAlgorithm, std::optional<uint64_t> byte_limit) {
  // 1.
  SLUICE_ASSERT(IsNonNegativeNumber(highWaterMark), "CreateWritableStream", "highWaterMark is not negative");
  // 2. The host made `stream`.
  // 3.
  InitializeWritableStream(stream);
  // 4, 5, 6. The controller is part of the stream.
  return SetUpWritableStreamDefaultControllerFromUnderlyingSink(host, stream, algorithms, highWaterMark, sizeAlgorithm,
                                                                byte_limit);
}

// https://streams.spec.whatwg.org/#initialize-writable-stream
void InitializeWritableStream(WritableStream& stream) {
  // 1.
  stream.state = StreamState::kWritable;
  // 2. There is no controller as long as it does not exist; what else it has is set up with it.
  stream.storedError = kUndefined;
  stream.writer = {};
  stream.controller.exists = false;
  stream.inFlightWriteRequest = {};
  stream.closeRequest = {};
  stream.inFlightCloseRequest = {};
  stream.pendingAbortRequest.reset();
  // 3.
  stream.writeRequests.clear();
  // 4.
  stream.backpressure = false;
}

// https://streams.spec.whatwg.org/#is-writable-stream-locked
bool IsWritableStreamLocked(const WritableStream& stream) {
  // 1, 2.
  return !stream.writer.is_undefined();
}

// https://streams.spec.whatwg.org/#set-up-writable-stream-default-writer
Completion<> SetUpWritableStreamDefaultWriter(Host& host, WriterSlot writer_slot, WritableStream& stream) {
  // 1.
  if (IsWritableStreamLocked(stream)) return Thrown{host.NewTypeError(TypeErrorReason::kStreamIsLocked)};
  // 2.
  WritableStreamDefaultWriter& writer = host.Writer(writer_slot);
  writer.stream = stream.self;
  // 3.
  stream.writer = writer_slot;
  // 4.
  const StreamState state = stream.state;
  switch (state) {
    case StreamState::kWritable:
      // 5, 5.1, 5.2.
      writer.readyPromise = !WritableStreamCloseQueuedOrInFlight(stream) && stream.backpressure
                                ? host.NewWriterPromise(writer_slot, WriterPromise::kReady)
                                : host.NewWriterPromiseResolved(writer_slot, WriterPromise::kReady);
      // 5.3.
      writer.closedPromise = host.NewWriterPromise(writer_slot, WriterPromise::kClosed);
      break;
    case StreamState::kErroring:
      // 6, 6.1, 6.2.
      writer.readyPromise = host.NewWriterPromiseRejected(writer_slot, WriterPromise::kReady, stream.storedError);
      // 6.3.
      writer.closedPromise = host.NewWriterPromise(writer_slot, WriterPromise::kClosed);
      break;
    case StreamState::kClosed:
      // 7, 7.1.
      writer.readyPromise = host.NewWriterPromiseResolved(writer_slot, WriterPromise::kReady);
      // 7.2.
      writer.closedPromise = host.NewWriterPromiseResolved(writer_slot, WriterPromise::kClosed);
      break;
    case StreamState::kErrored:
      // 8, 8.1, 8.2, 8.3, 8.4.
      writer.readyPromise = host.NewWriterPromiseRejected(writer_slot, WriterPromise::kReady, stream.storedError);
      // 8.5, 8.6.
      writer.closedPromise = host.NewWriterPromiseRejected(writer_slot, WriterPromise::kClosed, stream.storedError);
      break;
  }
  return NormalCompletion();
}

// https://streams.spec.whatwg.org/#writable-stream-abort
PromiseSlot WritableStreamAbort(ReentrantHost& host, WritableStream& stream, ValueSlot reason) {
  // 1.
  if (stream.state == StreamState::kClosed || stream.state == StreamState::kErrored) return host.NewPromiseResolved();
  // 2. Listeners run here and may change anything.
  host.SignalAbort(stream.self, reason);
  // 3.
  const StreamState state = stream.state;
  // 4.
  if (state == StreamState::kClosed || state == StreamState::kErrored) return host.NewPromiseResolved();
  // 5.
  if (stream.pendingAbortRequest.has_value()) return host.Retain(stream.pendingAbortRequest->promise);
  // 6.
  SLUICE_ASSERT(IsWritableOrErroring(stream), "WritableStreamAbort", "state is writable or erroring");
  // 7.
  bool wasAlreadyErroring = false;
  // 8.
  if (state == StreamState::kErroring) {
    // 8.1.
    wasAlreadyErroring = true;
    // 8.2.
    reason = kUndefined;
  }
  // 9.
  const PromiseSlot promise = host.NewPromise();
  // 10. The request may be gone when step 11 returns, so the caller's reference is taken first.
  stream.pendingAbortRequest = {.promise = host.Keep(promise, Place::kAbortRequest, stream.self),
                                .reason = host.Keep(reason, Place::kAbortReason, stream.self),
                                .wasAlreadyErroring = wasAlreadyErroring};
  // 11.
  if (!wasAlreadyErroring) WritableStreamStartErroring(host, stream, reason);
  // 12.
  return promise;
}

// https://streams.spec.whatwg.org/#writable-stream-close
PromiseSlot WritableStreamClose(ReentrantHost& host, WritableStream& stream) {
  // 1.
  const StreamState state = stream.state;
  // 2.
  if (state == StreamState::kClosed || state == StreamState::kErrored) {
    const ValueSlot error = host.NewTypeError(TypeErrorReason::kCannotCloseClosedStream);
    const PromiseSlot rejected = host.NewPromiseRejected(error);
    host.Drop(error);
    return rejected;
  }
  // 3.
  SLUICE_ASSERT(IsWritableOrErroring(stream), "WritableStreamClose", "state is writable or erroring");
  // 4.
  SLUICE_ASSERT(!WritableStreamCloseQueuedOrInFlight(stream), "WritableStreamClose", "no close is queued or in flight");
  // 5.
  const PromiseSlot promise = host.NewPromise();
  // 6.
  stream.closeRequest = host.Keep(promise, Place::kCloseRequest, stream.self);
  // 7, 8.
  if (!stream.writer.is_undefined() && stream.backpressure && state == StreamState::kWritable) {
    host.Resolve(host.Writer(stream.writer).readyPromise);
  }
  // 9.
  WritableStreamDefaultControllerClose(host, stream);
  // 10.
  return promise;
}

// https://streams.spec.whatwg.org/#writable-stream-add-write-request
PromiseSlot WritableStreamAddWriteRequest(Host& host, WritableStream& stream) {
  // 1.
  SLUICE_ASSERT(IsWritableStreamLocked(stream), "WritableStreamAddWriteRequest", "the stream is locked");
  // 2.
  SLUICE_ASSERT(stream.state == StreamState::kWritable, "WritableStreamAddWriteRequest", "state is writable");
  // 3.
  const PromiseSlot promise = host.NewPromise();
  // 4.
  stream.writeRequests.push_back(host.Keep(promise, Place::kWriteRequest, stream.self));
  // 5.
  return promise;
}

// https://streams.spec.whatwg.org/#writable-stream-close-queued-or-in-flight
bool WritableStreamCloseQueuedOrInFlight(const WritableStream& stream) {
  // 1, 2.
  return !stream.closeRequest.is_undefined() || !stream.inFlightCloseRequest.is_undefined();
}

// https://streams.spec.whatwg.org/#writable-stream-deal-with-rejection
void WritableStreamDealWithRejection(ReentrantHost& host, WritableStream& stream, ValueSlot error) {
  // 1.
  const StreamState state = stream.state;
  // 2.
  if (state == StreamState::kWritable) {
    // 2.1.
    WritableStreamStartErroring(host, stream, error);
    // 2.2.
    return;
  }
  // 3.
  SLUICE_ASSERT(state == StreamState::kErroring, "WritableStreamDealWithRejection", "state is erroring");
  // 4.
  WritableStreamFinishErroring(host, stream);
}

// https://streams.spec.whatwg.org/#writable-stream-finish-erroring
void WritableStreamFinishErroring(ReentrantHost& host, WritableStream& stream) {
  // 1.
  SLUICE_ASSERT(stream.state == StreamState::kErroring, "WritableStreamFinishErroring", "state is erroring");
  // 2.
  SLUICE_ASSERT(!WritableStreamHasOperationMarkedInFlight(stream), "WritableStreamFinishErroring",
                "no operation is in flight");
  // 3.
  stream.state = StreamState::kErrored;
  // 4.
  ErrorSteps(host, stream);
  // 5.
  const ValueSlot storedError = stream.storedError;
  // 6, 6.1.
  for (const PromiseSlot writeRequest : stream.writeRequests) {
    host.Reject(writeRequest, storedError);
    host.Drop(writeRequest);
  }
  // 7.
  stream.writeRequests.clear();
  // 8.
  if (!stream.pendingAbortRequest.has_value()) {
    // 8.1.
    WritableStreamRejectCloseAndClosedPromiseIfNeeded(host, stream);
    // 8.2.
    return;
  }
  // 9.
  const PendingAbortRequest abortRequest = *stream.pendingAbortRequest;
  // 10.
  stream.pendingAbortRequest.reset();
  // 11.
  if (abortRequest.wasAlreadyErroring) {
    // 11.1.
    host.Reject(abortRequest.promise, storedError);
    host.Drop(abortRequest.promise);
    host.Drop(abortRequest.reason);
    // 11.2.
    WritableStreamRejectCloseAndClosedPromiseIfNeeded(host, stream);
    // 11.3.
    return;
  }
  // 12.
  const PromiseSlot promise = AbortSteps(host, stream, abortRequest.reason);
  host.Drop(abortRequest.reason);
  // 13, 14. The reaction owns abortRequest's promise now.
  host.UponSettled(promise, {ReactionKind::kAbort, stream.self, abortRequest.promise});
  host.Drop(promise);
}

// https://streams.spec.whatwg.org/#writable-stream-finish-in-flight-close
void WritableStreamFinishInFlightClose(Host& host, WritableStream& stream) {
  // 1.
  SLUICE_ASSERT(!stream.inFlightCloseRequest.is_undefined(), "WritableStreamFinishInFlightClose",
                "a close is in flight");
  // 2.
  host.Resolve(stream.inFlightCloseRequest);
  // 3.
  Clear(host, stream.inFlightCloseRequest);
  // 4.
  const StreamState state = stream.state;
  // 5.
  SLUICE_ASSERT(IsWritableOrErroring(stream), "WritableStreamFinishInFlightClose", "state is writable or erroring");
  // 6.
  if (state == StreamState::kErroring) {
    // 6.1. The error was too late to matter.
    host.Drop(stream.storedError);
    stream.storedError = kUndefined;
    // 6.2.
    if (stream.pendingAbortRequest.has_value()) {
      // 6.2.1.
      host.Resolve(stream.pendingAbortRequest->promise);
      // 6.2.2.
      host.Drop(stream.pendingAbortRequest->promise);
      host.Drop(stream.pendingAbortRequest->reason);
      stream.pendingAbortRequest.reset();
    }
  }
  // 7.
  stream.state = StreamState::kClosed;
  // 8, 9.
  if (!stream.writer.is_undefined()) host.Resolve(host.Writer(stream.writer).closedPromise);
  // 10.
  SLUICE_ASSERT(!stream.pendingAbortRequest.has_value(), "WritableStreamFinishInFlightClose", "no abort is pending");
  // 11.
  SLUICE_ASSERT(stream.storedError.is_undefined(), "WritableStreamFinishInFlightClose", "no error is stored");
}

// https://streams.spec.whatwg.org/#writable-stream-finish-in-flight-close-with-error
void WritableStreamFinishInFlightCloseWithError(ReentrantHost& host, WritableStream& stream, ValueSlot error) {
  // 1.
  SLUICE_ASSERT(!stream.inFlightCloseRequest.is_undefined(), "WritableStreamFinishInFlightCloseWithError",
                "a close is in flight");
  // 2.
  host.Reject(stream.inFlightCloseRequest, error);
  // 3.
  Clear(host, stream.inFlightCloseRequest);
  // 4.
  SLUICE_ASSERT(IsWritableOrErroring(stream), "WritableStreamFinishInFlightCloseWithError",
                "state is writable or erroring");
  // 5.
  if (stream.pendingAbortRequest.has_value()) {
    // 5.1.
    host.Reject(stream.pendingAbortRequest->promise, error);
    // 5.2.
    host.Drop(stream.pendingAbortRequest->promise);
    host.Drop(stream.pendingAbortRequest->reason);
    stream.pendingAbortRequest.reset();
  }
  // 6.
  WritableStreamDealWithRejection(host, stream, error);
}

// https://streams.spec.whatwg.org/#writable-stream-finish-in-flight-write
void WritableStreamFinishInFlightWrite(Host& host, WritableStream& stream) {
  // 1.
  SLUICE_ASSERT(!stream.inFlightWriteRequest.is_undefined(), "WritableStreamFinishInFlightWrite",
                "a write is in flight");
  // 2.
  host.Resolve(stream.inFlightWriteRequest);
  // 3.
  Clear(host, stream.inFlightWriteRequest);
}

// https://streams.spec.whatwg.org/#writable-stream-finish-in-flight-write-with-error
void WritableStreamFinishInFlightWriteWithError(ReentrantHost& host, WritableStream& stream, ValueSlot error) {
  // 1.
  SLUICE_ASSERT(!stream.inFlightWriteRequest.is_undefined(), "WritableStreamFinishInFlightWriteWithError",
                "a write is in flight");
  // 2.
  host.Reject(stream.inFlightWriteRequest, error);
  // 3.
  Clear(host, stream.inFlightWriteRequest);
  // 4.
  SLUICE_ASSERT(IsWritableOrErroring(stream), "WritableStreamFinishInFlightWriteWithError",
                "state is writable or erroring");
  // 5.
  WritableStreamDealWithRejection(host, stream, error);
}

// https://streams.spec.whatwg.org/#writable-stream-has-operation-marked-in-flight
bool WritableStreamHasOperationMarkedInFlight(const WritableStream& stream) {
  // 1, 2.
  return !stream.inFlightWriteRequest.is_undefined() || !stream.inFlightCloseRequest.is_undefined();
}

// https://streams.spec.whatwg.org/#writable-stream-mark-close-request-in-flight
void WritableStreamMarkCloseRequestInFlight(WritableStream& stream) {
  // 1.
  SLUICE_ASSERT(stream.inFlightCloseRequest.is_undefined(), "WritableStreamMarkCloseRequestInFlight",
                "no close is in flight");
  // 2.
  SLUICE_ASSERT(!stream.closeRequest.is_undefined(), "WritableStreamMarkCloseRequestInFlight", "a close is requested");
  // 3.
  stream.inFlightCloseRequest = stream.closeRequest;
  // 4.
  stream.closeRequest = {};
}

// https://streams.spec.whatwg.org/#writable-stream-mark-first-write-request-in-flight
void WritableStreamMarkFirstWriteRequestInFlight(WritableStream& stream) {
  // 1.
  SLUICE_ASSERT(stream.inFlightWriteRequest.is_undefined(), "WritableStreamMarkFirstWriteRequestInFlight",
                "no write is in flight");
  // 2.
  SLUICE_ASSERT(!stream.writeRequests.empty(), "WritableStreamMarkFirstWriteRequestInFlight",
                "writeRequests is not empty");
  // 3.
  const PromiseSlot writeRequest = stream.writeRequests.front();
  // 4.
  stream.writeRequests.pop_front();
  // 5.
  stream.inFlightWriteRequest = writeRequest;
}

// https://streams.spec.whatwg.org/#writable-stream-reject-close-and-closed-promise-if-needed
void WritableStreamRejectCloseAndClosedPromiseIfNeeded(Host& host, WritableStream& stream) {
  // 1.
  SLUICE_ASSERT(stream.state == StreamState::kErrored, "WritableStreamRejectCloseAndClosedPromiseIfNeeded",
                "state is errored");
  // 2.
  if (!stream.closeRequest.is_undefined()) {
    // 2.1.
    SLUICE_ASSERT(stream.inFlightCloseRequest.is_undefined(), "WritableStreamRejectCloseAndClosedPromiseIfNeeded",
                  "no close is in flight");
    // 2.2.
    host.Reject(stream.closeRequest, stream.storedError);
    // 2.3.
    Clear(host, stream.closeRequest);
  }
  // 3, 4, 4.1, 4.2.
  // Deviation: a writer that was acquired after the stream errored, while sink abort was pending, has a closed promise
  // that is rejected already. Rejecting it again does nothing, and that is not asserted
  // (AcquireWriterWhileSinkAbortIsPending).
  if (!stream.writer.is_undefined()) {
    host.RejectAndMarkHandled(host.Writer(stream.writer).closedPromise, stream.storedError);
  }
}

// https://streams.spec.whatwg.org/#writable-stream-start-erroring
void WritableStreamStartErroring(ReentrantHost& host, WritableStream& stream, ValueSlot reason) {
  // 1.
  SLUICE_ASSERT(stream.storedError.is_undefined(), "WritableStreamStartErroring", "no error is stored");
  // 2.
  SLUICE_ASSERT(stream.state == StreamState::kWritable, "WritableStreamStartErroring", "state is writable");
  // 3, 4.
  SLUICE_ASSERT(stream.controller.exists, "WritableStreamStartErroring", "the stream has a controller");
  // 5.
  stream.state = StreamState::kErroring;
  // 6.
  stream.storedError = host.Keep(reason, Place::kStoredError, stream.self);
  // 7, 8.
  if (!stream.writer.is_undefined()) {
    WritableStreamDefaultWriterEnsureReadyPromiseRejected(host, stream.writer, reason);
  }
  // 9.
  if (!WritableStreamHasOperationMarkedInFlight(stream) && stream.controller.started) {
    WritableStreamFinishErroring(host, stream);
  }
}

// https://streams.spec.whatwg.org/#writable-stream-update-backpressure
void WritableStreamUpdateBackpressure(Host& host, WritableStream& stream, bool backpressure) {
  // 1.
  SLUICE_ASSERT(stream.state == StreamState::kWritable, "WritableStreamUpdateBackpressure", "state is writable");
  // 2.
  SLUICE_ASSERT(!WritableStreamCloseQueuedOrInFlight(stream), "WritableStreamUpdateBackpressure",
                "no close is queued or in flight");
  // 3, 4.
  if (!stream.writer.is_undefined() && backpressure != stream.backpressure) {
    WritableStreamDefaultWriter& writer = host.Writer(stream.writer);
    if (backpressure) {
      // 4.1.
      host.Drop(writer.readyPromise);
      writer.readyPromise = host.NewWriterPromise(stream.writer, WriterPromise::kReady);
    } else {
      // 4.2, 4.2.1, 4.2.2.
      host.Resolve(writer.readyPromise);
    }
  }
  // 5.
  stream.backpressure = backpressure;
}

void OnSettled(ReentrantHost& host, const Reaction& reaction, bool fulfilled, ValueSlot value) {
  WritableStream& stream = host.Stream(reaction.stream);
  switch (reaction.kind) {
    case ReactionKind::kStart:
      fulfilled ? OnStartFulfilled(host, stream) : OnStartRejected(host, stream, value);
      break;
    case ReactionKind::kWrite:
      fulfilled ? OnSinkWriteFulfilled(host, stream) : OnSinkWriteRejected(host, stream, value);
      break;
    case ReactionKind::kClose:
      // WritableStreamDefaultControllerProcessClose, 7.1, 8.1.
      fulfilled ? WritableStreamFinishInFlightClose(host, stream)
                : WritableStreamFinishInFlightCloseWithError(host, stream, value);
      break;
    case ReactionKind::kAbort:
      // WritableStreamFinishErroring, 13.1, 14.1.
      fulfilled ? host.Resolve(reaction.abort_promise) : host.Reject(reaction.abort_promise, value);
      host.Drop(reaction.abort_promise);
      // WritableStreamFinishErroring, 13.2, 14.2.
      WritableStreamRejectCloseAndClosedPromiseIfNeeded(host, stream);
      break;
  }
}

void ReleaseSlots(Host& host, WritableStream& stream) {
  ResetQueue(host, stream.controller);
  for (const PromiseSlot writeRequest : stream.writeRequests) host.Drop(writeRequest);
  stream.writeRequests.clear();
  Clear(host, stream.closeRequest);
  Clear(host, stream.inFlightWriteRequest);
  Clear(host, stream.inFlightCloseRequest);
  if (stream.pendingAbortRequest.has_value()) {
    host.Drop(stream.pendingAbortRequest->promise);
    host.Drop(stream.pendingAbortRequest->reason);
    stream.pendingAbortRequest.reset();
  }
  host.Drop(stream.storedError);
  stream.storedError = kUndefined;
}

void ReleaseSlots(Host& host, WritableStreamDefaultWriter& writer) {
  Clear(host, writer.readyPromise);
  Clear(host, writer.closedPromise);
  writer.stream = {};
}

}  // namespace sluice::core
