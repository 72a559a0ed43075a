// A finding as data: one JSON object on one line, from which tools and people learn all that they learn.
//
// finding.schema.json describes the object. Campaigns merge and suppress findings by its key:
//   - the rule, and the operation in which the core first diverges from the model: "slots/state@WritableStreamAbort";
//   - the rule and the step, if that is unknown: only V8 shows it, or core and model do the same;
//   - only the rule, if there is no step: of bytes, or of whole runs.
// A crash has the sanitizer's kind and the innermost frame of the project instead
// (scripts/sluice_dev/triage/report.py).
#ifndef SLUICE_FUZZ_ORACLE_FINDING_RECORD_H_
#define SLUICE_FUZZ_ORACLE_FINDING_RECORD_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/oracle/divergence.h"
#include "fuzz/oracle/judge.h"

namespace sluice::fuzz {

struct FindingRecord {
  std::string oracle;         // "slots"
  std::string rule;           // "state"
  std::string sentence = "";  // the rule
  std::string anchor = "";    // of the rule in https://streams.spec.whatwg.org/, or "byte-limit"; may be empty
  std::string step = "";      // in which the rule broke: "write"; may be empty
  std::optional<size_t> event = std::nullopt;  // at which it broke, from 1
  std::optional<Divergence> divergence = std::nullopt;
  bool v8_only = false;                 // the core does not break it without V8
  std::vector<std::string> also = {};   // other rules that the same program breaks: "model/settled-rejected-write"
  std::vector<std::string> trace = {};  // of a run that ended the process, so far

  std::string key() const;
  std::string Json() const;  // without a newline
};

// The record of a finding of the judge's last run. Runs the program again, for the divergence; the judge's findings and
// traces stay.
FindingRecord RecordOf(Judge& judge, const Finding& finding);
// The same, with a divergence that is known already.
FindingRecord RecordOf(const Judge& judge, const Finding& finding, std::optional<Divergence> divergence);

// The record of a process that is dying in the judge's run. `rule`: "crash" or "timeout".
FindingRecord DeathRecord(const std::string& rule, const Judge& judge, std::optional<Divergence> divergence);

// The rule of a key: what stands before its "@".
std::string RuleOf(const std::string& key);

// The record as targets print it: "SLUICE-FINDING ", the object and a newline.
std::string FindingLine(const FindingRecord& record);

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_ORACLE_FINDING_RECORD_H_
