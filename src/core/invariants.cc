#include "src/core/invariants.h"

#include <cmath>

namespace sluice::core {
namespace {

using S = const Snapshot&;

bool Defined(PromiseView view) { return view != PromiseView::kUndefined; }
bool PendingIfDefined(PromiseView view) { return view == PromiseView::kUndefined || view == PromiseView::kPending; }
bool Settled(PromiseView view) { return view == PromiseView::kFulfilled || view == PromiseView::kRejected; }
bool InFlight(S s) { return Defined(s.inFlightWriteRequest) || Defined(s.inFlightCloseRequest); }
bool Closing(S s) { return Defined(s.closeRequest) || Defined(s.inFlightCloseRequest); }
uint64_t Chunks(S s) { return s.queue_size - s.queue_sentinels; }
bool Ended(S s) { return s.state == StreamState::kClosed || s.state == StreamState::kErrored; }

// a implies b.
bool Implies(bool a, bool b) { return !a || b; }

constexpr Invariant kInvariants[] = {
    // ---- [[state]] and what may be set in it
    {"I-CLOSED-NO-ERROR", "writable-stream-finish-in-flight-close", "A closed stream has no stored error.",
     Holds::kAlways, [](S s) { return Implies(s.state == StreamState::kClosed, !s.has_storedError); }},
    {"I-WRITABLE-NO-ERROR", "writable-stream-start-erroring", "A writable stream has no stored error.", Holds::kAlways,
     [](S s) { return Implies(s.state == StreamState::kWritable, !s.has_storedError); }},
    {"I-CLOSED-NO-ABORT", "writable-stream-finish-in-flight-close", "A closed stream has no pending abort.",
     Holds::kAlways, [](S s) { return Implies(s.state == StreamState::kClosed, !Defined(s.pendingAbortRequest)); }},
    {"I-ERRORED-NO-ABORT", "writable-stream-finish-erroring",
     "An errored stream has no pending abort once no operation is running.", Holds::kQuiescent,
     [](S s) { return Implies(s.state == StreamState::kErrored, !Defined(s.pendingAbortRequest)); }},
    {"I-WRITABLE-NO-ABORT", "writable-stream-abort", "A writable stream has no pending abort.", Holds::kQuiescent,
     [](S s) { return Implies(s.state == StreamState::kWritable, !Defined(s.pendingAbortRequest)); }},
    {"I-ENDED-NOTHING-IN-FLIGHT", "writable-stream-finish-erroring",
     "A closed or errored stream has no write and no close in flight.", Holds::kAlways,
     [](S s) { return Implies(Ended(s), !InFlight(s)); }},
    {"I-CLOSED-STARTED", "ws-default-controller-class", "A stream closes only after start has settled.", Holds::kAlways,
     [](S s) { return Implies(s.state == StreamState::kClosed, s.started); }},
    {"I-ERRORED-STARTED", "writable-stream-start-erroring", "A stream is errored only after start has settled.",
     Holds::kAlways, [](S s) { return Implies(s.state == StreamState::kErrored, s.started); }},
    {"I-ERRORING-WAITS", "writable-stream-start-erroring",
     "A stream stays erroring only while start, a write or a close has not settled.", Holds::kQuiescent,
     [](S s) { return Implies(s.state == StreamState::kErroring, !s.started || InFlight(s)); }},
    {"I-CLOSED-NO-CLOSE-REQUEST", "writable-stream-finish-in-flight-close", "A closed stream has no close request.",
     Holds::kAlways, [](S s) { return Implies(s.state == StreamState::kClosed, !Defined(s.closeRequest)); }},
    {"I-HAS-CONTROLLER", "set-up-writable-stream-default-controller", "A stream that can be seen has a controller.",
     Holds::kAlways, [](S s) { return s.has_controller; }},

    // ---- requests
    {"I-ONE-IN-FLIGHT", "writable-stream-has-operation-marked-in-flight",
     "A write and a close are never in flight together.", Holds::kAlways,
     [](S s) { return !(Defined(s.inFlightWriteRequest) && Defined(s.inFlightCloseRequest)); }},
    {"I-ONE-CLOSE", "ws-internal-slots", "A close is either requested or in flight, not both.", Holds::kAlways,
     [](S s) { return !(Defined(s.closeRequest) && Defined(s.inFlightCloseRequest)); }},
    {"I-IN-FLIGHT-STARTED", "writable-stream-default-controller-advance-queue-if-needed",
     "Nothing is in flight before start has fulfilled.", Holds::kAlways,
     [](S s) { return Implies(InFlight(s), s.started); }},
    {"I-REQUESTS-PENDING", "writable-stream-add-write-request", "The promise of every queued write is pending.",
     Holds::kAlways, [](S s) { return s.writeRequests_all_pending; }},
    {"I-IN-FLIGHT-WRITE-PENDING", "writable-stream-finish-in-flight-write",
     "The promise of the write in flight is pending.", Holds::kAlways,
     [](S s) { return PendingIfDefined(s.inFlightWriteRequest); }},
    {"I-CLOSE-REQUEST-PENDING", "writable-stream-close", "The promise of the requested close is pending.",
     Holds::kAlways, [](S s) { return PendingIfDefined(s.closeRequest); }},
    {"I-IN-FLIGHT-CLOSE-PENDING", "writable-stream-finish-in-flight-close",
     "The promise of the close in flight is pending.", Holds::kAlways,
     [](S s) { return PendingIfDefined(s.inFlightCloseRequest); }},
    {"I-ABORT-PENDING", "pending-abort-request", "The promise of a pending abort is pending.", Holds::kAlways,
     [](S s) { return PendingIfDefined(s.pendingAbortRequest); }},
    {"I-ABORT-ALREADY-ERRORING-NO-REASON", "writable-stream-abort",
     "An abort that found the stream erroring has no reason of its own.", Holds::kAlways,
     [](S s) { return Implies(s.pendingAbortRequest_wasAlreadyErroring, !s.pendingAbortRequest_has_reason); }},
    {"I-ABORT-SIGNALLED", "writable-stream-abort", "A pending abort has been signalled.", Holds::kAlways,
     [](S s) { return Implies(Defined(s.pendingAbortRequest), s.signal_aborted); }},

    // ---- the queue
    {"I-QUEUE-MATCHES-REQUESTS", "writable-stream-default-controller-write",
     "While writable, every queued chunk has a write request, and the chunk in flight is still in the queue.",
     Holds::kQuiescent,
     [](S s) {
       return Implies(s.state == StreamState::kWritable,
                      Chunks(s) == s.writeRequests_size + (Defined(s.inFlightWriteRequest) ? 1 : 0));
     }},
    {"I-ERRORING-QUEUE-HAS-REQUESTS", "writable-stream-default-controller-write",
     "While erroring no chunk is queued without a request; a request whose size was refused has no chunk.",
     Holds::kQuiescent,
     [](S s) {
       return Implies(s.state == StreamState::kErroring,
                      Chunks(s) <= s.writeRequests_size + (Defined(s.inFlightWriteRequest) ? 1 : 0));
     }},
    {"I-ONE-SENTINEL", "close-sentinel", "The queue has at most one close sentinel.", Holds::kAlways,
     [](S s) { return s.queue_sentinels <= 1; }},
    {"I-SENTINEL-LAST", "close-sentinel", "Nothing is queued behind the close sentinel.", Holds::kAlways,
     [](S s) { return Implies(s.queue_sentinels > 0, s.queue_ends_with_sentinel); }},
    {"I-SENTINEL-IS-REQUEST", "writable-stream-close",
     "The close sentinel is queued exactly while a close is requested and not in flight.", Holds::kQuiescent,
     [](S s) { return Implies(!Ended(s), (s.queue_sentinels == 1) == Defined(s.closeRequest)); }},
    {"I-CLOSE-IN-FLIGHT-QUEUE-EMPTY", "writable-stream-default-controller-process-close",
     "The queue is empty while a close is in flight.", Holds::kAlways,
     [](S s) { return Implies(Defined(s.inFlightCloseRequest), s.queue_size == 0); }},
    {"I-ENDED-QUEUE-EMPTY", "ws-default-controller-private-error", "The queue of a closed or errored stream is empty.",
     Holds::kQuiescent, [](S s) { return Implies(Ended(s), s.queue_size == 0); }},
    {"I-ENDED-NO-REQUESTS", "writable-stream-finish-erroring", "A closed or errored stream has no write requests.",
     Holds::kQuiescent, [](S s) { return Implies(Ended(s), s.writeRequests_size == 0); }},
    {"I-ENDED-TOTAL-ZERO", "reset-queue", "An errored stream's queueTotalSize is 0.", Holds::kQuiescent,
     [](S s) { return Implies(s.state == StreamState::kErrored, s.queueTotalSize == 0); }},
    {"I-SIZES-VALID", "enqueue-value-with-size", "Every size in the queue is finite and not negative.", Holds::kAlways,
     [](S s) { return s.queue_sizes_valid; }},
    {"I-TOTAL-NOT-NEGATIVE", "dequeue-value", "queueTotalSize is never negative.", Holds::kAlways,
     [](S s) { return !(s.queueTotalSize < 0); }},
    {"I-PROGRESS", "writable-stream-default-controller-advance-queue-if-needed",
     "A started, writable stream with something queued has it in flight.", Holds::kQuiescent,
     [](S s) { return Implies(s.state == StreamState::kWritable && s.started && s.queue_size > 0, InFlight(s)); }},

    // ---- backpressure and the active writer
    {"I-BACKPRESSURE", "writable-stream-default-controller-get-backpressure",
     "While writable and not closing, backpressure says whether desiredSize is not positive.", Holds::kQuiescent,
     [](S s) {
       return Implies(s.state == StreamState::kWritable && !Closing(s),
                      s.backpressure == (s.strategyHWM - s.queueTotalSize <= 0));
     }},
    {"I-READY-WAITS", "writable-stream-update-backpressure",
     "While writable and not closing, ready is pending exactly under backpressure.", Holds::kQuiescent,
     [](S s) {
       return Implies(s.has_writer && s.state == StreamState::kWritable && !Closing(s),
                      (s.readyPromise == PromiseView::kPending) == s.backpressure);
     }},
    {"I-READY-REJECTED", "writable-stream-default-writer-ensure-ready-promise-rejected",
     "While erroring, ready is rejected.", Holds::kQuiescent,
     [](S s) {
       return Implies(s.has_writer && s.state == StreamState::kErroring, s.readyPromise == PromiseView::kRejected);
     }},
    {"I-READY-CLOSING", "writable-stream-close", "While writable and closing, ready is fulfilled.", Holds::kQuiescent,
     [](S s) {
       return Implies(s.has_writer && s.state == StreamState::kWritable && Closing(s),
                      s.readyPromise == PromiseView::kFulfilled);
     }},
    {"I-REJECTED-READY-HANDLED", "writable-stream-default-writer-ensure-ready-promise-rejected",
     "A rejected ready promise is marked handled.", Holds::kAlways,
     [](S s) { return Implies(s.readyPromise == PromiseView::kRejected, s.readyPromise_is_handled); }},
    {"I-REJECTED-CLOSED-HANDLED", "writable-stream-reject-close-and-closed-promise-if-needed",
     "A rejected closed promise is marked handled.", Holds::kAlways,
     [](S s) { return Implies(s.closedPromise == PromiseView::kRejected, s.closedPromise_is_handled); }},
    {"I-CLOSED-PROMISE-PENDING", "set-up-writable-stream-default-writer",
     "While writable or erroring, the active writer's closed promise is pending.", Holds::kQuiescent,
     [](S s) { return Implies(s.has_writer && !Ended(s), s.closedPromise == PromiseView::kPending); }},
    {"I-CLOSED-PROMISE-FULFILLED", "writable-stream-finish-in-flight-close",
     "The active writer's closed promise is fulfilled exactly when the stream is closed.", Holds::kQuiescent,
     [](S s) {
       return Implies(s.has_writer, (s.closedPromise == PromiseView::kFulfilled) == (s.state == StreamState::kClosed));
     }},
    {"I-ERRORED-READY-SETTLED", "writable-stream-start-erroring",
     "The ready promise of a closed or errored stream's writer is settled.", Holds::kQuiescent,
     [](S s) { return Implies(s.has_writer && Ended(s), Settled(s.readyPromise)); }},
    {"I-WRITER-KNOWS-STREAM", "set-up-writable-stream-default-writer", "The active writer's [[stream]] is this stream.",
     Holds::kAlways, [](S s) { return s.has_writer == s.writer_stream_is_this; }},

    // ---- algorithms
    {"I-ALGORITHMS-TOGETHER", "writable-stream-default-controller-clear-algorithms",
     "The four algorithms are cleared together.", Holds::kAlways,
     [](S s) {
       return s.has_writeAlgorithm == s.has_closeAlgorithm && s.has_writeAlgorithm == s.has_abortAlgorithm &&
              s.has_writeAlgorithm == s.has_strategySizeAlgorithm;
     }},
    {"I-WRITABLE-HAS-ALGORITHMS", "writable-stream-default-controller-clear-algorithms",
     "A writable stream has its algorithms unless a close is in flight.", Holds::kQuiescent,
     [](S s) {
       return Implies(s.state == StreamState::kWritable && !Defined(s.inFlightCloseRequest), s.has_writeAlgorithm);
     }},
    {"I-CLOSED-NO-ALGORITHMS", "writable-stream-default-controller-process-close",
     "A closed stream has let go of its algorithms.", Holds::kAlways,
     [](S s) { return Implies(s.state == StreamState::kClosed, !s.has_writeAlgorithm); }},
    {"I-ABORT-HAS-ALGORITHMS", "writable-stream-finish-erroring",
     "A pending abort that will reach the sink still has its algorithm.", Holds::kQuiescent,
     [](S s) {
       return Implies(Defined(s.pendingAbortRequest) && !s.pendingAbortRequest_wasAlreadyErroring &&
                          !Defined(s.inFlightCloseRequest),
                      s.has_abortAlgorithm);
     }},

    // ---- the byte limit (not in the standard)
    {"I-BYTES-SUM", "byte-limit", "The charged bytes equal the sum over the queue.", Holds::kAlways,
     [](S s) { return s.charged_bytes == s.queue_charge_sum; }},
    {"I-BYTES-LIMIT", "byte-limit", "The charged bytes never exceed the limit.", Holds::kAlways,
     [](S s) { return Implies(s.has_byte_limit, s.charged_bytes <= s.byte_limit); }},
};

[[gnu::always_inline]] inline void FillPromises(Host& host, const WritableStream& stream, Snapshot& snapshot) {
  snapshot.closeRequest = host.State(stream.closeRequest);
  snapshot.inFlightWriteRequest = host.State(stream.inFlightWriteRequest);
  snapshot.inFlightCloseRequest = host.State(stream.inFlightCloseRequest);
  if (stream.pendingAbortRequest.has_value()) {
    snapshot.pendingAbortRequest = host.State(stream.pendingAbortRequest->promise);
    snapshot.pendingAbortRequest_wasAlreadyErroring = stream.pendingAbortRequest->wasAlreadyErroring;
    snapshot.pendingAbortRequest_has_reason = !stream.pendingAbortRequest->reason.is_undefined();
  }
  snapshot.writeRequests_size = stream.writeRequests.size();
  for (const PromiseSlot request : stream.writeRequests) {
    if (host.State(request) != PromiseView::kPending) snapshot.writeRequests_all_pending = false;
  }
  if (stream.writer.is_undefined()) return;
  const WritableStreamDefaultWriter& writer = host.Writer(stream.writer);
  snapshot.has_writer = true;
  snapshot.writer_stream_is_this = writer.stream == stream.self;
  snapshot.readyPromise = host.State(writer.readyPromise);
  snapshot.readyPromise_is_handled = host.IsHandled(writer.readyPromise);
  snapshot.closedPromise = host.State(writer.closedPromise);
  snapshot.closedPromise_is_handled = host.IsHandled(writer.closedPromise);
}

[[gnu::always_inline]] inline void FillController(Host& host, const WritableStream& stream, Snapshot& snapshot) {
  const WritableStreamDefaultController& controller = stream.controller;
  snapshot.has_controller = controller.exists;
  snapshot.started = controller.started;
  snapshot.has_writeAlgorithm = controller.writeAlgorithm != Algorithm::kUndefined;
  snapshot.has_closeAlgorithm = controller.closeAlgorithm != Algorithm::kUndefined;
  snapshot.has_abortAlgorithm = controller.abortAlgorithm != Algorithm::kUndefined;
  snapshot.has_strategySizeAlgorithm = controller.strategySizeAlgorithm != Algorithm::kUndefined;
  snapshot.signal_aborted = host.SignalIsAborted(stream.self);
  snapshot.strategyHWM = controller.strategyHWM;
  snapshot.queueTotalSize = controller.queueTotalSize;
  snapshot.queue_size = controller.queue.size();
  for (const QueueEntry& entry : controller.queue) {
    snapshot.queue_sentinels += entry.is_close_sentinel ? 1 : 0;
    snapshot.queue_sizes_valid &= std::isfinite(entry.size) && entry.size >= 0;
    snapshot.queue_charge_sum += entry.charge;
  }
  snapshot.queue_ends_with_sentinel = !controller.queue.empty() && controller.queue.back().is_close_sentinel;
  snapshot.has_byte_limit = controller.byte_limit.has_value();
  snapshot.byte_limit = controller.byte_limit.value_or(0);
  snapshot.charged_bytes = controller.charged_bytes;
}

}  // namespace

std::span<const Invariant> AllInvariants() { return kInvariants; }

bool IsBroken(const Invariant& invariant, const Snapshot& snapshot) {
  if (invariant.holds == Holds::kQuiescent && snapshot.depth > 0) return false;
  return !invariant.predicate(snapshot);
}

const Invariant* FirstBrokenInvariant(const Snapshot& snapshot) {
  for (const Invariant& invariant : kInvariants) {
    if (IsBroken(invariant, snapshot)) return &invariant;
  }
  return nullptr;
}

void TakeSnapshot(Host& host, const WritableStream& stream, Snapshot& snapshot) {
  // In registers, as far as they go: campaigns do this a hundred times for each input, under AddressSanitizer.
  Snapshot taken;
  taken.state = stream.state;
  taken.backpressure = stream.backpressure;
  taken.has_storedError = !stream.storedError.is_undefined();
  FillPromises(host, stream, taken);
  FillController(host, stream, taken);
  snapshot = taken;
}

void CheckInvariants(Host& host, const WritableStream& stream) {
  if (stream.controller.queue.size() > kLongestCheckedQueue) return;
  Snapshot snapshot;
  TakeSnapshot(host, stream, snapshot);
  snapshot.depth = 1;  // Whoever calls may itself be called from user code.
  if (const Invariant* broken = FirstBrokenInvariant(snapshot)) AssertFailed(broken->id, broken->sentence);
}

}  // namespace sluice::core
