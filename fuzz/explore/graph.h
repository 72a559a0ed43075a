// The graph that was explored, for people.
#ifndef SLUICE_FUZZ_EXPLORE_GRAPH_H_
#define SLUICE_FUZZ_EXPLORE_GRAPH_H_

#include <cstddef>
#include <string>

#include "fuzz/explore/explorer.h"

namespace sluice::fuzz {

inline constexpr size_t kMostDrawnStates = 5000;

// `explorer` has closed its space, of at most kMostDrawnStates.

// In the language of Graphviz: states by number, named for what the stream is at; edges by operation.
std::string DotOf(const Explorer& explorer);

// A page of HTML that needs nothing else: a search over states and operations; of each state its shortest program, and
// its edges with what author functions do on them, in both directions.
std::string PageOf(const Explorer& explorer);

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_EXPLORE_GRAPH_H_
