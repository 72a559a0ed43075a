// `sluice repl`: the shell for a person, or for a pipe.
#ifndef SLUICE_CLI_REPL_COMMAND_H_
#define SLUICE_CLI_REPL_COMMAND_H_

#include <CLI/CLI.hpp>

namespace sluice::cli {

// Adds the subcommand to `app`. The exit code will be in `result`, which outlives the parsing.
void AddReplCommand(CLI::App& app, int& result);

}  // namespace sluice::cli

#endif  // SLUICE_CLI_REPL_COMMAND_H_
