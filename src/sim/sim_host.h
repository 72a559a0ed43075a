// The simulated host: core::ReentrantHost over a simulated realm.
//
// Sinks, strategies and abort listeners are the author's (UserCode). Nothing here depends on the clock, on addresses or
// on what ran before Reset().
//
// The host enforces the contract of host.h. A broken rule is a violation:
//   - a slot is used after its last Drop(), or still owned after Teardown(). Names are never reused, so both are always
//     detected;
//   - Store() returns a new name, which knows its place and its stream; a writer's promises know their writer. A slot
//     of the core that holds a name from elsewhere is detected (CheckPlaces);
//   - a place holds two things at a time, or drops chunks or write requests out of order.
// Writers move in memory whenever user code has run, so that a reference that the core stored is a use of poisoned
// memory.
#ifndef SLUICE_SIM_SIM_HOST_H_
#define SLUICE_SIM_SIM_HOST_H_

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "src/core/class_steps.h"
#include "src/core/host.h"
#include "src/core/state.h"
#include "src/core/tick_model.h"
#include "src/sim/chunk.h"
#include "src/sim/moving_writers.h"
#include "src/sim/realm.h"
#include "src/sim/strategy.h"
#include "src/sim/user_code.h"
#include "src/sim/value.h"

namespace sluice::sim {

struct SimStreamOptions {
  core::UnderlyingSink sink;  // which members exist; user code is called for those that do
  core::QueuingStrategy strategy;
  Strategy size_of = Strategy::kAuthor;  // whose function strategy.size is, if it exists
  std::optional<uint64_t> byte_limit;    // bytes
  core::TickModel tick_model = core::TickModel::kWebIdl;
  uint32_t listeners = 0;  // abort listeners on the controller's signal
  uint32_t name = 0;       // by which user code is told the stream that calls it
};

class SimHost final : public core::ReentrantHost, private Realm::CoreReactions {
 public:
  // `chunks`: what Values of kind kChunk index; may grow.
  void Reset(UserCode& user_code, const std::vector<Chunk>& chunks);
  // Holds what `other` holds: streams, writers, promises, values and microtasks, under the same names, for its own
  // author. The chunks of both are the same. Nothing may be running in either.
  void CopyFrom(const SimHost& other);
  // Whether both hold the same, under the same names, with as many references, and with the same violations.
  bool HoldsTheSameAs(const SimHost& other) const;
  Realm& realm() { return realm_; }
  const Realm& realm() const { return realm_; }

  // ---- The binding's part: make objects, name values.
  // new WritableStream(...). The stream's index counts up from 0. When it throws the stream object still exists (its
  // controller may have been seen by start) but must not be used as a stream.
  Outcome ConstructStream(const SimStreamOptions& options);
  size_t stream_count() const { return streams_.size(); }
  core::WritableStream& stream(size_t index) { return streams_[index]->core; }
  core::WriterSlot NewWriter();       // a new writer with no stream yet
  core::ValueSlot Name(Value value);  // a new reference
  Value ValueOf(core::ValueSlot slot);
  // ---- Looking inside, for those that are not the core.
  const core::WritableStream& stream(size_t index) const { return streams_[index]->core; }
  const core::WritableStreamDefaultWriter& writer(core::WriterSlot slot) const { return writers_[slot.name - 1]; }
  Value Peek(core::ValueSlot slot) const {
    return slot.is_undefined() || slot.name > values_.size() ? Value::Undefined() : values_[slot.name - 1].value;
  }
  uint32_t NameOf(core::StreamSlot stream) const { return streams_[stream.name - 1]->name; }
  bool IsAborted(size_t stream) const { return streams_[stream]->aborted; }
  bool AreAlgorithmsCleared(size_t stream) const { return streams_[stream]->algorithms_cleared; }
  bool IsDetached(uint32_t chunk) const { return chunk < detached_.size() && detached_[chunk]; }
  // ----
  // The promise that a name stands for, as the realm counts them. 0xffffffff for a name that was never issued.
  uint32_t PromiseIndex(core::PromiseSlot slot) const {
    return slot.is_undefined() || slot.name > promises_.size() ? ~0u : promises_[slot.name - 1].promise;
  }
  // Takes over the reference that a method returned, and returns the promise's index.
  uint32_t TakePromise(core::PromiseSlot slot);
  Value TakeThrown(core::Thrown thrown);
  // Transfers an ArrayBuffer, or the buffer of a view: its byteLength is 0 from now on.
  void Detach(Value chunk);
  Value SignalReason(size_t stream) const { return streams_[stream]->signal_reason; }

