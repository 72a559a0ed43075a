// Helpers of the tests in this folder.
#ifndef SLUICE_TESTS_FUZZ_RUN_PROGRAM_H_
#define SLUICE_TESTS_FUZZ_RUN_PROGRAM_H_

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "fuzz/driver/driver.h"
#include "fuzz/driver/subject.h"
#include "fuzz/oracle/finding_report.h"
#include "fuzz/program/text.h"

namespace sluice::fuzz {

inline Program ParseOrDie(std::string_view text) {
  ParsedProgram parsed = ParseText(text);
  EXPECT_TRUE(parsed.program.has_value()) << parsed.error.line << ": " << parsed.error.message;
  return parsed.program.value_or(Program{});
}

inline Trace RunOn(Subject& subject, const Program& program) {
  Driver driver;
  Trace trace;
  driver.Run(program, subject, {}, trace);
  return trace;
}

inline std::string TraceOn(Subject& subject, std::string_view text) {
  const Program program = ParseOrDie(text);
  return TraceText(RunOn(subject, program));
}

}  // namespace sluice::fuzz

#endif  // SLUICE_TESTS_FUZZ_RUN_PROGRAM_H_
