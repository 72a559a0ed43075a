// `sluice-fuzz steps`: a run as data, for pages that step through it.
#ifndef SLUICE_FUZZ_LAB_STEPS_COMMAND_H_
#define SLUICE_FUZZ_LAB_STEPS_COMMAND_H_

#include <string>

#include "fuzz/lab/commands.h"

namespace sluice::lab {

// Prints one JSON object (steps.schema.json): the program's lines, and each event of the run with the line that is
// being performed, the slots and the phase of the state diagram.
int StepsCommand(const std::string& path, Traced traced);

}  // namespace sluice::lab

#endif  // SLUICE_FUZZ_LAB_STEPS_COMMAND_H_
