// The interface of the core's environment: promises, errors, byte lengths, and user code.
//
// Two hosts implement it: the simulated one (src/sim) and V8's (src/v8). Both must pass tests/host_conformance.h.
//
// Re-entrancy is in the types. No method of `Host` runs user code; methods that do are in `ReentrantHost`. So an
// operation whose first parameter is `Host&` cannot be re-entered, and one that takes a `ReentrantHost&` can. After
// each call that gets the ReentrantHost, every slot must be read again. While an operation on a stream is on the stack,
// the host keeps that stream's WritableStream object alive and in place.
//
// Ownership. The core owns one reference for each slot that it stores, and returns it with Drop(). The rules are the
// same for values and promises:
//   - a slot passed as an argument is borrowed for the call; to store it, the callee takes Store(slot, place, stream)
//     first and stores what that returns, which names the same thing but may be another name: a host may put the thing
//     into its own object for the stream, where a garbage collector sees it;
//   - each place of a stream holds one thing at a time, except that kChunk and kWriteRequest are first-in-first-out:
//     they are dropped in the order in which they were stored;
//   - Retain(slot) takes one reference more for a caller;
//   - a slot returned is a new reference, which the caller stores, returns or drops;
//   - copying the state (save, restore, compare) takes no references, so a restore must restore the host too.
// A host that can detect a use after the last Drop() reports it (the simulated one does). Undefined slots have no
// reference.
#ifndef SLUICE_CORE_HOST_H_
#define SLUICE_CORE_HOST_H_

#include <cstdint>

#include "src/core/completion.h"
#include "src/core/slots.h"
#include "src/core/snapshot.h"

namespace sluice::core {

struct WritableStream;
struct WritableStreamDefaultWriter;

// Why a TypeError is made. The host words the message.
enum class TypeErrorReason : uint8_t {
  kStreamIsLocked,           // abort(), close() or a new writer on a locked stream
  kWriterHasNoStream,        // a method of a released writer
  kAlreadyClosing,           // close() while one is queued or in flight
  kCannotCloseClosedStream,  // close() on a closed or errored stream
  kWriterReleasedInSize,     // size() released the lock of the writer that is writing
  kWriteAfterClose,          // write() on a closing or closed stream
  kWriterReleased,           // ready and closed of a released writer
};

enum class RangeErrorReason : uint8_t {
  kInvalidHighWaterMark,  // NaN or negative
  kInvalidChunkSize,      // size() gave NaN, a negative number or Infinity
  kUnsupportedSinkType,   // underlyingSink.type exists
};

// Facts for the message of the RangeError of an overflowing write, all in bytes.
struct ByteLimitExceeded {
  uint64_t limit = 0;
  uint64_t buffered = 0;
  uint64_t asked = 0;
};

// Where the core keeps a promise or a value. A name moves with its slot: a close request stays kCloseRequest when it is
// in flight, and an abort request when it is owned by a reaction.
enum class Place : uint8_t { kWriteRequest, kCloseRequest, kAbortRequest, kChunk, kStoredError, kAbortReason };

// The two promises that a writer has for as long as it lives.
enum class WriterPromise : uint8_t { kReady, kClosed };

// What the core does when a promise settles: "Upon fulfillment of", "Upon rejection of". Plain data, so that jobs are.
enum class ReactionKind : uint8_t {
  kStart,  // SetUpWritableStreamDefaultController, steps 17 and 18
  kWrite,  // WritableStreamDefaultControllerProcessWrite, steps 4 and 5
  kClose,  // WritableStreamDefaultControllerProcessClose, steps 7 and 8
  kAbort,  // WritableStreamFinishErroring, steps 13 and 14
};

struct Reaction {
  ReactionKind kind = ReactionKind::kStart;
  StreamSlot stream;
  PromiseSlot abort_promise;  // kAbort only: abortRequest's promise; owned by the reaction, given back when it runs

  friend bool operator==(const Reaction&, const Reaction&) = default;
};

class Host {
 public:
  virtual ~Host() = default;

