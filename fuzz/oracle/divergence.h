// Finds the operation of the standard in which the core first diverges from the reference model.
//
// Oracles check a stream at the end of each step, so they name the broken rule but not the operation. The finder runs
// a program again on both sides. It records each begin and end of an operation or method (a boundary), with every slot
// and with the settlements of promises that slots held. The first boundary that differs is next to the fault.
#ifndef SLUICE_FUZZ_ORACLE_DIVERGENCE_H_
#define SLUICE_FUZZ_ORACLE_DIVERGENCE_H_

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

struct Divergence {
  // The innermost open operation, and the last boundary before the fault: "WritableStreamAbort, after the end of
  // WritableStreamStartErroring". Programs that fail by one fault usually have the same.
  std::string place;
  // The first difference: "the core begins WritableStreamAddWriteRequest, the standard ends WritableStreamAbort".
  std::string difference;
};

// Whether this build records operations (SLUICE_RECORD_OPERATIONS in cmake/sanitizers.cmake). It needs a sanitizer,
// whose symbolizer names functions. Benchmarks and fuzz targets do not record: it is too slow.
bool CanFindDivergences();

// The settlement of a promise that was in a slot.
struct SlotSettlement {
  std::string_view slot;  // its first slot
  uint32_t promise;       // its name
  Settlement how;

  friend bool operator==(const SlotSettlement&, const SlotSettlement&) = default;
};

// The begin or end of an operation. Promises, errors and writers are numbered by first appearance.
struct Boundary {
  bool begins = false;
  uint32_t operation = 0;  // an index into the names of operations
  size_t events = 0;       // the length of the trace so far
  core::Snapshot snapshot;
  std::vector<SlotValue> slots;
  std::vector<SlotValue> query_results;  // of every query, performed or not; no difference by itself
  std::vector<SlotSettlement> settled;   // since the boundary before, in order of name

  friend bool operator==(const Boundary& a, const Boundary& b) {
    return a.begins == b.begins && a.operation == b.operation && a.events == b.events && a.snapshot == b.snapshot &&
           a.slots == b.slots && a.settled == b.settled;
  }
};

// Records the boundaries of one run.
class Boundaries {
 public:
  void Clear();
  void Add(bool begins, uint32_t operation, Subject& subject, const Trace& trace);
  // Records the call of an operation without side effects.
  void AddQuery(std::string_view operation);
  // Whether it was called after the first `count` boundaries and before the next one.
  bool WasQueried(std::string_view operation, size_t count) const;
  const std::vector<Boundary>& list() const { return list_; }
  // The smallest number of boundaries above `begin` after which no operation is open; kNoEvent if there is none.
  size_t OutsideFrom(size_t begin) const;
  // The settlement of any promise. An error that no slot had held by then has the number 0.
  struct RecordedSettlement {
    size_t behind = kNoEvent;  // the number of boundaries before it; kNoEvent if it is pending
    Settlement how;
  };
  RecordedSettlement SettlementOf(uint32_t promise) const;

 private:
  struct Pending {
    std::string_view slot;
    uint32_t id;  // the subject's
    uint32_t name;
  };

  sim::Value Named(sim::Value value);

  std::vector<Boundary> list_;
  size_t depth_ = 0;
  std::vector<size_t> outside_;                            // numbers of boundaries after which no operation is open
  std::set<std::pair<size_t, std::string_view>> queries_;  // with the number of boundaries before
  std::map<std::pair<sim::ValueKind, uint32_t>, uint32_t> names_;  // by the subject's id
  std::map<sim::ValueKind, uint32_t> named_;                       // the count of names
  std::vector<Pending> pending_;                                   // pending promises that were in a slot
  // All promises, by the subject's id.
  std::vector<RecordedSettlement> settlements_;
  std::vector<uint32_t> unsettled_;
};

// Watches a judge that runs `program`; `program` must outlive the finder. The judge's subject must be the core under
// the simulated host (CoreSubject or CanarySubject): in V8 the effects of an operation follow its end. One finder at a
// time.
//
//   DivergenceFinder finder(program);
//   judge.WatchCore(&finder);
//   judge.Run(program);
//   if (const auto divergence = finder.divergence()) std::puts(divergence->place.c_str());
class DivergenceFinder final : public CoreWatcher {
 public:
  // Runs the model.
  explicit DivergenceFinder(const Program& program);

  void OnBegin(Subject& core, const Trace& trace) override;
  void OnBroken() override;
  void OnEnd() override;

  // The first divergence; nullopt if core and model do the same, even if the program breaks a rule that needs no model.
  // May be called while the process dies: it then covers the run so far.
  //
  // A transient difference (seen by no oracle and no user code, and gone when the method or reaction ends) is skipped
  // unless it is the only one inside an operation: it may have changed the order of later microtasks. If operations run
  // in another order, the divergence is the one that begins in the same state and ends in another.
  std::optional<Divergence> divergence() const;

 private:
  // The number of boundaries on each side that are equal, except for skipped ones.
  struct Sides {
    size_t ours = 0;
    size_t theirs = 0;
  };
  struct Candidate {
    Divergence divergence;
    bool is_in_operation = false;
  };

  Sides SameFrom(Sides from) const;
  std::optional<Sides> SameAgain(Sides differ) const;
  std::optional<Candidate> FindBetween(Sides from, Sides same) const;
  std::optional<Candidate> FindReordered(Sides same) const;
  std::string Place(size_t same, size_t event, const Boundary* their, bool& is_in_operation) const;
  void BlameQuery(Sides same, Candidate& candidate) const;
  size_t FirstDifferentSettlement(size_t event, Sides from) const;

  const Program& program_;
  Trace model_trace_;
  Boundaries theirs_;
  const Trace* trace_ = nullptr;  // of the core
  Boundaries ours_;
  std::vector<size_t> broken_behind_;  // the numbers of boundaries at which a rule broke, in order
  bool has_ended_ = false;
};

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_ORACLE_DIVERGENCE_H_
