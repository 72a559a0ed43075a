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
// With `slots`, the slots at each step too.
int TraceCommand(const std::string& path, bool slots, Traced traced);
// The subject that is judged: the core under the simulated host, the core in V8, or the core with a planted fault.
enum class Judged : uint8_t { kCore, kV8, kCanary };

// Runs every oracle over each file, and prints a report. A program that takes longer than `seconds` fails; 0: no limit.
int Repro(const std::vector<std::string>& paths, const std::string& wanted, Judged judged, unsigned seconds);
// Prints a line for each file, with tabs between: the file, the key of what breaks first, and where the core diverges
// from the standard; both are empty if it passes, the latter also if it is not known.
int Divergences(const std::vector<std::string>& paths, Judged judged);
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
