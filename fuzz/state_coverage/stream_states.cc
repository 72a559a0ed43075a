#include "fuzz/state_coverage/stream_states.h"

#include <algorithm>

namespace sluice::fuzz {
namespace {

using core::PromiseView;
using core::StreamState;

constexpr PhaseRow kPhases[] = {
    {Phase::kNone, "none", "", "before construction"},
    {Phase::kStarting, "starting", "writable", "start() has not settled"},
    {Phase::kStartingFull, "starting-full", "writable", "start() has not settled, backpressure"},
    {Phase::kStartingClosing, "starting-closing", "writable", "a close waits for start()"},
    {Phase::kIdle, "idle", "writable", "nothing in flight"},
    {Phase::kIdleFull, "idle-full", "writable", "nothing in flight, backpressure"},
    {Phase::kWriting, "writing", "writable", "a write is in flight"},
    {Phase::kWritingFull, "writing-full", "writable", "a write is in flight, backpressure"},
    {Phase::kWritingClosing, "writing-closing", "writable", "a close waits for a write in flight"},
    {Phase::kClosing, "closing", "writable", "the close is in flight"},
    {Phase::kErroringStart, "erroring-start", "erroring", "waits for start()"},
    {Phase::kErroringStartAbort, "erroring-start-abort", "erroring", "waits for start(), abort pending"},
    {Phase::kErroringWrite, "erroring-write", "erroring", "waits for the write in flight"},
    {Phase::kErroringWriteAbort, "erroring-write-abort", "erroring", "waits for the write in flight, abort pending"},
    {Phase::kErroringClose, "erroring-close", "erroring", "waits for the close in flight"},
    {Phase::kErroringCloseAbort, "erroring-close-abort", "erroring", "waits for the close in flight, abort pending"},
    {Phase::kErroredWaiting, "errored-waiting", "errored", "the writer's closed promise waits for the sink's abort()"},
    {Phase::kErrored, "errored", "errored", "the end"},
    {Phase::kClosed, "closed", "closed", "the end"},
};
static_assert(std::size(kPhases) == kPhaseCount);

constexpr std::string_view kCauses[] = {
    "new WritableStream()",
    "getWriter()",
    "releaseLock()",
    "write()",
    "close()",
    "abort()",
    "error()",
    "start fulfills",
    "start rejects",
    "write fulfills",
    "write rejects",
    "close fulfills",
    "close rejects",
    "abort fulfills",
    "abort rejects",
    "nothing",
};
static_assert(std::size(kCauses) == kCauseCount);

using P = Phase;
using C = Cause;

constexpr Transition kTransitions[] = {
    // ---- Construction: backpressure from the beginning at a high-water mark of 0 (steps 13, 14).
    {P::kNone, C::kConstruct, P::kStarting, "set-up-writable-stream-default-controller"},
    {P::kNone, C::kConstruct, P::kStartingFull, "set-up-writable-stream-default-controller"},

    // ---- write(). The chunk is queued, backpressure follows (step 4), and what can go to the sink goes (step 5). A
    // chunk only ever adds to the queue, so backpressure does not end here.
    {P::kStarting, C::kWrite, P::kStartingFull, "writable-stream-default-controller-write"},
    {P::kIdle, C::kWrite, P::kWriting, "writable-stream-default-controller-write"},
    {P::kIdle, C::kWrite, P::kWritingFull, "writable-stream-default-controller-write"},
    {P::kIdleFull, C::kWrite, P::kWritingFull, "writable-stream-default-controller-write"},
    {P::kWriting, C::kWrite, P::kWritingFull, "writable-stream-default-controller-write"},
    // size() throws, or gives what is no size: as error() does. It is asked before the write is refused because of a
    // close, so while one is queued too, and while the sink's close() is on the stack; after that it is cleared.
    {P::kStarting, C::kWrite, P::kErroringStart, "writable-stream-default-controller-get-chunk-size"},
    {P::kStartingFull, C::kWrite, P::kErroringStart, "writable-stream-default-controller-get-chunk-size"},
    {P::kStartingClosing, C::kWrite, P::kErroringStart, "writable-stream-default-controller-get-chunk-size"},
    {P::kIdle, C::kWrite, P::kErrored, "writable-stream-default-controller-get-chunk-size"},
    {P::kIdleFull, C::kWrite, P::kErrored, "writable-stream-default-controller-get-chunk-size"},
    {P::kWriting, C::kWrite, P::kErroringWrite, "writable-stream-default-controller-get-chunk-size"},
    {P::kWritingFull, C::kWrite, P::kErroringWrite, "writable-stream-default-controller-get-chunk-size"},
    {P::kWritingClosing, C::kWrite, P::kErroringWrite, "writable-stream-default-controller-get-chunk-size"},
    {P::kClosing, C::kWrite, P::kErroringClose, "writable-stream-default-controller-get-chunk-size"},

    // ---- close(): queued behind what is there, or in flight at once. While erroring it is queued and changes nothing.
    {P::kStarting, C::kClose, P::kStartingClosing, "writable-stream-close"},
    {P::kStartingFull, C::kClose, P::kStartingClosing, "writable-stream-close"},
    {P::kIdle, C::kClose, P::kClosing, "writable-stream-default-controller-process-close"},
    {P::kIdleFull, C::kClose, P::kClosing, "writable-stream-default-controller-process-close"},
    {P::kWriting, C::kClose, P::kWritingClosing, "writable-stream-close"},
    {P::kWritingFull, C::kClose, P::kWritingClosing, "writable-stream-close"},

    // ---- abort(): pending while start, a write or a close has not settled (WritableStreamStartErroring, 9). Else the
    // sink's abort() is called at once, and an active writer's closed promise waits for it.
    {P::kStarting, C::kAbort, P::kErroringStartAbort, "writable-stream-abort"},
    {P::kStartingFull, C::kAbort, P::kErroringStartAbort, "writable-stream-abort"},
    {P::kStartingClosing, C::kAbort, P::kErroringStartAbort, "writable-stream-abort"},
    {P::kErroringStart, C::kAbort, P::kErroringStartAbort, "writable-stream-abort"},
    {P::kIdle, C::kAbort, P::kErroredWaiting, "writable-stream-finish-erroring"},
    {P::kIdle, C::kAbort, P::kErrored, "writable-stream-finish-erroring"},
    {P::kIdleFull, C::kAbort, P::kErroredWaiting, "writable-stream-finish-erroring"},
    {P::kIdleFull, C::kAbort, P::kErrored, "writable-stream-finish-erroring"},
    {P::kWriting, C::kAbort, P::kErroringWriteAbort, "writable-stream-abort"},
    {P::kWritingFull, C::kAbort, P::kErroringWriteAbort, "writable-stream-abort"},
    {P::kWritingClosing, C::kAbort, P::kErroringWriteAbort, "writable-stream-abort"},
    {P::kErroringWrite, C::kAbort, P::kErroringWriteAbort, "writable-stream-abort"},
    {P::kClosing, C::kAbort, P::kErroringCloseAbort, "writable-stream-abort"},
    {P::kErroringClose, C::kAbort, P::kErroringCloseAbort, "writable-stream-abort"},

    // ---- controller.error(), and "error" a stream.
    {P::kStarting, C::kError, P::kErroringStart, "writable-stream-start-erroring"},
    {P::kStartingFull, C::kError, P::kErroringStart, "writable-stream-start-erroring"},
    {P::kStartingClosing, C::kError, P::kErroringStart, "writable-stream-start-erroring"},
    {P::kIdle, C::kError, P::kErrored, "writable-stream-finish-erroring"},
    {P::kIdleFull, C::kError, P::kErrored, "writable-stream-finish-erroring"},
    {P::kWriting, C::kError, P::kErroringWrite, "writable-stream-start-erroring"},
    {P::kWritingFull, C::kError, P::kErroringWrite, "writable-stream-start-erroring"},
    {P::kWritingClosing, C::kError, P::kErroringWrite, "writable-stream-start-erroring"},
    {P::kClosing, C::kError, P::kErroringClose, "writable-stream-start-erroring"},

    // ---- releaseLock(): what waited is nobody's any more.
    {P::kErroredWaiting, C::kReleaseLock, P::kErrored, "writable-stream-default-writer-release"},

    // ---- start settles. The queue advances; backpressure was decided when the chunks were queued.
    {P::kStarting, C::kStartFulfills, P::kIdle, "writable-stream-default-controller-advance-queue-if-needed"},
    {P::kStarting, C::kStartFulfills, P::kWriting, "writable-stream-default-controller-advance-queue-if-needed"},
    {P::kStartingFull, C::kStartFulfills, P::kIdleFull, "writable-stream-default-controller-advance-queue-if-needed"},
    {P::kStartingFull, C::kStartFulfills, P::kWritingFull,
     "writable-stream-default-controller-advance-queue-if-needed"},
    {P::kStartingClosing, C::kStartFulfills, P::kClosing, "writable-stream-default-controller-advance-queue-if-needed"},
    {P::kStartingClosing, C::kStartFulfills, P::kWritingClosing,
     "writable-stream-default-controller-advance-queue-if-needed"},
    {P::kErroringStart, C::kStartFulfills, P::kErrored, "writable-stream-finish-erroring"},
    {P::kErroringStartAbort, C::kStartFulfills, P::kErroredWaiting, "writable-stream-finish-erroring"},
    {P::kErroringStartAbort, C::kStartFulfills, P::kErrored, "writable-stream-finish-erroring"},
    {P::kStarting, C::kStartRejects, P::kErrored, "writable-stream-deal-with-rejection"},
    {P::kStartingFull, C::kStartRejects, P::kErrored, "writable-stream-deal-with-rejection"},
    {P::kStartingClosing, C::kStartRejects, P::kErrored, "writable-stream-deal-with-rejection"},
    {P::kErroringStart, C::kStartRejects, P::kErrored, "writable-stream-deal-with-rejection"},
    {P::kErroringStartAbort, C::kStartRejects, P::kErroredWaiting, "writable-stream-deal-with-rejection"},
    {P::kErroringStartAbort, C::kStartRejects, P::kErrored, "writable-stream-deal-with-rejection"},

    // ---- A write settles. What leaves the queue can only end backpressure. With a chunk behind it the next write is
    // in
    // flight at once.
    {P::kWriting, C::kWriteFulfills, P::kIdle, "writable-stream-default-controller-process-write"},
    {P::kWritingFull, C::kWriteFulfills, P::kIdle, "writable-stream-default-controller-process-write"},
    {P::kWritingFull, C::kWriteFulfills, P::kIdleFull, "writable-stream-default-controller-process-write"},
    {P::kWritingFull, C::kWriteFulfills, P::kWriting, "writable-stream-default-controller-process-write"},
    {P::kWritingClosing, C::kWriteFulfills, P::kClosing, "writable-stream-default-controller-process-close"},
    {P::kErroringWrite, C::kWriteFulfills, P::kErrored, "writable-stream-finish-erroring"},
    {P::kErroringWriteAbort, C::kWriteFulfills, P::kErroredWaiting, "writable-stream-finish-erroring"},
    {P::kErroringWriteAbort, C::kWriteFulfills, P::kErrored, "writable-stream-finish-erroring"},
    {P::kWriting, C::kWriteRejects, P::kErrored, "writable-stream-finish-in-flight-write-with-error"},
    {P::kWritingFull, C::kWriteRejects, P::kErrored, "writable-stream-finish-in-flight-write-with-error"},
    {P::kWritingClosing, C::kWriteRejects, P::kErrored, "writable-stream-finish-in-flight-write-with-error"},
    {P::kErroringWrite, C::kWriteRejects, P::kErrored, "writable-stream-finish-in-flight-write-with-error"},
    {P::kErroringWriteAbort, C::kWriteRejects, P::kErroredWaiting, "writable-stream-finish-in-flight-write-with-error"},
    {P::kErroringWriteAbort, C::kWriteRejects, P::kErrored, "writable-stream-finish-in-flight-write-with-error"},

    // ---- A close settles. When it fulfills, an error or an abort came too late; when it rejects, a pending abort is
    // rejected with it, and the sink's abort() is not called.
    {P::kClosing, C::kCloseFulfills, P::kClosed, "writable-stream-finish-in-flight-close"},
    {P::kErroringClose, C::kCloseFulfills, P::kClosed, "writable-stream-finish-in-flight-close"},
    {P::kErroringCloseAbort, C::kCloseFulfills, P::kClosed, "writable-stream-finish-in-flight-close"},
    {P::kClosing, C::kCloseRejects, P::kErrored, "writable-stream-finish-in-flight-close-with-error"},
    {P::kErroringClose, C::kCloseRejects, P::kErrored, "writable-stream-finish-in-flight-close-with-error"},
    {P::kErroringCloseAbort, C::kCloseRejects, P::kErrored, "writable-stream-finish-in-flight-close-with-error"},

    // ---- The sink's abort() settles.
    {P::kErroredWaiting, C::kAbortFulfills, P::kErrored, "writable-stream-finish-erroring"},
    {P::kErroredWaiting, C::kAbortRejects, P::kErrored, "writable-stream-finish-erroring"},
};

bool Defined(PromiseView view) { return view != PromiseView::kUndefined; }

std::optional<Phase> WritablePhase(const core::Snapshot& s, bool write, bool close) {
  if (Defined(s.pendingAbortRequest)) return std::nullopt;
  if (close) return s.started && !Defined(s.closeRequest) ? std::optional(Phase::kClosing) : std::nullopt;
  const bool queued = Defined(s.closeRequest);
  if (write) {
    if (!s.started) return std::nullopt;
    return queued ? Phase::kWritingClosing : s.backpressure ? Phase::kWritingFull : Phase::kWriting;
  }
  if (!s.started) return queued ? Phase::kStartingClosing : s.backpressure ? Phase::kStartingFull : Phase::kStarting;
  // With start settled and nothing in flight, a queued close would be in flight.
  if (queued) return std::nullopt;
  return s.backpressure ? Phase::kIdleFull : Phase::kIdle;
}

std::optional<Phase> ErroringPhase(const core::Snapshot& s, bool write, bool close) {
  const bool abort = Defined(s.pendingAbortRequest);
  if ((write || close) && !s.started) return std::nullopt;
  if (write) return abort ? Phase::kErroringWriteAbort : Phase::kErroringWrite;
  if (close) return abort ? Phase::kErroringCloseAbort : Phase::kErroringClose;
  // With nothing left to wait for, it would be errored.
  if (s.started) return std::nullopt;
  return abort ? Phase::kErroringStartAbort : Phase::kErroringStart;
}

}  // namespace

std::span<const PhaseRow> PhaseRows() { return kPhases; }
std::string_view PhaseId(Phase phase) { return kPhases[static_cast<int>(phase)].id; }
std::string_view CauseId(Cause cause) { return kCauses[static_cast<int>(cause)]; }
std::span<const Transition> AllTransitions() { return kTransitions; }

bool IsTransition(Phase from, Cause cause, Phase to) {
  return std::any_of(std::begin(kTransitions), std::end(kTransitions),
                     [&](const Transition& t) { return t.from == from && t.cause == cause && t.to == to; });
}

bool MayBegin(Phase phase, Cause cause) {
  const auto one_of = [phase](std::initializer_list<Phase> phases) {
    return std::find(phases.begin(), phases.end(), phase) != phases.end();
  };
  switch (cause) {
    case Cause::kConstruct:
      return phase == Phase::kNone;
    case Cause::kGetWriter:
    case Cause::kReleaseLock:
    case Cause::kWrite:
    case Cause::kClose:
    case Cause::kAbort:
    case Cause::kError:
      return phase != Phase::kNone;
    case Cause::kStartFulfills:
    case Cause::kStartRejects:
      return one_of({Phase::kStarting, Phase::kStartingFull, Phase::kStartingClosing, Phase::kErroringStart,
                     Phase::kErroringStartAbort});
    case Cause::kWriteFulfills:
    case Cause::kWriteRejects:
      return one_of({Phase::kWriting, Phase::kWritingFull, Phase::kWritingClosing, Phase::kErroringWrite,
                     Phase::kErroringWriteAbort});
    case Cause::kCloseFulfills:
    case Cause::kCloseRejects:
      return one_of({Phase::kClosing, Phase::kErroringClose, Phase::kErroringCloseAbort});
    case Cause::kAbortFulfills:
    case Cause::kAbortRejects:
      return one_of({Phase::kErroredWaiting, Phase::kErrored});
    case Cause::kNothing:
      return true;
  }
  return false;
}

std::optional<Phase> PhaseOf(const core::Snapshot& s) {
  const bool write = Defined(s.inFlightWriteRequest);
  const bool close = Defined(s.inFlightCloseRequest);
  if (!s.has_controller || (write && close)) return std::nullopt;
  switch (s.state) {
    case StreamState::kWritable:
      return WritablePhase(s, write, close);
    case StreamState::kErroring:
      return ErroringPhase(s, write, close);
    case StreamState::kErrored:
      if (write || close || !s.started || Defined(s.pendingAbortRequest)) return std::nullopt;
      return s.has_writer && s.closedPromise == PromiseView::kPending ? Phase::kErroredWaiting : Phase::kErrored;
    case StreamState::kClosed:
      if (write || close || !s.started || Defined(s.pendingAbortRequest) || Defined(s.closeRequest)) {
        return std::nullopt;
      }
      return Phase::kClosed;
  }
  return std::nullopt;
}

std::string WhatDecides(const core::Snapshot& s) {
  constexpr std::string_view kStates[] = {"writable", "closed", "erroring", "errored"};
  std::string text(kStates[static_cast<int>(s.state)]);
  if (!s.has_controller) text += ", no controller";
  if (!s.started) text += ", start not settled";
  if (Defined(s.inFlightWriteRequest)) text += ", write in flight";
  if (Defined(s.inFlightCloseRequest)) text += ", close in flight";
  if (Defined(s.closeRequest)) text += ", close requested";
  if (Defined(s.pendingAbortRequest)) text += ", abort pending";
  return text;
}

}  // namespace sluice::fuzz
