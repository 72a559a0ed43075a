// Runs a program under every oracle and returns the findings in the order in which they broke.
//
//   Judge judge;
//   if (const auto finding = judge.Run(program)) std::fputs(FindingReport(judge, finding).c_str(), stderr);
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

// In the order of findings that broke at the same event.
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
  std::string rule;             // an id that does not change while the program is shrunk: "I-BYTES-SUM", "settled",
                                // "readyPromise". Has no comma, which separates identities in a list
  std::string anchor;           // the rule's anchor in https://streams.spec.whatwg.org/; may be empty
  std::string sentence;         // the rule
  size_t event = 0;             // index into core_trace().events
  bool is_seen_later = false;   // a wrong settlement, which user code sees after `event`
  bool is_seen_at_end = false;  // found at the end of the run, when all references are dropped
  size_t stream = 0;            // whose slots or invariant it is
  std::string step = "";        // the innermost operation's name, "construct" or "microtasks"; may be empty

  std::string identity() const;  // "invariant/I-BYTES-SUM"
  // The same with the step, "invariant/I-BYTES-SUM@write": its key where no divergence is known (finding_record.h).
  std::string key() const;
};

std::string OracleName(Oracle oracle);

// Observes a judge's first run of a program on the core.
class CoreWatcher {
 public:
  virtual ~CoreWatcher() = default;
  // `trace` grows during the run, and lives until the judge runs another program.
  virtual void OnBegin(Subject& core, const Trace& trace) = 0;
  // Not called if the run ends the process.
  virtual void OnEnd() = 0;
};

// Which programs the judge runs on the core once more, which costs a quarter of its time.
enum class Reruns : uint8_t {
  kAll,
  kSampled,  // one in four, by its trace, and all with a finding: a campaign has enough programs that a fault shows in
};

class Judge {
 public:
  // `subject`: the core, the core with a planted fault (fuzz/oracle/canary.h), or the core in V8.
  explicit Judge(std::unique_ptr<JudgedSubject> subject = std::make_unique<CoreSubject>());
  Judge(const Judge&) = delete;
  Judge& operator=(const Judge&) = delete;
  ~Judge();

  // Returns the first finding. `program` must outlive what is read of the run.
  std::optional<Finding> Run(const Program& program);

  // All findings of the last Run(), each identity once, where it broke first. Ordered by event, then by oracle, with
  // ownership before slots and trace. A trace is compared with the model's up to the first difference only.
  const std::vector<Finding>& findings() const { return findings_; }
  const Trace& core_trace() const { return core_trace_; }
  const Trace& model_trace() const { return model_trace_; }
  // The trace that `finding` compares the core's with: the model's, or that of the core's second run.
  const Trace& other_trace(const Finding& finding) const;

  JudgedSubject& subject() { return *core_; }
  void SetReruns(Reruns reruns) { reruns_ = reruns; }
  // `watcher` observes later calls of Run(); null removes it.
  void WatchCore(CoreWatcher* watcher) { watcher_ = watcher; }

 private:
  struct DifferentSettlement {
    size_t event = kNoEvent;        // the event of the settlement, moved to one with a snapshot; kNoEvent: none
    const Event* ours = nullptr;    // a rejection that only the core reports as unhandled
    const Event* theirs = nullptr;  // a rejection that only the model reports as unhandled
    bool reason = false;            // both report it as unhandled, with different reasons
    bool order = false;             // both settle two promises alike, in opposite order
  };

  void RunCore(const Program& program);
  void Teardown();
  void CheckInvariants(size_t stream);
  void CompareWithModel(const Program& program);
  void RunAgain(const Program& program);
  void RunOnceMore(const Program& program, uint64_t restore_at, Trace& trace);
  void Note(Finding finding);
  size_t Clamped(size_t event) const;
  size_t LastEvent() const;  // of the running trace
  DifferentSettlement FindDifferentSettlement(size_t at) const;
  std::string UnhandledName(const DifferentSettlement& settled) const;
  static void OnAssert(const char* operation, const char* what);
  static void OnViolation(const char* what);

  Driver driver_;
  std::unique_ptr<JudgedSubject> core_;
  ReferenceModel model_;
  HistoryChecker history_;
  Trace core_trace_;
  Trace model_trace_;
  Trace restored_;                  // the core's second run, with its state saved and restored at one step
  Trace again_;                     // the core's third run, without that; only if the second differs
  const Trace* running_ = nullptr;  // the trace that the core is writing
  Reruns reruns_ = Reruns::kAll;
  bool is_at_end_ = false;  // all references of that run are being dropped
  std::vector<Finding> findings_;
  CoreWatcher* watcher_ = nullptr;
  core::AssertHandler previous_handler_ = nullptr;
};

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_ORACLE_JUDGE_H_
