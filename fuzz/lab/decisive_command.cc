#include "fuzz/lab/decisive_command.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <utility>

#include "fuzz/lab/judging.h"
#include "fuzz/program/mutate.h"
#include "nlohmann/json.hpp"

namespace sluice::lab {
namespace {

constexpr uint64_t kTries = 100;
constexpr size_t kMostOperations = 64;  // of a program: a shrunk one has two to seven
constexpr size_t kLongest = 12;         // operations of a continuation

// The first `kept` operations, then others. User code stays as it is.
fuzz::Program Continued(const fuzz::Program& program, size_t kept, uint64_t seed) {
  fuzz::Random random(seed);
  const fuzz::Program other = fuzz::RandomProgram(random, fuzz::BalancedProfile());
  fuzz::Program result = program;
  result.ops.resize(kept);
  const size_t more = std::min(other.ops.size(), 1 + random.Below(kLongest));
  // From its end: a random program begins with getWriter(), which would be refused each time.
  result.ops.insert(result.ops.end(), other.ops.end() - static_cast<ptrdiff_t>(more), other.ops.end());
  return result;
}

}  // namespace

int DecisiveCommand(const std::string& path, Judged judged) {
  int exit_code = kExitOk;
  const auto failing = ReadFailingProgram(path, judged, "no operation is decisive", exit_code);
  if (failing == nullptr) return exit_code;
  const fuzz::Program& program = failing->program;
  if (program.ops.size() > kMostOperations) {
    std::fprintf(stderr, "sluice-fuzz: %s: has more than %zu operations; shrink it first\n", path.c_str(),
                 kMostOperations);
    return kExitUnreadable;
  }
  auto found = nlohmann::json::array();
  for (size_t kept = 0; kept <= program.ops.size(); ++kept) {
    int count = 0;
    for (uint64_t seed = 0; seed < kTries; ++seed) {
      if (Breaks(*failing->judge, Continued(program, kept, seed), failing->key)) ++count;
    }
    found.push_back(count);
  }
  PrintOut(nlohmann::json{{"tries", kTries}, {"found", std::move(found)}}.dump() + "\n");
  return kExitOk;
}

}  // namespace sluice::lab
