// The core under the simulated host while memory ends: for a program and n = 1, 2, 3, ... the nth allocation in an
// operation fails with std::bad_alloc, which goes through the core and the host to whoever called the operation. The
// operation is then neither done nor undone as a whole; what must hold is that the run can be torn down, and that the
// next program of the same process runs as ever.
#ifndef SLUICE_FUZZ_FAULTS_ALLOCATION_FAULTS_H_
#define SLUICE_FUZZ_FAULTS_ALLOCATION_FAULTS_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "fuzz/program/program.h"
#include "src/sim/value.h"

namespace sluice::fuzz {

// What a subject with a fault does in the place of an operation, which it is given: only tests have one.
using FaultyOperation = std::function<sim::Outcome(const std::function<sim::Outcome()>& operation)>;

// The point at which the rule was broken, in words. `points` counts.
std::optional<std::string> CheckAllocations(const Program& program, uint64_t most, uint64_t& points,
                                            FaultyOperation fault = {});

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_FAULTS_ALLOCATION_FAULTS_H_
