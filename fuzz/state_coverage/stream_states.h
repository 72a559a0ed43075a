// The stream's state diagram, as the standard allows it.
//
// [[state]] has four values, but what a stream does next depends on more: on what has not settled yet (start, a write,
// a close), on whether a close or an abort waits, on backpressure. Phases are that finer cut. A stream is in exactly
// one wherever it can be looked at: before and after each operation and microtask, and where author code begins.
//
// The tables here are derived from the standard's steps by hand and say which; they are not learned from runs.
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

// What moves a stream. Ways to do the same are one: writer.abort() and stream.abort().
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
  kNothing,  // an operation or microtask that is nothing to the stream
};
inline constexpr int kCauseCount = 16;
std::string_view CauseId(Cause cause);  // "write()", "write fulfills"

struct Transition {
  Phase from;
  Cause cause;
  Phase to;
  std::string_view anchor;  // of https://streams.spec.whatwg.org/: the operation whose steps it follows from
};
// All that the standard allows. Staying where one is is no transition.
std::span<const Transition> AllTransitions();
bool IsTransition(Phase from, Cause cause, Phase to);
// Whether the standard lets this begin in `phase`. Everything public may, as soon as there is a stream; reactions only
// while what they react to is outstanding.
bool MayBegin(Phase phase, Cause cause);

// Where a stream is. nullopt: nowhere that the standard allows.
std::optional<Phase> PhaseOf(const core::Snapshot& snapshot);
// What of a snapshot decides that, in words.
std::string WhatDecides(const core::Snapshot& snapshot);

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_STATE_COVERAGE_STREAM_STATES_H_
