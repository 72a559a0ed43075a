#include "fuzz/state_coverage/state_coverage_subject.h"

#include <limits>
#include <utility>

namespace sluice::fuzz {
namespace {

using sim::Outcome;
using sim::Value;

Cause CauseOfReaction(const sim::Realm::NextReaction& next) {
  switch (next.reaction.kind) {
    case core::ReactionKind::kStart:
      return next.fulfilled ? Cause::kStartFulfills : Cause::kStartRejects;
    case core::ReactionKind::kWrite:
      return next.fulfilled ? Cause::kWriteFulfills : Cause::kWriteRejects;
    case core::ReactionKind::kClose:
      return next.fulfilled ? Cause::kCloseFulfills : Cause::kCloseRejects;
    case core::ReactionKind::kAbort:
      return next.fulfilled ? Cause::kAbortFulfills : Cause::kAbortRejects;
  }
  return Cause::kNothing;
}

// What decides the phase (PhaseOf), and no list: a whole snapshot walks the queue, and this is taken at every call.
core::Snapshot DecidingSlots(sim::SimHost& host, const core::WritableStream& stream) {
  core::Snapshot slots;
  slots.has_controller = stream.controller.exists;
  slots.started = stream.controller.started;
  slots.state = stream.state;
  slots.backpressure = stream.backpressure;
  slots.closeRequest = host.State(stream.closeRequest);
  slots.inFlightWriteRequest = host.State(stream.inFlightWriteRequest);
  slots.inFlightCloseRequest = host.State(stream.inFlightCloseRequest);
  if (stream.pendingAbortRequest) slots.pendingAbortRequest = host.State(stream.pendingAbortRequest->promise);
  slots.has_writer = !stream.writer.is_undefined();
  if (slots.has_writer) slots.closedPromise = host.State(host.Writer(stream.writer).closedPromise);
  return slots;
}

}  // namespace

// Something runs. What it changed is seen when user code begins within it, and when it ends.
class StateCoverageSubject::Scope {
 public:
  Scope(StateCoverageSubject& subject, const Running& running) : subject_(subject) {
    subject_.NoteBegin(running);
    subject_.running_.push_back(running);
  }
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  ~Scope() {
    subject_.Look();
    subject_.running_.pop_back();
  }

