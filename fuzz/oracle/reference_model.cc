// What the driver calls: the constructors, methods and getters of the three classes, the realm, and the snapshot.
// Numbers in comments are step numbers of the standard's method or getter.
#include "fuzz/oracle/reference_model.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "fuzz/driver/subject.h"
#include "fuzz/oracle/model_promise.h"
#include "fuzz/oracle/reference_model_slots.h"
#include "src/core/snapshot.h"
#include "src/sim/chunk.h"
#include "src/sim/value.h"

namespace sluice::fuzz {

using core::PromiseView;
using core::Snapshot;
using core::StreamState;
using model::Algorithm;
using model::PromiseState;
using sim::Outcome;
using sim::Value;
using sim::ValueKind;

std::unique_ptr<Subject> MakeReferenceModel() { return std::make_unique<ReferenceModel>(); }

void ReferenceModel::Reset(UserCode& user_code, const std::vector<sim::Chunk>& chunks) {
  realm_.Reset(user_code);
  user_code_ = &user_code;
  chunks_ = &chunks;
  options_ = {};
  detachedChunks_.clear();
  InitializeWritableStream(stream_);
  writers_.clear();
  released_writer_.reset();
}

// ---- WritableStream

// https://streams.spec.whatwg.org/#ws-constructor
Outcome ReferenceModel::Construct(const StreamOptions& options) {
  // 1.-3. The dictionary's members; `type` never exists.
  options_ = options;
  // 4.
  InitializeWritableStream(stream_);
  // 5.
  const Algorithm sizeAlgorithm = ExtractSizeAlgorithm();
  // 6.
  const Outcome highWaterMark = ExtractHighWaterMark(1);
  if (highWaterMark.thrown) return highWaterMark;
  // 7.
  return SetUpWritableStreamDefaultControllerFromUnderlyingSink(stream_, highWaterMark.value.number, sizeAlgorithm);
}

// https://streams.spec.whatwg.org/#ws-locked
bool ReferenceModel::Locked() { return IsWritableStreamLocked(stream_); }

// https://streams.spec.whatwg.org/#ws-abort
uint32_t ReferenceModel::StreamAbort(Value reason) {
  // 1.
  if (IsWritableStreamLocked(stream_)) return realm_.PromiseRejectedWith(realm_.NewTypeError());
  // 2.
  return WritableStreamAbort(stream_, reason);
}

// https://streams.spec.whatwg.org/#ws-close
uint32_t ReferenceModel::StreamClose() {
  // 1.
  if (IsWritableStreamLocked(stream_)) return realm_.PromiseRejectedWith(realm_.NewTypeError());
  // 2.
  if (WritableStreamCloseQueuedOrInFlight(stream_)) return realm_.PromiseRejectedWith(realm_.NewTypeError());
  // 3.
  return WritableStreamClose(stream_);
}

// https://streams.spec.whatwg.org/#ws-get-writer
Outcome ReferenceModel::GetWriter() { return AcquireWritableStreamDefaultWriter(stream_); }

// ---- WritableStreamDefaultWriter

// https://streams.spec.whatwg.org/#default-writer-constructor
Outcome ReferenceModel::ConstructWriter() {
  writers_.emplace_back();
  const WriterId writer = static_cast<WriterId>(writers_.size() - 1);
  // 1.
  const Outcome result = SetUpWritableStreamDefaultWriter(writer, stream_);
  if (result.thrown) return result;
  return Outcome::Return(Value::Of(ValueKind::kWriter, writer));
}

// https://streams.spec.whatwg.org/#default-writer-closed
uint32_t ReferenceModel::Closed(uint32_t writer) { return writers_[writer].closedPromise; }

// https://streams.spec.whatwg.org/#default-writer-ready
uint32_t ReferenceModel::Ready(uint32_t writer) { return writers_[writer].readyPromise; }

// https://streams.spec.whatwg.org/#default-writer-desired-size
Outcome ReferenceModel::DesiredSize(uint32_t writer) {
  // 1.
  if (writers_[writer].stream == nullptr) return Outcome::Throw(realm_.NewTypeError());
  // 2.
  return Outcome::Return(WritableStreamDefaultWriterGetDesiredSize(writer));
}

// https://streams.spec.whatwg.org/#default-writer-abort
uint32_t ReferenceModel::WriterAbort(uint32_t writer, Value reason) {
  // 1.
  if (writers_[writer].stream == nullptr) return realm_.PromiseRejectedWith(realm_.NewTypeError());
  // 2.
  return WritableStreamDefaultWriterAbort(writer, reason);
}

// https://streams.spec.whatwg.org/#default-writer-close
uint32_t ReferenceModel::WriterClose(uint32_t writer) {
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
void ReferenceModel::ReleaseLock(uint32_t writer) {
  released_writer_ = writer;
  // 1.
  const Stream* stream = writers_[writer].stream;
  // 2.
  if (stream == nullptr) return;
  // 3.
  realm_.Assert(stream->writer.has_value(), "releaseLock step 3");
  // 4.
  WritableStreamDefaultWriterRelease(writer);
}

// https://streams.spec.whatwg.org/#default-writer-write
uint32_t ReferenceModel::Write(uint32_t writer, Value chunk) {
  // 1.
  if (writers_[writer].stream == nullptr) return realm_.PromiseRejectedWith(realm_.NewTypeError());
  // 2.
  return WritableStreamDefaultWriterWrite(writer, chunk);
}

// ---- WritableStreamDefaultController. A constructor that threw before it made one leaves nothing to call.

// https://streams.spec.whatwg.org/#ws-default-controller-error
uint32_t ReferenceModel::CloseWithErrorPropagation(uint32_t writer) {
  return WritableStreamDefaultWriterCloseWithErrorPropagation(writer);
}

// https://streams.spec.whatwg.org/#writablestream-error
void ReferenceModel::ErrorStream(Value error) {
  WritableStreamDefaultControllerErrorIfNeeded(*stream_.controller, error);
}

void ReferenceModel::ControllerError(Value error) {
  if (stream_.controller == nullptr) return;
  // 1.
  const StreamState state = stream_.controller->stream->state;
  // 2.
  if (state != StreamState::kWritable) return;
  // 3.
  WritableStreamDefaultControllerError(*stream_.controller, error);
}

// https://dom.spec.whatwg.org/#dom-abortsignal-aborted
bool ReferenceModel::SignalAborted() { return SignalReason().kind != ValueKind::kUndefined; }

// https://dom.spec.whatwg.org/#dom-abortsignal-reason
Value ReferenceModel::SignalReason() {
  if (stream_.controller == nullptr) return Value::Undefined();
  return stream_.controller->abortController.abortReason;
}

// ---- The author's chunks, promises, and microtasks

// https://tc39.es/ecma262/#sec-detacharraybuffer
void ReferenceModel::Detach(Value chunk) { detachedChunks_.insert(chunk.id); }

uint32_t ReferenceModel::NewPromise() { return realm_.NewPromise(); }

void ReferenceModel::ResolvePromise(uint32_t promise) { realm_.Resolve(promise, Value::Undefined()); }

void ReferenceModel::RejectPromise(uint32_t promise, Value reason) { realm_.Reject(promise, reason); }

void ReferenceModel::CallResolve(uint32_t resolver) { realm_.CallResolve(resolver); }

void ReferenceModel::CallReject(uint32_t resolver, Value reason) { realm_.CallReject(resolver, reason); }

void ReferenceModel::Observe(uint32_t promise) { realm_.Observe(promise); }

void ReferenceModel::RunTick() { realm_.RunJobs(realm_.PendingJobs()); }

void ReferenceModel::RunMicrotasks(size_t count) { realm_.RunJobs(count); }

void ReferenceModel::RunAllMicrotasks() {
  realm_.RunJobs(std::numeric_limits<size_t>::max());
  realm_.NotifyAboutRejectedPromises();
}

// ---- The snapshot

PromiseView ReferenceModel::View(std::optional<PromiseId> promise) const {
  if (!promise) return PromiseView::kUndefined;
  switch (realm_.State(*promise)) {
    case PromiseState::kPending:
      return PromiseView::kPending;
    case PromiseState::kFulfilled:
      return PromiseView::kFulfilled;
    case PromiseState::kRejected:
      break;
  }
  return PromiseView::kRejected;
}

bool ReferenceModel::TakeSnapshot(Snapshot& snapshot) {
  if (stream_.controller == nullptr) return false;
  const Controller& controller = *stream_.controller;
  snapshot = Snapshot();

  snapshot.state = stream_.state;
  snapshot.backpressure = stream_.backpressure;
  snapshot.has_controller = true;
  snapshot.closeRequest = View(stream_.closeRequest);
  snapshot.inFlightWriteRequest = View(stream_.inFlightWriteRequest);
  snapshot.inFlightCloseRequest = View(stream_.inFlightCloseRequest);
  if (stream_.pendingAbortRequest) {
    snapshot.pendingAbortRequest = View(stream_.pendingAbortRequest->promise);
    snapshot.pendingAbortRequest_wasAlreadyErroring = stream_.pendingAbortRequest->wasAlreadyErroring;
    snapshot.pendingAbortRequest_has_reason = stream_.pendingAbortRequest->reason.kind != ValueKind::kUndefined;
  }
  snapshot.has_storedError = stream_.storedError.kind != ValueKind::kUndefined;
  snapshot.writeRequests_size = stream_.writeRequests.size();
  for (const PromiseId writeRequest : stream_.writeRequests) {
    if (realm_.State(writeRequest) != PromiseState::kPending) snapshot.writeRequests_all_pending = false;
  }

  if (stream_.writer) {
    const model::WritableStreamDefaultWriter& writer = writers_[*stream_.writer];
    snapshot.has_writer = true;
    snapshot.writer_stream_is_this = writer.stream == &stream_;
    snapshot.readyPromise = View(writer.readyPromise);
    snapshot.readyPromise_is_handled = realm_.IsHandled(writer.readyPromise);
    snapshot.closedPromise = View(writer.closedPromise);
    snapshot.closedPromise_is_handled = realm_.IsHandled(writer.closedPromise);
  }

  if (released_writer_) {
    const model::WritableStreamDefaultWriter& writer = writers_[*released_writer_];
    snapshot.released_readyPromise = View(writer.readyPromise);
    snapshot.released_readyPromise_is_handled = realm_.IsHandled(writer.readyPromise);
    snapshot.released_closedPromise = View(writer.closedPromise);
    snapshot.released_closedPromise_is_handled = realm_.IsHandled(writer.closedPromise);
  }

  snapshot.started = controller.started;
  snapshot.has_writeAlgorithm = controller.writeAlgorithm.has_value();
  snapshot.has_closeAlgorithm = controller.closeAlgorithm.has_value();
  snapshot.has_abortAlgorithm = controller.abortAlgorithm.has_value();
  snapshot.has_strategySizeAlgorithm = controller.strategySizeAlgorithm.has_value();
  snapshot.signal_aborted = SignalAborted();
  snapshot.strategyHWM = controller.strategyHWM;
  snapshot.queueTotalSize = controller.queueTotalSize;
  snapshot.queue_size = controller.queue.size();
  for (const model::ValueWithSize& entry : controller.queue) {
    snapshot.queue_ends_with_sentinel = entry.value.is_close_sentinel;
    if (entry.value.is_close_sentinel) ++snapshot.queue_sentinels;
    if (!(entry.size >= 0) || entry.size == std::numeric_limits<double>::infinity()) snapshot.queue_sizes_valid = false;
    snapshot.queue_charge_sum += entry.charge;
  }

  snapshot.has_byte_limit = options_.byte_limit.has_value();
  snapshot.byte_limit = options_.byte_limit.value_or(0);
  snapshot.charged_bytes = controller.chargedBytes;
  return true;
}

}  // namespace sluice::fuzz
