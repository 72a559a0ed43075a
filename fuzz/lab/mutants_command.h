// `sluice-fuzz mutants`: which mutants of the core the oracles tell from it, in a build that has them (preset mutants).
#ifndef SLUICE_FUZZ_LAB_MUTANTS_COMMAND_H_
#define SLUICE_FUZZ_LAB_MUTANTS_COMMAND_H_

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::lab {

struct MutantsFlags {
  std::vector<uint32_t> only;         // numbers; none: all
  std::vector<std::string> families;  // of the default ones, after the small space; none: those for mutants
  std::string results;                // file, a line of JSON for each mutant; what is decided in it stays
  bool list = false;
};

// Prints how many were killed. kExitFinding: some were not; kExitUnreadable: it cannot run.
int Mutants(const MutantsFlags& flags);

}  // namespace sluice::lab

#endif  // SLUICE_FUZZ_LAB_MUTANTS_COMMAND_H_
