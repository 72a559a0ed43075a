#include "src/shell/serve_command.h"

#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <string>
#include <string_view>

#include "src/runtime/config/configuration.h"
#include "src/runtime/server/ascii.h"
#include "src/runtime/server/log_writer.h"
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

// How long a reader of the log may stand still at the end.
constexpr std::chrono::milliseconds kPatience{1'000};

void PrepareProcess() {
  // Who reads our output may go; clients may, too.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGCHLD, SIG_DFL);  // whoever started us may ignore it, and then nobody learns how a process ended
  RaiseFileLimit();
  // The memory of large bodies goes back to the system with each of them.
  constexpr int kLarge = 256 * 1024;  // bytes
  mallopt(M_MMAP_THRESHOLD, kLarge);
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
  PrepareProcess();
  runtime::LogWriter out(STDOUT_FILENO);
  runtime::LogWriter errors(STDERR_FILENO);
  runtime::ServerOptions options;
  options.access_log = command.log;
  options.status_path = command.status_path;
  options.out = [&out](std::string_view text) { out.Write(text); };
  options.log = [&errors](std::string_view text) { errors.Write(runtime::Concat("sluice: ", text)); };
  int code = 0;
  {
    runtime::Server server(parsed.configuration, options,
                           [&](const std::string& url) { out.Write(runtime::Concat("Listening on ", url, "\n")); });
    server.StopOnSignals();
    code = server.Run();
  }
  out.Finish(kPatience);
  errors.Finish(kPatience);
  return code;
}

}  // namespace sluice::shell
