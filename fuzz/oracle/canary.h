// The core with a fault that no seed finds and any working campaign does.
//
// A run of canary_fuzzer that does not end in a finding is a failed run: it means that nobody would have noticed a real
// one.
#ifndef SLUICE_FUZZ_ORACLE_CANARY_H_
#define SLUICE_FUZZ_ORACLE_CANARY_H_

#include "fuzz/driver/core_subject.h"

namespace sluice::fuzz {

// releaseLock() does nothing while an abort waits for a write in flight.
class CanarySubject final : public CoreSubject {
 public:
  const char* name() const override { return "canary"; }
  void ReleaseLock(uint32_t writer) override;
};

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_ORACLE_CANARY_H_
