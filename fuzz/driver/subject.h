// An implementation under test: one JavaScript realm that can make WritableStreams (the core under the simulated
// host, the reference model, ...).
//
// The driver plays the page's author. It calls the subject through Perform(), and the subject calls the driver back
// through UserCode, wherever the standard runs user code. Both directions nest: the driver may call Perform() from
// inside a UserCode call.
//
// Every value that crosses is a sim::Value. Promise, error and writer ids are issued by the subject, count up from 0
// per kind in order of creation and are never reused before Reset(). TypeErrors, RangeErrors and AbortErrors are
// objects: one that is made once and delivered twice has the same id both times. The driver renumbers ids by first
// appearance.
#ifndef SLUICE_FUZZ_DRIVER_SUBJECT_H_
#define SLUICE_FUZZ_DRIVER_SUBJECT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "src/core/snapshot.h"
#include "src/core/tick_model.h"
#include "src/sim/chunk.h"
#include "src/sim/strategy.h"
#include "src/sim/user_code.h"
#include "src/sim/value.h"

namespace sluice::fuzz {

using sim::CallKind;
using sim::kCallKindCount;
using sim::UserCode;

// `new WritableStream({start, write, close, abort}, {highWaterMark, size})`.
struct StreamOptions {
  std::optional<double> highWaterMark;  // absent: the member does not exist (default 1)
  bool has_size = false;                // strategy.size exists; without it every chunk has size 1
  sim::Strategy size_of =
      sim::Strategy::kAuthor;  // whose function strategy.size is; the author is called for its own only
  bool has_start = false;
  bool has_write = false;
  bool has_close = false;
  bool has_abort = false;
  std::optional<uint64_t> byte_limit;  // bytes; absent: no limit
  core::TickModel tick_model = core::TickModel::kWebIdl;
  uint8_t shared = 0;      // bit 1 << Shared (program.h): what is the very object that the first stream has
  uint32_t listeners = 0;  // how many "abort" listeners are put on controller.signal (see Construct)
};

// The identity of a slot's value, which a snapshot does not have.
struct SlotValue {
  std::string_view slot;  // as SnapshotFields names it
  sim::Value value;       // a promise is of kind kPromise
  uint32_t stream = 0;    // whose slot it is

  friend bool operator==(const SlotValue&, const SlotValue&) = default;
};

// [[PromiseState]] and [[PromiseResult]], which is undefined unless it is rejected.
struct Settlement {
  core::PromiseView state = core::PromiseView::kPending;
  sim::Value reason;

  friend bool operator==(const Settlement&, const Settlement&) = default;
};

// Everything that a page's author, or another specification, can do. The result of a method that returns a promise is a
// kPromise value, and the method never throws. Where nothing else is noted, a method returns undefined and never
// throws.
enum class SubjectMethod : uint8_t {
  // ---- The stream.
  // The constructor, with `options`. Before `start` is called (or would be called, if it is absent),
  // `options->listeners` abort listeners are put on the new controller's signal; each makes one
  // UserCode::Call(kSignal),
  // in order, when abort is signalled. When it throws there is no stream, but the controller, if `start` was called,
  // exists and works.
  kConstruct,
  kLocked,           // a boolean
  kStreamAbort,      // with `value`; a promise
  kStreamClose,      // a promise
  kGetWriter,        // stream.getWriter(): a kWriter value, or a throw
  kConstructWriter,  // new WritableStreamDefaultWriter(stream): likewise

  // ---- The writer `id`. Released ones stay valid.
  kClosed,       // a promise
  kReady,        // a promise
  kDesiredSize,  // kNumber, kNull, or a throw
  kWriterAbort,  // with `value`; a promise
  kWriterClose,  // a promise
  kReleaseLock,
  kWrite,  // of `value`; a promise

