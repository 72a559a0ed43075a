// Whether states that are taken for one are one: random walks, which come to states by other ways than the shortest.
#ifndef SLUICE_FUZZ_EXPLORE_CANONICITY_H_
#define SLUICE_FUZZ_EXPLORE_CANONICITY_H_

#include <cstdint>
#include <optional>
#include <string>

#include "fuzz/explore/explorer.h"
#include "fuzz/program/program.h"

namespace sluice::fuzz {

struct Difference {
  std::string what;  // "the walk came to an unknown state"
  Program walked;    // where the walk came to
  Program known;     // the shortest program to the state that it was taken for; empty if it is unknown
};

struct WalkOptions {
  uint64_t walks = 1000;
  uint32_t length = 40;  // edges; a walk ends earlier if a program would be too long
  uint64_t seed = 1;
};

// `explorer` has closed its space. Each state that a walk comes to must be known, must have the slots that it has at
// the end of its shortest path, and the same edges: as many, each seen by the author in the same way and leading to the
// same state.
std::optional<Difference> WalkAtRandom(const Explorer& explorer, const WalkOptions& options);

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_EXPLORE_CANONICITY_H_