  // ---- Promises. https://webidl.spec.whatwg.org/#js-promise-manipulation
  virtual PromiseSlot NewPromise() = 0;                          // a new promise
  virtual PromiseSlot NewPromiseResolved() = 0;                  // a promise resolved with undefined
  virtual PromiseSlot NewPromiseRejected(ValueSlot reason) = 0;  // a promise rejected with `reason`
  // The same for the empty slot `which` of `writer`. These promises may never be read, so a host may create them
  // lazily. The rejected one has [[PromiseIsHandled]] true; an engine that reports rejections at once must mark it
  // first.
  virtual PromiseSlot NewWriterPromise(WriterSlot writer, WriterPromise which) = 0;
  virtual PromiseSlot NewWriterPromiseResolved(WriterSlot writer, WriterPromise which) = 0;
  virtual PromiseSlot NewWriterPromiseRejected(WriterSlot writer, WriterPromise which, ValueSlot reason) = 0;
  virtual void Resolve(PromiseSlot promise) = 0;                   // with undefined; nothing if it is already settled
  virtual void Reject(PromiseSlot promise, ValueSlot reason) = 0;  // nothing if it is already settled
  virtual void RejectAndMarkHandled(PromiseSlot promise, ValueSlot reason) = 0;
  virtual PromiseView State(PromiseSlot promise) = 0;  // kUndefined for the undefined slot
  virtual bool IsHandled(PromiseSlot promise) = 0;     // [[PromiseIsHandled]]
  // Upon fulfillment and upon rejection of `promise`: OnSettled(host, reaction, ...) (writable_stream.h), in a
  // microtask of its own. Marks `promise` handled.
  virtual void UponSettled(PromiseSlot promise, const Reaction& reaction) = 0;

  // ---- References.
  virtual PromiseSlot Store(PromiseSlot promise, Place place, StreamSlot stream) = 0;
  virtual ValueSlot Store(ValueSlot value, Place place, StreamSlot stream) = 0;
  virtual PromiseSlot Retain(PromiseSlot promise) = 0;  // `promise` again, with one reference more
  virtual ValueSlot Retain(ValueSlot value) = 0;
  virtual void Drop(PromiseSlot promise) = 0;
  virtual void Drop(ValueSlot value) = 0;

  // ---- Errors.
  virtual ValueSlot NewTypeError(TypeErrorReason reason) = 0;
  virtual ValueSlot NewRangeError(RangeErrorReason reason) = 0;
  virtual ValueSlot NewRangeError(const ByteLimitExceeded& facts) = 0;

  // ---- Chunks. The charge of `chunk` in bytes (byte_limit.h). Must not run user code.
  virtual uint64_t ByteCharge(ValueSlot chunk) = 0;

  // ---- Objects by name. References stay valid until user code runs.
  virtual WritableStream& Stream(StreamSlot stream) = 0;
  virtual WritableStreamDefaultWriter& Writer(WriterSlot writer) = 0;

  // ---- The controller's [[abortController]].
  virtual bool SignalIsAborted(StreamSlot stream) = 0;
  // ClearAlgorithms has been performed: the host may release the underlying sink and the strategy.
  virtual void AlgorithmsCleared(StreamSlot stream) = 0;
};

// A host that may run user code now. Each method may run any user code, which may re-enter any operation of the core on
// any stream before the method returns.
class ReentrantHost : public Host {
 public:
  // [[startAlgorithm]]: the value it returned, or what it threw.
  virtual Completion<ValueSlot> PerformStartAlgorithm(StreamSlot stream) = 0;
  // "A promise resolved with `start_result`"; takes the reference. May run a `then` getter.
  virtual PromiseSlot PromiseResolvedWithStartResult(StreamSlot stream, ValueSlot start_result) = 0;
  // [[strategySizeAlgorithm]], with Web IDL's conversion to unrestricted double.
  virtual Completion<double> PerformSizeAlgorithm(StreamSlot stream, ValueSlot chunk) = 0;
  // [[writeAlgorithm]], [[closeAlgorithm]], [[abortAlgorithm]]: the promise they return after Web IDL's conversion of
  // the callback's result, by the host's tick model. Never throw.
  virtual PromiseSlot PerformWriteAlgorithm(StreamSlot stream, ValueSlot chunk) = 0;
  virtual PromiseSlot PerformCloseAlgorithm(StreamSlot stream) = 0;
  virtual PromiseSlot PerformAbortAlgorithm(StreamSlot stream, ValueSlot reason) = 0;
  // Signal abort on [[abortController]]. Runs the signal's listeners; nothing if it is aborted already.
  // https://dom.spec.whatwg.org/#abortcontroller-signal-abort
  virtual void SignalAbort(StreamSlot stream, ValueSlot reason) = 0;
};

}  // namespace sluice::core

#endif  // SLUICE_CORE_HOST_H_
