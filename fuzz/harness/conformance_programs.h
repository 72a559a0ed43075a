// Random programs on which both hosts of the core must have the same trace: for a test and for `sluice-fuzz
// conformance`.
#ifndef SLUICE_FUZZ_HARNESS_CONFORMANCE_PROGRAMS_H_
#define SLUICE_FUZZ_HARNESS_CONFORMANCE_PROGRAMS_H_

#include <cstdint>
#include <vector>

#include "fuzz/program/mutate.h"
#include "fuzz/program/program.h"

namespace sluice::fuzz {

// One random program in each tick model. If it has no byte limit, the second and the third get a small one.
std::vector<Program> ConformancePrograms(uint64_t seed, const Profile& profile);

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_HARNESS_CONFORMANCE_PROGRAMS_H_
