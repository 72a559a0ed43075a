// A finding for people: the rule, the program, and both traces.
#ifndef SLUICE_FUZZ_ORACLE_FINDING_REPORT_H_
#define SLUICE_FUZZ_ORACLE_FINDING_REPORT_H_

#include <optional>
#include <string>

#include "fuzz/oracle/divergence.h"
#include "fuzz/oracle/judge.h"
#include "fuzz/program/program.h"

namespace sluice::fuzz {

// `judge` has just run `program` and returned `finding`. Several lines, with a newline at the end. If there is a
// finding, the first line is "SLUICE-FINDING <key>", for tools.
std::string FindingReport(const Program& program, const Judge& judge, const std::optional<Finding>& finding,
                          const std::optional<Divergence>& divergence = std::nullopt);

// Two lines: "Divergence: <place>" and, indented, the difference.
std::string DivergenceText(const Divergence& divergence);

// Only the trace, numbered.
std::string TraceText(const Program& program, const Trace& trace);

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_ORACLE_FINDING_REPORT_H_
