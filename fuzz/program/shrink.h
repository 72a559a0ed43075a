// Makes a program smaller while something stays true of it.
//
//   Program small = Shrink(program, [&](const Program& p) { return IdentityOf(p) == identity; });
//
// Deterministic. Drops scripts, then operations in ever smaller runs, then settings, then simplifies operands, until
// nothing more can go. `still` is called a few hundred times for a program of twenty operations.
//
// Where an answer is dear, because a process has to be started for it, several candidates can be asked about at once:
//
//   ShrinkInBatches(program, 32, [&](std::span<const Program> candidates) { return RunThem(candidates); });
//
// The result is the same for every size of the batch.
#ifndef SLUICE_FUZZ_PROGRAM_SHRINK_H_
#define SLUICE_FUZZ_PROGRAM_SHRINK_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "fuzz/program/program.h"

namespace sluice::fuzz {

// Precondition: still(program).
Program Shrink(Program program, const std::function<bool(const Program&)>& still);

// The index of the first candidate of which it still is true; their number if it is true of none. Candidates behind that
// one need not be looked at.
template <typename T>
using FirstStill = std::function<size_t(std::span<const T>)>;

// Precondition: it is true of `program`; batch > 0.
Program ShrinkInBatches(Program program, size_t batch, const FirstStill<Program>& first);

// Of inputs that are no programs: drops runs of bytes, and makes those that remain the letter a. `batch` as above.
std::vector<uint8_t> ShrinkBytes(std::vector<uint8_t> bytes, size_t batch, const FirstStill<std::vector<uint8_t>>& first);

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_PROGRAM_SHRINK_H_
