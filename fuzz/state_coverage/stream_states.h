// The stream's state diagram, as the standard allows it.
//
// [[state]] has four values, but the next step of a stream depends on more: a start, write or close that is pending, a
// close or abort that waits, and backpressure. Phases distinguish these. A stream is in exactly one phase before and
// after each operation and microtask, and before each call of user code.
//
// The tables are derived by hand from the standard's steps, whose anchors they cite. They are not learned from runs.
//   https://streams.spec.whatwg.org/#ws-abstract-ops
#ifndef SLUICE_FUZZ_STATE_COVERAGE_STREAM_STATES_H_
#define SLUICE_FUZZ_STATE_COVERAGE_STREAM_STATES_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "src/core/snapshot.h"

namespace sluice::fuzz {

enum class Phase : uint8_t {
  kNone,  // before construction
  kStarting,
  kStartingFull,
  kStartingClosing,
  kIdle,
  kIdleFull,
  kWriting,
  kWritingFull,
  kWritingClosing,
  kClosing,
  kErroringStart,
  kErroringStartAbort,
  kErroringWrite,
  kErroringWriteAbort,
  kErroringClose,
  kErroringCloseAbort,
  kErroredWaiting,
  kErrored,
  kClosed,
};
inline constexpr int kPhaseCount = 19;

struct PhaseRow {
  Phase phase;
  std::string_view id;       // "writing-full"
  std::string_view state;    // [[state]]; empty for kNone
  std::string_view meaning;  // for people
};
std::span<const PhaseRow> PhaseRows();  // by Phase
std::string_view PhaseId(Phase phase);

// The causes of transitions. Equivalent operations are one cause: writer.abort() and stream.abort().
enum class Cause : uint8_t {
  kConstruct,
  kGetWriter,
  kReleaseLock,
  kWrite,
  kClose,
  kAbort,
  kError,
  kStartFulfills,
  kStartRejects,
  kWriteFulfills,
  kWriteRejects,
  kCloseFulfills,
  kCloseRejects,
  kAbortFulfills,
  kAbortRejects,
  kNothing,  // an operation or microtask that does not affect the stream
};
inline constexpr int kCauseCount = 16;
std::string_view CauseId(Cause cause);  // "write()", "write fulfills"

struct Transition {
  Phase from;
  Cause cause;
  Phase to;
  std::string_view anchor;  // of https://streams.spec.whatwg.org/: the operation whose steps it follows from
};
// Every transition that the standard allows. Remaining in a phase is not a transition.
std::span<const Transition> AllTransitions();
bool IsTransition(Phase from, Cause cause, Phase to);
// Whether the standard allows `cause` to begin in `phase`. A public operation may begin whenever there is a stream; a
// reaction only while its promise is pending.
bool MayBegin(Phase phase, Cause cause);

// The phase of a stream; nullopt if the standard does not allow its state.
std::optional<Phase> PhaseOf(const core::Snapshot& snapshot);
// The part of a snapshot that decides the phase, as text.
std::string WhatDecides(const core::Snapshot& snapshot);

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_STATE_COVERAGE_STREAM_STATES_H_
