#include "fuzz/driver/core_subject.h"

#include "src/core/class_steps.h"
#include "src/core/invariants.h"
#include "src/core/writable_stream.h"
#include "src/core/writable_stream_default_controller.h"
#include "src/core/writable_stream_default_writer.h"

namespace sluice::fuzz {

using sim::Outcome;
using sim::Value;
using sim::ValueKind;

namespace {

// Names a value for the length of a call.
class Borrowed {
 public:
  Borrowed(sim::SimHost& host, Value value) : host_(host), slot_(host.Name(value)) {}
  Borrowed(const Borrowed&) = delete;
  Borrowed& operator=(const Borrowed&) = delete;
  ~Borrowed() { host_.Drop(slot_); }
  core::ValueSlot slot() const { return slot_; }

 private:
  sim::SimHost& host_;
  core::ValueSlot slot_;
};

}  // namespace

Value CoreSubject::WriterValue(core::WriterSlot slot) {
  return Value::Of(ValueKind::kWriter, static_cast<uint32_t>(slot.name - 1));
}

void CoreSubject::Reset(UserCode& user_code, const std::vector<sim::Chunk>& chunks) {
  host_.Reset(user_code, chunks);
  streams_ = {};
  ForgetFindings();
}

void CoreSubject::CopyFrom(const CoreSubject& other) {
  host_.CopyFrom(other.host_);
  streams_ = other.streams_;
}

bool CoreSubject::HoldsTheSameAs(const CoreSubject& other) const {
  return streams_ == other.streams_ && host_.HoldsTheSameAs(other.host_);
}

void CoreSubject::Teardown() {
  host_.Teardown();
  for (const char* violation : host_.violations()) Violation(violation);
}

Outcome CoreSubject::Construct(uint32_t name, const StreamOptions& options) {
  streams_[name].index = static_cast<uint32_t>(host_.stream_count());
  sim::SimStreamOptions sim_options;
  sim_options.sink = {
      .start = options.has_start, .write = options.has_write, .close = options.has_close, .abort = options.has_abort};
  sim_options.strategy = {.highWaterMark = options.highWaterMark, .has_size = options.has_size};
  sim_options.size_of = options.size_of;
  sim_options.byte_limit = options.byte_limit;
  sim_options.tick_model = options.tick_model;
  sim_options.listeners = options.listeners;
  sim_options.name = name;
  return host_.ConstructStream(sim_options);
}

Outcome CoreSubject::GetWriter(uint32_t name) {
  const core::WriterSlot writer = host_.NewWriter();
  const auto made = core::ws::GetWriter(host_, stream(name), writer);
  if (made.is_thrown()) return Outcome::Throw(host_.TakeThrown(made.thrown()));
  return Outcome::Return(WriterValue(made.value()));
}

Outcome CoreSubject::ConstructWriter(uint32_t name) {
  const core::WriterSlot writer = host_.NewWriter();
  const auto made = core::default_writer::Constructor(host_, writer, stream(name));
  if (made.is_thrown()) return Outcome::Throw(host_.TakeThrown(made.thrown()));
  return Outcome::Return(WriterValue(writer));
}

core::PromiseSlot CoreSubject::Closed(uint32_t writer) {
  const core::PromiseSlot closed = core::default_writer::Closed(host_, Slot(writer));
  if (closed != host_.Writer(Slot(writer)).closedPromise) Violation("writer.closed is [[closedPromise]]");
  return closed;
}

core::PromiseSlot CoreSubject::Ready(uint32_t writer) {
  const core::PromiseSlot ready = core::default_writer::Ready(host_, Slot(writer));
  if (ready != host_.Writer(Slot(writer)).readyPromise) Violation("writer.ready is [[readyPromise]]");
  return ready;
}

Outcome CoreSubject::DesiredSize(uint32_t writer) {
  const auto size = core::default_writer::DesiredSize(host_, Slot(writer));
  if (size.is_thrown()) return Outcome::Throw(host_.TakeThrown(size.thrown()));
  return Outcome::Return(size.value().has_value() ? Value::Number(*size.value()) : Value::Null());
}

Outcome CoreSubject::Perform(const SubjectCall& call) {
  const core::WriterSlot writer = Slot(call.id);
  sim::Realm& realm = host_.realm();
  const auto promise = [this](core::PromiseSlot slot) {
    return Outcome::Return(Value::Of(ValueKind::kPromise, host_.TakePromise(slot)));
  };
  switch (call.method) {
    case SubjectMethod::kConstruct:
      return Construct(call.stream, *call.options);
    case SubjectMethod::kLocked:
      return Outcome::Return(Value::Boolean(core::ws::Locked(stream(call.stream))));
    case SubjectMethod::kStreamAbort:
      return promise(core::ws::Abort(host_, stream(call.stream), Borrowed(host_, call.value).slot()));
    case SubjectMethod::kStreamClose:
      return promise(core::ws::Close(host_, stream(call.stream)));
    case SubjectMethod::kGetWriter:
      return GetWriter(call.stream);
    case SubjectMethod::kConstructWriter:
      return ConstructWriter(call.stream);
    case SubjectMethod::kClosed:
      return promise(Closed(call.id));
    case SubjectMethod::kReady:
      return promise(Ready(call.id));
    case SubjectMethod::kDesiredSize:
      return DesiredSize(call.id);
    case SubjectMethod::kWriterAbort:
      return promise(core::default_writer::Abort(host_, writer, Borrowed(host_, call.value).slot()));
    case SubjectMethod::kWriterClose:
      return promise(core::default_writer::Close(host_, writer));
    case SubjectMethod::kReleaseLock:
      streams_[call.stream].released_writer = call.id;
      return core::default_writer::ReleaseLock(host_, writer), Outcome{};
    case SubjectMethod::kWrite:
      return promise(core::default_writer::Write(host_, writer, Borrowed(host_, call.value).slot()));
    case SubjectMethod::kCloseWithErrorPropagation:
      return promise(core::WritableStreamDefaultWriterCloseWithErrorPropagation(host_, writer));
    case SubjectMethod::kErrorStream:
      return core::other_specs::Error(host_, stream(call.stream), Borrowed(host_, call.value).slot()), Outcome{};
    case SubjectMethod::kControllerError:
      return core::ws_default_controller::Error(host_, stream(call.stream), Borrowed(host_, call.value).slot()),
             Outcome{};
    case SubjectMethod::kSignalAborted:
      return Outcome::Return(Value::Boolean(host_.SignalIsAborted(stream(call.stream).self)));
    case SubjectMethod::kSignalReason:
      return Outcome::Return(host_.SignalReason(*streams_[call.stream].index));
    case SubjectMethod::kDetach:
      return host_.Detach(call.value), Outcome{};
    case SubjectMethod::kNewPromise:
      return Outcome::Return(Value::Of(ValueKind::kPromise, realm.NewPromise()));
    case SubjectMethod::kResolvePromise:
      return realm.ResolvePromise(call.id, Value::Undefined()), Outcome{};
    case SubjectMethod::kRejectPromise:
      return realm.RejectPromise(call.id, call.value), Outcome{};
    case SubjectMethod::kCallResolve:
      return realm.CallResolve(call.id, Value::Undefined()), Outcome{};
    case SubjectMethod::kCallReject:
      return realm.CallReject(call.id, call.value), Outcome{};
    case SubjectMethod::kObserve:
      return realm.Observe(call.id), Outcome{};
    case SubjectMethod::kRunTick:
      return realm.RunMicrotasks(realm.PendingMicrotasks()), Outcome{};
    case SubjectMethod::kRunMicrotasks:
      return realm.RunMicrotasks(call.id), Outcome{};
    case SubjectMethod::kRunAllMicrotasks:
      return realm.RunAllMicrotasks(), Outcome{};
  }
  return {};
}

bool CoreSubject::TakeSnapshot(uint32_t name, core::Snapshot& snapshot) {
  if (!IsThere(name) || !stream(name).controller.exists) return false;
  host_.CheckPlaces();
  core::TakeSnapshot(host_, stream(name), snapshot);
  if (const std::optional<uint32_t> released = streams_[name].released_writer) {
    const core::WritableStreamDefaultWriter& writer = host_.Writer(Slot(*released));
    snapshot.released_readyPromise = host_.State(writer.readyPromise);
    snapshot.released_readyPromise_is_handled = host_.IsHandled(writer.readyPromise);
    snapshot.released_closedPromise = host_.State(writer.closedPromise);
    snapshot.released_closedPromise_is_handled = host_.IsHandled(writer.closedPromise);
  }
  return true;
}

void CoreSubject::ReadSlots(uint32_t name, std::vector<SlotValue>& slots) {
  if (!IsThere(name) || !stream(name).controller.exists) return;
  const std::optional<uint32_t> released = streams_[name].released_writer;
  const auto promise = [&](const char* slot, core::PromiseSlot held) {
    const uint32_t index = host_.PromiseIndex(held);
    const bool is_there = !held.is_undefined() && index < host_.realm().promise_count();
    slots.push_back({slot, is_there ? Value::Of(ValueKind::kPromise, index) : Value::Undefined()});
  };
  const auto value = [&](const char* slot, core::ValueSlot held) { slots.push_back({slot, host_.ValueOf(held)}); };
  const auto writer = [&](const char* ready, const char* closed, core::WriterSlot held) {
    const bool is_there = !held.is_undefined();
    promise(ready, is_there ? host_.Writer(held).readyPromise : core::PromiseSlot());
    promise(closed, is_there ? host_.Writer(held).closedPromise : core::PromiseSlot());
  };
  const core::WritableStream& it = stream(name);
  promise("closeRequest", it.closeRequest);
  promise("inFlightWriteRequest", it.inFlightWriteRequest);
  promise("inFlightCloseRequest", it.inFlightCloseRequest);
  promise("pendingAbortRequest", it.pendingAbortRequest ? it.pendingAbortRequest->promise : core::PromiseSlot());
  value("pendingAbortRequest_reason", it.pendingAbortRequest ? it.pendingAbortRequest->reason : core::kUndefined);
  value("storedError", it.storedError);
  const bool has_requests = !it.writeRequests.empty();
  promise("writeRequests_first", has_requests ? it.writeRequests.front() : core::PromiseSlot());
  promise("writeRequests_last", has_requests ? it.writeRequests.back() : core::PromiseSlot());
  slots.push_back({"writer", it.writer.is_undefined() ? Value::Undefined() : WriterValue(it.writer)});
  writer("readyPromise", "closedPromise", it.writer);
  writer("released_readyPromise", "released_closedPromise", released ? Slot(*released) : core::WriterSlot());
  const bool keeps_stream = released && !host_.Writer(Slot(*released)).stream.is_undefined();
  slots.push_back({"released_stream_is_set", Value::Boolean(keeps_stream)});
  const bool has_entries = !it.controller.queue.empty();
  value("queue_first", has_entries ? it.controller.queue.front().value : core::kUndefined);
  value("queue_last", has_entries ? it.controller.queue.back().value : core::kUndefined);
}

void CoreSubject::QueryResults(uint32_t name, std::vector<SlotValue>& results) {
  if (!IsThere(name) || !stream(name).controller.exists) return;
  const core::WritableStream& it = stream(name);
  // What others ask comes before them.
  results.push_back({"WritableStreamDefaultControllerGetDesiredSize",
                     Value::Number(core::WritableStreamDefaultControllerGetDesiredSize(it))});
  results.push_back({"IsWritableStreamLocked", Value::Boolean(core::IsWritableStreamLocked(it))});
  results.push_back(
      {"WritableStreamCloseQueuedOrInFlight", Value::Boolean(core::WritableStreamCloseQueuedOrInFlight(it))});
  results.push_back(
      {"WritableStreamHasOperationMarkedInFlight", Value::Boolean(core::WritableStreamHasOperationMarkedInFlight(it))});
  results.push_back({"WritableStreamDefaultControllerGetBackpressure",
                     Value::Boolean(core::WritableStreamDefaultControllerGetBackpressure(it))});
  if (it.writer.is_undefined() || host_.Writer(it.writer).stream != it.self) return;
  const std::optional<double> size = core::WritableStreamDefaultWriterGetDesiredSize(host_, it.writer);
  results.push_back({"WritableStreamDefaultWriterGetDesiredSize", size ? Value::Number(*size) : Value::Null()});
}

Settlement CoreSubject::SettlementOf(uint32_t promise) {
  return {host_.realm().State(promise), host_.realm().Reason(promise)};
}

}  // namespace sluice::fuzz
