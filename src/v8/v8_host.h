// V8's host: core::ReentrantHost over JavaScript objects. One for each isolate.
//
// Names. A slot is 64 bits: a pointer and, in its low three bits, what kind of name it is (see the .cc file). A
// borrowed slot is a v8::Local itself and lives as long as the caller's HandleScope. A kept slot names a place: an
// internal field of a stream's or a writer's JavaScript object.
//
// What no author can see is not made: `ready` and `closed` are promises only once somebody has read them, and when a
// sink's method returns something that is no thenable, or one of the realm's own promises, no promise is made for the
// conversion; native microtasks take exactly the ticks that it would have taken.
//
// Termination. When execution is terminated inside author code, the operation that called it goes on to its end, so
// that no stream is ever half-way between two steps: a terminated size() or start() counts as one that threw undefined,
// a terminated sink method as one whose promise never settles, and no further author code is called. Termination is
// requested again when the outermost operation returns, and JavaScript ends there.
#ifndef SLUICE_V8_V8_HOST_H_
#define SLUICE_V8_V8_HOST_H_

#include <v8.h>

#include <list>

#include "src/core/host.h"
#include "src/v8/isolate_data.h"
#include "src/v8/stream_object.h"

namespace sluice::binding {

class V8Host final : public core::ReentrantHost {
 public:
  explicit V8Host(IsolateData& data);
  V8Host(const V8Host&) = delete;
  V8Host& operator=(const V8Host&) = delete;
  ~V8Host() override;

  // Around each operation that may run author code. They nest as calls do.
  class Operation {
   public:
    explicit Operation(V8Host& host) : host_(host) { ++host_.depth_; }
    Operation(const Operation&) = delete;
    Operation& operator=(const Operation&) = delete;
    ~Operation() {
      if (--host_.depth_ == 0 && host_.terminating_) host_.TerminateAgain();
    }

   private:
    V8Host& host_;
  };

  // ---- Objects
  // Makes `wrapper`, an object of the WritableStream or the writer interface, what its interface says. The native
  // objects belong to the wrappers from then on.
  StreamObject& NewStream(v8::Local<v8::Object> wrapper);
  WriterObject& NewWriter(v8::Local<v8::Object> wrapper);
  v8::Local<v8::Object> Wrapper(const StreamObject& stream) const { return stream.wrapper.Get(isolate_); }
  // After the core gave the writer its stream, and after it took it away.
  void Attach(v8::Local<v8::Object> writer_wrapper, v8::Local<v8::Object> stream_wrapper);
  void Detach(v8::Local<v8::Object> writer_wrapper);
  // The stream's controller object; made when it is first asked for. Empty only when execution is being terminated.
  v8::MaybeLocal<v8::Object> Controller(v8::Local<v8::Context> context, v8::Local<v8::Object> stream_wrapper);
  // The controller's signal; likewise.
  v8::MaybeLocal<v8::Value> Signal(v8::Local<v8::Context> context, StreamObject& stream, v8::Local<v8::Object> wrapper);
  // The function that underlyingSink.start is. Only while the constructor runs.
  v8::Local<v8::Value> start_function;

  // ---- Slots and values
  static core::ValueSlot Borrow(v8::Local<v8::Value> value);
  v8::Local<v8::Value> ValueOf(core::ValueSlot slot);
  // The promise that a method returns; empty only when execution is being terminated.
  v8::MaybeLocal<v8::Value> PromiseOf(core::PromiseSlot slot);

  void Return(const Info& info, core::PromiseSlot slot) {
    v8::Local<v8::Value> promise;
    if (PromiseOf(slot).ToLocal(&promise)) info.GetReturnValue().Set(promise);
  }

  // ---- For the closures that react to a sink's promise (bootstrap.cc).
  void SinkPromiseSettled(v8::Local<v8::Object> stream_wrapper, bool fulfilled, v8::Local<v8::Value> value);

  // Lets go of streams whose microtasks V8 dropped, as it does when execution is terminated.
  void ForgetMicrotasks();

