// `sluice serve`: apps behind HTTP.
#ifndef SLUICE_SHELL_SERVE_COMMAND_H_
#define SLUICE_SHELL_SERVE_COMMAND_H_

#include <string>

namespace sluice::shell {

struct ServeOptions {
  std::string path;         // of the configuration
  bool check = false;       // only check it
  bool log = false;         // a line for each request
  std::string status_path;  // empty: none
};

// The process's exit code.
int ServeCommand(const ServeOptions& options);

}  // namespace sluice::shell

#endif  // SLUICE_SHELL_SERVE_COMMAND_H_
