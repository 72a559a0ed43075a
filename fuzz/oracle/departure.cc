#include "fuzz/oracle/departure.h"

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

// What is being written down; nothing most of the time.
struct Recording {
  Subject* subject;
  const Trace* trace;
  Boundaries* boundaries;
};
std::optional<Recording> g_recording;
// More than any program of the language has; one that does not end shall not take all memory.
constexpr size_t kMostBoundaries = 100'000;
// Events, of a trace whose constructor has done nothing that an author could see.
constexpr size_t kConstructing = 1;

std::vector<std::string>& OperationNames() {
  static auto* const names = new std::vector<std::string>;
  return *names;
}

// What the standard gives steps and no name, with the functions that perform it: methods, which author code calls, and
// some of what it does "upon fulfillment" and "upon rejection". Getters are none: what they return, not what they do,
// may be wrong.
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

// By the function's name with what it is in. "" for other functions.
std::string_view NameOfNameless(std::string_view function) {
  function = function.substr(0, function.find('('));
  for (const Nameless& nameless : kNameless) {
    if (function.ends_with(nameless.in_core) || function.ends_with(nameless.in_model)) return nameless.name;
  }
  return "";
}

// That only look: either side performs them when it likes. What they return are the answers.
constexpr std::string_view kAsked[] = {"IsWritableStreamLocked",
                                       "WritableStreamCloseQueuedOrInFlight",
                                       "WritableStreamHasOperationMarkedInFlight",
                                       "WritableStreamDefaultControllerGetBackpressure",
                                       "WritableStreamDefaultControllerGetDesiredSize",
                                       "WritableStreamDefaultWriterGetDesiredSize"};

// Those that do something, of all but kAsked.
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
  std::string_view asked;             // the one that only looks, likewise
};

