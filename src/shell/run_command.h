// `sluice run`: scripts and modules in the shell.
#ifndef SLUICE_SHELL_RUN_COMMAND_H_
#define SLUICE_SHELL_RUN_COMMAND_H_

#include <string>
#include <vector>

#include "src/shell/shell_options.h"

namespace sluice::shell {

struct RunOptions {
  ShellOptions shell;
  std::vector<std::string> files;
  std::vector<std::string> arguments;  // for the script
  bool module = false;                 // all files are modules, whatever their names
};

// The process's exit code.
int RunCommand(const RunOptions& options);

}  // namespace sluice::shell

#endif  // SLUICE_SHELL_RUN_COMMAND_H_
