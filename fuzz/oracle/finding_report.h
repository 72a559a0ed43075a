// A finding for people: the rule, the program, and both traces.
#ifndef SLUICE_FUZZ_ORACLE_FINDING_REPORT_H_
#define SLUICE_FUZZ_ORACLE_FINDING_REPORT_H_

#include <optional>
#include <string>

#include "fuzz/oracle/divergence.h"
#include "fuzz/oracle/finding_record.h"
#include "fuzz/oracle/judge.h"

namespace sluice::fuzz {

// `judge` has just run a program and returned `finding`, of which `record` is the record; without it, one that knows no
// divergence is made. Several lines, with a newline at the end.
std::string FindingReport(const Judge& judge, const std::optional<Finding>& finding,
                          std::optional<FindingRecord> record = std::nullopt);

// Three lines: where the core diverges, what the standard does there, and what the core does.
std::string DivergenceText(const Divergence& divergence);

// Only the trace, numbered.
std::string TraceText(const Trace& trace);
// The same, in which a repetition of lines is printed twice, with how often it follows.
std::string FoldedTraceText(const Trace& trace);

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_ORACLE_FINDING_REPORT_H_
