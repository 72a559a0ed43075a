// A subject that the judge can judge: the core under some host, looked into.
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

  // Gives back everything, and looks whether the run left the host in order. After it, only Reset().
  virtual void Teardown() = 0;
  // What was wrong with the host's side of the run, or with what authors get, each once, in order.
  const std::vector<const char*>& violations() const { return violations_; }
  // Is told of each of these, once, where it is seen; may be null.
  void SetViolationHandler(void (*handler)(const char* what)) { violation_handler_ = handler; }

  // Of the next run, without snapshots: the stream's state is saved, forgotten and restored at the nth step (AtStep),
  // counted from 0. A program must not be able to tell.
  void RestoreAt(uint64_t step) { restore_at_ = step; }
  // What was wrong with the saved or restored state of the last run; empty if nothing was.
  const std::string& complaint() const { return complaint_; }

  void AtStep() override {
    if (restore_at_ != kNever && restore_at_-- == 0) SaveAndRestore();
  }

 protected:
  // The stream's state, null if there is none yet.
  virtual core::WritableStream* State() = 0;
  void ForgetFindings() {
    complaint_.clear();
    violations_.clear();
  }
  void Violation(const char* what);

 private:
  void SaveAndRestore();

  uint64_t restore_at_ = kNever;  // steps that are still to come before
  std::string complaint_;
  std::vector<const char*> violations_;
  void (*violation_handler_)(const char* what) = nullptr;
};

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_DRIVER_JUDGED_SUBJECT_H_
