// `sluice-fuzz varying`: which values of a failing program do not matter.
#ifndef SLUICE_FUZZ_LAB_VARYING_COMMAND_H_
#define SLUICE_FUZZ_LAB_VARYING_COMMAND_H_

#include <string>

#include "fuzz/lab/commands.h"

namespace sluice::lab {

// Prints a JSON list, which has for each line of the program's text the [begin, end] of the values that do not matter:
// with each of two others in its place, the first finding has the same key. A value is a string, a reason or a number.
int VaryingCommand(const std::string& path, Judged judged);

}  // namespace sluice::lab

#endif  // SLUICE_FUZZ_LAB_VARYING_COMMAND_H_
