// Mutants run in children, because some end the process or never return.
#ifndef SLUICE_FUZZ_LAB_MUTANT_CHILDREN_H_
#define SLUICE_FUZZ_LAB_MUTANT_CHILDREN_H_

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "fuzz/explore/version_comparison.h"
#include "fuzz/program/program.h"
#include "src/core/mutant.h"

namespace sluice::lab {

using Json = nlohmann::ordered_json;

// The mutants of this build as versions.
class MutantVersions final : public fuzz::Versions {
 public:
  void Choose(uint32_t version) override { core::g_mutant = version; }
  void ForgetWhatRan() override { std::ranges::fill(core::g_reached, 0); }
  bool HasRun(uint32_t version) const override {
    const uint32_t bit = core::AllMutants()[version - 1].bit;
    return (core::g_reached[bit / 64] >> bit % 64 & 1) != 0;
  }
};

// What a child leaves behind when it dies.
struct Beacon {
  std::atomic<uint32_t> running;  // a mutant, or 0
  std::atomic<uint64_t> runs;     // while a mutant runs, a child whose runs do not change is taken to hang
  std::atomic<uint64_t> edges;
  char program[1 << 14];  // that it runs, if that was wanted

  void Begin(uint32_t mutant) {
    running = mutant;
    runs = runs + 1;
  }
  void Put(const fuzz::Program& of);
};
Beacon& SharedBeacon();

// Runs `work`, which prints lines of JSON, in a child. Returns how it died, "crash: Segmentation fault" or "hang"; an
// empty string if it did not.
std::string InChild(const std::function<void(std::FILE*)>& work, const std::function<void(const Json&)>& on_line);
void PrintLine(std::FILE* out, const Json& json);

}  // namespace sluice::lab

#endif  // SLUICE_FUZZ_LAB_MUTANT_CHILDREN_H_
