// `sluice-fuzz mutant-tests`: programs that show mutants of the core to JavaScript, in a build that has them (preset
// mutants).
#ifndef SLUICE_FUZZ_LAB_MUTANT_TESTS_COMMAND_H_
#define SLUICE_FUZZ_LAB_MUTANT_TESTS_COMMAND_H_

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::lab {

struct MutantTestsFlags {
  std::vector<uint32_t> only;         // numbers of the mutants
  std::vector<uint32_t> fatal;        // of them, those that end the process: only programs of others are tried on them
  std::vector<std::string> programs;  // files with programs that may show some of them
  std::string out;                    // file: a JSON object on a line for each program that shows one
};

// Writes {"program", "script", "expected", "any_ticks", "shows"} for each program: its text, its JavaScript in the
// style of tests/suite, what that expects, whether it expects the same in every tick model, and for each mutant that it
// shows, by number, what the script would expect of that.
int MutantTests(const MutantTestsFlags& flags);

}  // namespace sluice::lab

#endif  // SLUICE_FUZZ_LAB_MUTANT_TESTS_COMMAND_H_
