// What the driver calls of the realm, and the snapshot.
#include "fuzz/model/reference_model.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "fuzz/driver/subject.h"
#include "fuzz/model/model_promise.h"
#include "fuzz/model/reference_model_slots.h"
#include "src/core/snapshot.h"
#include "src/sim/chunk.h"
#include "src/sim/value.h"

namespace sluice::fuzz {

using core::PromiseView;
using core::Snapshot;
using model::PromiseState;
using sim::Outcome;
using sim::Value;
using sim::ValueKind;

void ReferenceModel::Reset(UserCode& user_code, const std::vector<sim::Chunk>& chunks) {
  realm_.Reset(user_code);
  user_code_ = &user_code;
  chunks_ = &chunks;
  detachedChunks_.clear();
  for (uint32_t name = 0; name < kStreamCount; ++name) {
    Parts& parts = parts_[name];
    parts.options = {};
    parts.stream.name = name;
    InitializeWritableStream(parts.stream);
    parts.released_writer.reset();
  }
  writers_.clear();
}

Outcome ReferenceModel::Perform(const SubjectCall& call) {
  const auto promise = [](PromiseId id) { return Outcome::Return(Value::Of(ValueKind::kPromise, id)); };
  Stream& stream = parts_[call.stream].stream;
  switch (call.method) {
    case SubjectMethod::kConstruct:
      return Construct(stream, *call.options);
    case SubjectMethod::kLocked:
      return Outcome::Return(Value::Boolean(Locked(stream)));
    case SubjectMethod::kStreamAbort:
      return promise(StreamAbort(stream, call.value));
    case SubjectMethod::kStreamClose:
      return promise(StreamClose(stream));
    case SubjectMethod::kGetWriter:
      return GetWriter(stream);
    case SubjectMethod::kConstructWriter:
      return ConstructWriter(stream);
    case SubjectMethod::kClosed:
      return promise(Closed(call.id));
    case SubjectMethod::kReady:
      return promise(Ready(call.id));
    case SubjectMethod::kDesiredSize:
      return DesiredSize(call.id);
    case SubjectMethod::kWriterAbort:
      return promise(WriterAbort(call.id, call.value));
    case SubjectMethod::kWriterClose:
      return promise(WriterClose(call.id));
    case SubjectMethod::kReleaseLock:
      PartsOf(stream).released_writer = call.id;  // its snapshots show it from the begin of these steps
      return ReleaseLockSteps(call.id), Outcome{};
    case SubjectMethod::kWrite:
      return promise(Write(call.id, call.value));
    case SubjectMethod::kCloseWithErrorPropagation:
      return promise(WritableStreamDefaultWriterCloseWithErrorPropagation(call.id));
    case SubjectMethod::kErrorStream:
      return ErrorStream(stream, call.value), Outcome{};
    case SubjectMethod::kControllerError:
      return ControllerError(stream, call.value), Outcome{};
    case SubjectMethod::kSignalAborted:  // https://dom.spec.whatwg.org/#dom-abortsignal-aborted
      return Outcome::Return(Value::Boolean(SignalReason(stream).kind != ValueKind::kUndefined));
    case SubjectMethod::kSignalReason:
      return Outcome::Return(SignalReason(stream));
    case SubjectMethod::kDetach:  // https://tc39.es/ecma262/#sec-detacharraybuffer
      return detachedChunks_.insert(call.value.id), Outcome{};
    case SubjectMethod::kNewPromise:
      return promise(realm_.NewPromise());
    case SubjectMethod::kResolvePromise:
      return realm_.Resolve(call.id, Value::Undefined()), Outcome{};
    case SubjectMethod::kRejectPromise:
      return realm_.Reject(call.id, call.value), Outcome{};
    case SubjectMethod::kCallResolve:
      return realm_.CallResolve(call.id), Outcome{};
    case SubjectMethod::kCallReject:
      return realm_.CallReject(call.id, call.value), Outcome{};
    case SubjectMethod::kObserve:
      return realm_.Observe(call.id), Outcome{};
    case SubjectMethod::kRunTick:
      return realm_.RunJobs(realm_.PendingJobs()), Outcome{};
    case SubjectMethod::kRunMicrotasks:
      return realm_.RunJobs(call.id), Outcome{};
    case SubjectMethod::kRunAllMicrotasks:
      realm_.RunJobs(std::numeric_limits<size_t>::max());
      return realm_.NotifyAboutRejectedPromises(), Outcome{};
  }
  return {};
}

// https://dom.spec.whatwg.org/#dom-abortsignal-reason
Value ReferenceModel::SignalReason(const Stream& stream) {
  if (stream.controller == nullptr) return Value::Undefined();
  return stream.controller->abortController.abortReason;
}

// ---- The snapshot

PromiseView ReferenceModel::View(std::optional<PromiseId> promise) const {
  if (!promise || *promise == model::kNoPromise) return PromiseView::kUndefined;
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

bool ReferenceModel::IsHandled(PromiseId promise) const {
  return promise != model::kNoPromise && realm_.IsHandled(promise);
}

bool ReferenceModel::TakeSnapshot(uint32_t name, Snapshot& snapshot) {
  const Parts& parts = parts_[name];
  const Stream& stream = parts.stream;
  if (stream.controller == nullptr) return false;
  const Controller& controller = *stream.controller;
  snapshot = Snapshot();

  snapshot.state = stream.state;
  snapshot.backpressure = stream.backpressure;
  snapshot.has_controller = true;
  snapshot.closeRequest = View(stream.closeRequest);
  snapshot.inFlightWriteRequest = View(stream.inFlightWriteRequest);
  snapshot.inFlightCloseRequest = View(stream.inFlightCloseRequest);
  if (stream.pendingAbortRequest) {
    snapshot.pendingAbortRequest = View(stream.pendingAbortRequest->promise);
    snapshot.pendingAbortRequest_wasAlreadyErroring = stream.pendingAbortRequest->wasAlreadyErroring;
    snapshot.pendingAbortRequest_has_reason = stream.pendingAbortRequest->reason.kind != ValueKind::kUndefined;
  }
  snapshot.has_storedError = stream.storedError.kind != ValueKind::kUndefined;
  snapshot.writeRequests_size = stream.writeRequests.size();
  for (const PromiseId writeRequest : stream.writeRequests) {
    if (realm_.State(writeRequest) != PromiseState::kPending) snapshot.writeRequests_all_pending = false;
  }

  if (stream.writer) {
    const model::WritableStreamDefaultWriter& writer = writers_[*stream.writer];
    snapshot.has_writer = true;
    snapshot.writer_stream_is_this = writer.stream == &stream;
    snapshot.readyPromise = View(writer.readyPromise);
    snapshot.readyPromise_is_handled = IsHandled(writer.readyPromise);
    snapshot.closedPromise = View(writer.closedPromise);
    snapshot.closedPromise_is_handled = IsHandled(writer.closedPromise);
  }

  if (parts.released_writer) {
    const model::WritableStreamDefaultWriter& writer = writers_[*parts.released_writer];
    snapshot.released_readyPromise = View(writer.readyPromise);
    snapshot.released_readyPromise_is_handled = IsHandled(writer.readyPromise);
    snapshot.released_closedPromise = View(writer.closedPromise);
    snapshot.released_closedPromise_is_handled = IsHandled(writer.closedPromise);
  }

  snapshot.started = controller.started;
  snapshot.has_writeAlgorithm = controller.writeAlgorithm.has_value();
  snapshot.has_closeAlgorithm = controller.closeAlgorithm.has_value();
  snapshot.has_abortAlgorithm = controller.abortAlgorithm.has_value();
  snapshot.has_strategySizeAlgorithm = controller.strategySizeAlgorithm.has_value();
  snapshot.signal_aborted = SignalReason(stream).kind != ValueKind::kUndefined;
  snapshot.strategyHWM = controller.strategyHWM;
  snapshot.queueTotalSize = controller.queueTotalSize;
  snapshot.queue_size = controller.queue.size();
  for (const model::ValueWithSize& entry : controller.queue) {
    snapshot.queue_ends_with_sentinel = entry.value.is_close_sentinel;
    if (entry.value.is_close_sentinel) ++snapshot.queue_sentinels;
    if (!(entry.size >= 0) || entry.size == std::numeric_limits<double>::infinity()) snapshot.queue_sizes_valid = false;
    snapshot.queue_charge_sum += entry.charge;
  }

  snapshot.has_byte_limit = parts.options.byte_limit.has_value();
  snapshot.byte_limit = parts.options.byte_limit.value_or(0);
  snapshot.charged_bytes = controller.chargedBytes;
  return true;
}

void ReferenceModel::ReadSlots(uint32_t name, std::vector<SlotValue>& slots) {
  const Stream& stream = parts_[name].stream;
  const std::optional<WriterId> released_writer = parts_[name].released_writer;
  if (stream.controller == nullptr) return;
  const auto promise = [&](const char* slot, std::optional<PromiseId> id) {
    const bool is_there = id && *id != model::kNoPromise;
    slots.push_back({slot, is_there ? Value::Of(ValueKind::kPromise, *id) : Value::Undefined()});
  };
  const auto value = [&](const char* slot, Value what) { slots.push_back({slot, what}); };
  const auto writer = [&](const char* ready, const char* closed, std::optional<WriterId> id) {
    promise(ready, id ? std::optional(writers_[*id].readyPromise) : std::nullopt);
    promise(closed, id ? std::optional(writers_[*id].closedPromise) : std::nullopt);
  };
  const std::optional<model::PendingAbortRequest>& abort = stream.pendingAbortRequest;
  promise("closeRequest", stream.closeRequest);
  promise("inFlightWriteRequest", stream.inFlightWriteRequest);
  promise("inFlightCloseRequest", stream.inFlightCloseRequest);
  promise("pendingAbortRequest", abort ? std::optional(abort->promise) : std::nullopt);
  value("pendingAbortRequest_reason", abort ? abort->reason : Value::Undefined());
  value("storedError", stream.storedError);
  const bool has_requests = !stream.writeRequests.empty();
  promise("writeRequests_first", has_requests ? std::optional(stream.writeRequests.front()) : std::nullopt);
  promise("writeRequests_last", has_requests ? std::optional(stream.writeRequests.back()) : std::nullopt);
  value("writer", stream.writer ? Value::Of(ValueKind::kWriter, *stream.writer) : Value::Undefined());
  writer("readyPromise", "closedPromise", stream.writer);
  writer("released_readyPromise", "released_closedPromise", released_writer);
  value("released_stream_is_set", Value::Boolean(released_writer && writers_[*released_writer].stream != nullptr));
  const auto chunk = [](const model::ValueWithSize& entry) {
    return entry.value.is_close_sentinel ? Value::Undefined() : entry.value.chunk;
  };
  const model::List<model::ValueWithSize>& queue = stream.controller->queue;
  value("queue_first", queue.empty() ? Value::Undefined() : chunk(queue.front()));
  value("queue_last", queue.empty() ? Value::Undefined() : chunk(queue.back()));
}

void ReferenceModel::QueryResults(uint32_t name, std::vector<SlotValue>& results) {
  const Stream& stream = parts_[name].stream;
  if (stream.controller == nullptr) return;
  const Controller& controller = *stream.controller;
  // What others ask comes before them.
  results.push_back({"WritableStreamDefaultControllerGetDesiredSize",
                     Value::Number(WritableStreamDefaultControllerGetDesiredSize(controller))});
  results.push_back({"IsWritableStreamLocked", Value::Boolean(IsWritableStreamLocked(stream))});
  results.push_back(
      {"WritableStreamCloseQueuedOrInFlight", Value::Boolean(WritableStreamCloseQueuedOrInFlight(stream))});
  results.push_back(
      {"WritableStreamHasOperationMarkedInFlight", Value::Boolean(WritableStreamHasOperationMarkedInFlight(stream))});
  results.push_back({"WritableStreamDefaultControllerGetBackpressure",
                     Value::Boolean(WritableStreamDefaultControllerGetBackpressure(controller))});
  if (!stream.writer || writers_[*stream.writer].stream == nullptr) return;
  results.push_back(
      {"WritableStreamDefaultWriterGetDesiredSize", WritableStreamDefaultWriterGetDesiredSize(*stream.writer)});
}

Settlement ReferenceModel::SettlementOf(uint32_t promise) {
  const bool is_rejected = realm_.State(promise) == PromiseState::kRejected;
  return {View(promise), is_rejected ? realm_.Result(promise) : Value::Undefined()};
}

}  // namespace sluice::fuzz
