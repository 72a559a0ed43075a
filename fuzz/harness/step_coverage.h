// The coverage of the step that broke: evidence whether two findings can come from one fault. Only in builds whose
// engine counts blocks of code (libFuzzer's); elsewhere nothing is printed.
#ifndef SLUICE_FUZZ_HARNESS_STEP_COVERAGE_H_
#define SLUICE_FUZZ_HARNESS_STEP_COVERAGE_H_

#include "fuzz/oracle/judge.h"
#include "fuzz/program/program.h"

namespace sluice::fuzz {

// Runs the program again and prints on standard error which blocks of src/core ran between the snapshot before the
// finding and the one at it:
//
//   SLUICE-STEP-COVERAGE function:line function:line ...
//
// Destroys the engine's counters, so the process has to end afterwards.
void PrintStepCoverage(Judge& judge, const Program& program);

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_HARNESS_STEP_COVERAGE_H_
