// Makes a program smaller while something stays true of it.
//
//   Program small = Shrink(program, [&](const Program& p) { return IdentityOf(p) == identity; });
//
// Deterministic. Drops scripts, then operations in ever smaller runs, then settings, then simplifies operands, until
// nothing more can go. `still` is called a few hundred times for a program of twenty operations.
#ifndef SLUICE_FUZZ_PROGRAM_SHRINK_H_
#define SLUICE_FUZZ_PROGRAM_SHRINK_H_

#include <functional>

#include "fuzz/program/program.h"

namespace sluice::fuzz {

// Precondition: still(program).
Program Shrink(Program program, const std::function<bool(const Program&)>& still);

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_PROGRAM_SHRINK_H_
