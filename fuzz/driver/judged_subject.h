// The interface that a judge needs: the core under some host, with ownership checks and a state that can be restored.
#ifndef SLUICE_FUZZ_DRIVER_JUDGED_SUBJECT_H_
#define SLUICE_FUZZ_DRIVER_JUDGED_SUBJECT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "fuzz/driver/subject.h"
#include "src/core/state.h"

namespace sluice::fuzz {

class JudgedSubject : public Subject {
 public:
  static constexpr uint64_t kNever = ~uint64_t{0};

  // Drops every reference, and checks that the host holds none of the core's. Only Reset() may follow.
  virtual void Teardown() = 0;
  // Broken rules of ownership in this run, each once, in order.
  const std::vector<const char*>& violations() const { return violations_; }
  // Called for each violation when it happens; may be null.
  void SetViolationHandler(void (*handler)(const char* what)) { violation_handler_ = handler; }

  // In the next run, which must be without snapshots: the state of each stream is saved, cleared and restored at the
  // nth step (AtStep), counted from 0. The trace must not change.
  void RestoreAt(uint64_t step) { restore_at_ = step; }
  // The fault of the saved or restored state in the last run; empty if there was none.
  const std::string& complaint() const { return complaint_; }

  void AtStep() override {
    if (restore_at_ != kNever && restore_at_-- == 0) SaveAndRestore();
  }

 protected:
  // The state of a stream, null if there is none yet.
  virtual core::WritableStream* State(uint32_t stream) = 0;
  void ForgetFindings() {
    complaint_.clear();
    violations_.clear();
  }
  void Violation(const char* what);

 private:
  void SaveAndRestore();
  void SaveAndRestore(core::WritableStream& stream);

  uint64_t restore_at_ = kNever;  // steps that are still to come before
  std::string complaint_;
  std::vector<const char*> violations_;
  void (*violation_handler_)(const char* what) = nullptr;
};

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_DRIVER_JUDGED_SUBJECT_H_
