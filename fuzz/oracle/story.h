// A finding told for a person: the program, what happened, what should have, and which rule says so.
#ifndef SLUICE_FUZZ_ORACLE_STORY_H_
#define SLUICE_FUZZ_ORACLE_STORY_H_

#include <optional>
#include <string>

#include "fuzz/oracle/departure.h"
#include "fuzz/oracle/judge.h"
#include "fuzz/program/program.h"

namespace sluice::fuzz {

// `judge` has just run `program`; `finding` is what it returned. Several lines, with a newline at the end. The line
// "SLUICE-FINDING <identity>" stands first when there is a finding, for tools.
std::string Story(const Program& program, const Judge& judge, const std::optional<Finding>& finding,
                  const std::optional<Departure>& departure = std::nullopt);

// Two lines: "Departs at: <place>" and, indented, the difference.
std::string DepartureText(const Departure& departure);

// Only the trace, numbered.
std::string TraceText(const Program& program, const Trace& trace);

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_ORACLE_STORY_H_
