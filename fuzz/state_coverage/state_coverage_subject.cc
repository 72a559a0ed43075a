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

}  // namespace

// Something runs. What it changed is seen when user code begins within it, and when it ends.
class StateCoverageSubject::Scope {
 public:
  Scope(StateCoverageSubject& subject, Cause cause) : subject_(subject) {
    subject_.NoteBegin(cause);
    subject_.causes_.push_back(cause);
  }
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  ~Scope() {
    subject_.Look();
    subject_.causes_.pop_back();
  }

 private:
  StateCoverageSubject& subject_;
};

void StateCoverageSubject::Reset(UserCode& user_code, const std::vector<sim::Chunk>& chunks) {
  user_code_ = &user_code;
  phase_ = Phase::kNone;
  lost_ = false;
  causes_.clear();
  ++counts_.programs;
  CoreSubject::Reset(*this, chunks);
}

void StateCoverageSubject::CopyFrom(const CoreSubject& other) {
  CoreSubject::CopyFrom(other);
  const auto& reach = static_cast<const StateCoverageSubject&>(other);
  phase_ = reach.phase_;
  lost_ = reach.lost_;
}

void StateCoverageSubject::Note(Visits& visits) {
  if (visits.count++ == 0) visits.example = example_;
}

void StateCoverageSubject::NoteBegin(Cause cause) {
  // What is nothing to the stream may not happen to be in flight either: a change before it is seen here.
  if (cause == Cause::kNothing) return;
  Note(counts_.begun[static_cast<int>(phase_)][static_cast<int>(cause)]);
  if (lost_ || MayBegin(phase_, cause)) return;
  NoteImpossible(std::string(CauseId(cause)) + " in " + std::string(PhaseId(phase_)));
}

void StateCoverageSubject::Look() {
  core::Snapshot snapshot;
  if (!TakeSnapshot(snapshot)) return;
  const std::optional<Phase> phase = PhaseOf(snapshot);
  const Cause cause = causes_.empty() ? Cause::kNothing : causes_.back();
  if (!phase.has_value()) {
    if (!lost_) {
      NoteImpossible(std::string(PhaseId(phase_)) + ", " + std::string(CauseId(cause)) +
                     " -> in no state of the diagram: " + WhatDecides(snapshot));
    }
    lost_ = true;
    return;
  }
  // Where it comes back from nowhere, nothing can be said about the way.
  const bool found_again = std::exchange(lost_, false);
  if (*phase == phase_) return;
  const Phase from = std::exchange(phase_, *phase);
  Note(counts_.phases[static_cast<int>(*phase)]);
  if (found_again) return;
  Note(counts_.transitions[static_cast<int>(from)][static_cast<int>(cause)][static_cast<int>(*phase)]);
  if (IsTransition(from, cause, *phase)) return;
  NoteImpossible(std::string(PhaseId(from)) + ", " + std::string(CauseId(cause)) + " -> " +
                 std::string(PhaseId(*phase)));
}

Outcome StateCoverageSubject::Call(CallKind kind, Value argument, uint32_t resolver) {
  Look();
  const Outcome outcome = user_code_->Call(kind, argument, resolver);
  Look();
  return outcome;
}

void StateCoverageSubject::Settled(uint32_t promise, bool fulfilled, Value value) {
  user_code_->Settled(promise, fulfilled, value);
}

std::optional<Cause> StateCoverageSubject::CauseOf(const SubjectCall& call) {
  // A writer that was released has no stream to change.
  const auto for_writer = [&](Cause cause) {
    return host().Writer(Slot(call.id)).stream.is_undefined() ? Cause::kNothing : cause;
  };
  switch (call.method) {
    case SubjectMethod::kConstruct:
      return Cause::kConstruct;
    case SubjectMethod::kStreamAbort:
      return Cause::kAbort;
    case SubjectMethod::kStreamClose:
    case SubjectMethod::kCloseWithErrorPropagation:
      return Cause::kClose;
    case SubjectMethod::kGetWriter:
    case SubjectMethod::kConstructWriter:
      return Cause::kGetWriter;
    case SubjectMethod::kWriterAbort:
      return for_writer(Cause::kAbort);
    case SubjectMethod::kWriterClose:
      return for_writer(Cause::kClose);
    case SubjectMethod::kReleaseLock:
      return for_writer(Cause::kReleaseLock);
    case SubjectMethod::kWrite:
      return for_writer(Cause::kWrite);
    case SubjectMethod::kErrorStream:
    case SubjectMethod::kControllerError:
      return Cause::kError;
    default:
      return std::nullopt;
  }
}

void StateCoverageSubject::RunMicrotasks(size_t count) {
  for (; count > 0 && host().realm().PendingMicrotasks() > 0; --count) {
    const auto next = host().realm().NextCoreReaction();
    const Scope scope(*this, next.has_value() ? CauseOfReaction(*next) : Cause::kNothing);
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
  const std::optional<Cause> cause = CauseOf(call);
  if (!cause.has_value()) return CoreSubject::Perform(call);
  const Scope scope(*this, *cause);
  return CoreSubject::Perform(call);
}

}  // namespace sluice::fuzz
