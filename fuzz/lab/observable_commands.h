// Two builds of the core, told apart by what authors see: one walks every edge, the other runs its programs.
// `A/sluice-fuzz explore --no-judge --traces - | B/sluice-fuzz compare-traces` (scripts/observable).
#ifndef SLUICE_FUZZ_LAB_OBSERVABLE_COMMANDS_H_
#define SLUICE_FUZZ_LAB_OBSERVABLE_COMMANDS_H_

#include <cstdio>
#include <string>

#include "fuzz/program/program.h"

namespace sluice::lab {

// Writes a program and a digest of what authors see when the core of this build runs it. False: it cannot be written.
bool WriteTrace(const fuzz::Program& program, std::FILE* out);
// That there are no more.
bool WriteEndOfTraces(std::FILE* out);

// Reads what those wrote from `in`, and prints the first program on which this build differs. kExitFinding: there is
// one; kExitUnreadable: the input ends before its end. With `canary`, this build has canary_fuzzer's planted fault.
int CompareTraces(std::FILE* in, bool canary);

}  // namespace sluice::lab

#endif  // SLUICE_FUZZ_LAB_OBSERVABLE_COMMANDS_H_
