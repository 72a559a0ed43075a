#include "src/cli/serve_command.h"


#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "src/cli/commands.h"
#include "src/runtime/config/configuration.h"
#include "src/runtime/isolate.h"
#include "src/runtime/output.h"
#include "src/runtime/server/ascii.h"
#include "src/runtime/server/server.h"

namespace sluice::cli {
namespace {

// A connection needs a file descriptor, and the soft limit is kept small for programs that use select().
void RaiseFileLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

struct ServeCommand {
  std::string path;
  bool check = false;
  bool log = false;
  std::string status_path;

  int Run() const {
    const runtime::ParsedConfiguration parsed = runtime::ReadConfiguration(path);
    for (const runtime::ConfigurationError& error : parsed.errors) {
      std::fprintf(stderr, "%s\n", runtime::FormatError(path, error).c_str());
    }
    if (!parsed.errors.empty()) return kExitUnreadable;
    if (check) {
      std::printf("%s: correct\n", path.c_str());
      return kExitOk;
    }
    // Who reads our output may go; clients may, too.
    std::signal(SIGPIPE, SIG_IGN);
    RaiseFileLimit();
    runtime::InitializeV8({});
    runtime::ServerOptions options;
    options.access_log = log;
    options.status_path = status_path;
    options.out = [](std::string_view text) { runtime::Output(STDOUT_FILENO).Write(text); };
    options.log = [](std::string_view text) { runtime::Output(STDERR_FILENO).Write(runtime::Concat("sluice: ", text)); };
    runtime::Server server(parsed.configuration, options, [&](const std::string& url) {
      options.out(runtime::Concat("Listening on ", url, "\n"));
    });
    server.StopOnSignals();
    return server.Run();
  }
};

}  // namespace

void AddServeCommand(CLI::App& app, int& result) {
  CLI::App* const serve = app.add_subcommand("serve", "Serve apps over HTTP");
  const auto command = std::make_shared<ServeCommand>();
  serve->add_option("configuration", command->path, "A JSON file: server address, apps and their limits")->required();
  serve->add_flag("--check", command->check, "Only check the configuration");
  serve->add_flag("--log", command->log, "Print a line for each request");
  serve->add_option("--status", command->status_path,
                    "Serve requests, memory and live objects of each app as JSON at this path; with ?gc after collecting "
                    "garbage. For anybody who can reach the server")
      ->check([](const std::string& text) { return text.starts_with('/') ? "" : "'" + text + "' does not begin with /"; });
  serve->footer(
      "SIGTERM and SIGINT end it when the requests in flight are answered; a second one at once.\n"
      "Exit codes: 0 it was ended, 2 the configuration, an app or the address is wrong.");
  serve->callback([command, &result] { result = command->Run(); });
}

}  // namespace sluice::cli
