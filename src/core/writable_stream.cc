// Step numbers are those of the Streams Standard, revision b9ba9f4.
#include "src/core/writable_stream.h"

#include "src/core/operation.h"
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
  const Operation operation("AcquireWritableStreamDefaultWriter");
  // 1. The host made `writer`.
  // 2. Fails if the stream is locked.
  SLUICE_TRY(done, SetUpWritableStreamDefaultWriter(host, writer, stream));
  // 3. The writer holds the lock now.
  return writer;
}

// https://streams.spec.whatwg.org/#create-writable-stream
Completion<> CreateWritableStream(ReentrantHost& host, WritableStream& stream, const UnderlyingSink& algorithms,
                                  double highWaterMark, Algorithm sizeAlgorithm, std::optional<uint64_t> byte_limit) {
  const Operation operation("CreateWritableStream");
  // 1. Callers have validated it.
  SLUICE_ASSERT(IsNonNegativeNumber(highWaterMark), "CreateWritableStream", "highWaterMark is not negative");
  // 2. The host made `stream`.
  // 3. Default values for all slots.
  InitializeWritableStream(stream);
  // 4, 5, 6. The controller is part of the stream.
  return SetUpWritableStreamDefaultControllerFromUnderlyingSink(host, stream, algorithms, highWaterMark, sizeAlgorithm,
                                                                byte_limit);
}

// https://streams.spec.whatwg.org/#initialize-writable-stream
void InitializeWritableStream(WritableStream& stream) {
  const Operation operation("InitializeWritableStream");
  // 1. A new stream accepts writes.
  stream.state = StreamState::kWritable;
  // 2. There is no controller as long as it does not exist; what else it has is set up with it.
  stream.storedError = kUndefined;
  stream.writer = {};
  stream.controller.exists = false;
  stream.inFlightWriteRequest = {};
  stream.closeRequest = {};
  stream.inFlightCloseRequest = {};
  stream.pendingAbortRequest.reset();
  // 3. No write is queued.
  stream.writeRequests.clear();
  // 4. The controller's setup computes the real value.
  stream.backpressure = false;
}

// https://streams.spec.whatwg.org/#is-writable-stream-locked
bool IsWritableStreamLocked(const WritableStream& stream) {
  const Operation operation("IsWritableStreamLocked");
  // 1, 2. A stream with a writer is locked.
  return !stream.writer.is_undefined();
}

// https://streams.spec.whatwg.org/#set-up-writable-stream-default-writer
Completion<> SetUpWritableStreamDefaultWriter(Host& host, WriterSlot writer_slot, WritableStream& stream) {
  const Operation operation("SetUpWritableStreamDefaultWriter");
  // 1. A stream has one writer at a time.
  if (IsWritableStreamLocked(stream)) return Thrown{host.NewTypeError(TypeErrorReason::kStreamIsLocked)};
  // 2. Writer and stream refer to each other.
  WritableStreamDefaultWriter& writer = host.Writer(writer_slot);
  writer.stream = stream.self;
  // 3. This locks the stream.
  stream.writer = writer_slot;
  // 4. Read once: nothing below runs user code.
  const StreamState state = stream.state;
  switch (state) {
    case StreamState::kWritable:
      // 5, 5.1, 5.2. `ready` is pending under backpressure.
      writer.readyPromise = !WritableStreamCloseQueuedOrInFlight(stream) && stream.backpressure
                                ? host.NewWriterPromise(writer_slot, WriterPromise::kReady)
                                : host.NewWriterPromiseResolved(writer_slot, WriterPromise::kReady);
      // 5.3. `closed` waits for the end.
      writer.closedPromise = host.NewWriterPromise(writer_slot, WriterPromise::kClosed);
      break;
    case StreamState::kErroring:
      // 6, 6.1, 6.2. Writes fail already, so `ready` is rejected.
      writer.readyPromise = host.NewWriterPromiseRejected(writer_slot, WriterPromise::kReady, stream.storedError);
      // 6.3. `closed` waits until the stream has errored.
      writer.closedPromise = host.NewWriterPromise(writer_slot, WriterPromise::kClosed);
      break;
    case StreamState::kClosed:
      // 7, 7.1. A closed stream needs no waiting.
      writer.readyPromise = host.NewWriterPromiseResolved(writer_slot, WriterPromise::kReady);
      // 7.2. It has closed already.
      writer.closedPromise = host.NewWriterPromiseResolved(writer_slot, WriterPromise::kClosed);
      break;
    case StreamState::kErrored:
      // 8, 8.1, 8.2, 8.3, 8.4. An errored stream rejects both promises.
      writer.readyPromise = host.NewWriterPromiseRejected(writer_slot, WriterPromise::kReady, stream.storedError);
      // 8.5, 8.6. Also marked as handled.
      writer.closedPromise = host.NewWriterPromiseRejected(writer_slot, WriterPromise::kClosed, stream.storedError);
      break;
  }
  return NormalCompletion();
}

