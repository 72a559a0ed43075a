#include "fuzz/explore/walker.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include "fuzz/program/language.h"

namespace sluice::fuzz {
namespace {

using core::StreamState;

}  // namespace

Walker::Walker(const Space& space, std::unique_ptr<CoreSubject> subject, std::unique_ptr<CoreSubject> saved)
    : space_(space), subject_(std::move(subject)) {
  here_.subject = std::move(saved);
}

void Walker::GoToRoot() {
  configuration_ = kNoConfiguration;
  program_ = {};
  placeholders_ = 0;
}

bool Walker::Go(std::span<const uint8_t> choices) {
  path_.Set(choices);
  return Step() && path_.fits();
}

void Walker::Save(Position& position) {
  position.configuration = configuration_;
  if (configuration_ == kNoConfiguration) return;
  position.subject->CopyFrom(*subject_);
  position.driver = driver_;
  position.labels = state_.labels();
  ListOptions(/*in_call=*/false);
  position.options = options_;
}

void Walker::Restore(const Position& position, size_t ops, size_t scripts) {
  program_.ops.resize(ops);
  program_.scripts.resize(scripts);
  placeholders_ = 0;
  configuration_ = position.configuration;
  if (configuration_ == kNoConfiguration) return;
  subject_->CopyFrom(*position.subject);
  driver_ = position.driver;
  used_ = position.labels;
  listed_ = &position.options;
}

bool Walker::Step() {
  DropPlaceholders();
  path_.Begin();
  inside_ = 0;
  calls_.clear();
  trace_.events.clear();
  if (configuration_ == kNoConfiguration) {
    if (observer_ != nullptr) observer_->OnStepBegin();
    Construct();
  } else {
    if (listed_ == nullptr) ListOptions(/*in_call=*/false);
    const std::vector<Option>& options = listed_ != nullptr ? *listed_ : options_;
    if (options.empty()) return false;
    const Op op = Operation(options[path_.Choose(static_cast<uint32_t>(options.size()))]);
    program_.ops.push_back(op);
    if (observer_ != nullptr) observer_->OnStepBegin();
    driver_.Perform(op);
  }
  if (observer_ != nullptr) observer_->OnStepEnd();
  state_.Describe(configuration_, *subject_, driver_.author(), trace_.chunks);
  used_ = state_.labels();
  listed_ = nullptr;
  return true;
}

void Walker::Construct() {
  configuration_ = path_.Choose(static_cast<uint32_t>(space_.configurations.size()));
  used_ = {};
  program_ = ProgramOf(made());
  no_scripts_ = program_;
  // Listeners are counted before any script runs.
  for (uint8_t stream = 0; stream < stream_count(); ++stream) {
    if (HasListener(stream)) no_scripts_.scripts.push_back({.stream = stream, .call = CallKind::kSignal});
  }
  driver_.Begin(no_scripts_, *subject_, {.snapshots = false, .improviser = this}, trace_);
}

bool Walker::HasListener(uint8_t stream) const {
  return made().listener && ResolvedSettings(no_scripts_, stream).has(Method::kStart);
}

void Walker::DropPlaceholders() {
  program_.scripts.resize(program_.scripts.size() - placeholders_);
  placeholders_ = 0;
}

const Program& Walker::program() {
  for (uint8_t stream = 0; stream < stream_count(); ++stream) {
    const bool is_there = std::any_of(program_.scripts.begin(), program_.scripts.end(), [stream](const Script& script) {
      return script.call == CallKind::kSignal && script.stream == stream;
    });
    if (is_there || !driver_.author().streams[stream].has_name || !HasListener(stream)) continue;
    program_.scripts.push_back({.stream = stream, .call = CallKind::kSignal});
    ++placeholders_;
  }
  return program_;
}

// ---- The author's operations

size_t Walker::Unreported() {
  const sim::Realm& realm = std::as_const(*subject_).host().realm();
  const auto rejected = realm.rejected();
  return static_cast<size_t>(
      std::count_if(rejected.begin(), rejected.end(), [&](uint32_t promise) { return !realm.IsHandled(promise); }));
}

// What is written while there is no room, or no stream, changes nothing.
bool Walker::MayWrite(uint8_t number) {
  const core::WritableStream& stream = std::as_const(*subject_).host().stream(number);
  const bool accepts = stream.state == StreamState::kWritable && stream.closeRequest.is_undefined() &&
                       stream.inFlightCloseRequest.is_undefined();
  return !accepts || stream.controller.queue.size() < bounds().queue;
}

void Walker::ListOptions(bool in_call) {
  options_.clear();
  if (!in_call) {
    const size_t jobs = microtasks();
    const size_t unreported = Unreported();
    if (jobs + unreported > 0) Add(bounds().checkpoints || jobs == 0 ? OpKind::kRun : OpKind::kRunCount, 0);
    if (jobs + unreported >= bounds().microtasks) return;
  }
  for (uint8_t stream = 0; stream < stream_count(); ++stream) ListOptions(stream, in_call);
}

void Walker::ListOptions(uint8_t stream, bool in_call) {
  const Driver::Author::OfStream& author = driver_.author().streams[stream];
  if (!author.has_name) Add(OpKind::kConstruct, stream);
  if (author.has_stream) {
    ListWriterOptions(stream, in_call);
    Add(OpKind::kStreamAbort, stream);
    Add(OpKind::kStreamClose, stream);
    Add(OpKind::kErrorStream, stream);
  }
  if (author.has_controller) Add(OpKind::kError, stream);
  for (uint8_t source = 0; source < kPromiseSourceCount; ++source) {
    if (author.pending[source].empty()) continue;
    Add(OpKind::kResolve, stream, source);
    Add(OpKind::kReject, stream, source);
  }
  if (!in_call && (author.has_stream || author.has_controller)) Add(OpKind::kReadStream, stream);
}

// Each stream's writers have names of their own: which of its names the author gives to a writer matters to nobody.
void Walker::ListWriterOptions(uint8_t stream, bool in_call) {
  const Driver::Author& author = driver_.author();
  const bool is_locked = !std::as_const(*subject_).host().stream(stream).writer.is_undefined();
  const bool may_write = MayWrite(stream);
  const auto first = static_cast<uint8_t>(stream * bounds().writers);
  bool has_free_name = false;
  for (uint8_t name = first; name < first + bounds().writers; ++name) {
    const bool is_free = !author.has_writer(name);
    // One free name is like another, and a name that gets nothing because the stream is locked like any.
    if (!(is_free && has_free_name) && !(is_locked && name > first)) {
      Add(OpKind::kGetWriter, stream, name);
      Add(OpKind::kConstructWriter, stream, name);
    }
    has_free_name |= is_free;
    if (is_free) continue;
    if (may_write) Add(OpKind::kWrite, stream, name);
    Add(OpKind::kClose, stream, name);
    Add(OpKind::kAbort, stream, name);
    Add(OpKind::kReleaseLock, stream, name);
    if (!author.released[name]) Add(OpKind::kCloseWithErrorPropagation, stream, name);
    if (made().watched) {
      Add(OpKind::kWatchReady, stream, name);
      Add(OpKind::kWatchClosed, stream, name);
    }
    if (!in_call) Add(OpKind::kReadWriter, stream, name);
  }
}

Op Walker::Operation(Option option) {
  Op op{.kind = option.kind};
  ForEachOperand(RowOf(option.kind), [&](OperandKind kind) {
    switch (kind) {
      case OperandKind::kWriter:
        op.operands.writer = option.operand;
        break;
      case OperandKind::kSource:
        op.operands.source = static_cast<PromiseSource>(option.operand);
        break;
      case OperandKind::kUnobserved:
        op.operands.unobserved = !made().observed;
        break;
      case OperandKind::kCount:
        op.operands.count = 1;
        break;
      case OperandKind::kReason:
        ChooseReason(op.operands);
        break;
      case OperandKind::kChunk:
        op.operands.chunk = NewChunk();
        break;
      case OperandKind::kStream:
      case OperandKind::kPrefix:
      case OperandKind::kNewStream:
        op.operands.stream = option.stream;
        break;
      case OperandKind::kBuffer:
      case OperandKind::kTimes:
      case OperandKind::kNumber:
        break;  // no option has one
    }
  });
  return op;
}

sim::Chunk Walker::NewChunk() {
  const uint32_t label = std::min(static_cast<uint32_t>(std::countr_one(used_.chunks)), kChunkLabels - 1);
  used_.chunks |= 1u << label;
  return LabelledChunk(label);
}

// A reason that nothing in the state has, so that it is seen which of two reasons is kept.
uint8_t Walker::NewReason() {
  const auto label = static_cast<uint8_t>(std::min(std::countr_one(used_.reasons), kReasonCount - 1));
  used_.reasons |= 1u << label;
  return label;
}

void Walker::ChooseReason(Operands& operands) {
  const bool is_undefined = made().undefinedReasons && path_.Choose(2) == 1;
  operands.reason = is_undefined ? kNoReason : NewReason();
}

// ---- The author's functions

// The last event is the beginning of the call, and has its stream.
void Walker::OnCall(CallKind kind) {
  const size_t owner = OwnerOf(no_scripts_, trace_.events.back().stream, kind);
  calls_.push_back(program_.scripts.size());
  program_.scripts.push_back({.stream = static_cast<uint8_t>(owner), .call = kind});
}

const Op* Walker::NextOp() {
  if (calls_.size() >= bounds().reentry || inside_ >= bounds().inside) return nullptr;
  ListOptions(/*in_call=*/true);
  const uint32_t choice = path_.Choose(static_cast<uint32_t>(options_.size()) + 1);
  if (choice == 0) return nullptr;
  ++inside_;
  const Op op = Operation(options_[choice - 1]);
  // Where it is stays: while it runs, nothing is added to its script.
  std::vector<Op>& ops = program_.scripts[calls_.back()].ops;
  ops.push_back(op);
  return &ops.back();
}

const End& Walker::EndOfCall() {
  Script& script = program_.scripts[calls_.back()];
  calls_.pop_back();
  ListEnds(script.call);
  script.end = ends_[path_.Choose(static_cast<uint32_t>(ends_.size()))];
  const bool has_reason = script.end.kind == EndKind::kThrow || script.end.kind == EndKind::kReturnRejected;
  if (has_reason) ChooseReason(script.end.operands);
  return script.end;
}

void Walker::ListEnds(CallKind kind) {
  const auto add = [this](EndKind end, double number = 0) { ends_.push_back({end, {.number = number}}); };
  ends_.clear();
  switch (kind) {
    case CallKind::kStart:
    case CallKind::kWrite:
    case CallKind::kClose:
    case CallKind::kAbort:
      add(EndKind::kReturn);
      add(EndKind::kThrow);
      add(EndKind::kReturnPending);
      add(EndKind::kReturnResolved);
      add(EndKind::kReturnRejected);
      if (bounds().thenables) add(EndKind::kReturnThenable);
      return;
    case CallKind::kSize:
      for (const double size : bounds().sizes) {
        std::isnan(size) ? add(EndKind::kReturn) : add(EndKind::kReturnNumber, size);
      }
      add(EndKind::kThrow);
      return;
    case CallKind::kSignal:
      add(EndKind::kReturn);
      add(EndKind::kThrow);
      return;
    case CallKind::kGetThen:
      add(EndKind::kReturn);
      add(EndKind::kReturnNumber, 1);
      add(EndKind::kThrow);
      return;
    case CallKind::kThen:
      add(EndKind::kReturn);
      add(EndKind::kThrow);
      add(EndKind::kReturnPending);
      add(EndKind::kReturnResolved);
      add(EndKind::kReturnRejected);
      return;
  }
}

}  // namespace sluice::fuzz