 private:
  StateCoverageSubject& subject_;
};

void StateCoverageSubject::Reset(UserCode& user_code, const std::vector<sim::Chunk>& chunks) {
  user_code_ = &user_code;
  places_ = {};
  running_.clear();
  ++counts_.programs;
  CoreSubject::Reset(*this, chunks);
}

void StateCoverageSubject::CopyFrom(const CoreSubject& other) {
  CoreSubject::CopyFrom(other);
  places_ = static_cast<const StateCoverageSubject&>(other).places_;
}

void StateCoverageSubject::Note(Visits& visits) {
  if (visits.count++ == 0) visits.example = example_;
}

void StateCoverageSubject::NoteBegin(const Running& running) {
  const Cause cause = running.cause;
  // What is nothing to the stream may not happen to be in flight either: a change before it is seen here.
  if (cause == Cause::kNothing) return;
  const Place& place = places_[running.stream];
  Note(counts_.begun[static_cast<int>(place.phase)][static_cast<int>(cause)]);
  if (place.lost || MayBegin(place.phase, cause)) return;
  NoteImpossible(std::string(CauseId(cause)) + " in " + std::string(PhaseId(place.phase)));
}

Cause StateCoverageSubject::CauseFor(uint32_t stream) const {
  for (auto running = running_.rbegin(); running != running_.rend(); ++running) {
    if (running->stream == stream) return running->cause;
  }
  return Cause::kNothing;
}

void StateCoverageSubject::Look() {
  for (uint32_t stream = 0; stream < kStreamCount; ++stream) Look(stream);
}

void StateCoverageSubject::Look(uint32_t stream) {
  const core::WritableStream* const there = State(stream);
  if (there == nullptr || !there->controller.exists) return;
  const core::Snapshot slots = DecidingSlots(host(), *there);
  Place& place = places_[stream];
  const std::optional<Phase> phase = PhaseOf(slots);
  const Cause cause = CauseFor(stream);
  if (!phase.has_value()) {
    if (!place.lost) {
      NoteImpossible(std::string(PhaseId(place.phase)) + ", " + std::string(CauseId(cause)) +
                     " -> in no state of the diagram: " + WhatDecides(slots));
    }
    place.lost = true;
    return;
  }
  // Where it comes back from nowhere, nothing can be said about the way.
  const bool found_again = std::exchange(place.lost, false);
  if (*phase == place.phase) return;
  const Phase from = std::exchange(place.phase, *phase);
  Note(counts_.phases[static_cast<int>(*phase)]);
  if (found_again) return;
  Note(counts_.transitions[static_cast<int>(from)][static_cast<int>(cause)][static_cast<int>(*phase)]);
  if (IsTransition(from, cause, *phase)) return;
  NoteImpossible(std::string(PhaseId(from)) + ", " + std::string(CauseId(cause)) + " -> " +
                 std::string(PhaseId(*phase)));
}

Outcome StateCoverageSubject::Call(CallKind kind, Value argument, uint32_t resolver, uint32_t stream) {
  Look();
  const Outcome outcome = user_code_->Call(kind, argument, resolver, stream);
  Look();
  return outcome;
}

void StateCoverageSubject::Settled(uint32_t promise, bool fulfilled, Value value) {
  user_code_->Settled(promise, fulfilled, value);
}

std::optional<StateCoverageSubject::Running> StateCoverageSubject::RunningOf(const SubjectCall& call) {
  // A writer that was released has no stream to change.
  const auto for_writer = [&](Cause cause) {
    const core::StreamSlot stream = host().Writer(Slot(call.id)).stream;
    return stream.is_undefined() ? Running{} : Running{cause, host().NameOf(stream)};
  };
  const auto for_stream = [&](Cause cause) { return Running{cause, call.stream}; };
  switch (call.method) {
    case SubjectMethod::kConstruct:
      return for_stream(Cause::kConstruct);
    case SubjectMethod::kStreamAbort:
      return for_stream(Cause::kAbort);
    case SubjectMethod::kStreamClose:
      return for_stream(Cause::kClose);
    case SubjectMethod::kGetWriter:
    case SubjectMethod::kConstructWriter:
      return for_stream(Cause::kGetWriter);
    case SubjectMethod::kWriterAbort:
      return for_writer(Cause::kAbort);
    case SubjectMethod::kWriterClose:
    case SubjectMethod::kCloseWithErrorPropagation:
      return for_writer(Cause::kClose);
    case SubjectMethod::kReleaseLock:
      return for_writer(Cause::kReleaseLock);
    case SubjectMethod::kWrite:
      return for_writer(Cause::kWrite);
    case SubjectMethod::kErrorStream:
    case SubjectMethod::kControllerError:
      return for_stream(Cause::kError);
    default:
      return std::nullopt;
  }
}

void StateCoverageSubject::RunMicrotasks(size_t count) {
  for (; count > 0 && host().realm().PendingMicrotasks() > 0; --count) {
    const auto next = host().realm().NextCoreReaction();
    const Scope scope(
        *this, next.has_value() ? Running{CauseOfReaction(*next), host().NameOf(next->reaction.stream)} : Running{});
    CoreSubject::Perform({.method = SubjectMethod::kRunMicrotasks, .id = 1});
  }
}

Outcome StateCoverageSubject::Perform(const SubjectCall& call) {
  switch (call.method) {
    case SubjectMethod::kRunTick:
      return RunMicrotasks(host().realm().PendingMicrotasks()), Outcome{};
    case SubjectMethod::kRunMicrotasks:
      return RunMicrotasks(call.id), Outcome{};
    case SubjectMethod::kRunAllMicrotasks:
      RunMicrotasks(std::numeric_limits<size_t>::max());
      return CoreSubject::Perform(call);  // reports the rejections that nothing handled
    default:
      break;
  }
  const std::optional<Running> running = RunningOf(call);
  if (!running.has_value()) return CoreSubject::Perform(call);
  const Scope scope(*this, *running);
  return CoreSubject::Perform(call);
}

}  // namespace sluice::fuzz