  // ---- Operations of other specifications on a stream, which no author can perform.
  // WritableStreamDefaultWriterCloseWithErrorPropagation, of pipeTo(), on the writer `id`. Precondition: the writer was
  // not released.
  kCloseWithErrorPropagation,  // a promise
  // "Error" a stream, with `value`. https://streams.spec.whatwg.org/#writablestream-error
  kErrorStream,

  // ---- The controller. Usable from the moment `start` is called, or construction has ended, whichever is first.
  kControllerError,  // with `value`
  kSignalAborted,    // a boolean
  kSignalReason,     // signal.reason

  // ---- Chunks of the author's own.
  // Transfers the ArrayBuffer that `value` is, or is a view of, elsewhere: its byteLength is 0 from now on. `value` is
  // of
  // kind kChunk and detachable (sim::IsDetachable). A second time does nothing.
  kDetach,

  // ---- Promises of the author's own, by `id`.
  kNewPromise,      // a pending promise
  kResolvePromise,  // with undefined
  kRejectPromise,   // with `value`
  // The resolving functions of UserCode::Call(kThen); `id` is the pair. Each pair works once; further calls do nothing.
  kCallResolve,  // with undefined
  kCallReject,   // with `value`
  // promise.then(value => Settled(promise, true, value), reason => Settled(promise, false, reason)).
  kObserve,

  // ---- Microtasks. None run except in these.
  kRunTick,        // runs the microtasks that are queued now; those that they queue wait
  kRunMicrotasks,  // runs at most `id` microtasks, fewer if the queue becomes empty
  // Runs until the queue is empty, then reports each promise that was rejected while it had no handler
  // ([[PromiseIsHandled]] false) and still has none, in order of rejection, each promise once.
  // https://html.spec.whatwg.org/#notify-about-rejected-promises
  kRunAllMicrotasks,
};

struct SubjectCall {
  SubjectMethod method;
  uint32_t id = 0;     // of a writer, a promise or a pair of resolving functions; or a count
  sim::Value value{};  // a chunk, a reason or an error
  const StreamOptions* options = nullptr;
  uint32_t stream =
      0;  // whose method it is: of kConstruct to kConstructWriter, kReleaseLock, and kErrorStream to kSignalReason
};

class Subject {
 public:
  virtual ~Subject() = default;
  virtual const char* name() const = 0;

  // Forgets everything and starts a fresh realm. `user_code` and `chunks` outlive the run; a Value of kind kChunk has
  // an index into `chunks`, which may grow (and move) during the run.
  virtual void Reset(UserCode& user_code, const std::vector<sim::Chunk>& chunks) = 0;

  virtual sim::Outcome Perform(const SubjectCall& call) = 0;

  // ---- Looking inside. False if this subject cannot (another runtime), or there is no such stream and no controller.
  virtual bool TakeSnapshot(uint32_t stream, core::Snapshot& snapshot) = 0;
  // While an oracle inspects the stream in the middle of an operation, also by the methods below. A slot that is
  // inconsistent at that time is not a violation.
  virtual void SetInspecting(bool inspecting) { static_cast<void>(inspecting); }
  // Appends the value of each slot whose identity matters, always for the same slots; of a list, the first and the
  // last. Appends nothing where TakeSnapshot returns false, and for subjects without such a comparison.
  virtual void ReadSlots(uint32_t stream, std::vector<SlotValue>& slots) {
    static_cast<void>(stream);
    static_cast<void>(slots);
  }
  // Appends the results of the operations without side effects; `slot` is the name of the operation.
  virtual void QueryResults(uint32_t stream, std::vector<SlotValue>& results) {
    static_cast<void>(stream);
    static_cast<void>(results);
  }
  virtual uint32_t PromiseCount() { return 0; }  // issued promise ids, visible to user code or not
  virtual Settlement SettlementOf(uint32_t promise) {
    static_cast<void>(promise);
    return {};
  }
  // Called, in runs without snapshots, where one would be taken: at the end of each step and wherever user code
  // begins.
  virtual void AtStep() {}
};

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_DRIVER_SUBJECT_H_