// https://streams.spec.whatwg.org/#writable-stream-abort
PromiseSlot WritableStreamAbort(ReentrantHost& host, WritableStream& stream, ValueSlot reason) {
  const Operation operation("WritableStreamAbort");
  // 1. Too late: the stream has ended.
  if (stream.state == StreamState::kClosed || stream.state == StreamState::kErrored) return host.NewPromiseResolved();
  // 2. Listeners run here and may change anything.
  host.SignalAbort(stream.self, reason);
  // 3. Read again after user code.
  const StreamState state = stream.state;
  // 4. A listener has ended the stream.
  if (state == StreamState::kClosed || state == StreamState::kErrored) return host.NewPromiseResolved();
  // 5. Every abort() shares the first one's promise.
  if (stream.pendingAbortRequest.has_value()) return host.Retain(stream.pendingAbortRequest->promise);
  // 6. Steps 1 and 4 returned otherwise.
  SLUICE_ASSERT(IsWritableOrErroring(stream), "WritableStreamAbort", "state is writable or erroring");
  // 7. Whether another error came first.
  bool wasAlreadyErroring = false;
  // 8. The stream was failing before.
  if (state == StreamState::kErroring) {
    // 8.1. So the sink is not aborted.
    wasAlreadyErroring = true;
    // 8.2. And the reason is not used.
    reason = kUndefined;
  }
  // 9. It settles when the sink's abort has.
  const PromiseSlot promise = host.NewPromise();
  // 10. The request may be gone when step 11 returns, so the caller's reference is taken first.
  stream.pendingAbortRequest = {.promise = host.Store(promise, Place::kAbortRequest, stream.self),
                                .reason = host.Store(reason, Place::kAbortReason, stream.self),
                                .wasAlreadyErroring = wasAlreadyErroring};
  // 11. abort() is the error.
  if (!wasAlreadyErroring) WritableStreamStartErroring(host, stream, reason);
  // 12. Settled by WritableStreamFinishErroring, or with a close in flight.
  return promise;
}

// https://streams.spec.whatwg.org/#writable-stream-close
PromiseSlot WritableStreamClose(ReentrantHost& host, WritableStream& stream) {
  const Operation operation("WritableStreamClose");
  // 1. No user code runs before step 9.
  const StreamState state = stream.state;
  // 2. The stream has ended.
  if (state == StreamState::kClosed || state == StreamState::kErrored) {
    const ValueSlot error = host.NewTypeError(TypeErrorReason::kCannotCloseClosedStream);
    const PromiseSlot rejected = host.NewPromiseRejected(error);
    host.Drop(error);
    return rejected;
  }
  // 3. Step 2 returned otherwise.
  SLUICE_ASSERT(IsWritableOrErroring(stream), "WritableStreamClose", "state is writable or erroring");
  // 4. Callers have checked it.
  SLUICE_ASSERT(!WritableStreamCloseQueuedOrInFlight(stream), "WritableStreamClose", "no close is queued or in flight");
  // 5. It settles with the sink's close.
  const PromiseSlot promise = host.NewPromise();
  // 6. At most one close is queued.
  stream.closeRequest = host.Store(promise, Place::kCloseRequest, stream.self);
  // 7, 8. A close needs no room in the queue: `ready` resolves.
  if (!stream.writer.is_undefined() && stream.backpressure && state == StreamState::kWritable) {
    host.Resolve(host.Writer(stream.writer).readyPromise);
  }
  // 9. Queued after all writes.
  WritableStreamDefaultControllerClose(host, stream);
  // 10. Settled by the in-flight close, or by an error.
  return promise;
}

