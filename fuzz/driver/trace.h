// The ordered list of events of a run that user code could have seen.
//
// The same program gives the same trace on every correct implementation. Events are plain data. Promises and errors are
// numbered by first appearance (p1, TypeError#1), so traces of different implementations compare event by event. An
// event may have a snapshot of the slots, if the implementation can be inspected.
#ifndef SLUICE_FUZZ_DRIVER_TRACE_H_
#define SLUICE_FUZZ_DRIVER_TRACE_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fuzz/program/program.h"
#include "fuzz/program/where.h"
#include "src/core/snapshot.h"
#include "src/sim/value.h"

namespace sluice::fuzz {

enum class EventKind : uint8_t {
  kConstructBegin,
  kConstructEnd,  // thrown, value
  kOpBegin,
  kOpEnd,      // thrown, value: what the operation returned
  kSkipped,    // code: Needs, what was not there. Stands for the operation's begin and end
  kCallBegin,  // code: CallKind; number: which call of it; value: the argument
  kCallEnd,    // code: CallKind; number; thrown, value: what the author's function returned
  kSettled,    // number: the promise; thrown: it was rejected; value
  kProperty,   // code: Property; thrown, value
  kReported,   // value: the exception of a listener
  kUnhandled,  // number: the promise; value: the reason
};

enum class Property : uint8_t { kDesiredSize, kReady, kClosed, kLocked, kSignalAborted, kSignalReason };

struct Event {
  EventKind kind = EventKind::kOpBegin;
  uint8_t code = 0;
  bool thrown = false;
  uint8_t stream = 0;   // kCall*: which stream called, as far as the author can tell (Driver::Call)
  Where where;          // kOp*, kSkipped; for the others 0
  uint32_t number = 0;  // a promise's name, or a call's count
  sim::Value value;     // kOpBegin: of `write`, the chunk if the author got it from the subject

  friend bool operator==(const Event& a, const Event& b);
};

inline constexpr size_t kNoEvent = ~size_t{0};

struct Trace {
  const Program* program = nullptr;  // that ran; it must outlive the trace's readers
  std::vector<Event> events;
  // The snapshots of one stream.
  struct Snapshots {
    std::vector<core::Snapshot> taken;  // of the events that have one, in order
    std::vector<uint32_t> of_event;     // index + 1 into `taken`, 0 for none; empty if none were taken
  };
  std::array<Snapshots, kStreamCount> snapshots;
  std::vector<sim::Chunk> chunks;  // what values of kind kChunk index
  // By a promise's name, if its settlement is among the events: the last event before the settlement, or the event of
  // the settlement if the subject does not report it. Otherwise kNoEvent, or missing.
  std::vector<size_t> settlement_events;

  void Clear();
  const Op& OpOf(const Event& event) const { return OpAt(*program, event.where); }  // of kOp* and kSkipped
  const core::Snapshot* SnapshotOf(size_t event, size_t stream = 0) const;
  size_t SettlementEvent(uint32_t promise) const {
    return promise < settlement_events.size() ? settlement_events[promise] : kNoEvent;
  }
};

// The begin of the innermost operation, or construction, that was being performed at `event`; kNoEvent if there was
// none.
size_t OpenOperation(const Trace& trace, size_t event);
// The name of the step that begins there: "construct", an operation's name, or "microtasks" for any number of them.
std::string_view StepName(const Trace& trace, size_t begin);

// ---- For people

std::string_view PropertyName(Property property);
std::string ValueText(const sim::Value& value, const std::vector<sim::Chunk>& chunks);
// One line, indented by how deep the event is nested.
std::vector<std::string> TraceLines(const Trace& trace);
// "key value" for each slot of a snapshot, in a fixed order.
std::vector<std::pair<std::string_view, std::string>> SnapshotFields(const core::Snapshot& snapshot);
std::string ChangesText(const core::Snapshot& before, const core::Snapshot& after);  // one line; empty if equal

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_DRIVER_TRACE_H_
