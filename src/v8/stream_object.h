// The native sides of a WritableStream object and of a writer, and what their internal fields hold.
//
// Lifetimes. The JavaScript object owns the native one: a weak handle tells when it was collected. Whatever JavaScript
// the native side refers to is in internal fields of the JavaScript object, where the collector sees it, so no cycle
// through native code can keep anything alive. The handle is strong only while a native microtask of the stream is
// queued, which V8 cannot see to refer to it.
#ifndef SLUICE_V8_STREAM_OBJECT_H_
#define SLUICE_V8_STREAM_OBJECT_H_

#include <v8.h>

#include <cstdint>

#include "src/core/host.h"
#include "src/core/state.h"
#include "src/core/tick_model.h"
#include "src/v8/web_idl.h"

namespace sluice::binding {

class IsolateData;

extern const Interface kWritableStreamInterface;
extern const Interface kWritableStreamDefaultWriterInterface;
extern const Interface kWritableStreamDefaultControllerInterface;
extern const Interface kCountQueuingStrategyInterface;
extern const Interface kByteLengthQueuingStrategyInterface;

// Internal fields of a WritableStream. Each is undefined while the slot is.
struct StreamField {
  enum : int {
    kNative = kFirstField,  // StreamObject*
    kController,            // made when author code first gets it
    kSignal,                // the AbortSignal; made when author code first asks for it
    kSignalReason,          // why abort was signalled, while there is no AbortSignal
    kSink,                  // the underlying sink, `this` of its methods
    kWrite,                 // its methods, until ClearAlgorithms
    kClose,
    kAbort,
    kSize,         // the strategy's size()
    kWriter,       // the active writer
    kRequestHead,  // the first record (record_queue.h) whose request is not settled
    kChunkHead,    // the first record whose chunk is still in [[queue]]
    kTail,         // the last record
    kCloseRequest,
    kAbortRequest,
    kAbortReason,
    kStoredError,
    kSinkResult,   // what the sink's method returned or threw, until the stream has reacted to it
    kOnFulfilled,  // closures over the stream for Promise.prototype.then, made when they are first needed
    kOnRejected,
    kEnd,
  };
};

struct WriterField {
  enum : int {
    kNative = kFirstField,  // WriterObject*
    kStream,                // the stream's JavaScript object, until the lock is released
    kReady,                 // the promise; while it is not made, the reason it is rejected with
    kClosed,
    kEnd,
  };
};

struct ControllerField {
  enum : int { kStream = kFirstField, kEnd };
};

struct StrategyField {
  enum : int { kHighWaterMark = kFirstField, kEnd };
};

// A list through the objects of an isolate.
struct Link {
  Link* previous = this;
  Link* next = this;

  Link() = default;
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;
  ~Link() { Unlink(); }
  bool linked() const { return next != this; }
  void Unlink() {
    previous->next = next;
    next->previous = previous;
    previous = next = this;
  }
  void InsertBefore(Link& other) {
    previous = other.previous;
    next = &other;
    previous->next = this;
    other.previous = this;
  }
};

struct StreamObject : Link {
  explicit StreamObject(IsolateData& isolate_data);
  ~StreamObject();

  static StreamObject* Of(v8::Local<v8::Object> stream) {
    return static_cast<StreamObject*>(stream->GetAlignedPointerFromInternalField(StreamField::kNative));
  }
  static StreamObject* Of(core::StreamSlot slot) { return reinterpret_cast<StreamObject*>(slot.name); }
  static StreamObject* OfWaiting(Link* waiting) { return static_cast<Waiting*>(waiting)->stream; }
  void MakeWeak();

  struct Waiting : Link {
    explicit Waiting(StreamObject* owner) : stream(owner) {}
    StreamObject* stream;
  };

  // How the promise that the sink's method returned (after Web IDL's conversion) stands. A stream waits for one method
  // at a time: start, a write, close, or abort.
  enum class Sink : uint8_t { kUnsettled, kFulfilled, kRejected };

  core::WritableStream core;
  IsolateData& data;
  v8::Global<v8::Object> wrapper;
  Waiting waiting{this};       // in the host's list while a native microtask is queued
  uint64_t requests = 0;       // records from kRequestHead on
  uint64_t chunks = 0;         // records from kChunkHead on
  int64_t reported_bytes = 0;  // of native memory, to V8
  core::Reaction reaction;     // what to do when `sink` settles
  core::TickModel tick_model = core::TickModel::kWebIdl;
  Sink sink = Sink::kUnsettled;
  bool has_reaction = false;
  bool settles_directly =
      false;             // the closures' call is the reaction itself, and not the settling of a promise before it
  bool aborted = false;  // abort was signalled
  bool has_sink_result = false;  // the field kSinkResult is not undefined
};

struct WriterObject : Link {
  explicit WriterObject(IsolateData& isolate_data);
  ~WriterObject();

  static WriterObject* Of(v8::Local<v8::Object> writer) {
    return static_cast<WriterObject*>(writer->GetAlignedPointerFromInternalField(WriterField::kNative));
  }
  static WriterObject* Of(core::WriterSlot slot) { return reinterpret_cast<WriterObject*>(slot.name); }
  core::WriterSlot slot() { return {reinterpret_cast<uint64_t>(this)}; }

  struct Promise {
    core::PromiseView state = core::PromiseView::kUndefined;
    bool made = false;  // the field holds a promise
  };

  core::WritableStreamDefaultWriter core;
  IsolateData& data;
  v8::Global<v8::Object> wrapper;
  Promise ready;
  Promise closed;
};

}  // namespace sluice::binding

#endif  // SLUICE_V8_STREAM_OBJECT_H_
