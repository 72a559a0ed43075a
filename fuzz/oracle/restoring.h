// The core, its state saved, forgotten and restored in the middle of a run.
//
// A program must not be able to tell, so the trace must be the same.
#ifndef SLUICE_FUZZ_ORACLE_RESTORING_H_
#define SLUICE_FUZZ_ORACLE_RESTORING_H_

#include <cstdint>
#include <string>

#include "fuzz/driver/core_subject.h"

namespace sluice::fuzz {

class RestoringSubject final : public CoreSubject {
 public:
  const char* name() const override { return "restoring core"; }
  // Of the next run: at which snapshot, counted from 0.
  void RestoreAt(uint64_t snapshot) {
    restore_at_ = snapshot;
    complaint_.clear();
  }
  // What was wrong with the saved or restored state; empty if nothing was.
  const std::string& complaint() const { return complaint_; }

  bool TakeSnapshot(core::Snapshot& snapshot) override;

 private:
  void SaveAndRestore();

  uint64_t restore_at_ = 0;
  std::string complaint_;
};

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_ORACLE_RESTORING_H_
