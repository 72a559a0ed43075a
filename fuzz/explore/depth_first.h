// The same exploration in another order, with other means: depth first, by copies of states instead of paths.
//
// It must come to the same counts as Explorer. Only for spaces whose longest path fits into memory.
#ifndef SLUICE_FUZZ_EXPLORE_DEPTH_FIRST_H_
#define SLUICE_FUZZ_EXPLORE_DEPTH_FIRST_H_

#include <cstdint>
#include <vector>

#include "fuzz/explore/explorer.h"
#include "fuzz/explore/space.h"

namespace sluice::fuzz {

// By configuration.
std::vector<ConfigurationCount> ExploreDepthFirst(const Space& space, uint64_t seed);

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_EXPLORE_DEPTH_FIRST_H_
