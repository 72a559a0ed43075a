// Reports the finding of a target over bytes in the format that campaigns read, and aborts.
//
//   return ReportFinding("text", sluice::fuzz::CheckTextDecoding(bytes));
#ifndef SLUICE_FUZZ_HARNESS_REPORT_FINDING_H_
#define SLUICE_FUZZ_HARNESS_REPORT_FINDING_H_

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>

#include "fuzz/harness/program_target.h"
#include "fuzz/oracle/finding_record.h"

namespace sluice::fuzz {

// 0 without a finding, or with one that SLUICE_IGNORE_FINDINGS names. `Finding` has a rule, a sentence and a detail.
template <typename Finding>
int ReportFinding(const std::string& family, const std::optional<Finding>& finding) {
  if (!finding.has_value()) return 0;
  const FindingRecord record{.oracle = family, .rule = finding->rule, .sentence = finding->sentence};
  if (IsIgnored(record.key())) return 0;
  std::fprintf(stderr, "%s\nThe rule: %s\n\n%s\n", FindingLine(record).c_str(), record.sentence.c_str(),
               finding->detail.c_str());
  std::abort();
}

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_HARNESS_REPORT_FINDING_H_
