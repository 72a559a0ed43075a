#include "fuzz/oracle/divergence.h"

#include <algorithm>
#include <utility>

#include "fuzz/driver/driver.h"
#include "fuzz/model/reference_model.h"
#include "fuzz/oracle/compare.h"
#include "fuzz/program/language.h"

namespace sluice::fuzz {
namespace {

// Bounds the memory of a program that does not end. What comes after is not recorded.
constexpr size_t kMostBoundaries = 100'000;
// Bounds the time of a program that repeats. Once more promises are pending, only names are recorded.
constexpr size_t kMostPending = 512;
// The length of a trace before its constructor has any visible effect.
constexpr size_t kConstructing = 1;
constexpr std::string_view kConstructor = "new WritableStream()";

bool IsMethod(std::string_view operation) { return operation.find_first_of(".( ") != std::string_view::npos; }

std::string BoundaryText(const Boundary& boundary) {
  return (boundary.begins ? "the begin of " : "the end of ") + std::string(boundary.operation);
}

std::string DoesText(const Boundary* boundary) {
  if (boundary == nullptr) return "does nothing more";
  return (boundary->begins ? "begins " : "ends ") + std::string(boundary->operation);
}

std::string EventText(const Trace& trace, size_t event) {
  if (event >= trace.events.size()) return "(ended)";
  const std::string line = TraceLines(trace)[event];
  return line.substr(std::min(line.find_first_not_of(' '), line.size()));
}

std::string SettledText(const Boundary::Settled* settled, const std::vector<sim::Chunk>& chunks) {
  if (settled == nullptr) return "no other promise is settled";
  const std::string promise = "promise " + std::to_string(settled->promise) + " is ";
  if (settled->how.state == core::PromiseView::kFulfilled) return promise + "fulfilled";
  return promise + "rejected with " + ValueText(settled->how.reason, chunks);
}

struct Sides {
  std::string expected;
  std::string actual;

