// Structure-aware mutation: programs become other programs, never broken bytes.
//
// Every result is within the language's limits and equal to what its bytes decode to. The same program, seed and
// profile give the same result everywhere.
#ifndef SLUICE_FUZZ_PROGRAM_MUTATE_H_
#define SLUICE_FUZZ_PROGRAM_MUTATE_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "fuzz/program/program.h"
#include "fuzz/program/random.h"

namespace sluice::fuzz {

// The preferences of a target. Weights are relative within their list; 0 is never.
struct Profile {
  std::array<uint8_t, kOpKindCount> op_weights{};           // from the rows of language.cc
  std::array<uint8_t, sim::kCallKindCount> call_weights{};  // for new scripts
  uint8_t ops_in_scripts = 25;                              // per cent of new operations that go into a script
  uint8_t byte_limit = 20;                                  // per cent of setting changes that set a byte limit
  uint8_t other_tick_models = 20;                           // per cent of setting changes that choose the tick model
};

// Everything, evenly.
Profile BalancedProfile();
// User code that calls back into the stream.
Profile ReentrancyProfile();
// Many writes of many sizes against small limits.
Profile BufferLimitProfile();
// By the name that flags and the table of targets have: balanced, reentrancy or buffer_limit.
std::optional<Profile> ProfileNamed(std::string_view name);

// Makes one to four changes to `program`. Returns their names, in order: "insert-op".
std::vector<std::string_view> Mutate(Program& program, Random& random, const Profile& profile);
// A program that begins like `a` and goes on like `b`.
Program CrossOver(const Program& a, const Program& b, Random& random);
// A fresh program.
Program RandomProgram(Random& random, const Profile& profile);

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_PROGRAM_MUTATE_H_
