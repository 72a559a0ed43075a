// The reference model: WHATWG writable streams written step by step, as an oracle for real implementations. It is meant
// to be obviously right, not fast or small.
//
//   ReferenceModel model;
//   model.Reset(user_code, chunks);
//   model.Perform({.method = SubjectMethod::kConstruct, .options = &options});
//
// Operations have the standard's names and order of steps (https://streams.spec.whatwg.org/#ws). Members are named for
// slots, and a slot that may be undefined is an optional (or a pointer). No code is shared with the implementation.
#ifndef SLUICE_FUZZ_MODEL_REFERENCE_MODEL_H_
#define SLUICE_FUZZ_MODEL_REFERENCE_MODEL_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "fuzz/driver/subject.h"
#include "fuzz/model/model_promise.h"
#include "fuzz/model/reference_model_slots.h"
#include "fuzz/program/program.h"
#include "src/core/snapshot.h"
#include "src/sim/chunk.h"
#include "src/sim/value.h"

namespace sluice::fuzz {

class ReferenceModel final : public Subject, private model::UponSteps {
 public:
  ReferenceModel() : realm_(*this) {}
  ReferenceModel(const ReferenceModel&) = delete;
  ReferenceModel& operator=(const ReferenceModel&) = delete;

  // Asserts of the standard that did not hold since Reset, as "operation step". Two that are known to be wrong are not
  // recorded: see WritableStreamDefaultControllerGetChunkSize and WritableStreamRejectCloseAndClosedPromiseIfNeeded.
  const std::vector<std::string>& failed_asserts() const { return realm_.failed_asserts(); }

  const char* name() const override { return "reference_model"; }
  void Reset(UserCode& user_code, const std::vector<sim::Chunk>& chunks) override;
  sim::Outcome Perform(const SubjectCall& call) override;
  bool TakeSnapshot(uint32_t stream, core::Snapshot& snapshot) override;
  void ReadSlots(uint32_t stream, std::vector<SlotValue>& slots) override;
  void QueryResults(uint32_t stream, std::vector<SlotValue>& results) override;
  uint32_t PromiseCount() override { return realm_.PromiseCount(); }
  Settlement SettlementOf(uint32_t promise) override;

 private:
  using PromiseId = model::PromiseId;
  using WriterId = model::WriterId;
  using Stream = model::WritableStream;
  using Controller = model::WritableStreamDefaultController;

  // What a stream waits for; the argument of PromiseRealm::Upon.
  enum Steps : uint32_t { kStartPromise, kSinkWritePromise, kSinkClosePromise, kSinkAbortPromise };

  // Everything of one stream. Its parts point to each other, so that it stays where it is.
  struct Parts {
    StreamOptions options;
    Stream stream;
    Controller controller;
    std::optional<WriterId> released_writer;  // the last one
  };
  Parts& PartsOf(const Stream& stream) { return parts_[stream.name]; }
  const StreamOptions& OptionsOf(const Controller& controller) const { return parts_[controller.stream->name].options; }

  // Method steps
  sim::Outcome Construct(Stream& stream, const StreamOptions& options);
  bool Locked(const Stream& stream);
  PromiseId StreamAbort(Stream& stream, sim::Value reason);
  PromiseId StreamClose(Stream& stream);
  sim::Outcome GetWriter(Stream& stream);
  sim::Outcome ConstructWriter(Stream& stream);
  PromiseId Closed(WriterId writer);
  PromiseId Ready(WriterId writer);
  sim::Outcome DesiredSize(WriterId writer);
  PromiseId WriterAbort(WriterId writer, sim::Value reason);
  PromiseId WriterClose(WriterId writer);
  void ReleaseLockSteps(WriterId writer);
  PromiseId Write(WriterId writer, sim::Value chunk);
  void ControllerError(Stream& stream, sim::Value error);
  sim::Value SignalReason(const Stream& stream);
  // Other specifications
  void ErrorStream(Stream& stream, sim::Value error);

  // Working with writable streams
  sim::Outcome AcquireWritableStreamDefaultWriter(Stream& stream);
  void InitializeWritableStream(Stream& stream);
  bool IsWritableStreamLocked(const Stream& stream);
  sim::Outcome SetUpWritableStreamDefaultWriter(WriterId writer, Stream& stream);
  PromiseId WritableStreamAbort(Stream& stream, sim::Value reason);
  PromiseId WritableStreamClose(Stream& stream);

  // Interfacing with controllers
  PromiseId WritableStreamAddWriteRequest(Stream& stream);
  bool WritableStreamCloseQueuedOrInFlight(const Stream& stream);
  void WritableStreamDealWithRejection(Stream& stream, sim::Value error);
  void WritableStreamFinishErroring(Stream& stream);
  void WritableStreamFinishInFlightClose(Stream& stream);
  void WritableStreamFinishInFlightCloseWithError(Stream& stream, sim::Value error);
  void WritableStreamFinishInFlightWrite(Stream& stream);
  void WritableStreamFinishInFlightWriteWithError(Stream& stream, sim::Value error);
  bool WritableStreamHasOperationMarkedInFlight(const Stream& stream);
  void WritableStreamMarkCloseRequestInFlight(Stream& stream);
  void WritableStreamMarkFirstWriteRequestInFlight(Stream& stream);
  void WritableStreamRejectCloseAndClosedPromiseIfNeeded(Stream& stream);
  void WritableStreamStartErroring(Stream& stream, sim::Value reason);
  void WritableStreamUpdateBackpressure(Stream& stream, bool backpressure);

