// What the driver calls of the three classes: constructors, methods and getters, and what other specifications do.
// Numbers in comments are step numbers of the standard's method or getter.
#include <cstdint>

#include "fuzz/driver/subject.h"
#include "fuzz/model/reference_model.h"
#include "fuzz/model/reference_model_slots.h"
#include "src/core/operation.h"
#include "src/core/snapshot.h"
#include "src/sim/value.h"

namespace sluice::fuzz {

using core::StreamState;
using model::Algorithm;
using sim::Outcome;
using sim::Value;
using sim::ValueKind;

// ---- WritableStream

// https://streams.spec.whatwg.org/#ws-constructor
Outcome ReferenceModel::Construct(Stream& stream, const StreamOptions& options) {
  const core::Operation operation("new WritableStream()");
  // 1.-3. The dictionary's members; `type` never exists.
  PartsOf(stream).options = options;
  // 4.
  InitializeWritableStream(stream);
  // 5.
  const Algorithm sizeAlgorithm = ExtractSizeAlgorithm(options);
  // 6.
  const Outcome highWaterMark = ExtractHighWaterMark(options, 1);
  if (highWaterMark.thrown) return highWaterMark;
  // 7.
  return SetUpWritableStreamDefaultControllerFromUnderlyingSink(stream, highWaterMark.value.number, sizeAlgorithm);
}

// https://streams.spec.whatwg.org/#ws-locked
bool ReferenceModel::Locked(const Stream& stream) {
  const core::Operation operation("stream.locked");
  return IsWritableStreamLocked(stream);
}

// https://streams.spec.whatwg.org/#ws-abort
ReferenceModel::PromiseId ReferenceModel::StreamAbort(Stream& stream, Value reason) {
  const core::Operation operation("stream.abort()");
  // 1.
  if (IsWritableStreamLocked(stream)) return realm_.PromiseRejectedWith(realm_.NewTypeError());
  // 2.
  return WritableStreamAbort(stream, reason);
}

// https://streams.spec.whatwg.org/#ws-close
ReferenceModel::PromiseId ReferenceModel::StreamClose(Stream& stream) {
  const core::Operation operation("stream.close()");
  // 1.
  if (IsWritableStreamLocked(stream)) return realm_.PromiseRejectedWith(realm_.NewTypeError());
  // 2.
  if (WritableStreamCloseQueuedOrInFlight(stream)) return realm_.PromiseRejectedWith(realm_.NewTypeError());
  // 3.
  return WritableStreamClose(stream);
}

// https://streams.spec.whatwg.org/#ws-get-writer
Outcome ReferenceModel::GetWriter(Stream& stream) {
  const core::Operation operation("stream.getWriter()");
  return AcquireWritableStreamDefaultWriter(stream);
}

// ---- WritableStreamDefaultWriter

// https://streams.spec.whatwg.org/#default-writer-constructor
Outcome ReferenceModel::ConstructWriter(Stream& stream) {
  const core::Operation operation("new WritableStreamDefaultWriter()");
  writers_.emplace_back();
  const WriterId writer = static_cast<WriterId>(writers_.size() - 1);
  // 1.
  const Outcome result = SetUpWritableStreamDefaultWriter(writer, stream);
  if (result.thrown) return result;
  return Outcome::Return(Value::Of(ValueKind::kWriter, writer));
}

// https://streams.spec.whatwg.org/#default-writer-closed
ReferenceModel::PromiseId ReferenceModel::Closed(WriterId writer) {
  const core::Operation operation("writer.closed");
  return writers_[writer].closedPromise;
}

// https://streams.spec.whatwg.org/#default-writer-ready
ReferenceModel::PromiseId ReferenceModel::Ready(WriterId writer) {
  const core::Operation operation("writer.ready");
  return writers_[writer].readyPromise;
}

// https://streams.spec.whatwg.org/#default-writer-desired-size
Outcome ReferenceModel::DesiredSize(WriterId writer) {
  const core::Operation operation("writer.desiredSize");
  // 1.
  if (writers_[writer].stream == nullptr) return Outcome::Throw(realm_.NewTypeError());
  // 2.
  return Outcome::Return(WritableStreamDefaultWriterGetDesiredSize(writer));
}

// https://streams.spec.whatwg.org/#default-writer-abort
ReferenceModel::PromiseId ReferenceModel::WriterAbort(WriterId writer, Value reason) {
  const core::Operation operation("writer.abort()");
  // 1.
  if (writers_[writer].stream == nullptr) return realm_.PromiseRejectedWith(realm_.NewTypeError());
  // 2.
  return WritableStreamDefaultWriterAbort(writer, reason);
}

// https://streams.spec.whatwg.org/#default-writer-close
ReferenceModel::PromiseId ReferenceModel::WriterClose(WriterId writer) {
  const core::Operation operation("writer.close()");
  // 1.
  const Stream* stream = writers_[writer].stream;
  // 2.
  if (stream == nullptr) return realm_.PromiseRejectedWith(realm_.NewTypeError());
  // 3.
  if (WritableStreamCloseQueuedOrInFlight(*stream)) return realm_.PromiseRejectedWith(realm_.NewTypeError());
  // 4.
  return WritableStreamDefaultWriterClose(writer);
}

// https://streams.spec.whatwg.org/#default-writer-release-lock
void ReferenceModel::ReleaseLockSteps(WriterId writer) {
  const core::Operation operation("writer.releaseLock()");
  // 1.
  const Stream* stream = writers_[writer].stream;
  // 2.
  if (stream == nullptr) return;
  // 3.
  realm_.Assert(IsWritableStreamLocked(*stream), "releaseLock step 3");
  // 4.
  WritableStreamDefaultWriterRelease(writer);
}

// https://streams.spec.whatwg.org/#default-writer-write
ReferenceModel::PromiseId ReferenceModel::Write(WriterId writer, Value chunk) {
  const core::Operation operation("writer.write()");
  // 1.
  if (writers_[writer].stream == nullptr) return realm_.PromiseRejectedWith(realm_.NewTypeError());
  // 2.
  return WritableStreamDefaultWriterWrite(writer, chunk);
}

// ---- WritableStreamDefaultController. A constructor that threw before it made one leaves nothing to call.

// https://streams.spec.whatwg.org/#ws-default-controller-error
void ReferenceModel::ControllerError(Stream& stream, Value error) {
  const core::Operation operation("controller.error()");
  if (stream.controller == nullptr) return;
  // 1.
  const StreamState state = stream.controller->stream->state;
  // 2.
  if (state != StreamState::kWritable) return;
  // 3.
  WritableStreamDefaultControllerError(*stream.controller, error);
}

// ---- Other specifications

// https://streams.spec.whatwg.org/#writablestream-error
void ReferenceModel::ErrorStream(Stream& stream, Value error) {
  const core::Operation operation("error a WritableStream");
  WritableStreamDefaultControllerErrorIfNeeded(*stream.controller, error);
}

}  // namespace sluice::fuzz