// https://streams.spec.whatwg.org/#writable-stream-add-write-request
PromiseSlot WritableStreamAddWriteRequest(Host& host, WritableStream& stream) {
  const Operation operation("WritableStreamAddWriteRequest");
  // 1. Only a writer writes.
  SLUICE_ASSERT(IsWritableStreamLocked(stream), "WritableStreamAddWriteRequest", "the stream is locked");
  // 2. Callers have checked it.
  SLUICE_ASSERT(stream.state == StreamState::kWritable, "WritableStreamAddWriteRequest", "state is writable");
  // 3. It settles when the sink has taken the chunk.
  const PromiseSlot promise = host.NewPromise();
  // 4. One request for each queued chunk, in order.
  stream.writeRequests.push_back(host.Store(promise, Place::kWriteRequest, stream.self));
  // 5. This is the result of write().
  return promise;
}

// https://streams.spec.whatwg.org/#writable-stream-close-queued-or-in-flight
bool WritableStreamCloseQueuedOrInFlight(const WritableStream& stream) {
  const Operation operation("WritableStreamCloseQueuedOrInFlight");
  // 1, 2. From close() until the sink's close settles.
  return !stream.closeRequest.is_undefined() || !stream.inFlightCloseRequest.is_undefined();
}

// https://streams.spec.whatwg.org/#writable-stream-deal-with-rejection
void WritableStreamDealWithRejection(ReentrantHost& host, WritableStream& stream, ValueSlot error) {
  const Operation operation("WritableStreamDealWithRejection");
  // 1. The stream has not ended.
  const StreamState state = stream.state;
  // 2. This is the first error.
  if (state == StreamState::kWritable) {
    // 2.1. The stream starts to fail.
    WritableStreamStartErroring(host, stream, error);
    // 2.2. Start erroring also finishes, if nothing is in flight.
    return;
  }
  // 3. An ended stream has no operation that could fail.
  SLUICE_ASSERT(state == StreamState::kErroring, "WritableStreamDealWithRejection", "state is erroring");
  // 4. Nothing is in flight any more.
  WritableStreamFinishErroring(host, stream);
}

// https://streams.spec.whatwg.org/#writable-stream-finish-erroring
void WritableStreamFinishErroring(ReentrantHost& host, WritableStream& stream) {
  const Operation operation("WritableStreamFinishErroring");
  // 1. WritableStreamStartErroring has set it.
  SLUICE_ASSERT(stream.state == StreamState::kErroring, "WritableStreamFinishErroring", "state is erroring");
  // 2. The sink has finished its last call.
  SLUICE_ASSERT(!WritableStreamHasOperationMarkedInFlight(stream), "WritableStreamFinishErroring",
                "no operation is in flight");
  // 3. Nothing can be written any more.
  stream.state = StreamState::kErrored;
  // 4. Drops the queued chunks.
  ErrorSteps(host, stream);
  // 5. All pending promises get this error.
  const ValueSlot storedError = stream.storedError;
  // 6, 6.1. Writes that never reached the sink.
  for (const PromiseSlot writeRequest : stream.writeRequests) {
    host.Reject(writeRequest, storedError);
    host.Drop(writeRequest);
  }
  // 7. None is left.
  stream.writeRequests.clear();
  // 8. The sink is aborted only if abort() was called.
  if (!stream.pendingAbortRequest.has_value()) {
    // 8.1. `closed` and a queued close get the error.
    WritableStreamRejectCloseAndClosedPromiseIfNeeded(host, stream);
    // 8.2. The stream has ended.
    return;
  }
  // 9. Kept, because step 10 clears the slot.
  const PendingAbortRequest abortRequest = *stream.pendingAbortRequest;
  // 10. Its references are this function's now.
  stream.pendingAbortRequest.reset();
  // 11. The error came before abort().
  if (abortRequest.wasAlreadyErroring) {
    // 11.1. So abort() failed.
    host.Reject(abortRequest.promise, storedError);
    host.Drop(abortRequest.promise);
    host.Drop(abortRequest.reason);
    // 11.2. As in step 8.1.
    WritableStreamRejectCloseAndClosedPromiseIfNeeded(host, stream);
    // 11.3. The sink's abort is not called.
    return;
  }
  // 12. The sink's abort runs here and may change anything.
  const PromiseSlot promise = AbortSteps(host, stream, abortRequest.reason);
  host.Drop(abortRequest.reason);
  // 13, 14. The reaction owns abortRequest's promise now.
  host.UponSettled(promise, {ReactionKind::kAbort, stream.self, abortRequest.promise});
  host.Drop(promise);
}

