// Runs a program under every oracle and says what broke first.
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

#include "fuzz/driver/core_subject.h"
#include "fuzz/driver/driver.h"
#include "fuzz/driver/trace.h"
#include "fuzz/oracle/history.h"
#include "fuzz/oracle/reference_model.h"
#include "fuzz/oracle/restoring.h"
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
  std::string rule;  // an id that stays the same while the program is shrunk: "I-BYTES-SUM", "settled", "readyPromise"
  std::string anchor;    // where in https://streams.spec.whatwg.org/ it is ruled; may be empty
  std::string sentence;  // what should have held
  size_t event = 0;      // index into core_trace().events

  // By which findings are grouped: "invariant/I-BYTES-SUM".
  std::string identity() const;
};

std::string OracleName(Oracle oracle);

class Judge {
 public:
  // `subject` is what is judged: the core, or the core with a fault (fuzz/oracle/canary.h).
  explicit Judge(std::unique_ptr<CoreSubject> subject = std::make_unique<CoreSubject>());
  Judge(const Judge&) = delete;
  Judge& operator=(const Judge&) = delete;
  ~Judge();

  std::optional<Finding> Run(const Program& program);

  // Of the last Run().
  const Trace& core_trace() const { return core_trace_; }
  const Trace& model_trace() const { return model_trace_; }

 private:
  void RunCore(const Program& program);
  void CheckInvariants();
  void CompareWithModel(const Program& program);
  void CheckDeterminism(const Program& program);
  void CheckSaveAndRestore(const Program& program, uint64_t hash);
  void Note(Finding finding);
  static void OnAssert(const char* operation, const char* what);

  core::AssertHandler handler_before_ = nullptr;
  Driver driver_;
  std::unique_ptr<CoreSubject> core_;
  RestoringSubject restoring_;
  ReferenceModel model_;
  HistoryChecker history_;
  Trace core_trace_;
  Trace model_trace_;
  Trace again_;
  std::optional<Finding> finding_;
};

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_ORACLE_JUDGE_H_
