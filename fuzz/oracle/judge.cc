#include "fuzz/oracle/judge.h"

#include <algorithm>
#include <utility>

#include "fuzz/oracle/compare.h"
#include "fuzz/program/language.h"
#include "src/core/check.h"
#include "src/core/invariants.h"

namespace sluice::fuzz {
namespace {

// The judge that runs on this thread, for the assert handler.
thread_local Judge* g_running = nullptr;

constexpr std::string_view kEventNames[] = {"construct-begin", "construct", "op-begin", "result",   "skipped",  "call",
                                            "call-end",        "settled",   "property", "reported", "unhandled"};

// Whose a promise is: "write", "close" or "abort", whichever method returned it first, or the property that was read;
// empty for an author's own.
std::string_view PromiseOf(const Trace& trace, uint32_t promise) {
  for (const Event& event : trace.events) {
    if (event.value.kind != sim::ValueKind::kPromise || event.value.id != promise) continue;
    if (event.kind == EventKind::kProperty) return PropertyName(static_cast<Property>(event.code));
    if (event.kind != EventKind::kOpEnd) break;
    const OpKind kind = trace.OpOf(event).kind;
    if (kind == OpKind::kWatchReady) return PropertyName(Property::kReady);
    if (kind == OpKind::kWatchClosed) return PropertyName(Property::kClosed);
    if (kind == OpKind::kStreamAbort) return RowOf(OpKind::kAbort).name;
    const bool closes = kind == OpKind::kStreamClose || kind == OpKind::kCloseWithErrorPropagation;
    return RowOf(closes ? OpKind::kClose : kind).name;
  }
  return "";
}

// What kind of event the right implementation would have had, so that alike differences have the same identity.
std::string EventName(const Trace& trace, const Event* event) {
  if (event == nullptr) return "end-of-trace";
  std::string name(kEventNames[static_cast<int>(event->kind)]);
  switch (event->kind) {
    case EventKind::kOpBegin:
    case EventKind::kOpEnd:
    case EventKind::kSkipped:
      return name + "-" + std::string(RowOf(trace.OpOf(*event).kind).name);
    case EventKind::kCallBegin:
    case EventKind::kCallEnd:
      return name + "-" + std::string(CallKindNames()[event->code]);
    case EventKind::kProperty:
      return name + "-" + std::string(PropertyName(static_cast<Property>(event->code)));
    case EventKind::kSettled: {
      const std::string_view of = PromiseOf(trace, event->number);
      return name + (event->thrown ? "-rejected" : "-fulfilled") + (of.empty() ? "" : "-") + std::string(of);
    }
    default:
      return name;
  }
}

// Findings from comparing whole runs, or from their end, have no step.
std::string StepOf(const Trace& trace, const Finding& finding) {
  const bool is_in_step = finding.oracle == Oracle::kOwnership && !finding.is_seen_at_end;
  if (finding.oracle >= Oracle::kHistory && !is_in_step) return "";
  const size_t open = OpenOperation(trace, finding.event);
  if (open == kNoEvent) return "";
  return std::string(StepName(trace, open));
}

bool Has(const Trace& trace, const Event& event) {
  return std::find(trace.events.begin(), trace.events.end(), event) != trace.events.end();
}

// FNV-1a over the events, so that the input alone decides where its state is saved and restored.
uint64_t Hash(const Trace& trace) {
  uint64_t hash = 1469598103934665603u;
  for (const Event& event : trace.events) {
    hash = (hash ^ static_cast<uint64_t>(event.kind) ^ uint64_t{event.number} << 8 ^ uint64_t{event.value.id} << 16) *
           1099511628211u;
  }
  return hash ^ hash >> 32;
}

}  // namespace

std::string OracleName(Oracle oracle) {
  constexpr std::string_view kNames[] = {"assert",    "invariant",   "model", "slots",       "history",
                                         "ownership", "determinism", "state", "model-assert"};
  return std::string(kNames[static_cast<int>(oracle)]);
}

std::string Finding::identity() const { return OracleName(oracle) + "/" + rule; }
std::string Finding::key() const { return step.empty() ? identity() : identity() + "@" + step; }

Judge::Judge(std::unique_ptr<JudgedSubject> subject) : core_(std::move(subject)) {
  previous_handler_ = core::SetAssertHandler(&Judge::OnAssert);
  core_->SetViolationHandler(&Judge::OnViolation);
}
Judge::~Judge() { core::SetAssertHandler(previous_handler_); }

size_t Judge::Clamped(size_t event) const {
  return std::min(event, core_trace_.events.empty() ? 0 : core_trace_.events.size() - 1);
}

void Judge::OnAssert(const char* operation, const char* what) {
  if (g_running == nullptr) return;
  // Builds that check invariants inside the core report them here too. The judge reports them as invariants at the next
  // snapshot.
  if (std::string_view(operation).starts_with("I-")) return;
  g_running->Note({Oracle::kAssert, operation, "", std::string("assert: ") + what, g_running->LastEvent()});
}

void Judge::OnViolation(const char* what) {
  if (g_running == nullptr) return;
  g_running->Note(
      {.oracle = Oracle::kOwnership,
       .rule = what,
       .anchor = "",
       .sentence = "what the core stores, its host keeps until the core drops it, and no longer; authors get that",
       .event = g_running->LastEvent(),
       .is_seen_at_end = g_running->is_at_end_});
}

size_t Judge::LastEvent() const { return running_->events.empty() ? 0 : running_->events.size() - 1; }

// Keeps each identity's earliest.
void Judge::Note(Finding finding) {
  std::erase(finding.rule, ',');
  for (Finding& known : findings_) {
    if (known.oracle != finding.oracle || known.rule != finding.rule) continue;
    if (finding.event < known.event) known = std::move(finding);
    return;
  }
  findings_.push_back(std::move(finding));
}

const Trace& Judge::other_trace(const Finding& finding) const {
  if (finding.oracle == Oracle::kDeterminism) return again_;
  if (finding.oracle == Oracle::kState) return restored_;
  return model_trace_;
}

std::optional<Finding> Judge::Run(const Program& program) {
  findings_.clear();
  RunCore(program);
  for (size_t stream = 0; stream < kStreamCount; ++stream) CheckInvariants(stream);
  CompareWithModel(program);
  history_.Check(core_trace_);
  for (const BrokenRule& broken : history_.broken()) {
    Note({Oracle::kHistory, broken.rule->id, broken.rule->anchor, broken.rule->sentence, broken.event});
  }
  RunAgain(program);
  if (findings_.empty()) return std::nullopt;
  // An assert that fails in a later run may have an event beyond the end of the first.
  for (Finding& finding : findings_) {
    finding.event = Clamped(finding.event);
    finding.step = StepOf(core_trace_, finding);
  }
  // At one event, ownership is more precise than a slot, and a slot more precise than a settlement that is seen later.
  const auto rank = [](const Finding& finding) {
    const Oracle as = finding.is_seen_later                  ? Oracle::kSlots
                      : finding.oracle == Oracle::kOwnership ? Oracle::kAssert
                                                             : finding.oracle;
    return std::pair(as, finding.is_seen_later);
  };
  std::stable_sort(findings_.begin(), findings_.end(), [rank](const Finding& a, const Finding& b) {
    return a.event != b.event ? a.event < b.event : rank(a) < rank(b);
  });
  return findings_.front();
}

// User code sees a settlement late. The first difference between the traces, at `at`, may belong to a promise that was
// settled wrongly, or on one side only, long before. The traces are equal before `at`.
Judge::DifferentSettlement Judge::FindDifferentSettlement(size_t at) const {
  const auto settlement_of = [at](const Trace& trace) {
    const Event* event = at < trace.events.size() ? &trace.events[at] : nullptr;
    const bool is_one =
        event != nullptr && (event->kind == EventKind::kSettled || event->kind == EventKind::kUnhandled);
    return is_one ? event : nullptr;
  };
  const Event* ours = settlement_of(core_trace_);
  const Event* theirs = settlement_of(model_trace_);
  DifferentSettlement found;
  if (ours != nullptr && theirs != nullptr && ours->kind == theirs->kind && ours->number == theirs->number) {
    // They have the same name, but may be different promises. Both were settled by then.
    found.event = std::max(core_trace_.SettlementEvent(ours->number), model_trace_.SettlementEvent(theirs->number));
    found.reason = ours->kind == EventKind::kUnhandled;
  } else if (ours != nullptr && theirs != nullptr && ours->kind == EventKind::kSettled && Has(model_trace_, *ours) &&
             theirs->kind == EventKind::kSettled && Has(core_trace_, *theirs)) {
    found.order = true;
    found.event = std::min(core_trace_.SettlementEvent(ours->number), core_trace_.SettlementEvent(theirs->number));
  } else {
    const auto look = [&found](const Event* event, const Trace& trace, const Trace& other, const Event*& reported) {
      if (event == nullptr) return;
      const bool unhandled = event->kind == EventKind::kUnhandled;
      if (unhandled ? Has(other, *event) : other.SettlementEvent(event->number) != kNoEvent) return;
      found.event = std::min(found.event, trace.SettlementEvent(event->number));
      if (unhandled) reported = event;
    };
    look(ours, core_trace_, model_trace_, found.ours);
    look(theirs, model_trace_, core_trace_, found.theirs);
  }
  // If user code got a wrong promise, that promise may have been settled correctly.
  for (const Finding& finding : findings_) {
    const bool is_before = finding.oracle == Oracle::kOwnership && finding.event <= at;
    if (is_before && found.event != kNoEvent) found.event = std::max(found.event, finding.event);
  }
  while (found.event < at && core_trace_.SnapshotOf(found.event) == nullptr) ++found.event;
  return found;
}

// An unhandled rejection is reported. Only a writer's ready and closed are ever marked as handled, so a missing report
// for any other promise means another settlement.
std::string Judge::UnhandledName(const DifferentSettlement& settled) const {
  const bool is_theirs = settled.theirs != nullptr;
  const uint32_t promise = (is_theirs ? settled.theirs : settled.ours)->number;
  const std::string of(PromiseOf(is_theirs ? model_trace_ : core_trace_, promise));
  if (of.empty()) return "unhandled";
  const bool may_be_handled = of == PropertyName(Property::kReady) || of == PropertyName(Property::kClosed);
  if (is_theirs && !may_be_handled) return "settled-rejected-" + of;
  return "unhandled-" + of;
}

void Judge::RunCore(const Program& program) {
  g_running = this;
  running_ = &core_trace_;
  if (watcher_ != nullptr) watcher_->OnBegin(*core_, core_trace_);
  driver_.Run(program, *core_, {}, core_trace_);
  if (watcher_ != nullptr) watcher_->OnEnd();
  Teardown();
  g_running = nullptr;
}

void Judge::Teardown() {
  is_at_end_ = true;
  core_->Teardown();
  is_at_end_ = false;
}

void Judge::CheckInvariants(size_t stream) {
  for (size_t event = NextNewSnapshot(core_trace_, stream, 0); event != kSame;
       event = NextNewSnapshot(core_trace_, stream, event + 1)) {
    const core::Snapshot& snapshot = *core_trace_.SnapshotOf(event, stream);
    if (core::FirstBrokenInvariant(snapshot) == nullptr) continue;
    for (const core::Invariant& invariant : core::AllInvariants()) {
      if (!core::IsBroken(invariant, snapshot)) continue;
      Note({.oracle = Oracle::kInvariant,
            .rule = invariant.id,
            .anchor = invariant.anchor,
            .sentence = invariant.sentence,
            .event = event,
            .stream = stream});
    }
  }
}

void Judge::CompareWithModel(const Program& program) {
  driver_.Run(program, model_, {}, model_trace_);
  for (const std::string& failed : model_.failed_asserts()) {
    Note({Oracle::kModelAssert, failed, "", "the asserts of the standard hold in the model", 0});
  }
  const size_t at = FirstDifferentEvent(core_trace_, model_trace_);
  if (at != kSame) {
    const DifferentSettlement settled = FindDifferentSettlement(at);
    const Event* expected = at < model_trace_.events.size() ? &model_trace_.events[at] : nullptr;
    Event rejection = expected != nullptr ? *expected : Event{};
    rejection.kind = EventKind::kSettled;
    rejection.thrown = true;
    Note({.oracle = Oracle::kModel,
          .rule = settled.ours != nullptr || settled.theirs != nullptr ? UnhandledName(settled)
                  : settled.order                                      ? "settled-order"
                                  : EventName(model_trace_, settled.reason ? &rejection : expected),
          .anchor = "",
          .sentence = "the trace is the one that the standard's own steps give",
          .event = settled.event == kNoEvent ? Clamped(at) : settled.event,
          .is_seen_later = settled.event < at});
  }
  const size_t both = std::min(core_trace_.snapshots[0].of_event.size(), model_trace_.snapshots[0].of_event.size());
  for (const DifferentSlot& slot : DifferentSlots(core_trace_, model_trace_, std::min(at, both))) {
    Note({.oracle = Oracle::kSlots,
          .rule = slot.name,
          .anchor = "ws-internal-slots",
          .sentence = "every slot holds what the standard's own steps put there",
          .event = slot.event,
          .stream = slot.stream});
  }
}

// Runs the same program on the same subject again: state that leaks out of the first run shows here. (State that leaks
// out of another program shows in the programs after it.)
void Judge::RunOnceMore(const Program& program, uint64_t restore_at, Trace& trace) {
  g_running = this;
  running_ = &trace;
  core_->RestoreAt(restore_at);
  driver_.Run(program, *core_, {.snapshots = false}, trace);
  core_->RestoreAt(JudgedSubject::kNever);
  Teardown();
  g_running = nullptr;
}

// Checks determinism and restoring in one run. Only if that differs, another run decides which of them broke.
void Judge::RunAgain(const Program& program) {
  constexpr uint64_t kSampledOneIn = 4;
  const uint64_t hash = Hash(core_trace_);
  if (reruns_ == Reruns::kSampled && findings_.empty() && hash % kSampledOneIn != 0) return;
  const uint64_t steps = std::max<uint64_t>(core_trace_.snapshots[0].taken.size(), 1);
  RunOnceMore(program, hash / kSampledOneIn % steps, restored_);
  const std::string complaint = core_->complaint();
  const size_t at = FirstDifferentEvent(core_trace_, restored_);
  if (at == kSame && complaint.empty()) return;
  RunOnceMore(program, JudgedSubject::kNever, again_);
  if (const size_t again_at = FirstDifferentEvent(core_trace_, again_); again_at != kSame) {
    Note({Oracle::kDeterminism, "same-program-same-trace", "",
          "the same program gives the same trace, whatever ran before", Clamped(again_at)});
    return;
  }
  Note({Oracle::kState, "save-and-restore", "",
        complaint.empty() ? "a state that was saved and restored behaves like the one before"
                          : "a state can be saved, restored and copied (" + complaint + ")",
        Clamped(at)});
}

}  // namespace sluice::fuzz
