#include "fuzz/oracle/divergence.h"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "fuzz/driver/driver.h"
#include "fuzz/model/reference_model.h"
#include "fuzz/oracle/compare.h"
#include "fuzz/oracle/symbols.h"
#include "fuzz/program/language.h"

namespace sluice::fuzz {
namespace {

// The run that is being recorded; most of the time none.
struct Recording {
  Subject* subject;
  const Trace* trace;
  Boundaries* boundaries;
};
std::optional<Recording> g_recording;
// Above the count of any program of the language. Bounds the memory of a program that does not end.
constexpr size_t kMostBoundaries = 100'000;
// The length of a trace before its constructor has any visible effect.
constexpr size_t kConstructing = 1;

std::vector<std::string>& OperationNames() {
  static auto* const names = new std::vector<std::string>;
  return *names;
}

// Steps of the standard that have no name, with the functions that perform them: methods, which user code calls, and
// some reactions. Getters are not listed: only their results can be wrong.
struct Nameless {
  std::string_view name;
  std::string_view in_core;
  std::string_view in_model;
};
constexpr std::string_view kStartReaction = "the reaction to the promise of start()";
constexpr std::string_view kWriteReaction = "the reaction to the promise of the sink's write()";
constexpr Nameless kNameless[] = {
    {"stream.abort()", "::ws::Abort", "::ReferenceModel::StreamAbort"},
    {"stream.close()", "::ws::Close", "::ReferenceModel::StreamClose"},
    {"stream.getWriter()", "::ws::GetWriter", "::ReferenceModel::GetWriter"},
    {"the constructor of a writer", "::default_writer::Constructor", "::ReferenceModel::ConstructWriter"},
    {"writer.abort()", "::default_writer::Abort", "::ReferenceModel::WriterAbort"},
    {"writer.close()", "::default_writer::Close", "::ReferenceModel::WriterClose"},
    {"writer.releaseLock()", "::default_writer::ReleaseLock", "::ReferenceModel::ReleaseLockSteps"},
    {"writer.write()", "::default_writer::Write", "::ReferenceModel::Write"},
    {"controller.error()", "::ws_default_controller::Error", "::ReferenceModel::ControllerError"},
    {"the error of another specification", "::other_specs::Error", "::ReferenceModel::ErrorStream"},
    {kStartReaction, "::OnStartFulfilled", "::ReferenceModel::UponStartPromise"},
    {kStartReaction, "::OnStartRejected", "::ReferenceModel::UponStartPromise"},
    {kWriteReaction, "::OnSinkWriteFulfilled", "::ReferenceModel::UponSinkWritePromise"},
    {kWriteReaction, "::OnSinkWriteRejected", "::ReferenceModel::UponSinkWritePromise"},
};

// By the function's qualified name. "" for other functions.
std::string_view NameOfNameless(std::string_view function) {
  function = function.substr(0, function.find('('));
  for (const Nameless& nameless : kNameless) {
    if (function.ends_with(nameless.in_core) || function.ends_with(nameless.in_model)) return nameless.name;
  }
  return "";
}

// Operations without side effects. Either side may perform them at any time; only their results are compared.
constexpr std::string_view kQueries[] = {"IsWritableStreamLocked",
                                         "WritableStreamCloseQueuedOrInFlight",
                                         "WritableStreamHasOperationMarkedInFlight",
                                         "WritableStreamDefaultControllerGetBackpressure",
                                         "WritableStreamDefaultControllerGetDesiredSize",
                                         "WritableStreamDefaultWriterGetDesiredSize"};

// Whether a function that is not in kQueries is an operation with side effects.
bool IsOperation(std::string_view name) {
  // Not EnqueueValueWithSize, which the core's close sentinel needs not.
  constexpr std::string_view kOthers[] = {"AcquireWritableStreamDefaultWriter",
                                          "SetUpWritableStreamDefaultWriter",
                                          "AbortSteps",
                                          "ErrorSteps",
                                          "ResetQueue",
                                          "DequeueValue"};
  // Constructors of C++.
  constexpr std::string_view kClasses[] = {"WritableStream", "WritableStreamDefaultController",
                                           "WritableStreamDefaultWriter"};
  if (name.find_first_of("<>") != std::string_view::npos) return false;
  if (std::find(std::begin(kClasses), std::end(kClasses), name) != std::end(kClasses)) return false;
  return name.starts_with("WritableStream") ||
         std::find(std::begin(kOthers), std::end(kOthers), name) != std::end(kOthers);
}

struct Function {
  std::optional<uint32_t> operation;  // that it is
  std::string_view query;             // the one that only looks, likewise
};

const Function& FunctionAt(void* function) {
  static auto* const known = new std::unordered_map<void*, Function>;
  const auto [entry, is_new] = known->try_emplace(function);
  if (!is_new) return entry->second;
  const std::string whole = Symbolized(function, "%f");
  std::string name(BareName(whole));
  if (const auto* const query = std::find(std::begin(kQueries), std::end(kQueries), name);
      query != std::end(kQueries)) {
    entry->second.query = *query;
    return entry->second;
  }
  if (const std::string_view nameless = NameOfNameless(whole); !nameless.empty()) {
    name = nameless;
  } else if (!IsOperation(name)) {
    return entry->second;
  }
  std::vector<std::string>& names = OperationNames();
  const auto found = std::find(names.begin(), names.end(), name);
  entry->second.operation = static_cast<uint32_t>(found - names.begin());
  if (found == names.end()) names.push_back(std::move(name));
  return entry->second;
}

// Whether only user code or the microtask loop performs it, never another operation.
bool IsNameless(uint32_t operation) {
  return std::any_of(std::begin(kNameless), std::end(kNameless),
                     [&](const Nameless& nameless) { return nameless.name == OperationNames()[operation]; });
}

void OnFunction(void* address, bool begins) {
  // Recording calls functions of the core too.
  const std::optional<Recording> recording = std::exchange(g_recording, std::nullopt);
  if (!recording.has_value()) return;
  const Function& function = FunctionAt(address);
  if (function.operation.has_value()) {
    recording->boundaries->Add(begins, *function.operation, *recording->subject, *recording->trace);
  } else if (begins && !function.query.empty()) {
    recording->boundaries->AddQuery(function.query);
  }
  g_recording = recording;
}

std::string SettlementText(const Settlement& how, const std::vector<sim::Chunk>& chunks) {
  if (how.state == core::PromiseView::kRejected) return "rejected with " + ValueText(how.reason, chunks);
  return how.state == core::PromiseView::kFulfilled ? "fulfilled" : "pending";
}

std::string BoundaryText(const Boundary& boundary) {
  return (boundary.begins ? "the begin of " : "the end of ") + OperationNames()[boundary.operation];
}

std::string DoesText(const Boundary* boundary) {
  if (boundary == nullptr) return "does nothing more";
  return (boundary->begins ? "begins " : "ends ") + OperationNames()[boundary->operation];
}

std::string EventText(const Program& program, const Trace& trace, size_t event) {
  if (event >= trace.events.size()) return "(ended)";
  std::string line = TraceLines(program, trace)[event];
  return line.substr(std::min(line.find_first_not_of(' '), line.size()));
}

// The differences between two boundaries of the same operation.
std::string DifferenceText(const Boundary& our, const Boundary& their, const std::vector<sim::Chunk>& chunks) {
  std::string text;
  const auto left = SnapshotFields(our.snapshot);
  const auto right = SnapshotFields(their.snapshot);
  for (size_t i = 0; i < left.size(); ++i) {
    if (left[i].second == right[i].second) continue;
    text += ", " + std::string(left[i].first) + " is " + left[i].second + " and should be " + right[i].second;
  }
  for (size_t i = 0; i < std::min(our.slots.size(), their.slots.size()); ++i) {
    const sim::Value& is = our.slots[i].value;
    const sim::Value& should_be = their.slots[i].value;
    if (is == should_be) continue;
    // An undefined promise differs in the snapshot already.
    if (is.kind == sim::ValueKind::kPromise && should_be.kind == sim::ValueKind::kPromise) {
      text += ", " + std::string(our.slots[i].slot) + " is another promise than it should be";
    } else if (is.kind != sim::ValueKind::kPromise && should_be.kind != sim::ValueKind::kPromise) {
      text += ", " + std::string(our.slots[i].slot) + " is " + ValueText(is, chunks) + " and should be " +
              ValueText(should_be, chunks);
    }
  }
  const auto [ours, theirs] =
      std::mismatch(our.settled.begin(), our.settled.end(), their.settled.begin(), their.settled.end());
  if (ours != our.settled.end() || theirs != their.settled.end()) {
    const bool has_ours =
        ours != our.settled.end() && (theirs == their.settled.end() || ours->promise <= theirs->promise);
    const bool has_theirs = theirs != their.settled.end() && (!has_ours || ours->promise == theirs->promise);
    text += ", the promise of " + std::string((has_ours ? ours : theirs)->slot) + " is " +
            SettlementText(has_ours ? ours->how : Settlement(), chunks) + " and should be " +
            SettlementText(has_theirs ? theirs->how : Settlement(), chunks);
  }
  return text;
}

// In order.
std::vector<SlotSettlement> SettlementsBetween(const Boundaries& boundaries, size_t begin, size_t end) {
  std::vector<SlotSettlement> settled;
  for (size_t i = begin; i < end; ++i) {
    const std::vector<SlotSettlement>& more = boundaries.list()[i].settled;
    settled.insert(settled.end(), more.begin(), more.end());
  }
  return settled;
}

// The operations that the innermost open one performs directly from boundary `begin` on: the first and the last
// boundary of each.
std::vector<std::pair<size_t, size_t>> PerformedFrom(const std::vector<Boundary>& list, size_t begin) {
  std::vector<std::pair<size_t, size_t>> performed;
  size_t depth = 0;
  size_t first = begin;
  for (size_t i = begin; i < list.size(); ++i) {
    if (list[i].begins) {
      if (depth++ == 0) first = i;
    } else if (depth == 0) {
      break;
    } else if (--depth == 0) {
      performed.emplace_back(first, i);
    }
  }
  return performed;
}

// Whether two boundaries are equal, whatever happened before.
bool HasTheSame(const Boundary& our, const Boundary& their) {
  return our.begins == their.begins && our.operation == their.operation && our.snapshot == their.snapshot &&
         our.slots == their.slots;
}

// Whether the subject issues ids of this kind.
bool IsNamed(sim::ValueKind kind) {
  constexpr sim::ValueKind kNamed[] = {sim::ValueKind::kTypeError, sim::ValueKind::kRangeError,
                                       sim::ValueKind::kAbortError, sim::ValueKind::kPromise, sim::ValueKind::kWriter};
  return std::find(std::begin(kNamed), std::end(kNamed), kind) != std::end(kNamed);
}

}  // namespace

void Boundaries::Clear() { *this = {}; }

sim::Value Boundaries::Named(sim::Value value) {
  if (!IsNamed(value.kind)) return value;
  const auto [name, is_new] = names_.try_emplace({value.kind, value.id});
  if (is_new) name->second = ++named_[value.kind];
  value.id = name->second;
  return value;
}

void Boundaries::Add(bool begins, uint32_t operation, Subject& subject, const Trace& trace) {
  if (list_.size() >= kMostBoundaries) return;
  Boundary& boundary = list_.emplace_back();
  if (begins) {
    ++depth_;
  } else if (depth_ > 0 && --depth_ == 0) {
    outside_.push_back(list_.size());
  }
  boundary.begins = begins;
  boundary.operation = operation;
  boundary.events = trace.events.size();
  // The constructor sets slots up in an order of its own, and the others have no values yet.
  if (boundary.events <= kConstructing) return;
  subject.SetInspecting(true);
  subject.TakeSnapshot(boundary.snapshot);
  subject.QueryResults(boundary.query_results);
  subject.ReadSlots(boundary.slots);
  for (SlotValue& slot : boundary.slots) {
    const uint32_t id = slot.value.id;
    const uint32_t promises = named_[sim::ValueKind::kPromise];
    slot.value = Named(slot.value);
    if (named_[sim::ValueKind::kPromise] > promises) pending_.push_back({slot.slot, id, slot.value.id});
  }
  std::erase_if(pending_, [&](const Pending& pending) {
    const Settlement how = subject.SettlementOf(pending.id);
    if (how.state == core::PromiseView::kPending) return false;
    boundary.settled.push_back({pending.slot, pending.name, {how.state, Named(how.reason)}});
    return true;
  });
  for (auto id = static_cast<uint32_t>(settlements_.size()); id < subject.PromiseCount(); ++id) {
    settlements_.emplace_back();
    unsettled_.push_back(id);
  }
  std::erase_if(unsettled_, [&](uint32_t id) {
    Settlement how = subject.SettlementOf(id);
    if (how.state == core::PromiseView::kPending) return false;
    if (IsNamed(how.reason.kind)) {
      const auto name = names_.find({how.reason.kind, how.reason.id});
      how.reason.id = name == names_.end() ? 0 : name->second;
    }
    settlements_[id] = {list_.size() - 1, how};
    return true;
  });
  subject.SetInspecting(false);
}

size_t Boundaries::OutsideFrom(size_t begin) const {
  const auto outside = std::upper_bound(outside_.begin(), outside_.end(), begin);
  return outside == outside_.end() ? kNoEvent : *outside;
}

void Boundaries::AddQuery(std::string_view operation) {
  if (list_.size() < kMostBoundaries) queries_.emplace(list_.size(), operation);
}

bool Boundaries::WasQueried(std::string_view operation, size_t count) const {
  return queries_.contains({count, operation});
}

Boundaries::RecordedSettlement Boundaries::SettlementOf(uint32_t promise) const {
  return promise < settlements_.size() ? settlements_[promise] : RecordedSettlement();
}

bool CanFindDivergences() {
#ifdef SLUICE_RECORD_OPERATIONS
  return CanSymbolize();
#else
  return false;
#endif
}

DivergenceFinder::DivergenceFinder(const Program& program) : program_(program) {
  if (!CanFindDivergences()) return;
  ReferenceModel model;
  Driver driver;
  g_recording = {&model, &model_trace_, &theirs_};
  driver.Run(program, model, {}, model_trace_);
  g_recording.reset();
}

void DivergenceFinder::OnBegin(Subject& core, const Trace& trace) {
  ours_.Clear();
  broken_behind_.clear();
  trace_ = &trace;
  has_ended_ = false;
  g_recording = {&core, &trace, &ours_};
}

void DivergenceFinder::OnBroken() { broken_behind_.push_back(ours_.list().size()); }

void DivergenceFinder::OnEnd() {
  g_recording.reset();
  has_ended_ = true;
}

// The text for the point after the first `same` boundaries. `their` is the model's next boundary, if it has one.
// Operations started by re-entrant user code are not divergence points.
std::string DivergenceFinder::Place(size_t same, size_t event, const Boundary* their, bool& is_in_operation) const {
  const std::vector<Boundary>& ours = ours_.list();
  struct Open {
    uint32_t operation;
    size_t before;  // the last boundary before it
  };
  std::vector<Open> open;
  size_t last = 0;
  for (size_t i = 0; i < same; ++i) {
    if (ours[i].begins) {
      open.push_back({ours[i].operation, last});
      last = i;
    } else if (!open.empty()) {
      const Open ended = open.back();
      open.pop_back();
      last = !open.empty() && IsNameless(ended.operation) ? ended.before : i;
    }
  }
  is_in_operation = !open.empty();
  if (is_in_operation) {
    const std::string boundary = BoundaryText(ours[last]);
    return ours[last].begins ? boundary : OperationNames()[open.back().operation] + ", after " + boundary;
  }
  // Outside of operations, the last boundary says little: a step has many, and so have its microtasks.
  const size_t step = OpenOperation(*trace_, event);
  const std::string name(step == kNoEvent ? "end" : StepName(program_, *trace_, step));
  return their == nullptr ? name : name + ", before " + BoundaryText(*their);
}

// If a query returned a wrong value after the first `same` boundaries, the query is the divergence point, not its
// caller.
void DivergenceFinder::BlameQuery(Sides same, Candidate& candidate) const {
  if (same.ours == 0 || same.theirs == 0) return;
  const std::vector<SlotValue>& ours = ours_.list()[same.ours - 1].query_results;
  const std::vector<SlotValue>& theirs = theirs_.list()[same.theirs - 1].query_results;
  for (size_t i = 0; i < std::min(ours.size(), theirs.size()); ++i) {
    if (ours[i].value == theirs[i].value || !ours_.WasQueried(ours[i].slot, same.ours)) continue;
    candidate.divergence = {"the return from " + std::string(ours[i].slot),
                            "it returns " + ValueText(ours[i].value, trace_->chunks) + " and should return " +
                                ValueText(theirs[i].value, trace_->chunks) + "; " + candidate.divergence.difference};
    candidate.is_in_operation = true;
    return;
  }
}

// User code sees a settlement late. Returns the number of the core's boundaries before the first wrong settlement of a
// promise that user code had by the first different event; kNoEvent if there is none.
size_t DivergenceFinder::FirstDifferentSettlement(size_t event, Sides from) const {
  const auto& ours = trace_->named_promises;
  const auto& theirs = model_trace_.named_promises;
  size_t behind = kNoEvent;
  for (size_t name = 1; name < std::min(ours.size(), theirs.size()); ++name) {
    // Later names may belong to other promises.
    if (ours[name].events > event || theirs[name].events > event) break;
    const Boundaries::RecordedSettlement our = ours_.SettlementOf(ours[name].id);
    const Boundaries::RecordedSettlement their = theirs_.SettlementOf(theirs[name].id);
    if (our.how == their.how) continue;
    const bool is_behind = their.behind != kNoEvent && their.behind >= from.theirs;
    behind = std::min({behind, our.behind, is_behind ? from.ours + (their.behind - from.theirs) : their.behind});
  }
  return behind;
}

DivergenceFinder::Sides DivergenceFinder::SameFrom(Sides from) const {
  const std::vector<Boundary>& ours = ours_.list();
  const std::vector<Boundary>& theirs = theirs_.list();
  const auto differs = std::mismatch(ours.begin() + static_cast<ptrdiff_t>(from.ours), ours.end(),
                                     theirs.begin() + static_cast<ptrdiff_t>(from.theirs), theirs.end());
  return {static_cast<size_t>(differs.first - ours.begin()), static_cast<size_t>(differs.second - theirs.begin())};
}

// The end of the method or reaction in which they differ, if both sides are equal there and neither an oracle nor user
// code can have seen the difference.
std::optional<DivergenceFinder::Sides> DivergenceFinder::SameAgain(Sides differ) const {
  const Sides again = {ours_.OutsideFrom(differ.ours), theirs_.OutsideFrom(differ.theirs)};
  if (again.ours == kNoEvent || again.theirs == kNoEvent) return std::nullopt;
  const auto broken = std::lower_bound(broken_behind_.begin(), broken_behind_.end(), differ.ours);
  if (broken != broken_behind_.end() && *broken <= again.ours) return std::nullopt;
  const Boundary& our = ours_.list()[again.ours - 1];
  const Boundary& their = theirs_.list()[again.theirs - 1];
  if (!(our == their && SettlementsBetween(ours_, differ.ours, again.ours) ==
                            SettlementsBetween(theirs_, differ.theirs, again.theirs))) {
    return std::nullopt;
  }
  if (FirstDifferentEvent(*trace_, model_trace_) < our.events) return std::nullopt;
  // From the last equal boundary on: user code may have run before the first different one.
  const size_t events = differ.ours == 0 ? 0 : ours_.list()[differ.ours - 1].events;
  for (size_t event = events; event < our.events; ++event) {
    const core::Snapshot* const seen = trace_->SnapshotOf(event);
    const core::Snapshot* const should_be = model_trace_.SnapshotOf(event);
    if ((seen == nullptr) != (should_be == nullptr) || (seen != nullptr && !(*seen == *should_be))) return std::nullopt;
  }
  return again;
}

std::optional<Divergence> DivergenceFinder::divergence() const {
  if (!CanFindDivergences() || trace_ == nullptr) return std::nullopt;
  Sides from;
  Sides same = SameFrom(from);
  std::optional<std::pair<Sides, Sides>> skipped;
  while (const auto again = SameAgain(same)) {
    skipped = {from, same};
    from = *again;
    same = SameFrom(from);
  }
  if (std::optional<Candidate> candidate = FindReordered(same)) return std::move(candidate->divergence);
  std::optional<Candidate> candidate = FindBetween(from, same);
  // The skipped difference may have changed the order of microtasks.
  if (candidate.has_value() && !candidate->is_in_operation && skipped.has_value()) {
    const std::optional<Candidate> before = FindBetween(skipped->first, skipped->second);
    if (before.has_value() && before->is_in_operation) candidate = before;
  }
  return candidate.has_value() ? std::optional(std::move(candidate->divergence)) : std::nullopt;
}

// If an operation performs the right operations after `same` in another order: the first of them that begins in the
// same state and ends in another.
std::optional<DivergenceFinder::Candidate> DivergenceFinder::FindReordered(Sides same) const {
  const std::vector<Boundary>& ours = ours_.list();
  const std::vector<Boundary>& theirs = theirs_.list();
  const auto performed = PerformedFrom(ours, same.ours);
  const auto should_be = PerformedFrom(theirs, same.theirs);
  // An earlier event that user code saw takes precedence.
  if (same.ours < ours.size() && FirstDifferentEvent(*trace_, model_trace_) < ours[same.ours].events)
    return std::nullopt;
  const auto operations = [](const std::vector<Boundary>& list, const std::vector<std::pair<size_t, size_t>>& which) {
    std::vector<uint32_t> all;
    for (const auto& [begin, end] : which) all.push_back(list[begin].operation);
    return all;
  };
  std::vector<uint32_t> ours_in_order = operations(ours, performed);
  std::vector<uint32_t> theirs_in_order = operations(theirs, should_be);
  if (ours_in_order.size() < 2 || theirs_in_order.empty() || ours_in_order.front() == theirs_in_order.front()) {
    return std::nullopt;
  }
  std::sort(ours_in_order.begin(), ours_in_order.end());
  std::sort(theirs_in_order.begin(), theirs_in_order.end());
  if (ours_in_order != theirs_in_order) return std::nullopt;
  for (const auto& [begin, end] : performed) {
    for (const auto& [their_begin, their_end] : should_be) {
      if (!HasTheSame(ours[begin], theirs[their_begin]) || HasTheSame(ours[end], theirs[their_end])) continue;
      size_t i = 1;
      while (HasTheSame(ours[begin + i], theirs[their_begin + i])) ++i;
      Candidate candidate;
      candidate.divergence.place = Place(begin + i, ours[begin + i].events, nullptr, candidate.is_in_operation);
      candidate.divergence.difference = "at " + BoundaryText(ours[begin + i]) +
                                        DifferenceText(ours[begin + i], theirs[their_begin + i], trace_->chunks);
      return candidate;
    }
  }
  return std::nullopt;
}

// The divergence after the first `same` boundaries, which are equal from `from` on; nullopt if nothing differs.
std::optional<DivergenceFinder::Candidate> DivergenceFinder::FindBetween(Sides from, Sides same) const {
  const std::vector<Boundary>& ours = ours_.list();
  const std::vector<Boundary>& theirs = theirs_.list();
  const Boundary* const our = same.ours == ours.size() ? nullptr : &ours[same.ours];
  // In a run that was cut short, missing boundaries and the last event are not differences.
  const bool is_cut = our == nullptr && !has_ended_;
  const Boundary* const their = is_cut || same.theirs == theirs.size() ? nullptr : &theirs[same.theirs];
  size_t event = FirstDifferentEvent(*trace_, model_trace_);
  if (!has_ended_ && event != kSame && event + 1 >= trace_->events.size()) event = kSame;
  if (our == nullptr && their == nullptr && event == kSame) return std::nullopt;

  const auto events_before = [](const Boundary* boundary) { return boundary == nullptr ? kSame : boundary->events; };
  const size_t events = std::min(events_before(our), events_before(their));
  Candidate candidate;
  Divergence& divergence = candidate.divergence;
  if (event < events) {
    while (same.ours > from.ours && ours[same.ours - 1].events > event) {
      --same.ours;
      --same.theirs;
    }
    divergence.difference = "the core: " + EventText(program_, *trace_, event) +
                            "; the standard: " + EventText(program_, model_trace_, event);
    if (const size_t behind = FirstDifferentSettlement(event, from); behind < same.ours) {
      // Before a skipped difference, the matching boundary of the model is unknown.
      same = behind < from.ours ? Sides{behind, 0} : Sides{behind, from.theirs + (behind - from.ours)};
      event = ours[behind].events - 1;
    }
    divergence.place = Place(same.ours, event, nullptr, candidate.is_in_operation);
    BlameQuery(same, candidate);
    return candidate;
  }
  divergence.place = Place(same.ours, events == 0 ? 0 : events - 1, their, candidate.is_in_operation);
  if (our != nullptr && their != nullptr && our->begins == their->begins && our->operation == their->operation &&
      our->events == their->events) {
    // A difference at the first recorded slots may date from the constructor.
    if (same.ours == 0 || ours[same.ours - 1].events <= kConstructing)
      divergence.place = StepName(program_, *trace_, 0);
    divergence.difference = "at " + BoundaryText(*our) + DifferenceText(*our, *their, trace_->chunks);
  } else {
    divergence.difference = "the core " + DoesText(our) + ", the standard " + DoesText(their);
  }
  BlameQuery(same, candidate);
  return candidate;
}

}  // namespace sluice::fuzz

// The core and the model are compiled with -finstrument-functions (SLUICE_RECORD_OPERATIONS).
// NOLINTNEXTLINE(bugprone-reserved-identifier)
extern "C" void __cyg_profile_func_enter(void* function, void* caller) {
  static_cast<void>(caller);
  sluice::fuzz::OnFunction(function, true);
}
// NOLINTNEXTLINE(bugprone-reserved-identifier)
extern "C" void __cyg_profile_func_exit(void* function, void* caller) {
  static_cast<void>(caller);
  sluice::fuzz::OnFunction(function, false);
}
