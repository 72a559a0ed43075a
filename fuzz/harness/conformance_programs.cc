#include "fuzz/harness/conformance_programs.h"

#include "fuzz/program/random.h"

namespace sluice::fuzz {

std::vector<Program> ConformancePrograms(uint64_t seed, const Profile& profile) {
  Random random(seed);
  const Program program = RandomProgram(random, profile);
  std::vector<Program> programs;
  for (int model = 0; model < core::kTickModelCount; ++model) {
    Program& variant = programs.emplace_back(program);
    variant.tickModel = static_cast<core::TickModel>(model);
    if (model > 0 && !variant.byteLimit.has_value()) variant.byteLimit = random.Below(200);
  }
  return programs;
}

}  // namespace sluice::fuzz
