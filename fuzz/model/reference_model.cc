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

// Its snapshots show it from the begin of these steps.
void ReferenceModel::ReleaseLock(uint32_t writer) {
  released_writer_ = writer;
  ReleaseLockSteps(writer);
}

// ---- The signal

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
