#include "src/shell/serve_command.h"

#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "src/runtime/config/configuration.h"
#include "src/runtime/isolate.h"
#include "src/runtime/output.h"
#include "src/runtime/server/ascii.h"
#include "src/runtime/server/server.h"
#include "src/shell/shell_options.h"

namespace sluice::shell {
namespace {

// A connection needs a file descriptor, and the soft limit is kept small for programs that use select().
void RaiseFileLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int ServeCommand(const ServeOptions& command) {
  const runtime::ParsedConfiguration parsed = runtime::ReadConfiguration(command.path);
  for (const runtime::ConfigurationError& error : parsed.errors) {
    std::fprintf(stderr, "%s\n", runtime::FormatError(command.path, error).c_str());
  }
  if (!parsed.errors.empty()) return kExitUnreadable;
  if (command.check) {
    std::printf("%s: correct\n", command.path.c_str());
    return kExitOk;
  }
  // Who reads our output may go; clients may, too.
  std::signal(SIGPIPE, SIG_IGN);
  RaiseFileLimit();
  runtime::InitializeV8({});
  runtime::ServerOptions options;
  options.access_log = command.log;
  options.status_path = command.status_path;
  options.out = [](std::string_view text) { runtime::Output(STDOUT_FILENO).Write(text); };
  options.log = [](std::string_view text) { runtime::Output(STDERR_FILENO).Write(runtime::Concat("sluice: ", text)); };
  runtime::Server server(parsed.configuration, options,
                         [&](const std::string& url) { options.out(runtime::Concat("Listening on ", url, "\n")); });
  server.StopOnSignals();
  return server.Run();
}

}  // namespace sluice::shell
