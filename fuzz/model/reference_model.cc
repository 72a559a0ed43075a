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
  options_ = {};
  detachedChunks_.clear();
  InitializeWritableStream(stream_);
  writers_.clear();
  released_writer_.reset();
}

Outcome ReferenceModel::Perform(const SubjectCall& call) {
  const auto promise = [](PromiseId id) { return Outcome::Return(Value::Of(ValueKind::kPromise, id)); };
  switch (call.method) {
    case SubjectMethod::kConstruct:
      return Construct(*call.options);
    case SubjectMethod::kLocked:
      return Outcome::Return(Value::Boolean(Locked()));
    case SubjectMethod::kStreamAbort:
      return promise(StreamAbort(call.value));
    case SubjectMethod::kStreamClose:
      return promise(StreamClose());
    case SubjectMethod::kGetWriter:
      return GetWriter();
    case SubjectMethod::kConstructWriter:
      return ConstructWriter();
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
      released_writer_ = call.id;  // its snapshots show it from the begin of these steps
      return ReleaseLockSteps(call.id), Outcome{};
    case SubjectMethod::kWrite:
      return promise(Write(call.id, call.value));
    case SubjectMethod::kCloseWithErrorPropagation:
      return promise(WritableStreamDefaultWriterCloseWithErrorPropagation(call.id));
    case SubjectMethod::kErrorStream:
      return ErrorStream(call.value), Outcome{};
    case SubjectMethod::kControllerError:
      return ControllerError(call.value), Outcome{};
    case SubjectMethod::kSignalAborted:  // https://dom.spec.whatwg.org/#dom-abortsignal-aborted
      return Outcome::Return(Value::Boolean(SignalReason().kind != ValueKind::kUndefined));
    case SubjectMethod::kSignalReason:
      return Outcome::Return(SignalReason());
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
Value ReferenceModel::SignalReason() {
  if (stream_.controller == nullptr) return Value::Undefined();
  return stream_.controller->abortController.abortReason;
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
    snapshot.readyPromise_is_handled = IsHandled(writer.readyPromise);
    snapshot.closedPromise = View(writer.closedPromise);
    snapshot.closedPromise_is_handled = IsHandled(writer.closedPromise);
  }

  if (released_writer_) {
    const model::WritableStreamDefaultWriter& writer = writers_[*released_writer_];
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
  snapshot.signal_aborted = SignalReason().kind != ValueKind::kUndefined;
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

void ReferenceModel::ReadSlots(std::vector<SlotValue>& slots) {
  if (stream_.controller == nullptr) return;
  const auto promise = [&](const char* slot, std::optional<PromiseId> id) {
    const bool is_there = id && *id != model::kNoPromise;
    slots.push_back({slot, is_there ? Value::Of(ValueKind::kPromise, *id) : Value::Undefined()});
  };
  const auto value = [&](const char* slot, Value what) { slots.push_back({slot, what}); };
  const auto writer = [&](const char* ready, const char* closed, std::optional<WriterId> id) {
    promise(ready, id ? std::optional(writers_[*id].readyPromise) : std::nullopt);
    promise(closed, id ? std::optional(writers_[*id].closedPromise) : std::nullopt);
  };
  const std::optional<model::PendingAbortRequest>& abort = stream_.pendingAbortRequest;
  promise("closeRequest", stream_.closeRequest);
  promise("inFlightWriteRequest", stream_.inFlightWriteRequest);
  promise("inFlightCloseRequest", stream_.inFlightCloseRequest);
  promise("pendingAbortRequest", abort ? std::optional(abort->promise) : std::nullopt);
  value("pendingAbortRequest_reason", abort ? abort->reason : Value::Undefined());
  value("storedError", stream_.storedError);
  const bool has_requests = !stream_.writeRequests.empty();
  promise("writeRequests_first", has_requests ? std::optional(stream_.writeRequests.front()) : std::nullopt);
  promise("writeRequests_last", has_requests ? std::optional(stream_.writeRequests.back()) : std::nullopt);
  value("writer", stream_.writer ? Value::Of(ValueKind::kWriter, *stream_.writer) : Value::Undefined());
  writer("readyPromise", "closedPromise", stream_.writer);
  writer("released_readyPromise", "released_closedPromise", released_writer_);
  value("released_stream_is_set", Value::Boolean(released_writer_ && writers_[*released_writer_].stream != nullptr));
  const auto chunk = [](const model::ValueWithSize& entry) {
    return entry.value.is_close_sentinel ? Value::Undefined() : entry.value.chunk;
  };
  const std::vector<model::ValueWithSize>& queue = stream_.controller->queue;
  value("queue_first", queue.empty() ? Value::Undefined() : chunk(queue.front()));
  value("queue_last", queue.empty() ? Value::Undefined() : chunk(queue.back()));
}

void ReferenceModel::QueryResults(std::vector<SlotValue>& results) {
  if (stream_.controller == nullptr) return;
  const Controller& controller = *stream_.controller;
  // What others ask comes before them.
  results.push_back({"WritableStreamDefaultControllerGetDesiredSize",
                     Value::Number(WritableStreamDefaultControllerGetDesiredSize(controller))});
  results.push_back({"IsWritableStreamLocked", Value::Boolean(IsWritableStreamLocked(stream_))});
  results.push_back(
      {"WritableStreamCloseQueuedOrInFlight", Value::Boolean(WritableStreamCloseQueuedOrInFlight(stream_))});
  results.push_back(
      {"WritableStreamHasOperationMarkedInFlight", Value::Boolean(WritableStreamHasOperationMarkedInFlight(stream_))});
  results.push_back({"WritableStreamDefaultControllerGetBackpressure",
                     Value::Boolean(WritableStreamDefaultControllerGetBackpressure(controller))});
  if (!stream_.writer || writers_[*stream_.writer].stream == nullptr) return;
  results.push_back(
      {"WritableStreamDefaultWriterGetDesiredSize", WritableStreamDefaultWriterGetDesiredSize(*stream_.writer)});
}

Settlement ReferenceModel::SettlementOf(uint32_t promise) {
  const bool is_rejected = realm_.State(promise) == PromiseState::kRejected;
  return {View(promise), is_rejected ? realm_.Result(promise) : Value::Undefined()};
}

}  // namespace sluice::fuzz
