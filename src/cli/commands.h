// The program tools of the `sluice` command, one function each. Each returns the process's exit code.
#ifndef SLUICE_CLI_COMMANDS_H_
#define SLUICE_CLI_COMMANDS_H_

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::cli {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFinding = 1;
inline constexpr int kExitUnreadable = 2;

// Prints the program as text, or writes its bytes to `out` if that is not empty.
int Show(const std::string& path, const std::string& out_bytes);
// Prints the trace of the core; with `slots`, the slots at each step too.
int TraceCommand(const std::string& path, bool slots);
// Runs every oracle over each file, and tells what broke.
int Repro(const std::vector<std::string>& paths, bool canary);
// Prints, or writes to `out`, the smallest program with the same finding.
int ShrinkCommand(const std::string& path, const std::string& out, bool canary);
// Prints the program as JavaScript that runs on any WritableStream (`format` "js"), or as the data for it ("json").
int Emit(const std::string& path, const std::string& format);
// Prints the language: each statement and what it means.
int Language();
// Prints a libFuzzer and AFL++ dictionary of the language's text.
int Dictionary();
// Prints random programs that the oracles have passed, one after another; for trying things out.
int RandomCommand(uint64_t seed, const std::string& profile);

}  // namespace sluice::cli

#endif  // SLUICE_CLI_COMMANDS_H_