  // ---- core::Host
  core::PromiseSlot NewPromise() override;
  core::PromiseSlot NewPromiseResolved() override;
  core::PromiseSlot NewPromiseRejected(core::ValueSlot reason) override;
  core::PromiseSlot NewWriterPromise(core::WriterSlot writer, core::WriterPromise which) override;
  core::PromiseSlot NewWriterPromiseResolved(core::WriterSlot writer, core::WriterPromise which) override;
  core::PromiseSlot NewWriterPromiseRejected(core::WriterSlot writer, core::WriterPromise which,
                                             core::ValueSlot reason) override;
  void Resolve(core::PromiseSlot promise) override;
  void Reject(core::PromiseSlot promise, core::ValueSlot reason) override;
  void RejectAndMarkHandled(core::PromiseSlot promise, core::ValueSlot reason) override;
  core::PromiseView State(core::PromiseSlot promise) override;
  bool IsHandled(core::PromiseSlot promise) override;
  void UponSettled(core::PromiseSlot promise, const core::Reaction& reaction) override;
  core::PromiseSlot Keep(core::PromiseSlot promise, core::Place place, core::StreamSlot stream) override;
  core::ValueSlot Keep(core::ValueSlot value, core::Place place, core::StreamSlot stream) override;
  core::PromiseSlot Retain(core::PromiseSlot promise) override { return promise; }
  core::ValueSlot Retain(core::ValueSlot value) override { return value; }
  void Drop(core::PromiseSlot promise) override;
  void Drop(core::ValueSlot value) override;
  core::ValueSlot NewTypeError(core::TypeErrorReason reason) override;
  core::ValueSlot NewRangeError(core::RangeErrorReason reason) override;
  core::ValueSlot NewRangeError(const core::ByteLimitExceeded& facts) override;
  uint64_t ByteCharge(core::ValueSlot chunk) override;
  core::WritableStream& Stream(core::StreamSlot stream) override { return StreamObject::Of(stream)->core; }
  core::WritableStreamDefaultWriter& Writer(core::WriterSlot writer) override { return WriterObject::Of(writer)->core; }
  bool SignalIsAborted(core::StreamSlot stream) override { return StreamObject::Of(stream)->aborted; }
  void AlgorithmsCleared(core::StreamSlot stream) override;

  // ---- core::ReentrantHost
  core::Completion<core::ValueSlot> PerformStartAlgorithm(core::StreamSlot stream) override;
  core::PromiseSlot PromiseResolvedWithStartResult(core::StreamSlot stream, core::ValueSlot start_result) override;
  core::Completion<double> PerformSizeAlgorithm(core::StreamSlot stream, core::ValueSlot chunk) override;
  core::PromiseSlot PerformWriteAlgorithm(core::StreamSlot stream, core::ValueSlot chunk) override;
  core::PromiseSlot PerformCloseAlgorithm(core::StreamSlot stream) override;
  core::PromiseSlot PerformAbortAlgorithm(core::StreamSlot stream, core::ValueSlot reason) override;
  void SignalAbort(core::StreamSlot stream, core::ValueSlot reason) override;

 private:
  v8::Local<v8::Context> context() const { return isolate_->GetCurrentContext(); }
  // Whether what `caught` has is a termination. From then on no author code is called by this operation.
  bool Terminated(const v8::TryCatch& caught);
  void TerminateAgain();
  v8::Local<v8::Promise::Resolver> ResolverOf(core::PromiseSlot slot);
  v8::MaybeLocal<v8::Value> MakeWriterPromise(WriterObject& writer, WriterObject::Promise& promise, int field);
  void SettleWriterPromise(WriterObject& writer, core::WriterPromise which, bool fulfilled, core::ValueSlot reason);
  void SettleResolver(v8::Local<v8::Promise::Resolver> resolver, bool fulfilled, core::ValueSlot reason);
  void Settle(core::PromiseSlot promise, bool fulfilled, bool mark_handled, core::ValueSlot reason);

  // ---- From what a sink's method returned to the reaction (sink_promise.cc)
  core::PromiseSlot CallSink(core::StreamSlot slot, int method_field, int argument_count,
                             v8::Local<v8::Value>* arguments);
  core::PromiseSlot SinkPromise(StreamObject& stream, v8::Local<v8::Object> wrapper, v8::Local<v8::Value> result,
                                bool use_promise_itself);
  void ResolveSink(StreamObject& stream, v8::Local<v8::Object> wrapper, v8::Local<v8::Value> value);
  void FulfillSink(StreamObject& stream);
  void RejectSink(StreamObject& stream, v8::Local<v8::Object> wrapper, v8::Local<v8::Value> reason);
  void RejectSink(StreamObject& stream, v8::Local<v8::Object> wrapper, const v8::TryCatch& caught);
  bool WaitForPromiseItself(StreamObject& stream, v8::Local<v8::Object> wrapper, v8::Local<v8::Value> value);
  void SetSinkResult(StreamObject& stream, v8::Local<v8::Object> wrapper, v8::Local<v8::Value> value);
  bool Then(v8::Local<v8::Context> realm, v8::Local<v8::Object> wrapper, v8::Local<v8::Value> promise);
  void UponOtherSettled(core::PromiseSlot promise, const core::Reaction& reaction);
  bool MakeReactions(v8::Local<v8::Context> context, v8::Local<v8::Object> wrapper);
  void QueueMicrotask(StreamObject& stream, v8::MicrotaskCallback callback);
  v8::Local<v8::Object> BeginMicrotask(StreamObject& stream);
  static void ThenMicrotask(void* stream);
  static void ReactionMicrotask(void* stream);
  void RunReaction(StreamObject& stream, v8::Local<v8::Object> wrapper, v8::Local<v8::Value> value);

  IsolateData& data_;
  v8::Isolate* isolate_;
  Link streams_;
  Link writers_;
  Link waiting_;        // StreamObject::waiting of those with a native microtask queued
  uint32_t depth_ = 0;  // operations on the stack
  bool terminating_ = false;
  std::list<core::Reaction> other_reactions_;  // to promises that are not a sink's; only tests have such
};

}  // namespace sluice::binding

#endif  // SLUICE_V8_V8_HOST_H_