  // Writers
  PromiseId WritableStreamDefaultWriterAbort(WriterId writer, sim::Value reason);
  PromiseId WritableStreamDefaultWriterClose(WriterId writer);
  PromiseId WritableStreamDefaultWriterCloseWithErrorPropagation(WriterId writer);
  void WritableStreamDefaultWriterEnsureClosedPromiseRejected(WriterId writer, sim::Value error);
  void WritableStreamDefaultWriterEnsureReadyPromiseRejected(WriterId writer, sim::Value error);
  sim::Value WritableStreamDefaultWriterGetDesiredSize(WriterId writer);
  void WritableStreamDefaultWriterRelease(WriterId writer);
  PromiseId WritableStreamDefaultWriterWrite(WriterId writer, sim::Value chunk);

  // Default controllers
  PromiseId AbortSteps(Controller& controller, sim::Value reason);
  void ErrorSteps(Controller& controller);
  sim::Outcome SetUpWritableStreamDefaultController(Stream& stream, Controller& controller,
                                                    model::Algorithm startAlgorithm, model::Algorithm writeAlgorithm,
                                                    model::Algorithm closeAlgorithm, model::Algorithm abortAlgorithm,
                                                    double highWaterMark, model::Algorithm sizeAlgorithm);
  sim::Outcome SetUpWritableStreamDefaultControllerFromUnderlyingSink(Stream& stream, double highWaterMark,
                                                                      model::Algorithm sizeAlgorithm);
  void WritableStreamDefaultControllerAdvanceQueueIfNeeded(Controller& controller);
  void WritableStreamDefaultControllerClearAlgorithms(Controller& controller);
  void WritableStreamDefaultControllerClose(Controller& controller);
  void WritableStreamDefaultControllerError(Controller& controller, sim::Value error);
  void WritableStreamDefaultControllerErrorIfNeeded(Controller& controller, sim::Value error);
  bool WritableStreamDefaultControllerGetBackpressure(const Controller& controller);
  double WritableStreamDefaultControllerGetChunkSize(Controller& controller, sim::Value chunk);
  double WritableStreamDefaultControllerGetDesiredSize(const Controller& controller);
  void WritableStreamDefaultControllerProcessClose(Controller& controller);
  void WritableStreamDefaultControllerProcessWrite(Controller& controller, sim::Value chunk);
  void WritableStreamDefaultControllerWrite(Controller& controller, sim::Value chunk, double chunkSize,
                                            uint64_t charge);

  // The steps that run upon the settling of a sink's promise
  void RunUponSteps(uint32_t stream, uint32_t steps, uint32_t captured, bool fulfilled, sim::Value value) override;
  void UponStartPromise(Controller& controller, bool fulfilled, sim::Value value);
  void UponSinkWritePromise(Controller& controller, bool fulfilled, sim::Value value);
  void UponSinkClosePromise(Stream& stream, bool fulfilled, sim::Value value);
  void UponSinkAbortPromise(Stream& stream, PromiseId abortRequestPromise, bool fulfilled, sim::Value value);

  // Queuing strategies
  sim::Outcome ExtractHighWaterMark(const StreamOptions& strategy, double defaultHWM);
  model::Algorithm ExtractSizeAlgorithm(const StreamOptions& strategy);

  // Queue-with-sizes
  model::QueueValue DequeueValue(Controller& container);
  sim::Outcome EnqueueValueWithSize(Controller& container, model::QueueValue value, double size, uint64_t charge);
  model::QueueValue PeekQueueValue(const Controller& container);
  void ResetQueue(Controller& container);

  // DOM and Web IDL
  void SignalAbort(Controller& controller, sim::Value reason);
  sim::Outcome PerformStartAlgorithm(const Controller& controller, model::Algorithm algorithm);
  PromiseId PerformSinkAlgorithm(const Controller& controller, std::optional<model::Algorithm> algorithm, CallKind kind,
                                 sim::Value argument);
  sim::Outcome PerformSizeAlgorithm(const Controller& controller, sim::Value chunk);
  sim::Outcome GetVByteLength(sim::Value chunk);

  // The byte limit
  bool ExceedsByteLimit(const Controller& controller, uint64_t charge) const;
  uint64_t ChargeOf(sim::Value chunk) const;
  uint64_t ByteLengthOf(sim::Value bufferOrView) const;  // now

  core::PromiseView View(std::optional<PromiseId> promise) const;
  bool IsHandled(PromiseId promise) const;

  model::PromiseRealm realm_;
  UserCode* user_code_ = nullptr;
  const std::vector<sim::Chunk>* chunks_ = nullptr;

  std::set<uint32_t> detachedChunks_;  // the buffer of each has been transferred

  std::array<Parts, kStreamCount> parts_{};                  // by the stream's name
  std::vector<model::WritableStreamDefaultWriter> writers_;  // by writer id; may move whenever user code runs
};

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_MODEL_REFERENCE_MODEL_H_
