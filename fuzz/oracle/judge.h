// Runs a program under every oracle and says what broke, in order.
//
//   Judge judge;
//   if (judge.Run(program).has_value()) std::fputs(Story(program, judge).c_str(), stderr);
#ifndef SLUICE_FUZZ_ORACLE_JUDGE_H_
#define SLUICE_FUZZ_ORACLE_JUDGE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/driver/core_subject.h"
#include "fuzz/driver/driver.h"
#include "fuzz/driver/trace.h"
#include "fuzz/model/reference_model.h"
#include "fuzz/oracle/history.h"
#include "fuzz/program/program.h"
#include "src/core/check.h"

namespace sluice::fuzz {

// In the order in which they speak when they break at the same event.
enum class Oracle : uint8_t {
  kAssert,       // an assert of the standard
  kInvariant,    // src/core/invariants.h
  kModel,        // the trace differs from the reference model's
  kSlots,        // a slot differs from the reference model's
  kHistory,      // fuzz/oracle/history.h
  kOwnership,    // the core misused a slot of its host (src/core/host.h)
  kDeterminism,  // the same program gave another trace
  kState,        // the state did not survive being saved and restored, or copied
  kModelAssert,  // an assert of the standard failed in the model: the model is wrong, or the standard is
};

struct Finding {
  Oracle oracle = Oracle::kModel;
  std::string rule;  // an id that stays the same while the program is shrunk: "I-BYTES-SUM", "settled", "readyPromise".
                     // Holds no comma: those stand between the identities of a list
  std::string anchor;           // where in https://streams.spec.whatwg.org/ it is ruled; may be empty
  std::string sentence;         // what should have held
  size_t event = 0;             // index into core_trace().events
  bool is_seen_later = false;   // by an author: a promise that was settled there
  bool is_seen_at_end = false;  // of a run, when everything is given back
  std::string step = "";  // in what it broke: the innermost operation's name, "construct" or "microtasks"; may be empty

  std::string identity() const;  // "invariant/I-BYTES-SUM"
  // Faults in different places may break the same rule, so findings are told apart by the step too:
  // "invariant/I-BYTES-SUM@write".
  std::string key() const;
  // Whether `name` is its key or its identity.
  bool Is(std::string_view name) const;
};

std::string OracleName(Oracle oracle);

// Looks on while a judge runs a program on the core for the first time.
class CoreWatcher {
 public:
  virtual ~CoreWatcher() = default;
  // `trace` is being written, and stays until the judge runs another program.
  virtual void OnBegin(Subject& core, const Trace& trace) = 0;
  // An assert of the standard has failed, or the host has seen a violation, before the run ends.
  virtual void OnBroken() = 0;
  // Not called if the run ends the process.
  virtual void OnEnd() = 0;
};

class Judge {
 public:
  // `subject` is what is judged: the core, the core with a fault (fuzz/oracle/canary.h), or the core in V8.
  explicit Judge(std::unique_ptr<JudgedSubject> subject = std::make_unique<CoreSubject>());
  Judge(const Judge&) = delete;
  Judge& operator=(const Judge&) = delete;
  ~Judge();

  // What broke first.
  std::optional<Finding> Run(const Program& program);

  // Of the last Run(): all that broke, each identity where it broke first, ordered by event and then by oracle, with
  // what the host keeps before what slots and authors show. After the first difference from the model's trace, no later
  // difference from it can be told.
  const std::vector<Finding>& findings() const { return findings_; }
  const Trace& core_trace() const { return core_trace_; }
  const Trace& model_trace() const { return model_trace_; }
  // The trace that `finding` says should have been the core's: the model's, or the core's own when it ran again.
  const Trace& other_trace(const Finding& finding) const;

  // In the runs to come, called after each snapshot of the core's first run: see fuzz/harness/code_between.h.
  void AfterSnapshots(void (*after)()) { after_core_snapshot_ = after; }
  // In the runs to come; null: nobody.
  void WatchCore(CoreWatcher* watcher) { watcher_ = watcher; }

 private:
  struct DifferentSettlement {
    size_t event = kNoEvent;        // where it was settled, with the snapshot behind it; kNoEvent if there is none
    const Event* ours = nullptr;    // a rejection that only the core reports as unhandled
    const Event* theirs = nullptr;  // one that only the model does
    bool reason = false;            // both report it as unhandled, with two reasons: it was rejected otherwise
    bool order = false;             // both settle two promises alike, one before the other or the other way round
  };

  void RunCore(const Program& program);
  void Teardown();
  void CheckInvariants();
  void CompareWithModel(const Program& program);
  void RunAgain(const Program& program);
  void RunOnceMore(const Program& program, uint64_t restore_at, Trace& trace);
  void Note(Finding finding);
  size_t Clamped(size_t event) const;
  size_t LastEvent() const;  // of what runs
  DifferentSettlement SettledOtherwise(size_t at) const;
  std::string UnhandledName(const Program& program, const DifferentSettlement& settled) const;
  static void OnAssert(const char* operation, const char* what);
  static void OnViolation(const char* what);
  void TellWatcher();

  Driver driver_;
  std::unique_ptr<JudgedSubject> core_;
  ReferenceModel model_;
  HistoryChecker history_;
  Trace core_trace_;
  Trace model_trace_;
  Trace restored_;                  // of the core: once more, with its state saved and restored on the way
  Trace again_;                     // likewise, without that; only if the other differs
  const Trace* running_ = nullptr;  // that is being written by the core
  bool is_at_end_ = false;          // of that run
  std::vector<Finding> findings_;
  void (*after_core_snapshot_)() = nullptr;
  CoreWatcher* watcher_ = nullptr;
  core::AssertHandler previous_handler_ = nullptr;
};

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_ORACLE_JUDGE_H_
