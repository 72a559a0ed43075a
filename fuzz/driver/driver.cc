#include "fuzz/driver/driver.h"

#include <algorithm>

namespace sluice::fuzz {
namespace {

using sim::Outcome;
using sim::Value;
using sim::ValueKind;

// Up to so many every place has its snapshot.
constexpr uint32_t kFewRepeats = 64;
// A prime, so that what repeats is seen at each of its places.
constexpr uint32_t kPlacesPerSnapshot = 251;

// Names by first appearance, from 1.
uint32_t NameOf(std::vector<uint32_t>& names, uint32_t id, uint32_t& count) {
  if (names.size() <= id) names.resize(id + 1);
  if (names[id] == 0) names[id] = ++count;
  return names[id];
}

}  // namespace

void Driver::Run(const Program& program, Subject& subject, RunOptions options, Trace& trace) {
  Begin(program, subject, options, trace);
  RunOps(program.ops, Where::kMain);
  // Nobody wants to hear that names the program does not use are not assigned.
  for (size_t i = 0; i < Epilogue().size(); ++i) {
    const Op& op = Epilogue()[i];
    if (op.kind == OpKind::kReadWriter && !author_.has_writer(op.operands.writer)) continue;
    if (op.kind == OpKind::kReadStream && !author_.streams[op.operands.stream].has_name) continue;
    RunOp(op, {Where::kEpilogue, static_cast<uint16_t>(i)});
  }
}

void Driver::Begin(const Program& program, Subject& subject, RunOptions options, Trace& trace) {
  subject_ = &subject;
  options_ = options;
  trace_ = &trace;
  trace.Clear();
  trace.program = &program;
  for (Author::OfStream& stream : author_.streams) {
    stream.has_name = stream.has_stream = stream.has_controller = false;
    for (auto& promises : stream.pending) promises.clear();
  }
  author_.writers.fill(kUnassigned);
  author_.stream_of_writer.fill(0);
  author_.released.fill(false);
  author_.observed.clear();
  depth_ = thenables_ = promises_ = named_writers_ = repeats_ = places_ = 0;
  calls_ = {};
  writer_names_.clear();
  promise_names_.clear();
  events_before_settlement_.clear();
  for (auto& names : error_names_) names.clear();
  errors_.fill(0);

  subject.Reset(*this, trace.chunks);
  Add(EventKind::kConstructBegin, {});
  ++depth_;
  const Outcome made = Construct(0);
  --depth_;
  Add(EventKind::kConstructEnd, made);
  AddSnapshot();
}

Outcome Driver::Construct(uint8_t stream) {
  Author::OfStream& author = author_.streams[stream];
  author.has_name = true;
  const StreamSettings settings = ResolvedSettings(*trace_->program, stream);
  StreamOptions options;
  options.highWaterMark = settings.highWaterMark;
  options.byte_limit = settings.byteLimit;
  options.tick_model = settings.tickModel;
  options.has_start = settings.has(Method::kStart);
  options.has_write = settings.has(Method::kWrite);
  options.has_close = settings.has(Method::kClose);
  options.has_abort = settings.has(Method::kAbort);
  options.has_size = settings.has(Method::kSize) || settings.strategy != sim::Strategy::kAuthor;
  options.size_of = settings.strategy;
  options.shared = settings.shared;
  // An author gets at the signal only through the controller that start receives.
  if (options.has_start) {
    const size_t owner = OwnerOf(*trace_->program, stream, CallKind::kSignal);
    options.listeners = static_cast<uint32_t>(std::count_if(
        trace_->program->scripts.begin(), trace_->program->scripts.end(),
        [owner](const Script& script) { return script.call == CallKind::kSignal && script.stream == owner; }));
  }
  const Outcome made = subject_->Perform({.method = SubjectMethod::kConstruct, .options = &options, .stream = stream});
  author.has_stream = !made.thrown;
  return made;
}

void Driver::RunOps(const std::vector<Op>& ops, uint16_t script) {
  uint32_t times = 1;
  for (size_t i = 0; i < ops.size(); ++i) {
    const Where where{script, static_cast<uint16_t>(i)};
    if (ops[i].kind == OpKind::kTimes) {
      times = TimesOf(ops[i], where);
      continue;
    }
    if (RowOf(ops[i].kind).needs == Needs::kEmptyStack) times = 1;
    for (; times > 1; --times) RunOp(ops[i], where);
    RunOp(ops[i], where);
    if (script == Where::kMain && repeats_ > kFewRepeats) AddSnapshot(/*is_due=*/true);
  }
}

// Nothing happens in it that a trace could show, unless it is skipped.
uint32_t Driver::TimesOf(const Op& op, Where where) {
  if (Unmet(op) != Needs::kNothing) {
    RunOp(op, where);
    return 1;
  }
  repeats_ += op.operands.count - 1;
  return op.operands.count;
}

Needs Driver::Unmet(const Op& op) const {
  const Needs needs = RowOf(op.kind).needs;
  const uint8_t writer = op.operands.writer;
  const Author::OfStream& stream = author_.streams[op.operands.stream];
  const auto unless = [needs](bool met) { return met ? Needs::kNothing : needs; };
  switch (needs) {
    case Needs::kNothing:
      return needs;
    case Needs::kStream:
      return unless(stream.has_stream);
    case Needs::kNewName:
      return unless(!stream.has_name);
    case Needs::kWriter:
      return unless(author_.has_writer(writer));
    case Needs::kUnreleasedWriter:
      return !author_.has_writer(writer) ? Needs::kWriter : unless(!author_.released[writer]);
    case Needs::kController:
      return unless(stream.has_controller);
    case Needs::kControllerOrStream:
      return unless(stream.has_controller || stream.has_stream);
    case Needs::kPendingPromise:
      return unless(!stream.pending[static_cast<int>(op.operands.source)].empty());
    case Needs::kEmptyStack:
      return unless(depth_ == 0);
    case Needs::kRepeats:
      return unless(op.operands.count - 1 <= kMaxRepeats - repeats_);
  }
  return Needs::kNothing;
}

void Driver::RunOp(const Op& op, Where where) {
  if (const Needs unmet = Unmet(op); unmet != Needs::kNothing) {
    Event& event = Add(EventKind::kSkipped, {});
    event.code = static_cast<uint8_t>(unmet);
    event.where = where;
    return;
  }
  // Microtasks run with nothing of the author's on the stack.
  const uint32_t depth = RowOf(op.kind).needs == Needs::kEmptyStack ? 0 : 1;
  Add(EventKind::kOpBegin, {}).where = where;
  depth_ += depth;
  const Outcome outcome = Effect(op);
  depth_ -= depth;
  Add(EventKind::kOpEnd, outcome).where = where;
  AddSnapshot();
}

Outcome Driver::Effect(const Op& op) {
  const Operands& operands = op.operands;
  const uint32_t writer = author_.writers[operands.writer];
  const uint8_t stream = operands.stream;
  switch (op.kind) {
    case OpKind::kConstruct: {
      const Outcome made = Construct(stream);
      return made.thrown ? made : Outcome{};
    }
    case OpKind::kGetWriter:
    case OpKind::kConstructWriter: {
      const Outcome made = subject_->Perform(
          {.method = op.kind == OpKind::kGetWriter ? SubjectMethod::kGetWriter : SubjectMethod::kConstructWriter,
           .stream = stream});
      AssignWriter(op, made);
      return made.thrown ? made : Outcome{};
    }
    case OpKind::kWrite:
      return Write(op);
    case OpKind::kClose:
      return PromiseFrom({SubjectMethod::kWriterClose, writer}, operands.unobserved);
    case OpKind::kAbort:
      return PromiseFrom({SubjectMethod::kWriterAbort, writer, ReasonValue(operands.reason)}, operands.unobserved);
    case OpKind::kReleaseLock:
      subject_->Perform(
          {.method = SubjectMethod::kReleaseLock, .id = writer, .stream = author_.stream_of_writer[operands.writer]});
      author_.released[operands.writer] = true;
      return {};
    case OpKind::kStreamAbort:
      return PromiseFrom(
          {.method = SubjectMethod::kStreamAbort, .value = ReasonValue(operands.reason), .stream = stream},
          operands.unobserved);
    case OpKind::kStreamClose:
      return PromiseFrom({.method = SubjectMethod::kStreamClose, .stream = stream}, operands.unobserved);
    case OpKind::kError:
      return subject_->Perform(
          {.method = SubjectMethod::kControllerError, .value = ReasonValue(operands.reason), .stream = stream});
    case OpKind::kResolve:
    case OpKind::kReject:
      Settle(op);
      return {};
    case OpKind::kRun:
      return subject_->Perform({SubjectMethod::kRunAllMicrotasks});
    case OpKind::kRunCount:
      return subject_->Perform({SubjectMethod::kRunMicrotasks, operands.count});
    case OpKind::kTick:
      for (uint32_t i = 0; i < operands.count; ++i) subject_->Perform({SubjectMethod::kRunTick});
      return {};
    case OpKind::kReadWriter:
      ReadWriter(writer);
      return {};
    case OpKind::kReadStream:
      ReadStream(stream);
      return {};
    case OpKind::kWatchReady:
      return PromiseFrom({SubjectMethod::kReady, writer});
    case OpKind::kWatchClosed:
      return PromiseFrom({SubjectMethod::kClosed, writer});
    case OpKind::kCloseWithErrorPropagation:
      return PromiseFrom({SubjectMethod::kCloseWithErrorPropagation, writer}, operands.unobserved);
    case OpKind::kErrorStream:
      return subject_->Perform(
          {.method = SubjectMethod::kErrorStream, .value = ReasonValue(operands.reason), .stream = stream});
    case OpKind::kTimes:
      return {};  // RunOps
    case OpKind::kDetach:
      return subject_->Perform({SubjectMethod::kDetach, 0, ChunkValue(operands.chunk)});
  }
  return {};
}

Outcome Driver::Write(const Op& op) {
  const size_t begin = trace_->events.size() - 1;
  const Value chunk = ChunkValue(op.operands.chunk);
  if (chunk.kind == ValueKind::kWriter || chunk.kind == ValueKind::kPromise) {
    trace_->events[begin].value = Renamed(chunk);
  }
  return PromiseFrom({SubjectMethod::kWrite, author_.writers[op.operands.writer], chunk}, op.operands.unobserved);
}

Outcome Driver::PromiseFrom(SubjectCall call, bool unobserved) {
  const Outcome promise = subject_->Perform(call);
  if (!unobserved) Watch(promise.value.id);
  return promise;
}

// One reaction for each promise, however often it is handed out.
void Driver::Watch(uint32_t promise) {
  if (author_.observed.size() <= promise) author_.observed.resize(promise + 1);
  if (author_.observed[promise]) return;
  author_.observed[promise] = true;
  subject_->Perform({SubjectMethod::kObserve, promise});
}

void Driver::AssignWriter(const Op& op, const Outcome& made) {
  if (made.thrown) return;
  author_.writers[op.operands.writer] = made.value.id;
  author_.stream_of_writer[op.operands.writer] = op.operands.stream;
  author_.released[op.operands.writer] = false;
}

void Driver::Settle(const Op& op) {
  auto& promises = author_.streams[op.operands.stream].pending[static_cast<int>(op.operands.source)];
  const uint32_t promise = promises.front();
  promises.erase(promises.begin());
  const bool is_then = op.operands.source == PromiseSource::kThen;
  if (op.kind == OpKind::kResolve) {
    subject_->Perform({is_then ? SubjectMethod::kCallResolve : SubjectMethod::kResolvePromise, promise});
  } else {
    subject_->Perform({is_then ? SubjectMethod::kCallReject : SubjectMethod::kRejectPromise, promise,
                       ReasonValue(op.operands.reason)});
  }
}

void Driver::AddProperty(Property property, SubjectCall call) {
  const Outcome value = subject_->Perform(call);
  Add(EventKind::kProperty, value).code = static_cast<uint8_t>(property);
}

void Driver::ReadWriter(uint32_t writer) {
  AddProperty(Property::kDesiredSize, {SubjectMethod::kDesiredSize, writer});
  AddProperty(Property::kReady, {SubjectMethod::kReady, writer});
  AddProperty(Property::kClosed, {SubjectMethod::kClosed, writer});
}

void Driver::ReadStream(uint8_t stream) {
  const Author::OfStream& author = author_.streams[stream];
  if (author.has_stream) AddProperty(Property::kLocked, {.method = SubjectMethod::kLocked, .stream = stream});
  if (!author.has_controller) return;
  AddProperty(Property::kSignalAborted, {.method = SubjectMethod::kSignalAborted, .stream = stream});
  AddProperty(Property::kSignalReason, {.method = SubjectMethod::kSignalReason, .stream = stream});
}

// ---- The author's functions

// A function that two streams share does not see which of them calls it, unless it gets the controller or is a listener
// of the signal.
Outcome Driver::Call(CallKind kind, Value argument, uint32_t resolver, uint32_t stream) {
  const int k = static_cast<int>(kind);
  const size_t owner = OwnerOf(*trace_->program, stream, kind);
  const bool gets_controller = kind == CallKind::kStart || kind == CallKind::kWrite;
  const auto caller = static_cast<uint8_t>(gets_controller || kind == CallKind::kSignal ? stream : owner);
  const uint32_t number = ++calls_[owner][k].count;
  if (gets_controller) author_.streams[stream].has_controller = true;
  ++depth_;
  Event& begin = Add(EventKind::kCallBegin, Outcome::Return(argument));
  begin.code = static_cast<uint8_t>(k);
  begin.stream = caller;
  begin.number = number;
  AddSnapshot();

  const Outcome outcome = EndCall(kind, owner, RunCall(kind, owner), resolver);

  Event& end = Add(EventKind::kCallEnd, outcome);
  end.code = static_cast<uint8_t>(k);
  end.stream = caller;
  end.number = number;
  --depth_;
  return outcome;
}

// What happens inside a call. Returns how it ends; null: as calls end that no script is left for.
const End* Driver::RunCall(CallKind kind, size_t owner) {
  if (options_.improviser != nullptr) {
    options_.improviser->OnCall(kind);
    while (const Op* op = options_.improviser->NextOp()) RunOp(*op, {});
    return &options_.improviser->EndOfCall();
  }
  const std::vector<Script>& scripts = trace_->program->scripts;
  uint32_t& next = calls_[owner][static_cast<int>(kind)].next_script;
  while (next < scripts.size() && (scripts[next].call != kind || scripts[next].stream != owner)) ++next;
  if (next == scripts.size()) return nullptr;
  const auto index = static_cast<uint16_t>(next++);
  const Script& script = scripts[index];
  RunOps(script.ops, index);
  return &script.end;
}

// For `then`, the promise-like ends are what it does with its resolving functions.
Outcome Driver::EndCall(CallKind kind, size_t owner, const End* end, uint32_t resolver) {
  if (end == nullptr) {
    if (kind == CallKind::kSize) return Outcome::Return(Value::Number(1));
    if (kind == CallKind::kThen) subject_->Perform({SubjectMethod::kCallResolve, resolver});
    return {};
  }
  const Value reason = ReasonValue(end->operands.reason);
  switch (end->kind) {
    case EndKind::kReturn:
      return {};
    case EndKind::kReturnNumber:
      return Outcome::Return(Value::Number(end->operands.number));
    case EndKind::kThrow:
      return Outcome::Throw(reason);
    case EndKind::kReturnThenable:
      if (kind == CallKind::kThen) return {};
      return Outcome::Return(Value::Of(ValueKind::kThenable, thenables_++));
    case EndKind::kReturnResolved:
    case EndKind::kReturnRejected:
    case EndKind::kReturnPending:
      break;
  }
  if (kind == CallKind::kThen) {
    if (end->kind == EndKind::kReturnResolved) subject_->Perform({SubjectMethod::kCallResolve, resolver});
    if (end->kind == EndKind::kReturnRejected) subject_->Perform({SubjectMethod::kCallReject, resolver, reason});
    if (end->kind == EndKind::kReturnPending) {
      author_.streams[0].pending[static_cast<int>(PromiseSource::kThen)].push_back(resolver);
    }
    return {};
  }
  if (end->kind == EndKind::kReturnPending) {
    return Outcome::Return(Value::Of(ValueKind::kPromise, NewPendingPromise(kind, owner)));
  }
  const Outcome promise = subject_->Perform({SubjectMethod::kNewPromise});
  if (end->kind == EndKind::kReturnResolved) subject_->Perform({SubjectMethod::kResolvePromise, promise.value.id});
  if (end->kind == EndKind::kReturnRejected) {
    subject_->Perform({SubjectMethod::kRejectPromise, promise.value.id, reason});
  }
  return promise;
}

uint32_t Driver::NewPendingPromise(CallKind kind, size_t owner) {
  auto& pending = author_.streams[owner].pending;
  const uint32_t promise = subject_->Perform({SubjectMethod::kNewPromise}).value.id;
  switch (kind) {
    case CallKind::kStart:
      pending[static_cast<int>(PromiseSource::kStart)].push_back(promise);
      break;
    case CallKind::kWrite:
      pending[static_cast<int>(PromiseSource::kWrite)].push_back(promise);
      break;
    case CallKind::kClose:
      pending[static_cast<int>(PromiseSource::kClose)].push_back(promise);
      break;
    case CallKind::kAbort:
      pending[static_cast<int>(PromiseSource::kAbort)].push_back(promise);
      break;
    case CallKind::kSize:
    case CallKind::kSignal:
    case CallKind::kGetThen:
    case CallKind::kThen:
      // Nobody waits for what these return.
      break;
  }
  return promise;
}

void Driver::Settled(uint32_t promise, bool fulfilled, Value value) {
  AddSettlement(EventKind::kSettled, {!fulfilled, value}, promise);
  AddSnapshot();
}

void Driver::ReportException(Value exception) { Add(EventKind::kReported, Outcome::Return(exception)); }

void Driver::UnhandledRejection(uint32_t promise, Value reason) {
  AddSettlement(EventKind::kUnhandled, Outcome::Return(reason), promise);
}

void Driver::PromiseSettled(uint32_t promise) {
  if (promise >= events_before_settlement_.size()) events_before_settlement_.resize(promise + 1);
  events_before_settlement_[promise] = static_cast<uint32_t>(trace_->events.size());
}

void Driver::AddSettlement(EventKind kind, const Outcome& outcome, uint32_t promise) {
  Event& event = Add(kind, outcome);
  const uint32_t name = event.number = PromiseName(promise);
  const uint32_t events = promise < events_before_settlement_.size() ? events_before_settlement_[promise] : 0;
  if (name >= trace_->settlement_events.size()) trace_->settlement_events.resize(name + 1, kNoEvent);
  trace_->settlement_events[name] = (events == 0 ? trace_->events.size() : events) - 1;
}

// ---- Values and events

Value Driver::ReasonValue(uint8_t reason) const {
  return reason == kNoReason ? Value::Undefined() : Value::Of(ValueKind::kReason, reason);
}

Value Driver::ChunkValue(const sim::Chunk& declared) {
  const sim::Chunk chunk = sim::Canonical(declared);
  if (chunk.kind == sim::ChunkKind::kUndefined) return Value::Undefined();
  if (sim::IsOfWriter(chunk.kind)) return WriterChunkValue(chunk);
  std::vector<sim::Chunk>& chunks = trace_->chunks;
  const auto found = std::find(chunks.begin(), chunks.end(), chunk);
  const auto index = static_cast<uint32_t>(found - chunks.begin());
  if (found == chunks.end()) chunks.push_back(chunk);
  return Value::Of(ValueKind::kChunk, index);
}

// undefined while no writer has the name.
Value Driver::WriterChunkValue(const sim::Chunk& chunk) {
  if (!author_.has_writer(chunk.tag)) return Value::Undefined();
  const uint32_t writer = author_.writers[chunk.tag];
  if (chunk.kind == sim::ChunkKind::kWriter) return Value::Of(ValueKind::kWriter, writer);
  const bool ready = chunk.kind == sim::ChunkKind::kReady;
  return subject_->Perform({ready ? SubjectMethod::kReady : SubjectMethod::kClosed, writer}).value;
}

uint32_t Driver::PromiseName(uint32_t promise) { return NameOf(promise_names_, promise, promises_); }

Value Driver::Renamed(Value value) {
  switch (value.kind) {
    case ValueKind::kPromise:
      value.id = PromiseName(value.id);
      break;
    case ValueKind::kWriter:
      value.id = NameOf(writer_names_, value.id, named_writers_);
      break;
    case ValueKind::kTypeError:
    case ValueKind::kRangeError:
    case ValueKind::kAbortError: {
      const int kind = static_cast<int>(value.kind) - static_cast<int>(ValueKind::kTypeError);
      value.id = NameOf(error_names_[kind], value.id, errors_[kind]);
      break;
    }
    default:
      break;
  }
  return value;
}

Event& Driver::Add(EventKind kind, const Outcome& outcome) {
  Event& event = trace_->events.emplace_back();
  event.kind = kind;
  event.thrown = outcome.thrown;
  event.value = Renamed(outcome.value);
  return event;
}

void Driver::AddSnapshot(bool is_due) {
  if (repeats_ > kFewRepeats && !is_due && ++places_ % kPlacesPerSnapshot != 0) return;
  if (!options_.snapshots) return subject_->AtStep();
  for (uint8_t stream = 0; stream < kStreamCount; ++stream) {
    if (author_.streams[stream].has_name) AddSnapshot(stream);
  }
}

void Driver::AddSnapshot(uint8_t stream) {
  Trace::Snapshots& all = trace_->snapshots[stream];
  core::Snapshot& snapshot = all.taken.emplace_back();
  if (!subject_->TakeSnapshot(stream, snapshot)) {
    all.taken.pop_back();
    return;
  }
  snapshot.depth = depth_;
  all.of_event.resize(trace_->events.size());
  all.of_event.back() = static_cast<uint32_t>(all.taken.size());
}

}  // namespace sluice::fuzz
