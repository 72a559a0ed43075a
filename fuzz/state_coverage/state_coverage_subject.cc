#include "fuzz/state_coverage/state_coverage_subject.h"

#include <utility>

namespace sluice::fuzz {
namespace {

using sim::Outcome;
using sim::Value;

Cause CauseOf(const sim::Realm::NextReaction& next) {
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

// A writer that was released has no stream that it could do something to.
Cause StateCoverageSubject::CauseForWriter(uint32_t writer, Cause cause) {
  return host().Writer(Slot(writer)).stream.is_undefined() ? Cause::kNothing : cause;
}

Outcome StateCoverageSubject::Construct(const StreamOptions& options) {
  const Scope scope(*this, Cause::kConstruct);
  return CoreSubject::Construct(options);
}
uint32_t StateCoverageSubject::StreamAbort(Value reason) {
  const Scope scope(*this, Cause::kAbort);
  return CoreSubject::StreamAbort(reason);
}
uint32_t StateCoverageSubject::StreamClose() {
  const Scope scope(*this, Cause::kClose);
  return CoreSubject::StreamClose();
}
Outcome StateCoverageSubject::GetWriter() {
  const Scope scope(*this, Cause::kGetWriter);
  return CoreSubject::GetWriter();
}
Outcome StateCoverageSubject::ConstructWriter() {
  const Scope scope(*this, Cause::kGetWriter);
  return CoreSubject::ConstructWriter();
}
uint32_t StateCoverageSubject::WriterAbort(uint32_t writer, Value reason) {
  const Scope scope(*this, CauseForWriter(writer, Cause::kAbort));
  return CoreSubject::WriterAbort(writer, reason);
}
uint32_t StateCoverageSubject::WriterClose(uint32_t writer) {
  const Scope scope(*this, CauseForWriter(writer, Cause::kClose));
  return CoreSubject::WriterClose(writer);
}
void StateCoverageSubject::ReleaseLock(uint32_t writer) {
  const Scope scope(*this, CauseForWriter(writer, Cause::kReleaseLock));
  CoreSubject::ReleaseLock(writer);
}
uint32_t StateCoverageSubject::Write(uint32_t writer, Value chunk) {
  const Scope scope(*this, CauseForWriter(writer, Cause::kWrite));
  return CoreSubject::Write(writer, chunk);
}
uint32_t StateCoverageSubject::CloseWithErrorPropagation(uint32_t writer) {
  const Scope scope(*this, Cause::kClose);
  return CoreSubject::CloseWithErrorPropagation(writer);
}
void StateCoverageSubject::ErrorStream(Value error) {
  const Scope scope(*this, Cause::kError);
  CoreSubject::ErrorStream(error);
}
void StateCoverageSubject::ControllerError(Value error) {
  const Scope scope(*this, Cause::kError);
  CoreSubject::ControllerError(error);
}

void StateCoverageSubject::RunOneMicrotask() {
  const auto next = host().realm().NextCoreReaction();
  const Scope scope(*this, next.has_value() ? CauseOf(*next) : Cause::kNothing);
  CoreSubject::RunMicrotasks(1);
}

void StateCoverageSubject::RunTick() { RunMicrotasks(host().realm().PendingMicrotasks()); }

void StateCoverageSubject::RunMicrotasks(size_t count) {
  for (; count > 0 && host().realm().PendingMicrotasks() > 0; --count) RunOneMicrotask();
}

void StateCoverageSubject::RunAllMicrotasks() {
  while (host().realm().PendingMicrotasks() > 0) RunOneMicrotask();
  CoreSubject::RunAllMicrotasks();  // what nobody handled is reported
}

}  // namespace sluice::fuzz
