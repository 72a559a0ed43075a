// Finds the operation of the standard in which the core first diverges from the reference model.
//
// Oracles check a stream at the end of each step, so they name the broken rule but not the operation. The finder runs
// the program on both sides with a recorder: each begin and each end of an operation, method or reaction
// (src/core/operation.h) is a boundary, with every slot and with what has settled. The two lists are compared in
// lockstep, and the first boundary that differs is the divergence.
#ifndef SLUICE_FUZZ_ORACLE_DIVERGENCE_H_
#define SLUICE_FUZZ_ORACLE_DIVERGENCE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/driver/subject.h"
#include "fuzz/driver/trace.h"
#include "fuzz/oracle/judge.h"
#include "fuzz/program/program.h"
#include "src/core/operation.h"
#include "src/core/snapshot.h"
#include "src/sim/value.h"

namespace sluice::fuzz {

struct Divergence {
  // The innermost operation that was open, or the one that returned something else: "WritableStreamAbort". Outside of
  // operations, the step: "microtasks".
  std::string operation;
  // The last boundary of that operation before: "the end of WritableStreamStartErroring". Empty outside of operations.
  std::string after;
  std::string expected;  // what the standard does: "ends WritableStreamAbort"
  std::string actual;    // what the core does: "begins WritableStreamAddWriteRequest"

  std::string place() const { return after.empty() ? operation : operation + ", after " + after; }
};

// Whether this build records operations (SLUICE_RECORD_OPERATIONS in cmake/sanitizers.cmake).
bool CanFindDivergences();

// The begin or end of an operation. Both sides number promises, errors and writers alike, in the order in which they
// are made.
struct Boundary {
  struct Settled {
    uint32_t promise = 0;
    Settlement how;

    friend bool operator==(const Settled&, const Settled&) = default;
  };

  std::string_view operation;
  bool begins = false;
  size_t events = 0;                                   // the length of the trace so far
  std::array<core::Snapshot, kStreamCount> snapshots;  // by stream
  std::vector<SlotValue> slots;                        // of all streams
  std::vector<SlotValue> result;                       // of an operation without side effects, at its end
  std::vector<Settled> settled;                        // since the boundary before

  friend bool operator==(const Boundary&, const Boundary&) = default;
};

// Records one run.
class Recorder final : public core::OperationObserver {
 public:
  // `subject` and `trace` must outlive the recording.
  void Begin(Subject& subject, const Trace& trace);
  void End();
  void OnOperation(const char* name, bool begins) override;

  const std::vector<Boundary>& boundaries() const { return boundaries_; }
  bool is_full() const { return is_full_; }  // there were more

 private:
  void AddSlots(Boundary& boundary);
  void AddSlots(uint32_t stream, Boundary& boundary);

  Subject* subject_ = nullptr;
  const Trace* trace_ = nullptr;
  std::vector<Boundary> boundaries_;
  // A constructor sets slots up in an order of its own. Until user code runs in it, a stream that nobody has seen
  // before is not looked into. The lengths of the trace at the begin of the constructors that are open:
  std::vector<size_t> constructing_;
  std::array<bool, kStreamCount> is_known_{};
  uint32_t promises_ = 0;          // that were made before the last boundary
  std::vector<uint32_t> pending_;  // of these
  bool has_slots_ = true;          // not too many promises are pending
  bool is_full_ = false;
};

// Watches a judge that runs `program`; `program` must outlive the finder. The judge's subject must be the core under
// the simulated host (CoreSubject or CanarySubject): in V8 the effects of an operation follow its end. One finder at a
// time.
//
//   DivergenceFinder finder(program);
//   judge.WatchCore(&finder);
//   judge.Run(program);
//   if (const auto divergence = finder.divergence()) std::puts(divergence->operation.c_str());
class DivergenceFinder final : public CoreWatcher {
 public:
  // Runs the model.
  explicit DivergenceFinder(const Program& program);

  void OnBegin(Subject& core, const Trace& trace) override;
  void OnEnd() override;

  // The first divergence; nullopt if core and model do the same, even if the program breaks a rule that needs no model.
  // May be called while the process dies: it then covers the run so far.
  std::optional<Divergence> divergence() const;

 private:
  std::optional<Divergence> EventDivergence(size_t same, size_t event) const;
  Divergence At(size_t same, size_t event) const;

  Trace model_trace_;
  Recorder model_;
  const Trace* trace_ = nullptr;  // of the core
  Recorder core_;
  bool has_ended_ = false;
};

// Runs `program` on `core` once more, with a finder. nullopt where the build does not record.
std::optional<Divergence> FindDivergence(const Program& program, JudgedSubject& core);

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_ORACLE_DIVERGENCE_H_
