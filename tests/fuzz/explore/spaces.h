// Small spaces, which the tests explore whole.
#ifndef SLUICE_TESTS_FUZZ_EXPLORE_SPACES_H_
#define SLUICE_TESTS_FUZZ_EXPLORE_SPACES_H_

#include "fuzz/explore/explorer.h"
#include "fuzz/explore/space.h"

namespace sluice::fuzz {

// Everything that a sink and a strategy have, and a listener.
inline Space FullSink(bool observed = false, Bounds bounds = {.queue = 2, .writers = 1}) {
  return Space({{"full", bounds, {.sinks = {15}, .observed = {observed}}}});
}

// A sink with write() whose author watches everything, and one with a byte limit and reasons that may be undefined.
inline Space SmallSpace() {
  return Space({{"watched",
                 {.queue = 2, .writers = 1},
                 {.sinks = {2},
                  .sizes = {false},
                  .tickModels = {core::TickModel::kPromiseResolve},
                  .observed = {true},
                  .watched = {true}}},
                {"limited",
                 {.writers = 1, .microtasks = 2},
                 {.sinks = {2}, .sizes = {false}, .byteLimits = {2}, .undefinedReasons = {true}}}});
}

// Two streams: one with an abort() and one without methods, and two that share that sink.
inline Space PairSpace() {
  return Space({{"pair",
                 {.queue = 1, .writers = 1, .reentry = 1},
                 {.sinks = {8},
                  .sizes = {false},
                  .seconds = {SecondStream{}, SecondStream{.shared = 1 << static_cast<int>(Shared::kSink)}}}}});
}
// The abort() of each of two streams may act on the other one.
inline Space ActingPairSpace() {
  return Space({{"acting",
                 {.queue = 1, .writers = 1},
                 {.sinks = {8}, .sizes = {false}, .seconds = {SecondStream{.methods = 8}}}}});
}

inline bool GoOn(const Progress&) { return true; }

}  // namespace sluice::fuzz

#endif  // SLUICE_TESTS_FUZZ_EXPLORE_SPACES_H_
