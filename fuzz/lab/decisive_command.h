// `sluice-fuzz decisive`: after which operation of a failing program its finding is nearly certain.
#ifndef SLUICE_FUZZ_LAB_DECISIVE_COMMAND_H_
#define SLUICE_FUZZ_LAB_DECISIVE_COMMAND_H_

#include <string>

#include "fuzz/lab/commands.h"

namespace sluice::lab {

// Prints one JSON object: `tries`, and `found`, a number for each n from 0 to all operations: how many of `tries`
// random continuations of the first n operations have a finding with the same key. The operation that lets the number
// leap is where the fault happened; what follows only shows it. The same program gives the same numbers.
int DecisiveCommand(const std::string& path, Judged judged);

}  // namespace sluice::lab

#endif  // SLUICE_FUZZ_LAB_DECISIVE_COMMAND_H_
