// Versions of the core for tests: a subject reads g_version, and is the core with the fault that this stands for.
#ifndef SLUICE_TESTS_FUZZ_EXPLORE_TEST_VERSIONS_H_
#define SLUICE_TESTS_FUZZ_EXPLORE_TEST_VERSIONS_H_

#include <cstdint>

#include "fuzz/explore/versions.h"

namespace sluice::fuzz {

inline constexpr uint32_t kOriginal = 0;
inline constexpr uint32_t kNeverRuns = ~0u;
inline constexpr uint32_t kRunsInOthersOnly = ~1u;  // the original never runs its code, and every other version does
inline uint32_t g_version = kOriginal;

class TestVersions final : public Versions {
 public:
  void Choose(uint32_t version) override {
    g_version = version;
    another_ran_ |= version != kOriginal;
  }
  void ForgetWhatRan() override { another_ran_ = false; }
  bool HasRun(uint32_t version) const override {
    return version == kRunsInOthersOnly ? another_ran_ : version != kNeverRuns;
  }

 private:
  bool another_ran_ = false;
};

}  // namespace sluice::fuzz

#endif  // SLUICE_TESTS_FUZZ_EXPLORE_TEST_VERSIONS_H_
