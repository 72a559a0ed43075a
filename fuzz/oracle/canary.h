// The core with a planted fault that no seed shows and every working campaign finds.
//
// A run of canary_fuzzer without a finding has failed: it would have missed a real fault too.
#ifndef SLUICE_FUZZ_ORACLE_CANARY_H_
#define SLUICE_FUZZ_ORACLE_CANARY_H_

#include "fuzz/driver/core_subject.h"

namespace sluice::fuzz {

// releaseLock() does nothing while an abort waits for a write in flight.
class CanarySubject final : public CoreSubject {
 public:
  const char* name() const override { return "canary"; }
  sim::Outcome Perform(const SubjectCall& call) override;
};

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_ORACLE_CANARY_H_
