// `sluice repl`: the shell for a person, or for a pipe.
#ifndef SLUICE_SHELL_REPL_COMMAND_H_
#define SLUICE_SHELL_REPL_COMMAND_H_

#include <string>

#include "src/shell/shell_options.h"

namespace sluice::shell {

struct ReplOptions {
  ShellOptions shell;
  bool no_history = false;
  std::string history_file;  // empty: the default one
};

// The process's exit code.
int ReplCommand(const ReplOptions& options);

}  // namespace sluice::shell

#endif  // SLUICE_SHELL_REPL_COMMAND_H_