// https://streams.spec.whatwg.org/#writable-stream-finish-in-flight-close
void WritableStreamFinishInFlightClose(Host& host, WritableStream& stream) {
  const Operation operation("WritableStreamFinishInFlightClose");
  // 1. Only the reaction to the sink's close leads here.
  SLUICE_ASSERT(!stream.inFlightCloseRequest.is_undefined(), "WritableStreamFinishInFlightClose",
                "a close is in flight");
  // 2. close() is done.
  host.Resolve(stream.inFlightCloseRequest);
  // 3. Nothing is in flight.
  Clear(host, stream.inFlightCloseRequest);
  // 4. Resolving runs no user code.
  const StreamState state = stream.state;
  // 5. A stream does not end during its close.
  SLUICE_ASSERT(IsWritableOrErroring(stream), "WritableStreamFinishInFlightClose", "state is writable or erroring");
  // 6. It failed while the sink closed.
  if (state == StreamState::kErroring) {
    // 6.1. The error was too late to matter.
    host.Drop(stream.storedError);
    stream.storedError = kUndefined;
    // 6.2. An abort() waits for the close.
    if (stream.pendingAbortRequest.has_value()) {
      // 6.2.1. The close has done its work.
      host.Resolve(stream.pendingAbortRequest->promise);
      // 6.2.2. Nothing is pending.
      host.Drop(stream.pendingAbortRequest->promise);
      host.Drop(stream.pendingAbortRequest->reason);
      stream.pendingAbortRequest.reset();
    }
  }
  // 7. The stream has ended well.
  stream.state = StreamState::kClosed;
  // 8, 9. `closed` resolves.
  if (!stream.writer.is_undefined()) host.Resolve(host.Writer(stream.writer).closedPromise);
  // 10. Step 6.2.2 cleared it.
  SLUICE_ASSERT(!stream.pendingAbortRequest.has_value(), "WritableStreamFinishInFlightClose", "no abort is pending");
  // 11. Step 6.1 cleared it.
  SLUICE_ASSERT(stream.storedError.is_undefined(), "WritableStreamFinishInFlightClose", "no error is stored");
}

// https://streams.spec.whatwg.org/#writable-stream-finish-in-flight-close-with-error
void WritableStreamFinishInFlightCloseWithError(ReentrantHost& host, WritableStream& stream, ValueSlot error) {
  const Operation operation("WritableStreamFinishInFlightCloseWithError");
  // 1. Only the reaction to the sink's close leads here.
  SLUICE_ASSERT(!stream.inFlightCloseRequest.is_undefined(), "WritableStreamFinishInFlightCloseWithError",
                "a close is in flight");
  // 2. close() failed.
  host.Reject(stream.inFlightCloseRequest, error);
  // 3. Nothing is in flight.
  Clear(host, stream.inFlightCloseRequest);
  // 4. A stream does not end during its close.
  SLUICE_ASSERT(IsWritableOrErroring(stream), "WritableStreamFinishInFlightCloseWithError",
                "state is writable or erroring");
  // 5. An abort() waits for the close.
  if (stream.pendingAbortRequest.has_value()) {
    // 5.1. It failed too.
    host.Reject(stream.pendingAbortRequest->promise, error);
    // 5.2. Nothing is pending.
    host.Drop(stream.pendingAbortRequest->promise);
    host.Drop(stream.pendingAbortRequest->reason);
    stream.pendingAbortRequest.reset();
  }
  // 6. The stream fails.
  WritableStreamDealWithRejection(host, stream, error);
}

// https://streams.spec.whatwg.org/#writable-stream-finish-in-flight-write
void WritableStreamFinishInFlightWrite(Host& host, WritableStream& stream) {
  const Operation operation("WritableStreamFinishInFlightWrite");
  // 1. Only the reaction to the sink's write leads here.
  SLUICE_ASSERT(!stream.inFlightWriteRequest.is_undefined(), "WritableStreamFinishInFlightWrite",
                "a write is in flight");
  // 2. write() is done.
  host.Resolve(stream.inFlightWriteRequest);
  // 3. Nothing is in flight.
  Clear(host, stream.inFlightWriteRequest);
}

