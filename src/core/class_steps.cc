// Step numbers are those of the Streams Standard, revision b9ba9f4.
#include "src/core/class_steps.h"

#include "src/core/invariants.h"
#include "src/core/operation.h"
#include "src/core/writable_stream.h"
#include "src/core/writable_stream_default_writer.h"

namespace sluice::core {
namespace {

PromiseSlot RejectedWithTypeError(Host& host, TypeErrorReason reason) {
  const ValueSlot error = host.NewTypeError(reason);
  const PromiseSlot promise = host.NewPromiseRejected(error);
  host.Drop(error);
  return promise;
}

}  // namespace

namespace ws {

// https://streams.spec.whatwg.org/#ws-constructor
Completion<> Constructor(ReentrantHost& host, WritableStream& stream, const UnderlyingSink& underlyingSink,
                         const QueuingStrategy& strategy, std::optional<uint64_t> byte_limit) {
  const Operation operation("new WritableStream()");
  // 1, 2. The binding converts the argument.
  // 3. `type` is reserved.
  if (underlyingSink.type) return Thrown{host.NewRangeError(RangeErrorReason::kUnsupportedSinkType)};
  // 4. Default values for all slots.
  InitializeWritableStream(stream);
  // 5. size() of the strategy, or 1.
  const Algorithm sizeAlgorithm = ExtractSizeAlgorithm(strategy);
  // 6. The default is 1.
  SLUICE_TRY(highWaterMark, ExtractHighWaterMark(host, strategy, 1));
  // 7. start() runs here and may change anything.
  SLUICE_TRY(done, SetUpWritableStreamDefaultControllerFromUnderlyingSink(host, stream, underlyingSink, highWaterMark,
                                                                          sizeAlgorithm, byte_limit));
  SLUICE_CHECK_INVARIANTS(host, stream);
  return NormalCompletion();
}

// https://streams.spec.whatwg.org/#ws-locked
bool Locked(const WritableStream& stream) {
  const Operation operation("stream.locked");
  // 1. Whether it has a writer.
  return IsWritableStreamLocked(stream);
}

// https://streams.spec.whatwg.org/#ws-abort
PromiseSlot Abort(ReentrantHost& host, WritableStream& stream, ValueSlot reason) {
  const Operation operation("stream.abort()");
  // 1. Only the writer may abort a locked stream.
  if (IsWritableStreamLocked(stream)) return RejectedWithTypeError(host, TypeErrorReason::kStreamIsLocked);
  // 2. Abort listeners run here and may change anything.
  const PromiseSlot promise = WritableStreamAbort(host, stream, reason);
  SLUICE_CHECK_INVARIANTS(host, stream);
  return promise;
}

// https://streams.spec.whatwg.org/#ws-close
PromiseSlot Close(ReentrantHost& host, WritableStream& stream) {
  const Operation operation("stream.close()");
  // 1. Only the writer may close a locked stream.
  if (IsWritableStreamLocked(stream)) return RejectedWithTypeError(host, TypeErrorReason::kStreamIsLocked);
  // 2. A stream closes once.
  if (WritableStreamCloseQueuedOrInFlight(stream)) return RejectedWithTypeError(host, TypeErrorReason::kAlreadyClosing);
  // 3. The sink's close may run here.
  const PromiseSlot promise = WritableStreamClose(host, stream);
  SLUICE_CHECK_INVARIANTS(host, stream);
  return promise;
}

// https://streams.spec.whatwg.org/#ws-get-writer
Completion<WriterSlot> GetWriter(Host& host, WritableStream& stream, WriterSlot writer) {
  const Operation operation("stream.getWriter()");
  // 1. Fails if the stream is locked.
  return AcquireWritableStreamDefaultWriter(host, stream, writer);
}

}  // namespace ws

namespace default_writer {

// https://streams.spec.whatwg.org/#default-writer-constructor
Completion<> Constructor(Host& host, WriterSlot writer, WritableStream& stream) {
  const Operation operation("new WritableStreamDefaultWriter()");
  // 1. Fails if the stream is locked.
  return SetUpWritableStreamDefaultWriter(host, writer, stream);
}

// https://streams.spec.whatwg.org/#default-writer-closed
PromiseSlot Closed(Host& host, WriterSlot writer) {
  const Operation operation("writer.closed");
  // 1. The caller gets a reference of its own.
  return host.Retain(host.Writer(writer).closedPromise);
}

// https://streams.spec.whatwg.org/#default-writer-desired-size
Completion<std::optional<double>> DesiredSize(Host& host, WriterSlot writer) {
  const Operation operation("writer.desiredSize");
  // 1. The writer was released.
  if (host.Writer(writer).stream.is_undefined()) return Thrown{host.NewTypeError(TypeErrorReason::kWriterHasNoStream)};
  // 2. null while the stream fails, 0 when it has closed.
  return WritableStreamDefaultWriterGetDesiredSize(host, writer);
}

// https://streams.spec.whatwg.org/#default-writer-ready
PromiseSlot Ready(Host& host, WriterSlot writer) {
  const Operation operation("writer.ready");
  // 1. The caller gets a reference of its own.
  return host.Retain(host.Writer(writer).readyPromise);
}

// https://streams.spec.whatwg.org/#default-writer-abort
PromiseSlot Abort(ReentrantHost& host, WriterSlot writer, ValueSlot reason) {
  const Operation operation("writer.abort()");
  // 1. The writer was released.
  const StreamSlot stream = host.Writer(writer).stream;
  if (stream.is_undefined()) return RejectedWithTypeError(host, TypeErrorReason::kWriterHasNoStream);
  // 2. Abort listeners run here and may change anything.
  const PromiseSlot promise = WritableStreamDefaultWriterAbort(host, writer, reason);
  SLUICE_CHECK_INVARIANTS(host, host.Stream(stream));
  return promise;
}

// https://streams.spec.whatwg.org/#default-writer-close
PromiseSlot Close(ReentrantHost& host, WriterSlot writer) {
  const Operation operation("writer.close()");
  // 1. Kept: user code may release the writer in step 4.
  const StreamSlot stream = host.Writer(writer).stream;
  // 2. The writer was released.
  if (stream.is_undefined()) return RejectedWithTypeError(host, TypeErrorReason::kWriterHasNoStream);
  // 3. A stream closes once.
  if (WritableStreamCloseQueuedOrInFlight(host.Stream(stream))) {
    return RejectedWithTypeError(host, TypeErrorReason::kAlreadyClosing);
  }
  // 4. The sink's close may run here.
  const PromiseSlot promise = WritableStreamDefaultWriterClose(host, writer);
  SLUICE_CHECK_INVARIANTS(host, host.Stream(stream));
  return promise;
}

// https://streams.spec.whatwg.org/#default-writer-release-lock
void ReleaseLock(Host& host, WriterSlot writer) {
  const Operation operation("writer.releaseLock()");
  // 1. Kept: step 4 clears the slot.
  const StreamSlot stream = host.Writer(writer).stream;
  // 2. Releasing twice does nothing.
  if (stream.is_undefined()) return;
  // 3. By this writer.
  SLUICE_ASSERT(IsWritableStreamLocked(host.Stream(stream)), "releaseLock", "the stream has a writer");
  // 4. Rejects its promises.
  WritableStreamDefaultWriterRelease(host, writer);
  SLUICE_CHECK_INVARIANTS(host, host.Stream(stream));
}

// https://streams.spec.whatwg.org/#default-writer-write
PromiseSlot Write(ReentrantHost& host, WriterSlot writer, ValueSlot chunk) {
  const Operation operation("writer.write()");
  // 1. The writer was released.
  const StreamSlot stream = host.Writer(writer).stream;
  if (stream.is_undefined()) return RejectedWithTypeError(host, TypeErrorReason::kWriterHasNoStream);
  // 2. size() and the sink's write may run here.
  const PromiseSlot promise = WritableStreamDefaultWriterWrite(host, writer, chunk);
  SLUICE_CHECK_INVARIANTS(host, host.Stream(stream));
  return promise;
}

}  // namespace default_writer

namespace ws_default_controller {

// https://streams.spec.whatwg.org/#ws-default-controller-error
void Error(ReentrantHost& host, WritableStream& stream, ValueSlot e) {
  const Operation operation("controller.error()");
  // 1. Read once: nothing runs before step 3.
  const StreamState state = stream.state;
  // 2. The first error wins.
  if (state != StreamState::kWritable) return;
  // 3. The stream starts to fail.
  WritableStreamDefaultControllerError(host, stream, e);
  SLUICE_CHECK_INVARIANTS(host, stream);
}

}  // namespace ws_default_controller

namespace other_specs {

// https://streams.spec.whatwg.org/#writablestream-set-up
void SetUp(ReentrantHost& host, WritableStream& stream, double highWaterMark, Algorithm sizeAlgorithm,
           std::optional<uint64_t> byte_limit) {
  const Operation operation("set up a WritableStream");
  // 1 to 3. The host performs the algorithms and wraps what they return.
  const ControllerAlgorithms algorithms{.start = Algorithm::kDefault,
                                        .write = Algorithm::kHost,
                                        .close = Algorithm::kHost,
                                        .abort = Algorithm::kHost,
                                        .size = sizeAlgorithm};
  // 4. The default is the caller's.
  // 5. Default values for all slots.
  InitializeWritableStream(stream);
  // 6, 7. Cannot throw, because there is no start().
  Must(SetUpWritableStreamDefaultController(host, stream, algorithms, highWaterMark, byte_limit));
}

// https://streams.spec.whatwg.org/#writablestream-error
void Error(ReentrantHost& host, WritableStream& stream, ValueSlot e) {
  const Operation operation("error a WritableStream");
  WritableStreamDefaultControllerErrorIfNeeded(host, stream, e);
}

}  // namespace other_specs

}  // namespace sluice::core
