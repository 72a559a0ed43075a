#include "fuzz/harness/program_target.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "fuzz/harness/recent_inputs.h"
#include "fuzz/oracle/finding_record.h"
#include "fuzz/oracle/finding_report.h"
#include "fuzz/program/bytes.h"

namespace sluice::fuzz {
namespace {

size_t Store(Program& program, uint8_t* out, size_t max_size) {
  static std::string& bytes = *new std::string;
  EncodeBytesWithin(program, max_size, bytes);
  std::memcpy(out, bytes.data(), bytes.size());
  return bytes.size();
}

}  // namespace

bool IsIgnored(std::string_view key) {
  static const char* const list = std::getenv("SLUICE_IGNORE_FINDINGS");
  if (list == nullptr) return false;
  std::string_view rest(list);
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(','), rest.size());
    if (rest.substr(0, end) == key) return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

Judge* NewCampaignJudge(std::unique_ptr<JudgedSubject> subject) {
  auto judge = std::make_unique<Judge>(std::move(subject));
  judge->SetReruns(Reruns::kSampled);
  return judge.release();
}

int RunProgramInput(Judge& judge, const uint8_t* data, size_t size) {
  RememberInput(data, size);
  static InputDecoder& decoder = *new InputDecoder;
  const Program& program = decoder.Decode({data, size});
  judge.Run(program);
  if (judge.findings().empty()) return 0;
  // Later findings are consequences of the first, or are found by another program.
  const Finding first = judge.findings().front();
  if (IsIgnored(first.identity())) return 0;
  const FindingRecord record = RecordOf(judge, first);
  if (IsIgnored(record.key())) return 0;
  std::fputs(FindingLine(record).c_str(), stderr);
  std::fputs(FindingReport(judge, first, record).c_str(), stderr);
  std::abort();
}

size_t MutateProgramInput(const Profile& profile, uint8_t* data, size_t size, size_t max_size, unsigned seed) {
  Random random(seed);
  static InputDecoder& decoder = *new InputDecoder;
  Program& program = decoder.Decode({data, size});
  if (program.ops.empty() && program.scripts.empty()) {
    program = RandomProgram(random, profile);
  } else {
    Mutate(program, random, profile);
  }
  return Store(program, data, max_size);
}

size_t CrossOverProgramInputs(const uint8_t* a, size_t a_size, const uint8_t* b, size_t b_size, uint8_t* out,
                              size_t max_out_size, unsigned seed) {
  Random random(seed);
  static InputDecoder& first = *new InputDecoder;
  static InputDecoder& second = *new InputDecoder;
  Program child = CrossOver(first.Decode({a, a_size}), second.Decode({b, b_size}), random);
  return Store(child, out, max_out_size);
}

}  // namespace sluice::fuzz
