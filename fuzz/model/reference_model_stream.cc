// The abstract operations of writable streams and of writers. Numbers in comments are the standard's step numbers.
// https://streams.spec.whatwg.org/#ws-all-abstract-ops
#include <cstdint>
#include <optional>

#include "fuzz/driver/subject.h"
#include "fuzz/model/model_promise.h"
#include "fuzz/model/reference_model.h"
#include "fuzz/model/reference_model_slots.h"
#include "src/core/operation.h"
#include "src/core/snapshot.h"
#include "src/sim/value.h"

namespace sluice::fuzz {

using core::StreamState;
using model::PendingAbortRequest;
using model::PromiseId;
using model::PromiseState;
using sim::Outcome;
using sim::Value;
using sim::ValueKind;

// ---- Working with writable streams

Outcome ReferenceModel::AcquireWritableStreamDefaultWriter(Stream& stream) {
  const core::Operation operation("AcquireWritableStreamDefaultWriter");
  // 1.
  writers_.emplace_back();
  const WriterId writer = static_cast<WriterId>(writers_.size() - 1);
  // 2.
  const Outcome result = SetUpWritableStreamDefaultWriter(writer, stream);
  if (result.thrown) return result;
  // 3.
  return Outcome::Return(Value::Of(ValueKind::kWriter, writer));
}

void ReferenceModel::InitializeWritableStream(Stream& stream) {
  const core::Operation operation("InitializeWritableStream");
  // 1.
  stream.state = StreamState::kWritable;
  // 2.
  stream.storedError = Value::Undefined();
  stream.writer = std::nullopt;
  stream.controller = nullptr;
  stream.inFlightWriteRequest = std::nullopt;
  stream.closeRequest = std::nullopt;
  stream.inFlightCloseRequest = std::nullopt;
  stream.pendingAbortRequest = std::nullopt;
  // 3.
  stream.writeRequests.clear();
  // 4.
  stream.backpressure = false;
}

bool ReferenceModel::IsWritableStreamLocked(const Stream& stream) {
  const core::Operation operation("IsWritableStreamLocked");
  // 1.
  if (!stream.writer) return false;
  // 2.
  return true;
}

Outcome ReferenceModel::SetUpWritableStreamDefaultWriter(WriterId writer, Stream& stream) {
  const core::Operation operation("SetUpWritableStreamDefaultWriter");
  // 1.
  if (IsWritableStreamLocked(stream)) return Outcome::Throw(realm_.NewTypeError());
  // 2.
  writers_[writer].stream = &stream;
  // 3.
  stream.writer = writer;
  // 4.
  const StreamState state = stream.state;
  if (state == StreamState::kWritable) {  // 5.
    // 5.1., 5.2.
    if (!WritableStreamCloseQueuedOrInFlight(stream) && stream.backpressure) {
      writers_[writer].readyPromise = realm_.NewPromise();
    } else {
      writers_[writer].readyPromise = realm_.PromiseResolvedWith(Value::Undefined());
    }
    // 5.3.
    writers_[writer].closedPromise = realm_.NewPromise();
  } else if (state == StreamState::kErroring) {  // 6.
    // 6.1.
    writers_[writer].readyPromise = realm_.PromiseRejectedWith(stream.storedError);
    // 6.2.
    realm_.SetIsHandled(writers_[writer].readyPromise);
    // 6.3.
    writers_[writer].closedPromise = realm_.NewPromise();
  } else if (state == StreamState::kClosed) {  // 7.
    // 7.1.
    writers_[writer].readyPromise = realm_.PromiseResolvedWith(Value::Undefined());
    // 7.2.
    writers_[writer].closedPromise = realm_.PromiseResolvedWith(Value::Undefined());
  } else {  // 8.
    // 8.1.
    realm_.Assert(state == StreamState::kErrored, "SetUpWritableStreamDefaultWriter step 8.1");
    // 8.2.
    const Value storedError = stream.storedError;
    // 8.3.
    writers_[writer].readyPromise = realm_.PromiseRejectedWith(storedError);
    // 8.4.
    realm_.SetIsHandled(writers_[writer].readyPromise);
    // 8.5.
    writers_[writer].closedPromise = realm_.PromiseRejectedWith(storedError);
    // 8.6.
    realm_.SetIsHandled(writers_[writer].closedPromise);
  }
  return Outcome::Return(Value::Undefined());
}

PromiseId ReferenceModel::WritableStreamAbort(Stream& stream, Value reason) {
  const core::Operation operation("WritableStreamAbort");
  // 1.
  if (stream.state == StreamState::kClosed || stream.state == StreamState::kErrored) {
    return realm_.PromiseResolvedWith(Value::Undefined());
  }
  // 2. User code runs.
  SignalAbort(*stream.controller, reason);
  // 3.
  const StreamState state = stream.state;
  // 4.
  if (state == StreamState::kClosed || state == StreamState::kErrored) {
    return realm_.PromiseResolvedWith(Value::Undefined());
  }
  // 5.
  if (stream.pendingAbortRequest) return stream.pendingAbortRequest->promise;
  // 6.
  realm_.Assert(state == StreamState::kWritable || state == StreamState::kErroring, "WritableStreamAbort step 6");
  // 7.
  bool wasAlreadyErroring = false;
  // 8.
  if (state == StreamState::kErroring) {
    // 8.1.
    wasAlreadyErroring = true;
    // 8.2.
    reason = Value::Undefined();
  }
  // 9.
  const PromiseId promise = realm_.NewPromise();
  // 10.
  stream.pendingAbortRequest =
      PendingAbortRequest{.promise = promise, .reason = reason, .wasAlreadyErroring = wasAlreadyErroring};
  // 11.
  if (!wasAlreadyErroring) WritableStreamStartErroring(stream, reason);
  // 12.
  return promise;
}

PromiseId ReferenceModel::WritableStreamClose(Stream& stream) {
  const core::Operation operation("WritableStreamClose");
  // 1.
  const StreamState state = stream.state;
  // 2.
  if (state == StreamState::kClosed || state == StreamState::kErrored) {
    return realm_.PromiseRejectedWith(realm_.NewTypeError());
  }
  // 3.
  realm_.Assert(state == StreamState::kWritable || state == StreamState::kErroring, "WritableStreamClose step 3");
  // 4.
  realm_.Assert(!WritableStreamCloseQueuedOrInFlight(stream), "WritableStreamClose step 4");
  // 5.
  const PromiseId promise = realm_.NewPromise();
  // 6.
  stream.closeRequest = promise;
  // 7.
  const std::optional<WriterId> writer = stream.writer;
  // 8.
  if (writer && stream.backpressure && state == StreamState::kWritable) {
    realm_.Resolve(writers_[*writer].readyPromise, Value::Undefined());
  }
  // 9.
  WritableStreamDefaultControllerClose(*stream.controller);
  // 10.
  return promise;
}

// ---- Interfacing with controllers

PromiseId ReferenceModel::WritableStreamAddWriteRequest(Stream& stream) {
  const core::Operation operation("WritableStreamAddWriteRequest");
  // 1.
  realm_.Assert(IsWritableStreamLocked(stream), "WritableStreamAddWriteRequest step 1");
  // 2.
  realm_.Assert(stream.state == StreamState::kWritable, "WritableStreamAddWriteRequest step 2");
  // 3.
  const PromiseId promise = realm_.NewPromise();
  // 4.
  stream.writeRequests.push_back(promise);
  // 5.
  return promise;
}

bool ReferenceModel::WritableStreamCloseQueuedOrInFlight(const Stream& stream) {
  const core::Operation operation("WritableStreamCloseQueuedOrInFlight");
  // 1.
  if (!stream.closeRequest && !stream.inFlightCloseRequest) return false;
  // 2.
  return true;
}

void ReferenceModel::WritableStreamDealWithRejection(Stream& stream, Value error) {
  const core::Operation operation("WritableStreamDealWithRejection");
  // 1.
  const StreamState state = stream.state;
  // 2.
  if (state == StreamState::kWritable) {
    // 2.1.
    WritableStreamStartErroring(stream, error);
    // 2.2.
    return;
  }
  // 3.
  realm_.Assert(state == StreamState::kErroring, "WritableStreamDealWithRejection step 3");
  // 4.
  WritableStreamFinishErroring(stream);
}

void ReferenceModel::WritableStreamFinishErroring(Stream& stream) {
  const core::Operation operation("WritableStreamFinishErroring");
  // 1.
  realm_.Assert(stream.state == StreamState::kErroring, "WritableStreamFinishErroring step 1");
  // 2.
  realm_.Assert(!WritableStreamHasOperationMarkedInFlight(stream), "WritableStreamFinishErroring step 2");
  // 3.
  stream.state = StreamState::kErrored;
  // 4.
  ErrorSteps(*stream.controller);
  // 5.
  const Value storedError = stream.storedError;
  // 6. No user code runs inside.
  for (const PromiseId writeRequest : stream.writeRequests) {
    // 6.1.
    realm_.Reject(writeRequest, storedError);
  }
  // 7.
  stream.writeRequests.clear();
  // 8.
  if (!stream.pendingAbortRequest) {
    // 8.1.
    WritableStreamRejectCloseAndClosedPromiseIfNeeded(stream);
    // 8.2.
    return;
  }
  // 9.
  const PendingAbortRequest abortRequest = *stream.pendingAbortRequest;
  // 10.
  stream.pendingAbortRequest = std::nullopt;
  // 11.
  if (abortRequest.wasAlreadyErroring) {
    // 11.1.
    realm_.Reject(abortRequest.promise, storedError);
    // 11.2.
    WritableStreamRejectCloseAndClosedPromiseIfNeeded(stream);
    // 11.3.
    return;
  }
  // 12. User code runs.
  const PromiseId promise = AbortSteps(*stream.controller, abortRequest.reason);
  // 13., 14.
  realm_.Upon(promise, stream.name, kSinkAbortPromise, abortRequest.promise);
}

// WritableStreamFinishErroring steps 13 and 14.
void ReferenceModel::UponSinkAbortPromise(Stream& stream, PromiseId abortRequestPromise, bool fulfilled, Value value) {
  if (fulfilled) {
    // 13.1.
    realm_.Resolve(abortRequestPromise, Value::Undefined());
    // 13.2.
    WritableStreamRejectCloseAndClosedPromiseIfNeeded(stream);
  } else {
    // 14.1.
    realm_.Reject(abortRequestPromise, value);
    // 14.2.
    WritableStreamRejectCloseAndClosedPromiseIfNeeded(stream);
  }
}

void ReferenceModel::WritableStreamFinishInFlightClose(Stream& stream) {
  const core::Operation operation("WritableStreamFinishInFlightClose");
  // 1.
  realm_.Assert(stream.inFlightCloseRequest.has_value(), "WritableStreamFinishInFlightClose step 1");
  // 2.
  realm_.Resolve(*stream.inFlightCloseRequest, Value::Undefined());
  // 3.
  stream.inFlightCloseRequest = std::nullopt;
  // 4.
  const StreamState state = stream.state;
  // 5.
  realm_.Assert(stream.state == StreamState::kWritable || stream.state == StreamState::kErroring,
                "WritableStreamFinishInFlightClose step 5");
  // 6.
  if (state == StreamState::kErroring) {
    // 6.1.
    stream.storedError = Value::Undefined();
    // 6.2.
    if (stream.pendingAbortRequest) {
      // 6.2.1.
      realm_.Resolve(stream.pendingAbortRequest->promise, Value::Undefined());
      // 6.2.2.
      stream.pendingAbortRequest = std::nullopt;
    }
  }
  // 7.
  stream.state = StreamState::kClosed;
  // 8.
  const std::optional<WriterId> writer = stream.writer;
  // 9.
  if (writer) realm_.Resolve(writers_[*writer].closedPromise, Value::Undefined());
  // 10.
  realm_.Assert(!stream.pendingAbortRequest, "WritableStreamFinishInFlightClose step 10");
  // 11.
  realm_.Assert(stream.storedError.kind == ValueKind::kUndefined, "WritableStreamFinishInFlightClose step 11");
}

void ReferenceModel::WritableStreamFinishInFlightCloseWithError(Stream& stream, Value error) {
  const core::Operation operation("WritableStreamFinishInFlightCloseWithError");
  // 1.
  realm_.Assert(stream.inFlightCloseRequest.has_value(), "WritableStreamFinishInFlightCloseWithError step 1");
  // 2.
  realm_.Reject(*stream.inFlightCloseRequest, error);
  // 3.
  stream.inFlightCloseRequest = std::nullopt;
  // 4.
  realm_.Assert(stream.state == StreamState::kWritable || stream.state == StreamState::kErroring,
                "WritableStreamFinishInFlightCloseWithError step 4");
  // 5.
  if (stream.pendingAbortRequest) {
    // 5.1.
    realm_.Reject(stream.pendingAbortRequest->promise, error);
    // 5.2.
    stream.pendingAbortRequest = std::nullopt;
  }
  // 6.
  WritableStreamDealWithRejection(stream, error);
}

void ReferenceModel::WritableStreamFinishInFlightWrite(Stream& stream) {
  const core::Operation operation("WritableStreamFinishInFlightWrite");
  // 1.
  realm_.Assert(stream.inFlightWriteRequest.has_value(), "WritableStreamFinishInFlightWrite step 1");
  // 2.
  realm_.Resolve(*stream.inFlightWriteRequest, Value::Undefined());
  // 3.
  stream.inFlightWriteRequest = std::nullopt;
}

void ReferenceModel::WritableStreamFinishInFlightWriteWithError(Stream& stream, Value error) {
  const core::Operation operation("WritableStreamFinishInFlightWriteWithError");
  // 1.
  realm_.Assert(stream.inFlightWriteRequest.has_value(), "WritableStreamFinishInFlightWriteWithError step 1");
  // 2.
  realm_.Reject(*stream.inFlightWriteRequest, error);
  // 3.
  stream.inFlightWriteRequest = std::nullopt;
  // 4.
  realm_.Assert(stream.state == StreamState::kWritable || stream.state == StreamState::kErroring,
                "WritableStreamFinishInFlightWriteWithError step 4");
  // 5.
  WritableStreamDealWithRejection(stream, error);
}

bool ReferenceModel::WritableStreamHasOperationMarkedInFlight(const Stream& stream) {
  const core::Operation operation("WritableStreamHasOperationMarkedInFlight");
  // 1.
  if (!stream.inFlightWriteRequest && !stream.inFlightCloseRequest) return false;
  // 2.
  return true;
}

void ReferenceModel::WritableStreamMarkCloseRequestInFlight(Stream& stream) {
  const core::Operation operation("WritableStreamMarkCloseRequestInFlight");
  // 1.
  realm_.Assert(!stream.inFlightCloseRequest, "WritableStreamMarkCloseRequestInFlight step 1");
  // 2.
  realm_.Assert(stream.closeRequest.has_value(), "WritableStreamMarkCloseRequestInFlight step 2");
  // 3.
  stream.inFlightCloseRequest = stream.closeRequest;
  // 4.
  stream.closeRequest = std::nullopt;
}

void ReferenceModel::WritableStreamMarkFirstWriteRequestInFlight(Stream& stream) {
  const core::Operation operation("WritableStreamMarkFirstWriteRequestInFlight");
  // 1.
  realm_.Assert(!stream.inFlightWriteRequest, "WritableStreamMarkFirstWriteRequestInFlight step 1");
  // 2.
  realm_.Assert(!stream.writeRequests.empty(), "WritableStreamMarkFirstWriteRequestInFlight step 2");
  // 3.
  const PromiseId writeRequest = stream.writeRequests.front();
  // 4.
  stream.writeRequests.pop_front();
  // 5.
  stream.inFlightWriteRequest = writeRequest;
}

void ReferenceModel::WritableStreamRejectCloseAndClosedPromiseIfNeeded(Stream& stream) {
  const core::Operation operation("WritableStreamRejectCloseAndClosedPromiseIfNeeded");
  // 1.
  realm_.Assert(stream.state == StreamState::kErrored, "WritableStreamRejectCloseAndClosedPromiseIfNeeded step 1");
  // 2.
  if (stream.closeRequest) {
    // 2.1.
    realm_.Assert(!stream.inFlightCloseRequest, "WritableStreamRejectCloseAndClosedPromiseIfNeeded step 2.1");
    // 2.2.
    realm_.Reject(*stream.closeRequest, stream.storedError);
    // 2.3.
    stream.closeRequest = std::nullopt;
  }
  // 3.
  const std::optional<WriterId> writer = stream.writer;
  // 4.
  if (writer) {
    // 4.1. Does nothing if the writer was made while the sink's abort was pending: it was born rejected.
    realm_.Reject(writers_[*writer].closedPromise, stream.storedError);
    // 4.2.
    realm_.SetIsHandled(writers_[*writer].closedPromise);
  }
}

void ReferenceModel::WritableStreamStartErroring(Stream& stream, Value reason) {
  const core::Operation operation("WritableStreamStartErroring");
  // 1.
  realm_.Assert(stream.storedError.kind == ValueKind::kUndefined, "WritableStreamStartErroring step 1");
  // 2.
  realm_.Assert(stream.state == StreamState::kWritable, "WritableStreamStartErroring step 2");
  // 3.
  const Controller* controller = stream.controller;
  // 4.
  realm_.Assert(controller != nullptr, "WritableStreamStartErroring step 4");
  // 5.
  stream.state = StreamState::kErroring;
  // 6.
  stream.storedError = reason;
  // 7.
  const std::optional<WriterId> writer = stream.writer;
  // 8.
  if (writer) WritableStreamDefaultWriterEnsureReadyPromiseRejected(*writer, reason);
  // 9.
  if (!WritableStreamHasOperationMarkedInFlight(stream) && controller->started) WritableStreamFinishErroring(stream);
}

void ReferenceModel::WritableStreamUpdateBackpressure(Stream& stream, bool backpressure) {
  const core::Operation operation("WritableStreamUpdateBackpressure");
  // 1.
  realm_.Assert(stream.state == StreamState::kWritable, "WritableStreamUpdateBackpressure step 1");
  // 2.
  realm_.Assert(!WritableStreamCloseQueuedOrInFlight(stream), "WritableStreamUpdateBackpressure step 2");
  // 3.
  const std::optional<WriterId> writer = stream.writer;
  // 4.
  if (writer && backpressure != stream.backpressure) {
    if (backpressure) {
      // 4.1.
      writers_[*writer].readyPromise = realm_.NewPromise();
    } else {
      // 4.2.
      realm_.Resolve(writers_[*writer].readyPromise, Value::Undefined());
    }
  }
  // 5.
  stream.backpressure = backpressure;
}

// ---- Writers

PromiseId ReferenceModel::WritableStreamDefaultWriterAbort(WriterId writer, Value reason) {
  const core::Operation operation("WritableStreamDefaultWriterAbort");
  // 1.
  Stream* stream = writers_[writer].stream;
  // 2.
  realm_.Assert(stream != nullptr, "WritableStreamDefaultWriterAbort step 2");
  // 3.
  return WritableStreamAbort(*stream, reason);
}

PromiseId ReferenceModel::WritableStreamDefaultWriterClose(WriterId writer) {
  const core::Operation operation("WritableStreamDefaultWriterClose");
  // 1.
  Stream* stream = writers_[writer].stream;
  // 2.
  realm_.Assert(stream != nullptr, "WritableStreamDefaultWriterClose step 2");
  // 3.
  return WritableStreamClose(*stream);
}

// https://streams.spec.whatwg.org/#writable-stream-default-writer-close-with-error-propagation
PromiseId ReferenceModel::WritableStreamDefaultWriterCloseWithErrorPropagation(WriterId writer) {
  const core::Operation operation("WritableStreamDefaultWriterCloseWithErrorPropagation");
  // 1.
  const Stream* stream = writers_[writer].stream;
  // 2.
  realm_.Assert(stream != nullptr, "WritableStreamDefaultWriterCloseWithErrorPropagation step 2");
  // 3.
  const StreamState state = stream->state;
  // 4.
  if (WritableStreamCloseQueuedOrInFlight(*stream) || state == StreamState::kClosed) {
    return realm_.PromiseResolvedWith(Value::Undefined());
  }
  // 5.
  if (state == StreamState::kErrored) return realm_.PromiseRejectedWith(stream->storedError);
  // 6.
  realm_.Assert(state == StreamState::kWritable || state == StreamState::kErroring,
                "WritableStreamDefaultWriterCloseWithErrorPropagation step 6");
  // 7.
  return WritableStreamDefaultWriterClose(writer);
}

void ReferenceModel::WritableStreamDefaultWriterEnsureClosedPromiseRejected(WriterId writer, Value error) {
  const core::Operation operation("WritableStreamDefaultWriterEnsureClosedPromiseRejected");
  // 1., 2.
  if (realm_.State(writers_[writer].closedPromise) == PromiseState::kPending) {
    realm_.Reject(writers_[writer].closedPromise, error);
  } else {
    writers_[writer].closedPromise = realm_.PromiseRejectedWith(error);
  }
  // 3.
  realm_.SetIsHandled(writers_[writer].closedPromise);
}

void ReferenceModel::WritableStreamDefaultWriterEnsureReadyPromiseRejected(WriterId writer, Value error) {
  const core::Operation operation("WritableStreamDefaultWriterEnsureReadyPromiseRejected");
  // 1., 2.
  if (realm_.State(writers_[writer].readyPromise) == PromiseState::kPending) {
    realm_.Reject(writers_[writer].readyPromise, error);
  } else {
    writers_[writer].readyPromise = realm_.PromiseRejectedWith(error);
  }
  // 3.
  realm_.SetIsHandled(writers_[writer].readyPromise);
}

Value ReferenceModel::WritableStreamDefaultWriterGetDesiredSize(WriterId writer) {
  const core::Operation operation("WritableStreamDefaultWriterGetDesiredSize");
  // 1.
  const Stream* stream = writers_[writer].stream;
  // 2.
  const StreamState state = stream->state;
  // 3.
  if (state == StreamState::kErrored || state == StreamState::kErroring) return Value::Null();
  // 4.
  if (state == StreamState::kClosed) return Value::Number(0);
  // 5.
  return Value::Number(WritableStreamDefaultControllerGetDesiredSize(*stream->controller));
}

void ReferenceModel::WritableStreamDefaultWriterRelease(WriterId writer) {
  const core::Operation operation("WritableStreamDefaultWriterRelease");
  // 1.
  Stream* stream = writers_[writer].stream;
  // 2.
  realm_.Assert(stream != nullptr, "WritableStreamDefaultWriterRelease step 2");
  // 3.
  realm_.Assert(stream->writer == writer, "WritableStreamDefaultWriterRelease step 3");
  // 4.
  const Value releasedError = realm_.NewTypeError();
  // 5.
  WritableStreamDefaultWriterEnsureReadyPromiseRejected(writer, releasedError);
  // 6.
  WritableStreamDefaultWriterEnsureClosedPromiseRejected(writer, releasedError);
  // 7.
  stream->writer = std::nullopt;
  // 8.
  writers_[writer].stream = nullptr;
}

PromiseId ReferenceModel::WritableStreamDefaultWriterWrite(WriterId writer, Value chunk) {
  const core::Operation operation("WritableStreamDefaultWriterWrite");
  // 1.
  Stream* stream = writers_[writer].stream;
  // 2.
  realm_.Assert(stream != nullptr, "WritableStreamDefaultWriterWrite step 2");
  // 3.
  Controller* controller = stream->controller;
  // 4. User code runs.
  const double chunkSize = WritableStreamDefaultControllerGetChunkSize(*controller, chunk);
  // 5.
  if (stream != writers_[writer].stream) return realm_.PromiseRejectedWith(realm_.NewTypeError());
  // 6.
  const StreamState state = stream->state;
  // 7.
  if (state == StreamState::kErrored) return realm_.PromiseRejectedWith(stream->storedError);
  // 8.
  if (WritableStreamCloseQueuedOrInFlight(*stream) || state == StreamState::kClosed) {
    return realm_.PromiseRejectedWith(realm_.NewTypeError());
  }
  // 9.
  if (state == StreamState::kErroring) return realm_.PromiseRejectedWith(stream->storedError);
  // 10.
  realm_.Assert(state == StreamState::kWritable, "WritableStreamDefaultWriterWrite step 10");
  // Not in the standard: the byte limit.
  const uint64_t charge = ChargeOf(chunk);
  if (ExceedsByteLimit(*controller, charge)) return realm_.PromiseRejectedWith(realm_.NewRangeError());
  // 11.
  const PromiseId promise = WritableStreamAddWriteRequest(*stream);
  // 12.
  WritableStreamDefaultControllerWrite(*controller, chunk, chunkSize, charge);
  // 13.
  return promise;
}

}  // namespace sluice::fuzz
