// `sluice-fuzz shrink`: the smallest input with the same finding.
#ifndef SLUICE_FUZZ_LAB_SHRINK_COMMAND_H_
#define SLUICE_FUZZ_LAB_SHRINK_COMMAND_H_

#include <cstddef>
#include <string>

#include "fuzz/lab/commands.h"

namespace sluice::lab {

struct ShrinkOptions {
  std::string path;
  std::string out;      // empty: standard output
  std::string finding;  // the key or rule to keep; empty: the first, or with a command, whatever the command means
  Judged judged = Judged::kCore;
  // Runs a command, for findings that end the process: `sh -c 'COMMAND "$@"'` with up to `batch` files, which are
  // to be run in this order, prints the position (from 1) of the first that still fails in the same way, or 0.
  std::string command;
  size_t batch = 32;
  size_t executions = 4000;  // of the command's candidates, after which what is there is taken
  bool bytes = false;        // the input is no program: its bytes are shrunk
};

int ShrinkCommand(const ShrinkOptions& options);

}  // namespace sluice::lab

#endif  // SLUICE_FUZZ_LAB_SHRINK_COMMAND_H_
