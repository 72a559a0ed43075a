// Step numbers are those of the Streams Standard, revision b9ba9f4.
#include "src/core/writable_stream_default_writer.h"

#include "src/core/byte_limit.h"
#include "src/core/operation.h"
#include "src/core/writable_stream.h"
#include "src/core/writable_stream_default_controller.h"

namespace sluice::core {
namespace {

[[maybe_unused]] bool HasStream(Host& host, WriterSlot writer) { return !host.Writer(writer).stream.is_undefined(); }

PromiseSlot RejectedWithNew(Host& host, ValueSlot error) {
  const PromiseSlot promise = host.NewPromiseRejected(error);
  host.Drop(error);
  return promise;
}

// Rejects the promise, or replaces it by a rejected promise if it is settled already, and marks it handled.
void EnsureRejected(Host& host, WriterSlot writer, WriterPromise which, ValueSlot error) {
  PromiseSlot& promise =
      which == WriterPromise::kReady ? host.Writer(writer).readyPromise : host.Writer(writer).closedPromise;
  if (host.State(promise) == PromiseView::kPending) {
    host.RejectAndMarkHandled(promise, error);
  } else {
    host.Drop(promise);
    promise = host.NewWriterPromiseRejected(writer, which, error);
  }
}

}  // namespace

// https://streams.spec.whatwg.org/#writable-stream-default-writer-abort
PromiseSlot WritableStreamDefaultWriterAbort(ReentrantHost& host, WriterSlot writer, ValueSlot reason) {
  const Operation operation("WritableStreamDefaultWriterAbort");
  // 1, 2. Callers have checked it.
  SLUICE_ASSERT(HasStream(host, writer), "WritableStreamDefaultWriterAbort", "the writer has a stream");
  WritableStream& stream = host.Stream(host.Writer(writer).stream);
  // 3. Listeners run here.
  return WritableStreamAbort(host, stream, reason);
}

// https://streams.spec.whatwg.org/#writable-stream-default-writer-close
PromiseSlot WritableStreamDefaultWriterClose(ReentrantHost& host, WriterSlot writer) {
  const Operation operation("WritableStreamDefaultWriterClose");
  // 1, 2. Callers have checked it.
  SLUICE_ASSERT(HasStream(host, writer), "WritableStreamDefaultWriterClose", "the writer has a stream");
  WritableStream& stream = host.Stream(host.Writer(writer).stream);
  // 3. The sink's close may run here.
  return WritableStreamClose(host, stream);
}

// https://streams.spec.whatwg.org/#writable-stream-default-writer-close-with-error-propagation
PromiseSlot WritableStreamDefaultWriterCloseWithErrorPropagation(ReentrantHost& host, WriterSlot writer) {
  const Operation operation("WritableStreamDefaultWriterCloseWithErrorPropagation");
  // 1, 2. Callers have checked it.
  SLUICE_ASSERT(HasStream(host, writer), "WritableStreamDefaultWriterCloseWithErrorPropagation",
                "the writer has a stream");
  WritableStream& stream = host.Stream(host.Writer(writer).stream);
  // 3. No user code runs before step 7.
  const StreamState state = stream.state;
  // 4. It closes already.
  if (WritableStreamCloseQueuedOrInFlight(stream) || state == StreamState::kClosed) return host.NewPromiseResolved();
  // 5. The error propagates.
  if (state == StreamState::kErrored) return host.NewPromiseRejected(stream.storedError);
  // 6. Steps 4 and 5 returned otherwise.
  SLUICE_ASSERT(state == StreamState::kWritable || state == StreamState::kErroring,
                "WritableStreamDefaultWriterCloseWithErrorPropagation", "state is writable or erroring");
  // 7. As close() does.
  return WritableStreamDefaultWriterClose(host, writer);
}

// https://streams.spec.whatwg.org/#writable-stream-default-writer-ensure-closed-promise-rejected
void WritableStreamDefaultWriterEnsureClosedPromiseRejected(Host& host, WriterSlot writer, ValueSlot error) {
  const Operation operation("WritableStreamDefaultWriterEnsureClosedPromiseRejected");
  // 1, 2, 3. A settled promise is replaced.
  EnsureRejected(host, writer, WriterPromise::kClosed, error);
}

// https://streams.spec.whatwg.org/#writable-stream-default-writer-ensure-ready-promise-rejected
void WritableStreamDefaultWriterEnsureReadyPromiseRejected(Host& host, WriterSlot writer, ValueSlot error) {
  const Operation operation("WritableStreamDefaultWriterEnsureReadyPromiseRejected");
  // 1, 2, 3. A settled promise is replaced.
  EnsureRejected(host, writer, WriterPromise::kReady, error);
}

// https://streams.spec.whatwg.org/#writable-stream-default-writer-get-desired-size
std::optional<double> WritableStreamDefaultWriterGetDesiredSize(Host& host, WriterSlot writer) {
  const Operation operation("WritableStreamDefaultWriterGetDesiredSize");
  // 1. Callers have checked that it exists.
  const WritableStream& stream = host.Stream(host.Writer(writer).stream);
  // 2. Nothing runs in here.
  const StreamState state = stream.state;
  // 3. null: the stream fails.
  if (state == StreamState::kErrored || state == StreamState::kErroring) return std::nullopt;
  // 4. A closed stream takes no more chunks.
  if (state == StreamState::kClosed) return 0;
  // 5. High-water mark less queue.
  return WritableStreamDefaultControllerGetDesiredSize(stream);
}

// https://streams.spec.whatwg.org/#writable-stream-default-writer-release
void WritableStreamDefaultWriterRelease(Host& host, WriterSlot writer) {
  const Operation operation("WritableStreamDefaultWriterRelease");
  // 1, 2. Callers have checked it.
  SLUICE_ASSERT(HasStream(host, writer), "WritableStreamDefaultWriterRelease", "the writer has a stream");
  WritableStream& stream = host.Stream(host.Writer(writer).stream);
  // 3. A released writer has no stream.
  SLUICE_ASSERT(stream.writer == writer, "WritableStreamDefaultWriterRelease", "the writer is the stream's writer");
  // 4. One error for both promises.
  const ValueSlot releasedError = host.NewTypeError(TypeErrorReason::kWriterReleased);
  // 5. `ready` rejects.
  WritableStreamDefaultWriterEnsureReadyPromiseRejected(host, writer, releasedError);
  // 6. `closed` rejects.
  WritableStreamDefaultWriterEnsureClosedPromiseRejected(host, writer, releasedError);
  host.Drop(releasedError);
  // 7. Another writer may be acquired.
  stream.writer = {};
  // 8. The writer is released.
  host.Writer(writer).stream = {};
}

// https://streams.spec.whatwg.org/#writable-stream-default-writer-write
PromiseSlot WritableStreamDefaultWriterWrite(ReentrantHost& host, WriterSlot writer, ValueSlot chunk) {
  const Operation operation("WritableStreamDefaultWriterWrite");
  // 1, 2. Callers have checked it.
  SLUICE_ASSERT(HasStream(host, writer), "WritableStreamDefaultWriterWrite", "the writer has a stream");
  // 3. The controller is part of the stream.
  WritableStream& stream = host.Stream(host.Writer(writer).stream);
  // 4. size() runs here and may change anything.
  const double chunkSize = WritableStreamDefaultControllerGetChunkSize(host, stream, chunk);
  // 5. size() has released the writer.
  if (host.Writer(writer).stream != stream.self) {
    return RejectedWithNew(host, host.NewTypeError(TypeErrorReason::kWriterReleasedInSize));
  }
  // 6. Read again after user code.
  const StreamState state = stream.state;
  // 7. size() or an earlier failure ended the stream.
  if (state == StreamState::kErrored) return host.NewPromiseRejected(stream.storedError);
  // 8. Nothing is written after a close.
  if (WritableStreamCloseQueuedOrInFlight(stream) || state == StreamState::kClosed) {
    return RejectedWithNew(host, host.NewTypeError(TypeErrorReason::kWriteAfterClose));
  }
  // 9. The stream is failing.
  if (state == StreamState::kErroring) return host.NewPromiseRejected(stream.storedError);
  // 10. Steps 7 to 9 returned otherwise.
  SLUICE_ASSERT(state == StreamState::kWritable, "WritableStreamDefaultWriterWrite", "state is writable");
  // Byte limit: the last chance to turn the write away with nothing changed.
  const WritableStreamDefaultController& controller = stream.controller;
  const uint64_t charge = host.ByteCharge(chunk);
  if (!FitsByteLimit(controller.byte_limit, controller.charged_bytes, charge)) {
    return RejectedWithNew(
        host, host.NewRangeError(ByteLimitExceeded{
                  .limit = *controller.byte_limit, .buffered = controller.charged_bytes, .asked = charge}));
  }
  // 11. The result of write().
  const PromiseSlot promise = WritableStreamAddWriteRequest(host, stream);
  // 12. The sink's write may run here.
  WritableStreamDefaultControllerWrite(host, stream, chunk, chunkSize, charge);
  // 13. Settled when the sink has taken the chunk, or by an error.
  return promise;
}

}  // namespace sluice::core
