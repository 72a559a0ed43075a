// The core under the simulated host. Counts every phase that its streams go through, and the causes that led there.
//
//   StateCoverageSubject subject;
//   driver.Run(program, subject, {.snapshots = false}, trace);
//   const auto& transitions = subject.counts().transitions;   // of all runs
#ifndef SLUICE_FUZZ_STATE_COVERAGE_STATE_COVERAGE_SUBJECT_H_
#define SLUICE_FUZZ_STATE_COVERAGE_STATE_COVERAGE_SUBJECT_H_

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/driver/core_subject.h"
#include "fuzz/state_coverage/stream_states.h"

namespace sluice::fuzz {

struct Visits {
  uint64_t count = 0;
  std::string example;  // the first program
};

struct StateCoverageCounts {
  uint64_t programs = 0;
  std::array<Visits, kPhaseCount> phases;  // entries into each phase
  // By cause: [from][cause][to].
  std::array<std::array<std::array<Visits, kPhaseCount>, kCauseCount>, kPhaseCount> transitions;
  // Causes that began in each phase, with or without a transition: [phase][cause].
  std::array<std::array<Visits, kCauseCount>, kPhaseCount> begun;
  // Transitions and phases that the diagram does not have, as text.
  std::map<std::string, Visits> impossible;
};

class StateCoverageSubject : public CoreSubject, private UserCode {
 public:
  const char* name() const override { return "state-coverage"; }
  const StateCoverageCounts& counts() const { return counts_; }
  // The name of the programs that run from now on, for `example`.
  void set_example(std::string example) { example_ = std::move(example); }

  void Reset(UserCode& user_code, const std::vector<sim::Chunk>& chunks) override;
  void CopyFrom(const CoreSubject& other) override;  // `other` is a StateCoverageSubject; what was counted stays
  // Runs one microtask at a time, so that each transition has the right cause.
  sim::Outcome Perform(const SubjectCall& call) override;

 private:
  class Scope;

  // UserCode, on its way to the driver
  sim::Outcome Call(CallKind kind, sim::Value argument, uint32_t resolver, uint32_t stream) override;
  void Settled(uint32_t promise, bool fulfilled, sim::Value value) override;
  void ReportException(sim::Value exception) override { user_code_->ReportException(exception); }
  void UnhandledRejection(uint32_t promise, sim::Value reason) override {
    user_code_->UnhandledRejection(promise, reason);
  }

  // What runs, and the name of the stream that it is for.
  struct Running {
    Cause cause = Cause::kNothing;
    uint32_t stream = 0;
  };
  struct Place {
    Phase phase = Phase::kNone;
    bool lost = false;  // the stream is in no phase; reported once
  };

  // Of a call that is no microtask; none if it is no operation on a stream.
  std::optional<Running> RunningOf(const SubjectCall& call);
  void RunMicrotasks(size_t count);
  void NoteBegin(const Running& running);
  void Look();
  void Look(uint32_t stream);
  // The cause of what happens to a stream now: of the innermost operation that is for it.
  Cause CauseFor(uint32_t stream) const;
  void NoteImpossible(const std::string& what) { Note(counts_.impossible[what]); }
  void Note(Visits& visits);

  StateCoverageCounts counts_;
  std::string example_;
  UserCode* user_code_ = nullptr;
  std::array<Place, kStreamCount> places_{};  // by stream
  std::vector<Running> running_;              // innermost last
};

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_STATE_COVERAGE_STATE_COVERAGE_SUBJECT_H_
