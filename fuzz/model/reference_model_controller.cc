// The abstract operations of default controllers, queuing strategies and queues, and what they need of DOM and Web IDL.
// Numbers in comments are the standard's step numbers.
// https://streams.spec.whatwg.org/#ws-default-controller-abstract-ops
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

#include "fuzz/driver/subject.h"
#include "fuzz/model/model_promise.h"
#include "fuzz/model/reference_model.h"
#include "fuzz/model/reference_model_slots.h"
#include "src/core/operation.h"
#include "src/core/snapshot.h"
#include "src/core/tick_model.h"
#include "src/sim/chunk.h"
#include "src/sim/strategy.h"
#include "src/sim/value.h"

namespace sluice::fuzz {

using core::StreamState;
using core::TickModel;
using model::AbortController;
using model::Algorithm;
using model::PromiseId;
using model::QueueValue;
using model::ValueWithSize;
using sim::Chunk;
using sim::ChunkKind;
using sim::Outcome;
using sim::Value;
using sim::ValueKind;

// ---- Internal methods

PromiseId ReferenceModel::AbortSteps(Controller& controller, Value reason) {
  const core::Operation operation("AbortSteps");
  // 1. User code runs.
  const PromiseId result = PerformSinkAlgorithm(controller, controller.abortAlgorithm, CallKind::kAbort, reason);
  // 2.
  WritableStreamDefaultControllerClearAlgorithms(controller);
  // 3.
  return result;
}

void ReferenceModel::ErrorSteps(Controller& controller) {
  const core::Operation operation("ErrorSteps");
  // 1.
  ResetQueue(controller);
}

// ---- Default controllers

Outcome ReferenceModel::SetUpWritableStreamDefaultController(Stream& stream, Controller& controller,
                                                             Algorithm startAlgorithm, Algorithm writeAlgorithm,
                                                             Algorithm closeAlgorithm, Algorithm abortAlgorithm,
                                                             double highWaterMark, Algorithm sizeAlgorithm) {
  const core::Operation operation("SetUpWritableStreamDefaultController");
  // 1. Holds by type.
  // 2.
  realm_.Assert(stream.controller == nullptr, "SetUpWritableStreamDefaultController step 2");
  // 3.
  controller.stream = &stream;
  // 4.
  stream.controller = &controller;
  // 5.
  ResetQueue(controller);
  // 6. The author puts the listeners on it in `start`, before doing anything else.
  controller.abortController = {.abortReason = Value::Undefined(), .listeners = OptionsOf(controller).listeners};
  // 7.
  controller.started = false;
  // 8.
  controller.strategySizeAlgorithm = sizeAlgorithm;
  // 9.
  controller.strategyHWM = highWaterMark;
  // 10.
  controller.writeAlgorithm = writeAlgorithm;
  // 11.
  controller.closeAlgorithm = closeAlgorithm;
  // 12.
  controller.abortAlgorithm = abortAlgorithm;
  // 13.
  const bool backpressure = WritableStreamDefaultControllerGetBackpressure(controller);
  // 14.
  WritableStreamUpdateBackpressure(stream, backpressure);
  // 15. User code runs.
  const Outcome startResult = PerformStartAlgorithm(controller, startAlgorithm);
  if (startResult.thrown) return startResult;
  // 16. User code may run.
  const PromiseId startPromise = OptionsOf(controller).tick_model == TickModel::kPromiseResolveStart &&
                                         startResult.value.kind == ValueKind::kPromise
                                     ? startResult.value.id
                                     : realm_.PromiseResolvedWith(startResult.value);
  // 17., 18.
  realm_.Upon(startPromise, stream.name, kStartPromise, 0);
  return Outcome::Return(Value::Undefined());
}

// SetUpWritableStreamDefaultController steps 17 and 18.
void ReferenceModel::UponStartPromise(Controller& controller, bool fulfilled, Value value) {
  Stream& stream = *controller.stream;
  if (fulfilled) {
    // 17.1.
    realm_.Assert(stream.state == StreamState::kWritable || stream.state == StreamState::kErroring,
                  "SetUpWritableStreamDefaultController step 17.1");
    // 17.2.
    controller.started = true;
    // 17.3.
    WritableStreamDefaultControllerAdvanceQueueIfNeeded(controller);
  } else {
    // 18.1.
    realm_.Assert(stream.state == StreamState::kWritable || stream.state == StreamState::kErroring,
                  "SetUpWritableStreamDefaultController step 18.1");
    // 18.2.
    controller.started = true;
    // 18.3.
    WritableStreamDealWithRejection(stream, value);
  }
}

Outcome ReferenceModel::SetUpWritableStreamDefaultControllerFromUnderlyingSink(Stream& stream, double highWaterMark,
                                                                               Algorithm sizeAlgorithm) {
  const core::Operation operation("SetUpWritableStreamDefaultControllerFromUnderlyingSink");
  // 1.
  Controller& controller = PartsOf(stream).controller;
  const StreamOptions& underlyingSink = PartsOf(stream).options;
  // 2.
  Algorithm startAlgorithm = Algorithm::kDefault;
  // 3.
  Algorithm writeAlgorithm = Algorithm::kDefault;
  // 4.
  Algorithm closeAlgorithm = Algorithm::kDefault;
  // 5.
  Algorithm abortAlgorithm = Algorithm::kDefault;
  // 6.
  if (underlyingSink.has_start) startAlgorithm = Algorithm::kInvoke;
  // 7.
  if (underlyingSink.has_write) writeAlgorithm = Algorithm::kInvoke;
  // 8.
  if (underlyingSink.has_close) closeAlgorithm = Algorithm::kInvoke;
  // 9.
  if (underlyingSink.has_abort) abortAlgorithm = Algorithm::kInvoke;
  // 10.
  return SetUpWritableStreamDefaultController(stream, controller, startAlgorithm, writeAlgorithm, closeAlgorithm,
                                              abortAlgorithm, highWaterMark, sizeAlgorithm);
}

void ReferenceModel::WritableStreamDefaultControllerAdvanceQueueIfNeeded(Controller& controller) {
  const core::Operation operation("WritableStreamDefaultControllerAdvanceQueueIfNeeded");
  // 1.
  Stream& stream = *controller.stream;
  // 2.
  if (!controller.started) return;
  // 3.
  if (stream.inFlightWriteRequest) return;
  // 4.
  const StreamState state = stream.state;
  // 5.
  realm_.Assert(state != StreamState::kClosed && state != StreamState::kErrored,
                "WritableStreamDefaultControllerAdvanceQueueIfNeeded step 5");
  // 6.
  if (state == StreamState::kErroring) {
    // 6.1.
    WritableStreamFinishErroring(stream);
    // 6.2.
    return;
  }
  // 7.
  if (controller.queue.empty()) return;
  // 8.
  const QueueValue value = PeekQueueValue(controller);
  // 9., 10.
  if (value.is_close_sentinel) {
    WritableStreamDefaultControllerProcessClose(controller);
  } else {
    WritableStreamDefaultControllerProcessWrite(controller, value.chunk);
  }
}

void ReferenceModel::WritableStreamDefaultControllerClearAlgorithms(Controller& controller) {
  const core::Operation operation("WritableStreamDefaultControllerClearAlgorithms");
  // 1.
  controller.writeAlgorithm = std::nullopt;
  // 2.
  controller.closeAlgorithm = std::nullopt;
  // 3.
  controller.abortAlgorithm = std::nullopt;
  // 4.
  controller.strategySizeAlgorithm = std::nullopt;
}

void ReferenceModel::WritableStreamDefaultControllerClose(Controller& controller) {
  const core::Operation operation("WritableStreamDefaultControllerClose");
  // 1.
  const Outcome result = EnqueueValueWithSize(controller, {.is_close_sentinel = true, .chunk = {}}, 0, 0);
  realm_.Assert(!result.thrown, "WritableStreamDefaultControllerClose step 1");
  // 2.
  WritableStreamDefaultControllerAdvanceQueueIfNeeded(controller);
}

void ReferenceModel::WritableStreamDefaultControllerError(Controller& controller, Value error) {
  const core::Operation operation("WritableStreamDefaultControllerError");
  // 1.
  Stream& stream = *controller.stream;
  // 2.
  realm_.Assert(stream.state == StreamState::kWritable, "WritableStreamDefaultControllerError step 2");
  // 3.
  WritableStreamDefaultControllerClearAlgorithms(controller);
  // 4.
  WritableStreamStartErroring(stream, error);
}

void ReferenceModel::WritableStreamDefaultControllerErrorIfNeeded(Controller& controller, Value error) {
  const core::Operation operation("WritableStreamDefaultControllerErrorIfNeeded");
  // 1.
  if (controller.stream->state == StreamState::kWritable) WritableStreamDefaultControllerError(controller, error);
}

bool ReferenceModel::WritableStreamDefaultControllerGetBackpressure(const Controller& controller) {
  const core::Operation operation("WritableStreamDefaultControllerGetBackpressure");
  // 1.
  const double desiredSize = WritableStreamDefaultControllerGetDesiredSize(controller);
  // 2.
  return desiredSize <= 0;
}

double ReferenceModel::WritableStreamDefaultControllerGetChunkSize(Controller& controller, Value chunk) {
  const core::Operation operation("WritableStreamDefaultControllerGetChunkSize");
  // 1.
  if (!controller.strategySizeAlgorithm) {
    // 1.1. Does not hold while the sink's close is pending: the algorithms are gone, the state is still writable.
    realm_.Assert(controller.stream->state != StreamState::kWritable || controller.stream->inFlightCloseRequest,
                  "WritableStreamDefaultControllerGetChunkSize step 1.1");
    // 1.2.
    return 1;
  }
  // 2. User code runs.
  const Outcome returnValue = PerformSizeAlgorithm(controller, chunk);
  // 3.
  if (returnValue.thrown) {
    // 3.1.
    WritableStreamDefaultControllerErrorIfNeeded(controller, returnValue.value);
    // 3.2.
    return 1;
  }
  // 4.
  return returnValue.value.number;
}

double ReferenceModel::WritableStreamDefaultControllerGetDesiredSize(const Controller& controller) {
  const core::Operation operation("WritableStreamDefaultControllerGetDesiredSize");
  // 1.
  return controller.strategyHWM - controller.queueTotalSize;
}

void ReferenceModel::WritableStreamDefaultControllerProcessClose(Controller& controller) {
  const core::Operation operation("WritableStreamDefaultControllerProcessClose");
  // 1.
  Stream& stream = *controller.stream;
  // 2.
  WritableStreamMarkCloseRequestInFlight(stream);
  // 3.
  DequeueValue(controller);
  // 4.
  realm_.Assert(controller.queue.empty(), "WritableStreamDefaultControllerProcessClose step 4");
  // 5. User code runs.
  const PromiseId sinkClosePromise =
      PerformSinkAlgorithm(controller, controller.closeAlgorithm, CallKind::kClose, Value::Undefined());
  // 6.
  WritableStreamDefaultControllerClearAlgorithms(controller);
  // 7., 8.
  realm_.Upon(sinkClosePromise, stream.name, kSinkClosePromise, 0);
}

// WritableStreamDefaultControllerProcessClose steps 7 and 8.
void ReferenceModel::UponSinkClosePromise(Stream& stream, bool fulfilled, Value value) {
  if (fulfilled) {
    // 7.1.
    WritableStreamFinishInFlightClose(stream);
  } else {
    // 8.1.
    WritableStreamFinishInFlightCloseWithError(stream, value);
  }
}

void ReferenceModel::WritableStreamDefaultControllerProcessWrite(Controller& controller, Value chunk) {
  const core::Operation operation("WritableStreamDefaultControllerProcessWrite");
  // 1.
  Stream& stream = *controller.stream;
  // 2.
  WritableStreamMarkFirstWriteRequestInFlight(stream);
  // 3. User code runs.
  const PromiseId sinkWritePromise =
      PerformSinkAlgorithm(controller, controller.writeAlgorithm, CallKind::kWrite, chunk);
  // 4., 5.
  realm_.Upon(sinkWritePromise, stream.name, kSinkWritePromise, 0);
}

// WritableStreamDefaultControllerProcessWrite steps 4 and 5.
void ReferenceModel::UponSinkWritePromise(Controller& controller, bool fulfilled, Value value) {
  Stream& stream = *controller.stream;
  if (fulfilled) {
    // 4.1.
    WritableStreamFinishInFlightWrite(stream);
    // 4.2.
    const StreamState state = stream.state;
    // 4.3.
    realm_.Assert(state == StreamState::kWritable || state == StreamState::kErroring,
                  "WritableStreamDefaultControllerProcessWrite step 4.3");
    // 4.4.
    DequeueValue(controller);
    // 4.5.
    if (!WritableStreamCloseQueuedOrInFlight(stream) && state == StreamState::kWritable) {
      // 4.5.1.
      const bool backpressure = WritableStreamDefaultControllerGetBackpressure(controller);
      // 4.5.2.
      WritableStreamUpdateBackpressure(stream, backpressure);
    }
    // 4.6.
    WritableStreamDefaultControllerAdvanceQueueIfNeeded(controller);
  } else {
    // 5.1.
    if (stream.state == StreamState::kWritable) WritableStreamDefaultControllerClearAlgorithms(controller);
    // 5.2.
    WritableStreamFinishInFlightWriteWithError(stream, value);
  }
}

void ReferenceModel::WritableStreamDefaultControllerWrite(Controller& controller, Value chunk, double chunkSize,
                                                          uint64_t charge) {
  const core::Operation operation("WritableStreamDefaultControllerWrite");
  // 1.
  const Outcome enqueueResult =
      EnqueueValueWithSize(controller, {.is_close_sentinel = false, .chunk = chunk}, chunkSize, charge);
  // 2.
  if (enqueueResult.thrown) {
    // 2.1.
    WritableStreamDefaultControllerErrorIfNeeded(controller, enqueueResult.value);
    // 2.2.
    return;
  }
  // 3.
  Stream& stream = *controller.stream;
  // 4.
  if (!WritableStreamCloseQueuedOrInFlight(stream) && stream.state == StreamState::kWritable) {
    // 4.1.
    const bool backpressure = WritableStreamDefaultControllerGetBackpressure(controller);
    // 4.2.
    WritableStreamUpdateBackpressure(stream, backpressure);
  }
  // 5.
  WritableStreamDefaultControllerAdvanceQueueIfNeeded(controller);
}

void ReferenceModel::RunUponSteps(uint32_t stream_name, uint32_t steps, uint32_t captured, bool fulfilled,
                                  Value value) {
  constexpr const char* kNames[] = {"reaction to start()", "reaction to the sink's write()",
                                    "reaction to the sink's close()", "reaction to the sink's abort()"};
  const core::Operation operation(kNames[steps]);
  Parts& parts = parts_[stream_name];
  switch (static_cast<Steps>(steps)) {
    case kStartPromise:
      UponStartPromise(parts.controller, fulfilled, value);
      break;
    case kSinkWritePromise:
      UponSinkWritePromise(parts.controller, fulfilled, value);
      break;
    case kSinkClosePromise:
      UponSinkClosePromise(parts.stream, fulfilled, value);
      break;
    case kSinkAbortPromise:
      UponSinkAbortPromise(parts.stream, captured, fulfilled, value);
      break;
  }
}

// ---- Queuing strategies

Outcome ReferenceModel::ExtractHighWaterMark(const StreamOptions& strategy, double defaultHWM) {
  const core::Operation operation("ExtractHighWaterMark");
  // 1.
  if (!strategy.highWaterMark) return Outcome::Return(Value::Number(defaultHWM));
  // 2.
  const double highWaterMark = *strategy.highWaterMark;
  // 3.
  if (std::isnan(highWaterMark) || highWaterMark < 0) return Outcome::Throw(realm_.NewRangeError());
  // 4.
  return Outcome::Return(Value::Number(highWaterMark));
}

Algorithm ReferenceModel::ExtractSizeAlgorithm(const StreamOptions& strategy) {
  const core::Operation operation("ExtractSizeAlgorithm");
  // 1.
  if (!strategy.has_size) return Algorithm::kDefault;
  // 2.
  switch (strategy.size_of) {
    case sim::Strategy::kAuthor:
      break;
    case sim::Strategy::kCount:
      return Algorithm::kCountSize;
    case sim::Strategy::kByteLength:
      return Algorithm::kByteLengthSize;
  }
  return Algorithm::kInvoke;
}

// ---- Queue-with-sizes. The first step of each asserts that the slots exist, which holds by type.

namespace {

bool IsNonNegativeNumber(double v) {
  // 1. Holds by type.
  // 2.
  if (std::isnan(v)) return false;
  // 3.
  if (v < 0) return false;
  // 4.
  return true;
}

}  // namespace

QueueValue ReferenceModel::DequeueValue(Controller& container) {
  const core::Operation operation("DequeueValue");
  // 2.
  realm_.Assert(!container.queue.empty(), "DequeueValue step 2");
  // 3.
  const ValueWithSize valueWithSize = container.queue.front();
  // 4.
  container.queue.pop_front();
  container.chargedBytes -= valueWithSize.charge;
  // 5.
  container.queueTotalSize = container.queueTotalSize - valueWithSize.size;
  // 6.
  if (container.queueTotalSize < 0) container.queueTotalSize = 0;
  // 7.
  return valueWithSize.value;
}

Outcome ReferenceModel::EnqueueValueWithSize(Controller& container, QueueValue value, double size, uint64_t charge) {
  const core::Operation operation("EnqueueValueWithSize");
  // 2.
  if (!IsNonNegativeNumber(size)) return Outcome::Throw(realm_.NewRangeError());
  // 3.
  if (size == std::numeric_limits<double>::infinity()) return Outcome::Throw(realm_.NewRangeError());
  // 4.
  container.queue.push_back({.value = value, .size = size, .charge = charge});
  container.chargedBytes += charge;
  // 5.
  container.queueTotalSize = container.queueTotalSize + size;
  return Outcome::Return(Value::Undefined());
}

QueueValue ReferenceModel::PeekQueueValue(const Controller& container) {
  const core::Operation operation("PeekQueueValue");
  // 2.
  realm_.Assert(!container.queue.empty(), "PeekQueueValue step 2");
  // 3.
  const ValueWithSize& valueWithSize = container.queue.front();
  // 4.
  return valueWithSize.value;
}

void ReferenceModel::ResetQueue(Controller& container) {
  const core::Operation operation("ResetQueue");
  // 2.
  container.queue.clear();
  container.chargedBytes = 0;
  // 3.
  container.queueTotalSize = 0;
}

// ---- DOM and Web IDL

// https://dom.spec.whatwg.org/#abortsignal-signal-abort
void ReferenceModel::SignalAbort(Controller& controller, Value reason) {
  AbortController& abortController = controller.abortController;
  // Already aborted.
  if (abortController.abortReason.kind != ValueKind::kUndefined) return;
  abortController.abortReason = reason.kind != ValueKind::kUndefined ? reason : realm_.NewAbortError();
  for (uint32_t i = 0; i < abortController.listeners; ++i) {
    const Outcome result = user_code_->Call(CallKind::kSignal, Value::Undefined(), 0, controller.stream->name);
    if (result.thrown) user_code_->ReportException(result.value);
  }
}

// A callback that returns `any`, with exception behavior "rethrow".
Outcome ReferenceModel::PerformStartAlgorithm(const Controller& controller, Algorithm algorithm) {
  if (algorithm == Algorithm::kDefault) return Outcome::Return(Value::Undefined());
  return user_code_->Call(CallKind::kStart, Value::Undefined(), 0, controller.stream->name);
}

// A callback that returns `Promise<undefined>`. https://webidl.spec.whatwg.org/#invoke-a-callback-function
PromiseId ReferenceModel::PerformSinkAlgorithm(const Controller& controller, std::optional<Algorithm> algorithm,
                                               CallKind kind, Value argument) {
  realm_.Assert(algorithm.has_value(), "PerformSinkAlgorithm: the algorithm is undefined");
  if (algorithm != Algorithm::kInvoke) return realm_.PromiseResolvedWith(Value::Undefined());
  const Outcome result = user_code_->Call(kind, argument, 0, controller.stream->name);
  if (result.thrown) return realm_.PromiseRejectedWith(result.value);
  if (OptionsOf(controller).tick_model != TickModel::kWebIdl && result.value.kind == ValueKind::kPromise)
    return result.value.id;
  return realm_.PromiseResolvedWith(result.value);  // user code may run
}

// ? GetV(chunk, "byteLength"), converted to unrestricted double. https://tc39.es/ecma262/#sec-getv
Outcome ReferenceModel::GetVByteLength(Value chunk) {
  // ToObject(undefined) throws.
  if (chunk.kind == ValueKind::kUndefined) return Outcome::Throw(realm_.NewTypeError());
  const ChunkKind kind = chunk.kind == ValueKind::kChunk ? (*chunks_)[chunk.id].kind : ChunkKind::kObject;
  const bool hasByteLength =
      kind == ChunkKind::kArrayBuffer || kind == ChunkKind::kSharedArrayBuffer || kind == ChunkKind::kView;
  // A property that does not exist is undefined, and as a number NaN.
  if (!hasByteLength) return Outcome::Return(Value::Number(std::numeric_limits<double>::quiet_NaN()));
  return Outcome::Return(Value::Number(static_cast<double>(ByteLengthOf(chunk))));
}

// A callback that returns `unrestricted double`.
Outcome ReferenceModel::PerformSizeAlgorithm(const Controller& controller, Value chunk) {
  const Algorithm algorithm = *controller.strategySizeAlgorithm;
  if (algorithm == Algorithm::kDefault) return Outcome::Return(Value::Number(1));
  // https://streams.spec.whatwg.org/#count-queuing-strategy-size-function
  if (algorithm == Algorithm::kCountSize) return Outcome::Return(Value::Number(1));
  // https://streams.spec.whatwg.org/#byte-length-queuing-strategy-size-function
  if (algorithm == Algorithm::kByteLengthSize) return GetVByteLength(chunk);
  const Outcome result = user_code_->Call(CallKind::kSize, chunk, 0, controller.stream->name);
  if (result.thrown || result.value.kind == ValueKind::kNumber) return result;
  return Outcome::Return(Value::Number(std::numeric_limits<double>::quiet_NaN()));
}

// ---- The byte limit (not in the standard)

bool ReferenceModel::ExceedsByteLimit(const Controller& controller, uint64_t charge) const {
  const std::optional<uint64_t> byteLimit = OptionsOf(controller).byte_limit;
  if (!byteLimit) return false;
  const uint64_t limit = *byteLimit;
  return controller.chargedBytes > limit || charge > limit - controller.chargedBytes;
}

namespace {

bool IsLeadSurrogate(char16_t unit) { return unit >= 0xD800 && unit <= 0xDBFF; }
bool IsTrailSurrogate(char16_t unit) { return unit >= 0xDC00 && unit <= 0xDFFF; }

// Bytes in UTF-8 of a unit that is not half of a pair.
uint64_t Utf8LengthOfUnit(char16_t unit) {
  if (unit < 0x80) return 1;
  if (unit < 0x800) return 2;
  return 3;
}

// Bytes in UTF-8 of a repeated unit sequence, lone surrogates taking 3.
uint64_t Utf8Length(const Chunk& chunk) {
  if (chunk.unit_count == 0 || chunk.count == 0) return 0;
  uint64_t bytes = 0;  // of one repetition, each surrogate counted as lone
  uint64_t pairs = 0;  // inside one repetition
  for (size_t i = 0; i < chunk.unit_count; ++i) {
    bytes += Utf8LengthOfUnit(chunk.units[i]);
    if (i > 0 && IsLeadSurrogate(chunk.units[i - 1]) && IsTrailSurrogate(chunk.units[i])) ++pairs;
  }
  const bool pair_at_border = IsLeadSurrogate(chunk.units[chunk.unit_count - 1]) && IsTrailSurrogate(chunk.units[0]);
  const uint64_t count = chunk.count;
  const uint64_t all_pairs = pairs * count + (pair_at_border ? count - 1 : 0);
  return bytes * count - 2 * all_pairs;  // a pair takes 4 bytes, two lone surrogates 6
}

}  // namespace

uint64_t ReferenceModel::ByteLengthOf(Value bufferOrView) const {
  if (detachedChunks_.count(bufferOrView.id) > 0) return 0;
  return (*chunks_)[bufferOrView.id].count;
}

uint64_t ReferenceModel::ChargeOf(Value value) const {
  constexpr uint64_t kOtherCharge = 64;
  if (value.kind != ValueKind::kChunk) return kOtherCharge;
  const Chunk& chunk = (*chunks_)[value.id];
  switch (chunk.kind) {
    case ChunkKind::kString:
      return Utf8Length(chunk);
    case ChunkKind::kArrayBuffer:
    case ChunkKind::kSharedArrayBuffer:
    case ChunkKind::kView:
      return ByteLengthOf(value);
    case ChunkKind::kObject:
    case ChunkKind::kNumber:
    case ChunkKind::kUndefined:
    case ChunkKind::kWriter:
    case ChunkKind::kReady:
    case ChunkKind::kClosed:
      break;
  }
  return kOtherCharge;
}

}  // namespace sluice::fuzz
