// `sluice serve`: apps behind HTTP.
#ifndef SLUICE_CLI_SERVE_COMMAND_H_
#define SLUICE_CLI_SERVE_COMMAND_H_

#include <CLI/CLI.hpp>

namespace sluice::cli {

// Adds the subcommand to `app`. The exit code will be in `result`, which outlives the parsing.
void AddServeCommand(CLI::App& app, int& result);

}  // namespace sluice::cli

#endif  // SLUICE_CLI_SERVE_COMMAND_H_