  void Add(const std::string& name, const std::string& should_be, const std::string& is) {
    if (should_be == is) return;
    expected += (expected.empty() ? ", where " : ", ") + name + " is " + should_be;
    actual += (actual.empty() ? ", where " : ", ") + name + " is " + is;
  }
};

// The differences between two boundaries of the same operation.
Sides DifferencesOf(const Boundary& our, const Boundary& their, const std::vector<sim::Chunk>& chunks) {
  Sides sides;
  for (size_t stream = 0; stream < kStreamCount; ++stream) {
    if (our.snapshots[stream] == their.snapshots[stream]) continue;
    const auto ours = SnapshotFields(our.snapshots[stream]);
    const auto theirs = SnapshotFields(their.snapshots[stream]);
    for (size_t i = 0; i < ours.size(); ++i) {
      sides.Add(StreamPrefix(stream) + std::string(ours[i].first), theirs[i].second, ours[i].second);
    }
  }
  const auto add_values = [&](const std::vector<SlotValue>& is, const std::vector<SlotValue>& should_be,
                              const char* what) {
    for (size_t i = 0; i < std::min(is.size(), should_be.size()); ++i) {
      sides.Add(StreamPrefix(is[i].stream) + std::string(is[i].slot) + what, ValueText(should_be[i].value, chunks),
                ValueText(is[i].value, chunks));
    }
  };
  add_values(our.slots, their.slots, "");
  add_values(our.result, their.result, "'s result");
  const auto [is, should_be] =
      std::mismatch(our.settled.begin(), our.settled.end(), their.settled.begin(), their.settled.end());
  const bool has_more = is != our.settled.end() || should_be != their.settled.end();
  if (has_more) {
    const char* const before = sides.expected.empty() ? ", where " : ", ";
    sides.expected += before + SettledText(should_be == their.settled.end() ? nullptr : &*should_be, chunks);
    sides.actual += before + SettledText(is == our.settled.end() ? nullptr : &*is, chunks);
  }
  return sides;
}

}  // namespace

void Recorder::Begin(Subject& subject, const Trace& trace) {
  subject_ = &subject;
  trace_ = &trace;
  boundaries_.clear();
  constructing_.clear();
  is_known_ = {};
  promises_ = 0;
  pending_.clear();
  has_slots_ = true;
  is_full_ = false;
#if SLUICE_RECORD_OPERATIONS
  core::g_operation_observer = this;
#endif
}

void Recorder::End() {
#if SLUICE_RECORD_OPERATIONS
  core::g_operation_observer = nullptr;
#endif
}

void Recorder::OnOperation(const char* name, bool begins) {
  const bool is_reset = trace_->events.empty();  // the model puts its stream into a state by an operation
  is_full_ |= boundaries_.size() >= kMostBoundaries;
  if (is_reset || is_full_) return;
  End();  // Looking inside performs operations, too.
  Boundary& boundary = boundaries_.emplace_back();
  boundary.operation = name;
  boundary.begins = begins;
  boundary.events = trace_->events.size();
  if (name == kConstructor && begins) constructing_.push_back(boundary.events);
  if (name == kConstructor && !begins && !constructing_.empty()) constructing_.pop_back();
  // The constructor sets slots up in an order of its own, and the others have no values yet.
  if (boundary.events > kConstructing || (!begins && name == kConstructor)) {
    if (has_slots_) AddSlots(boundary);
  }
#if SLUICE_RECORD_OPERATIONS
  core::g_operation_observer = this;
#endif
}

void Recorder::AddSlots(Boundary& boundary) {
  subject_->SetInspecting(true);
  for (uint32_t stream = 0; stream < kStreamCount; ++stream) AddSlots(stream, boundary);
  if (!boundary.begins) {
    std::erase_if(boundary.result, [&](const SlotValue& result) { return result.slot != boundary.operation; });
  }
  for (; promises_ < subject_->PromiseCount(); ++promises_) pending_.push_back(promises_);
  std::erase_if(pending_, [&](uint32_t promise) {
    const Settlement how = subject_->SettlementOf(promise);
    if (how.state == core::PromiseView::kPending) return false;
    boundary.settled.push_back({promise, how});
    return true;
  });
  has_slots_ = pending_.size() <= kMostPending;
  subject_->SetInspecting(false);
}

void Recorder::AddSlots(uint32_t stream, Boundary& boundary) {
  const bool is_setting_up = !constructing_.empty() && constructing_.back() == boundary.events;
  if (is_setting_up && !is_known_[stream]) return;
  if (!subject_->TakeSnapshot(stream, boundary.snapshots[stream])) return;
  is_known_[stream] = true;
  const auto add = [&](std::vector<SlotValue>& values, auto read) {
    const size_t before = values.size();
    read(values);
    for (size_t i = before; i < values.size(); ++i) values[i].stream = stream;
  };
  add(boundary.slots, [&](auto& values) { subject_->ReadSlots(stream, values); });
  if (!boundary.begins) add(boundary.result, [&](auto& values) { subject_->QueryResults(stream, values); });
}

bool CanFindDivergences() {
#if SLUICE_RECORD_OPERATIONS
  return true;
#else
  return false;
#endif
}

DivergenceFinder::DivergenceFinder(const Program& program) {
  if (!CanFindDivergences()) return;
  ReferenceModel model;
  Driver driver;
  model_.Begin(model, model_trace_);
  driver.Run(program, model, {}, model_trace_);
  model_.End();
}

void DivergenceFinder::OnBegin(Subject& core, const Trace& trace) {
  trace_ = &trace;
  has_ended_ = false;
  core_.Begin(core, trace);
}

void DivergenceFinder::OnEnd() {
  core_.End();
  has_ended_ = true;
}

// Where the core is after its first `same` boundaries, at `event`. Neither queries nor what re-entrant user code
// performs say how far the operation had got.
Divergence DivergenceFinder::At(size_t same, size_t event) const {
  const std::vector<Boundary>& ours = core_.boundaries();
  struct Open {
    std::string_view operation;
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
      last = !open.empty() && (IsMethod(ended.operation) || !ours[i].result.empty()) ? ended.before : i;
    }
  }
  Divergence divergence;
  if (open.empty()) {
    const size_t step = OpenOperation(*trace_, event);
    divergence.operation = step == kNoEvent ? "end" : StepName(*trace_, step);
    return divergence;
  }
  divergence.operation = open.back().operation;
  divergence.after = BoundaryText(ours[last]);
  return divergence;
}