// https://streams.spec.whatwg.org/#writable-stream-finish-in-flight-write-with-error
void WritableStreamFinishInFlightWriteWithError(ReentrantHost& host, WritableStream& stream, ValueSlot error) {
  const Operation operation("WritableStreamFinishInFlightWriteWithError");
  // 1. Only the reaction to the sink's write leads here.
  SLUICE_ASSERT(!stream.inFlightWriteRequest.is_undefined(), "WritableStreamFinishInFlightWriteWithError",
                "a write is in flight");
  // 2. write() failed.
  host.Reject(stream.inFlightWriteRequest, error);
  // 3. Nothing is in flight.
  Clear(host, stream.inFlightWriteRequest);
  // 4. A stream does not end during a write.
  SLUICE_ASSERT(IsWritableOrErroring(stream), "WritableStreamFinishInFlightWriteWithError",
                "state is writable or erroring");
  // 5. The stream fails.
  WritableStreamDealWithRejection(host, stream, error);
}

// https://streams.spec.whatwg.org/#writable-stream-has-operation-marked-in-flight
bool WritableStreamHasOperationMarkedInFlight(const WritableStream& stream) {
  const Operation operation("WritableStreamHasOperationMarkedInFlight");
  // 1, 2. The sink has not finished its last call.
  return !stream.inFlightWriteRequest.is_undefined() || !stream.inFlightCloseRequest.is_undefined();
}

// https://streams.spec.whatwg.org/#writable-stream-mark-close-request-in-flight
void WritableStreamMarkCloseRequestInFlight(WritableStream& stream) {
  const Operation operation("WritableStreamMarkCloseRequestInFlight");
  // 1. A stream closes once.
  SLUICE_ASSERT(stream.inFlightCloseRequest.is_undefined(), "WritableStreamMarkCloseRequestInFlight",
                "no close is in flight");
  // 2. Its sentinel was in the queue.
  SLUICE_ASSERT(!stream.closeRequest.is_undefined(), "WritableStreamMarkCloseRequestInFlight", "a close is requested");
  // 3. The request owns its promise; the reference moves.
  stream.inFlightCloseRequest = stream.closeRequest;
  // 4. It is no longer queued.
  stream.closeRequest = {};
}

// https://streams.spec.whatwg.org/#writable-stream-mark-first-write-request-in-flight
void WritableStreamMarkFirstWriteRequestInFlight(WritableStream& stream) {
  const Operation operation("WritableStreamMarkFirstWriteRequestInFlight");
  // 1. The sink gets one chunk at a time.
  SLUICE_ASSERT(stream.inFlightWriteRequest.is_undefined(), "WritableStreamMarkFirstWriteRequestInFlight",
                "no write is in flight");
  // 2. Each queued chunk has a request.
  SLUICE_ASSERT(!stream.writeRequests.empty(), "WritableStreamMarkFirstWriteRequestInFlight",
                "writeRequests is not empty");
  // 3. Requests are in the order of chunks.
  const PromiseSlot writeRequest = stream.writeRequests.front();
  // 4. It is no longer queued.
  stream.writeRequests.pop_front();
  // 5. Its reference moves here.
  stream.inFlightWriteRequest = writeRequest;
}

// https://streams.spec.whatwg.org/#writable-stream-reject-close-and-closed-promise-if-needed
void WritableStreamRejectCloseAndClosedPromiseIfNeeded(Host& host, WritableStream& stream) {
  const Operation operation("WritableStreamRejectCloseAndClosedPromiseIfNeeded");
  // 1. The last step of every failure.
  SLUICE_ASSERT(stream.state == StreamState::kErrored, "WritableStreamRejectCloseAndClosedPromiseIfNeeded",
                "state is errored");
  // 2. A close was queued.
  if (!stream.closeRequest.is_undefined()) {
    // 2.1. A close in flight has been finished.
    SLUICE_ASSERT(stream.inFlightCloseRequest.is_undefined(), "WritableStreamRejectCloseAndClosedPromiseIfNeeded",
                  "no close is in flight");
    // 2.2. It never reached the sink.
    host.Reject(stream.closeRequest, stream.storedError);
    // 2.3. It is no longer queued.
    Clear(host, stream.closeRequest);
  }
  // 3, 4, 4.1, 4.2. `closed` rejects, marked as handled.
  // Deviation: a writer that was acquired after the stream errored, while sink abort was pending, has a closed promise
  // that is rejected already. Rejecting it again does nothing, and that is not asserted
  // (AcquireWriterWhileSinkAbortIsPending).
  if (!stream.writer.is_undefined()) {
    host.RejectAndMarkHandled(host.Writer(stream.writer).closedPromise, stream.storedError);
  }
}

