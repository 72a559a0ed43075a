// Where, among the standard's operations, the core departs from the reference model.
//
// Oracles look at a stream at the end of each step, which says which rule broke, but not where. Here both run a program
// again, and each begin and end of an operation or a method is written down with all slots as they are then, with what
// became of the promises that slots held. The first
// of these that differs is next to the fault: of what does not differ there, the core did everything as the standard
// says.
#ifndef SLUICE_FUZZ_ORACLE_DEPARTURE_H_
#define SLUICE_FUZZ_ORACLE_DEPARTURE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fuzz/driver/subject.h"
#include "fuzz/driver/trace.h"
#include "fuzz/oracle/judge.h"
#include "fuzz/program/program.h"
#include "src/core/snapshot.h"
#include "src/sim/value.h"

namespace sluice::fuzz {

struct Departure {
  // The innermost operation that had begun and not ended, and the begin or end before the fault: "WritableStreamAbort,
  // behind the end of WritableStreamStartErroring". Programs that fail by the same fault have the same, mostly.
  std::string place;
  // What differs first: "the core begins WritableStreamAddWriteRequest, the standard ends WritableStreamAbort".
  std::string difference;
};

// Whether this build knows where operations begin: not without a sanitizer, whose symbolizer names them, nor in
// benchmarks and fuzz targets, where writing them down would cost too much (SLUICE_TELL_OPERATIONS in CMakeLists.txt).
bool CanFindDepartures();

// A promise that was in a slot is settled now.
struct Settled {
  std::string_view slot;  // where it was seen first
  uint32_t promise;       // its name
  Settlement how;

  friend bool operator==(const Settled&, const Settled&) = default;
};

// An operation begins or ends. Promises, errors and writers are named by first appearance here.
struct Boundary {
  bool begins = false;
  uint32_t operation = 0;  // an index into the names of operations
  size_t events = 0;       // that the trace had then
  core::Snapshot snapshot;
  std::vector<Held> held;
  std::vector<Held> answers;     // of what may be asked, asked or not: no difference by itself
  std::vector<Settled> settled;  // since the boundary before, in order of name

  friend bool operator==(const Boundary& a, const Boundary& b) {
    return a.begins == b.begins && a.operation == b.operation && a.events == b.events && a.snapshot == b.snapshot &&
           a.held == b.held && a.settled == b.settled;
  }
};

// The boundaries of one run, as they are written down.
class Boundaries {
 public:
  void Clear();
  void Add(bool begins, uint32_t operation, Subject& subject, const Trace& trace);
  // Somebody performs one of the operations that only look.
  void Ask(std::string_view operation);
  // Whether anybody did behind the first `count` boundaries, and before the next.
  bool WasAsked(std::string_view operation, size_t count) const;
  const std::vector<Boundary>& list() const { return list_; }
  // More than `begin` boundaries, behind which all operations that had begun have ended; kNoEvent if there are none.
  size_t OutsideFrom(size_t begin) const;
  // How a promise of the subject's was settled. An error that no slot had held by then is 0, of its kind.
  struct Settling {
    size_t behind = kNoEvent;  // how many boundaries there were before; kNoEvent if it was not settled
    Settlement how;
  };
  Settling SettlingOf(uint32_t promise) const;

 private:
  struct Pending {
    std::string_view slot;
    uint32_t id;  // the subject's
    uint32_t name;
  };

  sim::Value Named(sim::Value value);

  std::vector<Boundary> list_;
  size_t depth_ = 0;
  std::vector<size_t> outside_;  // numbers of boundaries behind which no operation has begun and not ended
  std::set<std::pair<size_t, std::string_view>> asked_;            // behind how many boundaries
  std::map<std::pair<sim::ValueKind, uint32_t>, uint32_t> names_;  // by the subject's id
  std::map<sim::ValueKind, uint32_t> named_;                       // how many
  std::vector<Pending> pending_;  // promises that were in a slot and were not settled yet
  // All promises, by the subject's id.
  std::vector<Settling> settlings_;
  std::vector<uint32_t> unsettled_;
};

// Watches a judge that runs `program`, which outlives this. The judge's subject is the core under the simulated host,
// or with a fault of its own (CanarySubject): in V8 the effects of an operation come behind its end. One at a time.
//
//   DepartureFinder finder(program);
//   judge.WatchCore(&finder);
//   judge.Run(program);
//   if (const auto departure = finder.departure()) ...
class DepartureFinder final : public CoreWatcher {
 public:
  // Runs the model.
  explicit DepartureFinder(const Program& program);

  void OnBegin(Subject& core, const Trace& trace) override;
  void OnBroken() override;
  void OnEnd() override;

  // Nothing if core and model do the same, also if the program breaks another rule than the model's. Of a run that ends
  // the process, which may ask while it dies: what differed until then.
  //
  // What no oracle and no author can have seen and is gone when the method or reaction ends, such as two operations in
  // another order, is passed over, but for a difference behind it that is in no operation: microtasks may run in
  // another order because of it. Of operations that are performed in another order, one that begins in the same state
  // and ends in another is the place.
  std::optional<Departure> departure() const;

 private:
  // How many boundaries of the core, and as many of the model that are the same, but for what was passed over.
  struct Sides {
    size_t ours = 0;
    size_t theirs = 0;
  };
  struct Told {
    Departure departure;
    bool is_in_operation = false;
  };

  Sides SameFrom(Sides from) const;
  std::optional<Sides> SameAgain(Sides differ) const;
  std::optional<Told> Tell(Sides from, Sides same) const;
  std::optional<Told> TellReordered(Sides same) const;
  std::string Place(size_t same, size_t event, const Boundary* their, bool& is_in_operation) const;
  void BlameAnswer(Sides same, Told& told) const;
  size_t SettledOtherwise(size_t event, Sides from) const;

  const Program& program_;
  Trace model_trace_;
  Boundaries theirs_;
  const Trace* trace_ = nullptr;  // of the core
  Boundaries ours_;
  std::vector<size_t> broken_behind_;  // how many boundaries there were when something was broken, in order
  bool has_ended_ = false;
};

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_ORACLE_DEPARTURE_H_