std::optional<Divergence> DivergenceFinder::EventDivergence(size_t same, size_t event) const {
  const std::vector<Boundary>& ours = core_.boundaries();
  // What was open when the recording ended has nothing to do with a later event.
  if (core_.is_full() && same == ours.size() && ours[same - 1].events < event) same = 0;
  while (same > 0 && ours[same - 1].events > event) --same;
  Divergence divergence = At(same, event);
  divergence.expected = "has `" + EventText(model_trace_, event) + "`";
  divergence.actual = "has `" + EventText(*trace_, event) + "`";
  // What a method or getter returns is its own.
  const auto returns = [event](const Trace& trace) {
    return event < trace.events.size() &&
           (trace.events[event].kind == EventKind::kOpEnd || trace.events[event].kind == EventKind::kProperty);
  };
  if (same > 0 && !ours[same - 1].begins && ours[same - 1].events == event && IsMethod(ours[same - 1].operation) &&
      returns(*trace_) && returns(model_trace_)) {
    divergence.operation = ours[same - 1].operation;
    divergence.after = BoundaryText(ours[same - 1]);
  }
  return divergence;
}

std::optional<Divergence> DivergenceFinder::divergence() const {
  if (!CanFindDivergences() || trace_ == nullptr) return std::nullopt;
  const std::vector<Boundary>& ours = core_.boundaries();
  const std::vector<Boundary>& theirs = model_.boundaries();
  const auto differs = std::mismatch(ours.begin(), ours.end(), theirs.begin(), theirs.end());
  const auto same = static_cast<size_t>(differs.first - ours.begin());
  const bool is_at_end = differs.first == ours.end() || differs.second == theirs.end();
  const bool is_full = is_at_end && (core_.is_full() || model_.is_full());
  const Boundary* const our = is_full || differs.first == ours.end() ? nullptr : &*differs.first;
  // In a run that was cut short, missing boundaries and the last event are not differences.
  const bool is_cut = our == nullptr && !has_ended_;
  const Boundary* const their = is_full || is_cut || differs.second == theirs.end() ? nullptr : &*differs.second;
  size_t event = FirstDifferentEvent(*trace_, model_trace_);
  if (!has_ended_ && event != kSame && event + 1 >= trace_->events.size()) event = kSame;
  const auto events_before = [](const Boundary* boundary) { return boundary == nullptr ? kSame : boundary->events; };
  if (event < std::min(events_before(our), events_before(their))) return EventDivergence(same, event);
  if (our == nullptr && their == nullptr) return std::nullopt;

  const size_t events = std::min(events_before(our), events_before(their));
  const bool is_same_boundary =
      our != nullptr && their != nullptr && our->begins == their->begins && our->operation == their->operation;
  // A method that the core does not perform is missing in the step, also where user code called it in an operation.
  const bool is_method_missing = !is_same_boundary && their != nullptr && their->begins && IsMethod(their->operation);
  Divergence divergence = At(is_method_missing ? 0 : same, events == 0 ? 0 : events - 1);
  if (is_same_boundary) {
    const Sides sides = DifferencesOf(*our, *their, trace_->chunks);
    divergence.expected = DoesText(their) + sides.expected;
    divergence.actual = DoesText(our) + sides.actual;
  } else {
    divergence.expected = DoesText(their);
    divergence.actual = DoesText(our);
  }
  return divergence;
}

std::optional<Divergence> FindDivergence(const Program& program, JudgedSubject& core) {
  if (!CanFindDivergences()) return std::nullopt;
  DivergenceFinder finder(program);
  Driver driver;
  Trace trace;
  finder.OnBegin(core, trace);
  driver.Run(program, core, {}, trace);
  finder.OnEnd();
  core.Teardown();
  return finder.divergence();
}

}  // namespace sluice::fuzz
