// Which code of the core ran in the step in which a program's first finding broke: whether two findings can come from
// one fault. Only in builds whose engine has counters in the code (libFuzzer's); elsewhere nothing is told.
#ifndef SLUICE_FUZZ_HARNESS_CODE_BETWEEN_H_
#define SLUICE_FUZZ_HARNESS_CODE_BETWEEN_H_

#include "fuzz/oracle/judge.h"
#include "fuzz/program/program.h"

namespace sluice::fuzz {

// Runs the program again and prints on standard error which blocks of src/core ran between the snapshot before the
// finding and the one at it:
//
//   SLUICE-CODE function:line function:line ...
//
// Destroys the engine's counters, so the process has to end afterwards.
void TellCodeBetween(Judge& judge, const Program& program);

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_HARNESS_CODE_BETWEEN_H_