  // Checks that each slot of the streams and their writers holds what was stored for it. Of the lists, only the ends
  // are checked: each element was at an end once.
  void CheckPlaces();
  // Drops every reference of the core and its reactions, and checks that none is left. Only Reset() may follow.
  void Teardown();
  // Why the core made the TypeError with this id; nullopt if it did not.
  std::optional<core::TypeErrorReason> TypeErrorReasonOf(uint32_t id) const { return type_errors_[id]; }

  // While this is set, wrong uses are not violations: the user is an oracle, not the core.
  void SetInspecting(bool inspecting) { is_inspecting_ = inspecting; }
  // The first broken rule of ownership since Reset(), or nullptr. A string literal.
  const char* violation() const { return violations_.empty() ? nullptr : violations_.front(); }
  // All of them, each once, in order.
  const std::vector<const char*>& violations() const { return violations_; }

  // ---- core::Host
  core::PromiseSlot NewPromise() override;
  core::PromiseSlot NewPromiseResolved() override;
  core::PromiseSlot NewPromiseRejected(core::ValueSlot reason) override;
  core::PromiseSlot NewWriterPromise(core::WriterSlot writer, core::WriterPromise which) override;
  core::PromiseSlot NewWriterPromiseResolved(core::WriterSlot writer, core::WriterPromise which) override;
  core::PromiseSlot NewWriterPromiseRejected(core::WriterSlot writer, core::WriterPromise which,
                                             core::ValueSlot reason) override;
  void Resolve(core::PromiseSlot promise) override;
  void Reject(core::PromiseSlot promise, core::ValueSlot reason) override;
  void RejectAndMarkHandled(core::PromiseSlot promise, core::ValueSlot reason) override;
  core::PromiseView State(core::PromiseSlot promise) override;
  bool IsHandled(core::PromiseSlot promise) override;
  void UponSettled(core::PromiseSlot promise, const core::Reaction& reaction) override;
  core::PromiseSlot Store(core::PromiseSlot promise, core::Place place, core::StreamSlot stream) override;
  core::ValueSlot Store(core::ValueSlot value, core::Place place, core::StreamSlot stream) override;
  core::PromiseSlot Retain(core::PromiseSlot promise) override;
  core::ValueSlot Retain(core::ValueSlot value) override;
  void Drop(core::PromiseSlot promise) override;
  void Drop(core::ValueSlot value) override;
  core::ValueSlot NewTypeError(core::TypeErrorReason reason) override;
  core::ValueSlot NewRangeError(core::RangeErrorReason reason) override;
  core::ValueSlot NewRangeError(const core::ByteLimitExceeded& facts) override;
  uint64_t ByteCharge(core::ValueSlot chunk) override;
  core::WritableStream& Stream(core::StreamSlot stream) override;
  core::WritableStreamDefaultWriter& Writer(core::WriterSlot writer) override;
  bool SignalIsAborted(core::StreamSlot stream) override;
  void AlgorithmsCleared(core::StreamSlot stream) override;

  // ---- core::ReentrantHost
  core::Completion<core::ValueSlot> PerformStartAlgorithm(core::StreamSlot stream) override;
  core::PromiseSlot PromiseResolvedWithStartResult(core::StreamSlot stream, core::ValueSlot start_result) override;
  core::Completion<double> PerformSizeAlgorithm(core::StreamSlot stream, core::ValueSlot chunk) override;
  core::PromiseSlot PerformWriteAlgorithm(core::StreamSlot stream, core::ValueSlot chunk) override;
  core::PromiseSlot PerformCloseAlgorithm(core::StreamSlot stream) override;
  core::PromiseSlot PerformAbortAlgorithm(core::StreamSlot stream, core::ValueSlot reason) override;
  void SignalAbort(core::StreamSlot stream, core::ValueSlot reason) override;

