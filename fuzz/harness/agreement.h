// The programs on which the hosts of the core must agree, for the test and the command that ask whether they do.
#ifndef SLUICE_FUZZ_HARNESS_AGREEMENT_H_
#define SLUICE_FUZZ_HARNESS_AGREEMENT_H_

#include <cstdint>
#include <vector>

#include "fuzz/program/mutate.h"
#include "fuzz/program/program.h"

namespace sluice::fuzz {

// A random program in each tick model. If it has no byte limit of its own, the second and the third get a small one.
std::vector<Program> AgreementPrograms(uint64_t seed, const Profile& profile);

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_HARNESS_AGREEMENT_H_