const Function& FunctionAt(void* function) {
  static auto* const known = new std::unordered_map<void*, Function>;
  const auto [entry, is_new] = known->try_emplace(function);
  if (!is_new) return entry->second;
  const std::string whole = Symbolized(function, "%f");
  std::string name(BareName(whole));
  if (const auto* const asked = std::find(std::begin(kAsked), std::end(kAsked), name); asked != std::end(kAsked)) {
    entry->second.asked = *asked;
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

// Whether an operation never performs it: only authors do, or the loop that runs microtasks.
bool IsNameless(uint32_t operation) {
  return std::any_of(std::begin(kNameless), std::end(kNameless),
                     [&](const Nameless& nameless) { return nameless.name == OperationNames()[operation]; });
}

void OnFunction(void* address, bool begins) {
  // What is done here enters functions of the core, too.
  const std::optional<Recording> recording = std::exchange(g_recording, std::nullopt);
  if (!recording.has_value()) return;
  const Function& function = FunctionAt(address);
  if (function.operation.has_value()) {
    recording->boundaries->Add(begins, *function.operation, *recording->subject, *recording->trace);
  } else if (begins && !function.asked.empty()) {
    recording->boundaries->Ask(function.asked);
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

// What two boundaries of the same operation have that differs.
std::string DifferenceText(const Boundary& our, const Boundary& their, const std::vector<sim::Chunk>& chunks) {
  std::string text;
  const auto left = SnapshotFields(our.snapshot);
  const auto right = SnapshotFields(their.snapshot);
  for (size_t i = 0; i < left.size(); ++i) {
    if (left[i].second == right[i].second) continue;
    text += ", " + std::string(left[i].first) + " is " + left[i].second + " and should be " + right[i].second;
  }
  for (size_t i = 0; i < std::min(our.held.size(), their.held.size()); ++i) {
    const sim::Value& is = our.held[i].value;
    const sim::Value& should_be = their.held[i].value;
    if (is == should_be) continue;
    // That one of two promises is undefined is in the snapshot.
    if (is.kind == sim::ValueKind::kPromise && should_be.kind == sim::ValueKind::kPromise) {
      text += ", " + std::string(our.held[i].slot) + " is another promise than it should be";
    } else if (is.kind != sim::ValueKind::kPromise && should_be.kind != sim::ValueKind::kPromise) {
      text += ", " + std::string(our.held[i].slot) + " is " + ValueText(is, chunks) + " and should be " +
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
std::vector<Settled> SettledBetween(const Boundaries& boundaries, size_t begin, size_t end) {
  std::vector<Settled> settled;
  for (size_t i = begin; i < end; ++i) {
    const std::vector<Settled>& more = boundaries.list()[i].settled;
    settled.insert(settled.end(), more.begin(), more.end());
  }
  return settled;
}

// Of the operation that is open behind the first `begin` boundaries, those that it performs from there on: the first
// and the last boundary of each.
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

// What is at a boundary, whenever it is.
bool HasTheSame(const Boundary& our, const Boundary& their) {
  return our.begins == their.begins && our.operation == their.operation && our.snapshot == their.snapshot &&
         our.held == their.held;
}

// Whether ids of this kind are the subject's own.
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
  // While the constructor sets slots up, in an order of its own, the others have no values yet.
  if (boundary.events <= kConstructing) return;
  subject.SetLooking(true);
  subject.TakeSnapshot(boundary.snapshot);
  subject.ListAnswers(boundary.answers);
  subject.ListHeld(boundary.held);
  for (Held& held : boundary.held) {
    const uint32_t id = held.value.id;
    const uint32_t promises = named_[sim::ValueKind::kPromise];
    held.value = Named(held.value);
    if (named_[sim::ValueKind::kPromise] > promises) pending_.push_back({held.slot, id, held.value.id});
  }
  std::erase_if(pending_, [&](const Pending& pending) {
    const Settlement how = subject.SettlementOf(pending.id);
    if (how.state == core::PromiseView::kPending) return false;
    boundary.settled.push_back({pending.slot, pending.name, {how.state, Named(how.reason)}});
    return true;
  });
  for (auto id = static_cast<uint32_t>(settlings_.size()); id < subject.PromiseCount(); ++id) {
    settlings_.emplace_back();
    unsettled_.push_back(id);
  }
  std::erase_if(unsettled_, [&](uint32_t id) {
    Settlement how = subject.SettlementOf(id);
    if (how.state == core::PromiseView::kPending) return false;
    if (IsNamed(how.reason.kind)) {
      const auto name = names_.find({how.reason.kind, how.reason.id});
      how.reason.id = name == names_.end() ? 0 : name->second;
    }
    settlings_[id] = {list_.size() - 1, how};
    return true;
  });
  subject.SetLooking(false);
}

size_t Boundaries::OutsideFrom(size_t begin) const {
  const auto outside = std::upper_bound(outside_.begin(), outside_.end(), begin);
  return outside == outside_.end() ? kNoEvent : *outside;
}

void Boundaries::Ask(std::string_view operation) {
  if (list_.size() < kMostBoundaries) asked_.emplace(list_.size(), operation);
}

bool Boundaries::WasAsked(std::string_view operation, size_t count) const {
  return asked_.contains({count, operation});
}

Boundaries::Settling Boundaries::SettlingOf(uint32_t promise) const {
  return promise < settlings_.size() ? settlings_[promise] : Settling();
}

bool CanFindDepartures() {
#ifdef SLUICE_TELL_OPERATIONS
  return CanSymbolize();
#else
  return false;
#endif
}

DepartureFinder::DepartureFinder(const Program& program) : program_(program) {
  if (!CanFindDepartures()) return;
  ReferenceModel model;
  Driver driver;
  g_recording = {&model, &model_trace_, &theirs_};
  driver.Run(program, model, {}, model_trace_);
  g_recording.reset();
}

void DepartureFinder::OnBegin(Subject& core, const Trace& trace) {
  ours_.Clear();
  broken_behind_.clear();
  trace_ = &trace;
  has_ended_ = false;
  g_recording = {&core, &trace, &ours_};
}

void DepartureFinder::OnBroken() { broken_behind_.push_back(ours_.list().size()); }

void DepartureFinder::OnEnd() {
  g_recording.reset();
  has_ended_ = true;
}

// Between the first `same` boundaries and what comes next, which is `their` boundary if the standard does anything
// more. What author code does in the middle of an operation is passed over: it says nothing of that operation.
std::string DepartureFinder::Place(size_t same, size_t event, const Boundary* their, bool& is_in_operation) const {
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
    const std::string behind = BoundaryText(ours[last]);
    return ours[last].begins ? behind : OperationNames()[open.back().operation] + ", behind " + behind;
  }
  // What ended before says nothing here: steps are many, and the microtasks that run in one.
  const size_t step = OpenOperation(*trace_, event);
  const std::string name(step == kNoEvent ? "end" : StepName(program_, *trace_, step));
  return their == nullptr ? name : name + ", before " + BoundaryText(*their);
}

// If the core asked behind the first `same` boundaries, where all is as it should be, and the answer is wrong, then it
// is not at fault who asked.
void DepartureFinder::BlameAnswer(Sides same, Told& told) const {
  if (same.ours == 0 || same.theirs == 0) return;
  const std::vector<Held>& ours = ours_.list()[same.ours - 1].answers;
  const std::vector<Held>& theirs = theirs_.list()[same.theirs - 1].answers;
  for (size_t i = 0; i < std::min(ours.size(), theirs.size()); ++i) {
    if (ours[i].value == theirs[i].value || !ours_.WasAsked(ours[i].slot, same.ours)) continue;
    told.departure = {"the return from " + std::string(ours[i].slot),
                      "it returns " + ValueText(ours[i].value, trace_->chunks) + " and should return " +
                          ValueText(theirs[i].value, trace_->chunks) + "; " + told.departure.difference};
    told.is_in_operation = true;
    return;
  }
}

// Of the promises that authors had seen by the first event that differs, and of which they see late that they are
// settled: how many boundaries of the core there were before the first that was settled otherwise. kNoEvent if there is
// none.
size_t DepartureFinder::SettledOtherwise(size_t event, Sides from) const {
  const auto& ours = trace_->named_promises;
  const auto& theirs = model_trace_.named_promises;
  size_t behind = kNoEvent;
  for (size_t name = 1; name < std::min(ours.size(), theirs.size()); ++name) {
    // Names that are given later may be those of others.
    if (ours[name].events > event || theirs[name].events > event) break;
    const Boundaries::Settling our = ours_.SettlingOf(ours[name].id);
    const Boundaries::Settling their = theirs_.SettlingOf(theirs[name].id);
    if (our.how == their.how) continue;
    const bool is_behind = their.behind != kNoEvent && their.behind >= from.theirs;
    behind = std::min({behind, our.behind, is_behind ? from.ours + (their.behind - from.theirs) : their.behind});
  }
  return behind;
}

DepartureFinder::Sides DepartureFinder::SameFrom(Sides from) const {
  const std::vector<Boundary>& ours = ours_.list();
  const std::vector<Boundary>& theirs = theirs_.list();
  const auto differs = std::mismatch(ours.begin() + static_cast<ptrdiff_t>(from.ours), ours.end(),
                                     theirs.begin() + static_cast<ptrdiff_t>(from.theirs), theirs.end());
  return {static_cast<size_t>(differs.first - ours.begin()), static_cast<size_t>(differs.second - theirs.begin())};
}

// Behind the method or reaction in which they differ, if all is the same there and nothing and nobody can have seen a
// difference.
std::optional<DepartureFinder::Sides> DepartureFinder::SameAgain(Sides differ) const {
  const Sides again = {ours_.OutsideFrom(differ.ours), theirs_.OutsideFrom(differ.theirs)};
  if (again.ours == kNoEvent || again.theirs == kNoEvent) return std::nullopt;
  const auto broken = std::lower_bound(broken_behind_.begin(), broken_behind_.end(), differ.ours);
  if (broken != broken_behind_.end() && *broken <= again.ours) return std::nullopt;
  const Boundary& our = ours_.list()[again.ours - 1];
  const Boundary& their = theirs_.list()[again.theirs - 1];
  if (!(our == their &&
        SettledBetween(ours_, differ.ours, again.ours) == SettledBetween(theirs_, differ.theirs, again.theirs))) {
    return std::nullopt;
  }
  if (FirstDifferentEvent(*trace_, model_trace_) < our.events) return std::nullopt;
  // From the last boundary that was the same on: an author's function may have run before the first that is not.
  const size_t events = differ.ours == 0 ? 0 : ours_.list()[differ.ours - 1].events;
  for (size_t event = events; event < our.events; ++event) {
    const core::Snapshot* const seen = trace_->SnapshotOf(event);
    const core::Snapshot* const should_be = model_trace_.SnapshotOf(event);
    if ((seen == nullptr) != (should_be == nullptr) || (seen != nullptr && !(*seen == *should_be))) return std::nullopt;
  }
  return again;
}

std::optional<Departure> DepartureFinder::departure() const {
  if (!CanFindDepartures() || trace_ == nullptr) return std::nullopt;
  Sides from;
  Sides same = SameFrom(from);
  std::optional<std::pair<Sides, Sides>> passed_over;
  while (const auto again = SameAgain(same)) {
    passed_over = {from, same};
    from = *again;
    same = SameFrom(from);
  }
  if (std::optional<Told> told = TellReordered(same)) return std::move(told->departure);
  std::optional<Told> told = Tell(from, same);
  // Microtasks may have run in another order because of it.
  if (told.has_value() && !told->is_in_operation && passed_over.has_value()) {
    const std::optional<Told> before = Tell(passed_over->first, passed_over->second);
    if (before.has_value() && before->is_in_operation) told = before;
  }
  return told.has_value() ? std::optional(std::move(told->departure)) : std::nullopt;
}

// If behind `same` an operation performs the same others as it should, in another order: the first of these that begins
// in the same state and does not end so.
std::optional<DepartureFinder::Told> DepartureFinder::TellReordered(Sides same) const {
  const std::vector<Boundary>& ours = ours_.list();
  const std::vector<Boundary>& theirs = theirs_.list();
  const auto performed = PerformedFrom(ours, same.ours);
  const auto should_be = PerformedFrom(theirs, same.theirs);
  // What an author saw before says more.
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
      Told told;
      told.departure.place = Place(begin + i, ours[begin + i].events, nullptr, told.is_in_operation);
      told.departure.difference = "at " + BoundaryText(ours[begin + i]) +
                                  DifferenceText(ours[begin + i], theirs[their_begin + i], trace_->chunks);
      return told;
    }
  }
  return std::nullopt;
}

// The first `same` boundaries are the same behind `from`, and nothing else, if anything differs at all.
std::optional<DepartureFinder::Told> DepartureFinder::Tell(Sides from, Sides same) const {
  const std::vector<Boundary>& ours = ours_.list();
  const std::vector<Boundary>& theirs = theirs_.list();
  const Boundary* const our = same.ours == ours.size() ? nullptr : &ours[same.ours];
  // What the core had no time to do is no difference, and an event that it was writing none either.
  const bool is_cut = our == nullptr && !has_ended_;
  const Boundary* const their = is_cut || same.theirs == theirs.size() ? nullptr : &theirs[same.theirs];
  size_t event = FirstDifferentEvent(*trace_, model_trace_);
  if (!has_ended_ && event != kSame && event + 1 >= trace_->events.size()) event = kSame;
  if (our == nullptr && their == nullptr && event == kSame) return std::nullopt;

  const auto events_before = [](const Boundary* boundary) { return boundary == nullptr ? kSame : boundary->events; };
  const size_t events = std::min(events_before(our), events_before(their));
  Told told;
  Departure& departure = told.departure;
  if (event < events) {
    while (same.ours > from.ours && ours[same.ours - 1].events > event) {
      --same.ours;
      --same.theirs;
    }
    departure.difference = "the core: " + EventText(program_, *trace_, event) +
                           "; the standard: " + EventText(program_, model_trace_, event);
    if (const size_t behind = SettledOtherwise(event, from); behind < same.ours) {
      // Before what was passed over, which boundary of the model it is is not known.
      same = behind < from.ours ? Sides{behind, 0} : Sides{behind, from.theirs + (behind - from.ours)};
      event = ours[behind].events - 1;
    }
    departure.place = Place(same.ours, event, nullptr, told.is_in_operation);
    BlameAnswer(same, told);
    return told;
  }
  departure.place = Place(same.ours, events == 0 ? 0 : events - 1, their, told.is_in_operation);
  if (our != nullptr && their != nullptr && our->begins == their->begins && our->operation == their->operation &&
      our->events == their->events) {
    // What differs where slots are looked at first may have differed since the constructor.
    if (same.ours == 0 || ours[same.ours - 1].events <= kConstructing) departure.place = StepName(program_, *trace_, 0);
    departure.difference = "at " + BoundaryText(*our) + DifferenceText(*our, *their, trace_->chunks);
  } else {
    departure.difference = "the core " + DoesText(our) + ", the standard " + DoesText(their);
  }
  BlameAnswer(same, told);
  return told;
}

}  // namespace sluice::fuzz

// The core and the model are compiled with -finstrument-functions (SLUICE_TELL_OPERATIONS).
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