 private:
  static constexpr size_t kPlaces = static_cast<size_t>(core::Place::kAbortReason) + 1;

  void Clear();
  struct SimStream {
    core::WritableStream core;
    core::TickModel tick_model = core::TickModel::kWebIdl;
    Strategy size_of = Strategy::kAuthor;
    uint32_t listeners = 0;
    uint32_t name = 0;
    bool algorithms_cleared = false;
    bool aborted = false;
    Value signal_reason;
    std::array<uint32_t, kPlaces> stored{};   // by place: how many things were stored there,
    std::array<uint32_t, kPlaces> dropped{};  // and how many of them were dropped

    friend bool operator==(const SimStream&, const SimStream&) = default;
  };

  // What a name was made for. Neither stream nor writer: for no slot of the core.
  struct Home {
    uint32_t stream = 0;  // the stream's name, with `place`
    uint32_t writer = 0;  // the writer's name, with `which`
    uint32_t number = 0;  // at that place of the stream, from 0
    core::Place place = core::Place::kWriteRequest;
    core::WriterPromise which = core::WriterPromise::kReady;

    friend bool operator==(const Home&, const Home&) = default;
  };
  struct NamedValue {
    Value value;
    uint32_t references = 0;
    Home home;

    friend bool operator==(const NamedValue&, const NamedValue&) = default;
  };
  struct NamedPromise {
    uint32_t promise = 0;  // of the realm
    uint32_t references = 0;
    Home home;

    friend bool operator==(const NamedPromise&, const NamedPromise&) = default;
  };

  uint64_t ChargeOf(Value chunk) const;  // bytes
  core::Completion<double> ByteLengthSize(Value chunk);
  uint64_t ByteLength(uint32_t chunk) const;  // of a buffer or view, now
  void RunReaction(const core::Reaction& reaction, bool fulfilled, Value value) override;
  core::PromiseSlot Adopt(uint32_t promise);  // a new name, with one reference, for a promise of the realm
  core::PromiseSlot AdoptFor(core::WriterSlot writer, core::WriterPromise which, uint32_t promise);
  Home NewHome(core::Place place, core::StreamSlot stream);
  void Leave(const Home& home);
  // Null for undefined, and for a name that was never issued.
  const Home* HomeOf(core::PromiseSlot slot);
  const Home* HomeOf(core::ValueSlot slot);
  // Whether `slot` is undefined or was stored for this place.
  template <typename Slot>
  void CheckPlace(Slot slot, core::Place place, core::StreamSlot stream);
  void MarkWriter(uint32_t name);
  Outcome CallUser(core::StreamSlot stream, CallKind kind, Value argument);
  uint32_t Checked(core::PromiseSlot promise);
  core::PromiseSlot PromiseFromCallback(const Outcome& outcome, bool use_promise_itself);
  core::PromiseSlot PromiseFromSinkMethod(core::StreamSlot stream, const Outcome& outcome);
  void Violation(const char* what);

  Realm realm_;
  UserCode* user_code_ = nullptr;
  const std::vector<Chunk>* chunks_ = nullptr;
  std::vector<bool> detached_;  // by chunk
  std::vector<std::unique_ptr<SimStream>> streams_;
  MovingWriters writers_;  // by name - 1
  // Those that may have changed since CheckPlaces(): the core got a reference, or a promise of theirs was dropped.
  std::vector<uint32_t> marked_writers_;  // names, each once
  std::vector<char> is_marked_;           // by name - 1
  std::vector<NamedPromise> promises_;    // by name - 1
  std::vector<NamedValue> values_;        // by name - 1
  uint64_t live_references_ = 0;
  std::vector<std::optional<core::TypeErrorReason>> type_errors_;
  uint64_t last_charge_ = 0;  // bytes
  uint32_t range_errors_ = 0;
  uint32_t abort_errors_ = 0;
  bool is_inspecting_ = false;
  std::vector<const char*> violations_;
};

}  // namespace sluice::sim

#endif  // SLUICE_SIM_SIM_HOST_H_