// https://streams.spec.whatwg.org/#writable-stream-start-erroring
void WritableStreamStartErroring(ReentrantHost& host, WritableStream& stream, ValueSlot reason) {
  const Operation operation("WritableStreamStartErroring");
  // 1. The first error wins.
  SLUICE_ASSERT(stream.storedError.is_undefined(), "WritableStreamStartErroring", "no error is stored");
  // 2. A stream fails once.
  SLUICE_ASSERT(stream.state == StreamState::kWritable, "WritableStreamStartErroring", "state is writable");
  // 3, 4. Construction has set it up.
  SLUICE_ASSERT(stream.controller.exists, "WritableStreamStartErroring", "the stream has a controller");
  // 5. From here on, writes fail.
  stream.state = StreamState::kErroring;
  // 6. `closed` and all requests will get it.
  stream.storedError = host.Store(reason, Place::kStoredError, stream.self);
  // 7, 8. `ready` rejects at once.
  if (!stream.writer.is_undefined()) {
    WritableStreamDefaultWriterEnsureReadyPromiseRejected(host, stream.writer, reason);
  }
  // 9. Finishes now, unless start() or the sink is still running.
  if (!WritableStreamHasOperationMarkedInFlight(stream) && stream.controller.started) {
    WritableStreamFinishErroring(host, stream);
  }
}

// https://streams.spec.whatwg.org/#writable-stream-update-backpressure
void WritableStreamUpdateBackpressure(Host& host, WritableStream& stream, bool backpressure) {
  const Operation operation("WritableStreamUpdateBackpressure");
  // 1. Only a writable stream has backpressure.
  SLUICE_ASSERT(stream.state == StreamState::kWritable, "WritableStreamUpdateBackpressure", "state is writable");
  // 2. A closing stream takes no more writes.
  SLUICE_ASSERT(!WritableStreamCloseQueuedOrInFlight(stream), "WritableStreamUpdateBackpressure",
                "no close is queued or in flight");
  // 3, 4. `ready` follows each change.
  if (!stream.writer.is_undefined() && backpressure != stream.backpressure) {
    WritableStreamDefaultWriter& writer = host.Writer(stream.writer);
    if (backpressure) {
      // 4.1. The queue is full: a new `ready` waits.
      host.Drop(writer.readyPromise);
      writer.readyPromise = host.NewWriterPromise(stream.writer, WriterPromise::kReady);
    } else {
      // 4.2, 4.2.1, 4.2.2. There is room again.
      host.Resolve(writer.readyPromise);
    }
  }
  // 5. A writer that is acquired later reads it.
  stream.backpressure = backpressure;
}

void OnSettled(ReentrantHost& host, const Reaction& reaction, bool fulfilled, ValueSlot value) {
  constexpr const char* kNames[] = {"reaction to start()", "reaction to the sink's write()",
                                    "reaction to the sink's close()", "reaction to the sink's abort()"};
  const Operation operation(kNames[static_cast<int>(reaction.kind)]);
  WritableStream& stream = host.Stream(reaction.stream);
  switch (reaction.kind) {
    case ReactionKind::kStart:
      fulfilled ? OnStartFulfilled(host, stream) : OnStartRejected(host, stream, value);
      break;
    case ReactionKind::kWrite:
      fulfilled ? OnSinkWriteFulfilled(host, stream) : OnSinkWriteRejected(host, stream, value);
      break;
    case ReactionKind::kClose:
      // WritableStreamDefaultControllerProcessClose, 7.1, 8.1. The sink's close has settled.
      fulfilled ? WritableStreamFinishInFlightClose(host, stream)
                : WritableStreamFinishInFlightCloseWithError(host, stream, value);
      break;
    case ReactionKind::kAbort:
      // WritableStreamFinishErroring, 13.1, 14.1. abort() settles as the sink's abort did.
      fulfilled ? host.Resolve(reaction.abort_promise) : host.Reject(reaction.abort_promise, value);
      host.Drop(reaction.abort_promise);
      // WritableStreamFinishErroring, 13.2, 14.2. `closed` and a queued close get the error.
      WritableStreamRejectCloseAndClosedPromiseIfNeeded(host, stream);
      break;
  }
}

void ReleaseSlots(Host& host, WritableStream& stream) {
  ResetQueue(host, stream.controller);
  // In the order in which they were stored.
  Clear(host, stream.inFlightWriteRequest);
  for (const PromiseSlot writeRequest : stream.writeRequests) host.Drop(writeRequest);
  stream.writeRequests.clear();
  Clear(host, stream.closeRequest);
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
