// `sluice run`: scripts and modules in the shell.
#ifndef SLUICE_CLI_RUN_COMMAND_H_
#define SLUICE_CLI_RUN_COMMAND_H_

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace sluice::cli {

// Adds the subcommand to `app`. `arguments` are for the script. The exit code will be in `result`, which outlives the
// parsing.
void AddRunCommand(CLI::App& app, std::vector<std::string> arguments, int& result);

}  // namespace sluice::cli

#endif  // SLUICE_CLI_RUN_COMMAND_H_
