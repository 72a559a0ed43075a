#include "fuzz/harness/program_target.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

#include "fuzz/harness/recent_inputs.h"
#include "fuzz/harness/step_coverage.h"
#include "fuzz/harness/suppressed_inputs.h"
#include "fuzz/oracle/finding_report.h"
#include "fuzz/program/bytes.h"

namespace sluice::fuzz {
namespace {

size_t Store(Program program, uint8_t* out, size_t max_size) {
  const std::string bytes = EncodeBytesWithin(std::move(program), max_size);
  std::memcpy(out, bytes.data(), bytes.size());
  return bytes.size();
}

}  // namespace

bool IsIgnored(std::string_view identity) {
  static const char* const list = std::getenv("SLUICE_IGNORE_FINDINGS");
  if (list == nullptr) return false;
  std::string_view rest(list);
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(','), rest.size());
    if (rest.substr(0, end) == identity) return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

int RunProgramInput(Judge& judge, const uint8_t* data, size_t size) {
  RememberInput(data, size);
  const Program program = DecodeInput({data, size});
  judge.Run(program);
  if (judge.findings().empty()) return 0;
  // What breaks behind a known finding is its consequence, or will be found by a program without that.
  const Finding first = judge.findings().front();
  if (IsIgnored(first.key()) || IsIgnored(first.identity())) {
    StoreSuppressedInput(first.key(), data, size);
    return 0;
  }
  std::fputs(FindingReport(program, judge, first).c_str(), stderr);
  if (std::getenv("SLUICE_STEP_COVERAGE") != nullptr) PrintStepCoverage(judge, program);
  std::abort();
}

size_t MutateProgramInput(const Profile& profile, uint8_t* data, size_t size, size_t max_size, unsigned seed) {
  Random random(seed);
  Program program = DecodeInput({data, size});
  if (program.ops.empty() && program.scripts.empty()) {
    program = RandomProgram(random, profile);
  } else {
    Mutate(program, random, profile);
  }
  return Store(std::move(program), data, max_size);
}

size_t CrossOverProgramInputs(const uint8_t* a, size_t a_size, const uint8_t* b, size_t b_size, uint8_t* out,
                              size_t max_out_size, unsigned seed) {
  Random random(seed);
  return Store(CrossOver(DecodeInput({a, a_size}), DecodeInput({b, b_size}), random), out, max_out_size);
}

}  // namespace sluice::fuzz
