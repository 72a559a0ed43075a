#include "fuzz/oracle/judge.h"

#include <algorithm>
#include <utility>

#include "fuzz/oracle/compare.h"
#include "fuzz/program/language.h"
#include "fuzz/program/text.h"
#include "src/core/check.h"
#include "src/core/invariants.h"

namespace sluice::fuzz {
namespace {

// The judge that runs on this process's only thread of judging, for the assert handler.
Judge* g_running = nullptr;

constexpr std::string_view kEventNames[] = {"construct-begin", "construct", "op-begin", "result",   "skipped",  "call",
                                            "call-end",        "settled",   "property", "reported", "unhandled"};

// What kind of event the right implementation would have had, so that alike differences have the same identity.
std::string EventName(const Program& program, const Event* event) {
  if (event == nullptr) return "end-of-trace";
  std::string name(kEventNames[static_cast<int>(event->kind)]);
  switch (event->kind) {
    case EventKind::kOpBegin:
    case EventKind::kOpEnd:
    case EventKind::kSkipped:
      return name + "-" + std::string(RowOf(OpAt(program, event->where).kind).word);
    case EventKind::kCallBegin:
    case EventKind::kCallEnd:
      return name + "-" + std::string(CallKindNames()[event->code]);
    case EventKind::kSettled:
      return name + (event->thrown ? "-rejected" : "-fulfilled");
    default:
      return name;
  }
}

// A program that goes through every state and leaves something behind wherever it can.
const Program& Polluter() {
  static const Program* const program = [] {
    const ParsedProgram parsed = ParseText(R"(byteLimit 100
methods start write close abort size
on start return resolved
on signal throw r3
on size return 7
on write return pending
on abort return rejected r2
w0 = stream.getWriter()
w0.write("a" * 3)
w0.write(view(9)) unobserved
tick 2
w0.write(buffer(101))
controller.error(r1)
w0.abort(r2) unobserved
w0.releaseLock()
w1 = stream.getWriter()
reject write r0
)");
    return new Program(*parsed.program);
  }();
  return *program;
}

// FNV-1a over what distinguishes programs, so that an input decides by itself whether it gets the longer checks.
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

Judge::Judge(std::unique_ptr<CoreSubject> subject) : core_(std::move(subject)) {
  handler_before_ = core::SetAssertHandler(&Judge::OnAssert);
}
Judge::~Judge() { core::SetAssertHandler(handler_before_); }

void Judge::OnAssert(const char* operation, const char* what) {
  if (g_running == nullptr) return;
  // Builds that check invariants inside the core report them here too; the judge sees them at the next snapshot, as
  // what they are.
  if (std::string_view(operation).starts_with("I-")) return;
  const size_t events = g_running->core_trace_.events.size();
  g_running->Note({Oracle::kAssert, operation, "", std::string("assert: ") + what, events == 0 ? 0 : events - 1});
}

// Keeps the finding with the earliest event; at the same event, the oracle that stands first.
void Judge::Note(Finding finding) {
  if (finding_.has_value()) {
    if (finding.event > finding_->event) return;
    if (finding.event == finding_->event && finding.oracle >= finding_->oracle) return;
  }
  finding_ = std::move(finding);
}

std::optional<Finding> Judge::Run(const Program& program) {
  finding_.reset();
  RunCore(program);
  CheckInvariants();
  CompareWithModel(program);
  if (const auto broken = history_.Check(program, core_trace_)) {
    Note({Oracle::kHistory, broken->rule->id, broken->rule->anchor, broken->rule->sentence, broken->event});
  }
  if (!finding_.has_value()) CheckDeterminism(program);
  return finding_;
}

void Judge::RunCore(const Program& program) {
  g_running = this;
  driver_.Run(program, *core_, {}, core_trace_);
  core_->Teardown();
  g_running = nullptr;
  if (core_->violation() != nullptr) {
    Note({Oracle::kOwnership, core_->violation(), "",
          "every slot that the core stores is retained once and dropped once", core_trace_.events.size() - 1});
  }
}

void Judge::CheckInvariants() {
  for (size_t event = NextNewSnapshot(core_trace_, 0); event != kSame;
       event = NextNewSnapshot(core_trace_, event + 1)) {
    const core::Invariant* broken = core::FirstBrokenInvariant(*core_trace_.SnapshotOf(event));
    if (broken == nullptr) continue;
    return Note({Oracle::kInvariant, broken->id, broken->anchor, broken->sentence, event});
  }
}

void Judge::CompareWithModel(const Program& program) {
  driver_.Run(program, model_, {}, model_trace_);
  if (!model_.failed_asserts().empty()) {
    Note({Oracle::kModelAssert, model_.failed_asserts().front(), "", "the asserts of the standard hold in the model",
          0});
  }
  const size_t at = FirstDifferentEvent(core_trace_, model_trace_);
  if (at != kSame) {
    const Event* expected = at < model_trace_.events.size() ? &model_trace_.events[at] : nullptr;
    Note({Oracle::kModel, EventName(program, expected), "", "the trace is the one that the standard's own steps give",
          std::min(at, core_trace_.events.size() - 1)});
  }
  const size_t both = std::min(core_trace_.snapshot_of_event.size(), model_trace_.snapshot_of_event.size());
  std::string slot;
  const size_t slots_at = FirstDifferentSlots(core_trace_, model_trace_, std::min(at, both), slot);
  if (slots_at == kSame) return;
  Note({Oracle::kSlots, slot, "ws-internal-slots", "every slot holds what the standard's own steps put there",
        slots_at});
}

void Judge::CheckDeterminism(const Program& program) {
  const uint64_t hash = Hash(core_trace_);
  if (hash % 8 == 0) driver_.Run(Polluter(), *core_, {.snapshots = false}, again_);
  driver_.Run(program, *core_, {.snapshots = false}, again_);
  const size_t at = FirstDifferentEvent(core_trace_, again_);
  if (at == kSame) {
    if (hash % 16 == 1) CheckSaveAndRestore(program, hash >> 8);
    return;
  }
  model_trace_ = again_;
  Note({Oracle::kDeterminism, "same-program-same-trace", "",
        "the same program gives the same trace, whatever ran before", std::min(at, core_trace_.events.size() - 1)});
}

void Judge::CheckSaveAndRestore(const Program& program, uint64_t hash) {
  restoring_.RestoreAt(core_trace_.snapshots.empty() ? 0 : hash % core_trace_.snapshots.size());
  driver_.Run(program, restoring_, {}, again_);
  const size_t at = FirstDifferentEvent(core_trace_, again_);
  if (at == kSame && restoring_.complaint().empty()) return;
  model_trace_ = again_;
  Note({Oracle::kState, "save-and-restore", "",
        restoring_.complaint().empty() ? "a state that was saved and restored behaves like the one before"
                                       : "a state can be saved, restored and copied (" + restoring_.complaint() + ")",
        at == kSame ? core_trace_.events.size() - 1 : std::min(at, core_trace_.events.size() - 1)});
}

}  // namespace sluice::fuzz
