// `sluice-fuzz explore`: every state of the real core within bounds.
#ifndef SLUICE_FUZZ_LAB_EXPLORE_COMMAND_H_
#define SLUICE_FUZZ_LAB_EXPLORE_COMMAND_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sluice::lab {

struct ExploreFlags {
  bool deep = false;
  std::vector<std::string> families;  // of the default or the deep ones; none: all
  // Configurations instead: lists, and all combinations of what is in them. Empty: one that is usual.
  std::vector<std::string> sinks;  // "all", "none" or methods: "write+abort"
  std::vector<std::string> sizes, listeners, observed, watched, undefined_reasons;  // "yes", "no"
  std::vector<double> high_water_marks;
  std::vector<std::string> ticks;
  std::vector<std::string> byte_limits;   // bytes, or "none"
  std::vector<std::string> second_sinks;  // sinks of a second stream, and "no" for none
  std::vector<std::string> shares;        // what that has of the first one: "nothing" or "sink+strategy"
  // Bounds, of all families.
  std::optional<uint32_t> queue, writers, reentry, inside, microtasks;
  bool checkpoints = false;
  bool thenables = false;
  std::vector<std::string> size_returns;  // numbers, or "undefined"

  bool judge = true;
  bool canary = false;
  unsigned threads = 0;  // 0: as many as the machine has cores
  uint64_t seed = 0;
  uint64_t seconds = 0;    // stop after so many; 0: never
  std::string checkpoint;  // file
  std::string to;          // a state
  std::string dot;         // file
  std::string page;        // file
  std::string traces;      // file, or "-": every edge's program, for `compare-traces`
  std::string expect;      // file with the counts that there should be
  uint64_t walks = 0;      // at random, after closing
};

// kExitFinding: a finding, counts other than expected, or no such state; kExitUnreadable: interrupted, or it cannot
// run.
int Explore(const ExploreFlags& flags);

}  // namespace sluice::lab

#endif  // SLUICE_FUZZ_LAB_EXPLORE_COMMAND_H_
