// The subcommands of `sluice-fuzz`, one function each. Each returns the process's exit code.
#ifndef SLUICE_FUZZ_LAB_COMMANDS_H_
#define SLUICE_FUZZ_LAB_COMMANDS_H_

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::lab {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFinding = 1;
inline constexpr int kExitUnreadable = 2;

// Prints the program as text, or writes its bytes to `out` if that is not empty.
int Show(const std::string& path, const std::string& out_bytes);
// The subject whose trace is printed: the core under the simulated host, the model, or the core with a planted fault.
enum class Traced : uint8_t { kCore, kModel, kCanary };
// With `slots`, also the slots that each step changes.
int TraceCommand(const std::string& path, bool slots, Traced traced);
// The subject that is judged: the core under the simulated host, the core in V8, or the core with a planted fault.
enum class Judged : uint8_t { kCore, kV8, kCanary };

struct ReproOptions {
  std::vector<std::string> paths;
  std::string finding;  // of several findings, the one with this key or rule; empty: the first
  Judged judged = Judged::kCore;
  unsigned seconds = 0;  // a program that takes longer fails; 0: no limit
  bool as_json = false;  // a line for each program that fails (fuzz/oracle/finding.schema.json), instead of a report
};
// Runs every oracle over each file, and prints its finding.
int Repro(const ReproOptions& options);
// Whether the core in V8 agrees with the reference model, to the microtask: on `count` random programs from `seed` on,
// each in all tick models. Prints a report of the first difference, shrunk.
int Conformance(uint64_t seed, uint64_t count, const std::string& profile);
// Prints the language: each statement and what it means.
int Language();
// Prints a libFuzzer and AFL++ dictionary of the language's text.
int Dictionary();
// Prints a random program.
int RandomCommand(uint64_t seed, const std::string& profile);
}  // namespace sluice::lab

#endif  // SLUICE_FUZZ_LAB_COMMANDS_H_
