// The `sluice` command: the runtime's shell. The only file that knows the command line.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "src/runtime/server/app_main.h"
#include "src/shell/repl_command.h"
#include "src/shell/run_command.h"
#include "src/shell/serve_command.h"
#include "src/shell/standard_streams.h"

namespace {

using namespace sluice::shell;

void AddShellOptions(CLI::App& command, ShellOptions& options) {
  command
      .add_option("--max-buffer-size-mb", options.max_buffer_size_mb,
                  "How much a WritableStream may buffer, in units of 1,048,576 bytes; fractions are allowed")
      ->check(CheckBufferSize)
      ->capture_default_str();
  command.add_option("--tick-model", options.tick_model, "How what a sink returns is converted to a promise")
      ->check(CLI::IsMember(TickModelNames()))
      ->capture_default_str();
  command
      .add_option("--unhandled-rejections", options.rejections,
                  "What becomes of rejections that nobody handles: printed with exit code 1, printed, or nothing")
      ->check(CLI::IsMember(RejectionModeNames()))
      ->capture_default_str();
  command.add_flag("--expose-gc", options.expose_gc, "Define gc(), which collects all garbage");
  command.add_option("--v8-flags", options.v8_flags,
                     "Flags for V8, separated by spaces: --v8-flags=\"--no-opt --trace-gc\"");
  command.add_option("--stack-size", options.stack_size_kb, "How deep JavaScript may recurse, in kilobytes")
      ->check(CheckStackSize);
}

void AddRun(CLI::App& app, RunOptions& options, int& result) {
  CLI::App* const run = app.add_subcommand("run", "Run JavaScript files: scripts, and modules (.mjs)");
  run->add_option("files", options.files, "Files, run in this order; - is standard input")->required();
  run->add_flag("--module", options.module, "All files are modules, whatever their names");
  AddShellOptions(*run, options.shell);
  run->footer(
      "Arguments after -- are in sluice.args.\n"
      "Exit codes: 0 it ran, 1 an error that nobody caught, 2 a file or the command line is wrong, or sluice.exit's "
      "own.");
  run->callback([&] { result = RunCommand(options); });
}

void AddRepl(CLI::App& app, ReplOptions& options, int& result) {
  CLI::App* const repl = app.add_subcommand("repl", "Type JavaScript, or pipe it in, and see what comes of it");
  repl->add_flag("--no-history", options.no_history, "Neither read nor write the history");
  repl->add_option("--history-file", options.history_file,
                   "Where the history is kept; by default $XDG_STATE_HOME/sluice/repl_history");
  AddShellOptions(*repl, options.shell);
  repl->footer("When standard input is no terminal, its lines are run and their values printed, without prompts.");
  repl->callback([&] { result = ReplCommand(options); });
}

void AddServe(CLI::App& app, ServeOptions& options, int& result) {
  CLI::App* const serve = app.add_subcommand("serve", "Serve apps over HTTP");
  serve->add_option("configuration", options.path, "A JSON file: server address, apps and their limits")->required();
  serve->add_flag("--check", options.check, "Only check the configuration");
  serve->add_flag("--log", options.log, "Print a line for each request");
  serve
      ->add_option(
          "--status", options.status_path,
          "Serve requests, memory and live objects of each app as JSON at this path; with ?gc after collecting "
          "garbage. For anybody who can reach the server")
      ->check(
          [](const std::string& text) { return text.starts_with('/') ? "" : "'" + text + "' does not begin with /"; });
  serve->footer(
      "SIGTERM and SIGINT end it when the requests in flight are answered; a second one at once.\n"
      "Exit codes: 0 it was ended, 2 the configuration, an app or the address is wrong.");
  serve->callback([&] { result = ServeCommand(options); });
}

// The testbed's commands were this program's once; three have another name since.
struct Moved {
  const char* command;
  const char* now;
};
constexpr Moved kMoved[] = {
    {"agree", "conformance"}, {"batch", "batch"},  {"dictionary", "dictionary"}, {"emit", "emit"},
    {"language", "language"}, {"places", "repro"}, {"random", "random"},         {"reach", "state-coverage"},
    {"repro", "repro"},       {"show", "show"},    {"shrink", "shrink"},         {"trace", "trace"},
};

}  // namespace

int main(int argc, char** argv) {
  HoldStandardStreams();
  // Not a command for people: `serve` runs each app in a process of its own.
  if (argc > 1 && argv[1] == sluice::runtime::kAppProcessCommand) return sluice::runtime::RunAppProcess(argc, argv);
  const auto* const moved = std::find_if(std::begin(kMoved), std::end(kMoved), [&](const Moved& one) {
    return argc > 1 && std::strcmp(argv[1], one.command) == 0;
  });
  if (moved != std::end(kMoved)) {
    std::fprintf(stderr, "sluice: `sluice %s` is now `sluice-fuzz %s`, the testbed's own program, in the same folder\n",
                 moved->command, moved->now);
    return kExitUnreadable;
  }
  CLI::App app{"Sluice: a native WritableStream, in a JavaScript runtime"};
  app.name("sluice");
  app.require_subcommand(1);
  app.footer("Programs of the testbed are for `sluice-fuzz`.");

  int result = kExitOk;
  RunOptions run;
  ReplOptions repl;
  ServeOptions serve;
  AddRun(app, run, result);
  AddRepl(app, repl, result);
  AddServe(app, serve, result);

  // What comes after `--` is the script's, and looks like flags as it pleases.
  char** const end =
      std::find_if(argv, argv + argc, [](const char* argument) { return std::strcmp(argument, "--") == 0; });
  run.arguments.assign(end == argv + argc ? end : end + 1, argv + argc);
  if (argc > 1 && std::strcmp(argv[1], "run") == 0) argc = static_cast<int>(end - argv);

  if (argc > 1 && argv[1][0] != '-' &&
      app.get_subcommands([&](CLI::App* one) { return one->check_name(argv[1]); }).empty()) {
    std::fprintf(stderr, "sluice: unknown command %s; see sluice --help\n", argv[1]);
    return kExitUnreadable;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (app.exit(error) != 0) return kExitUnreadable;  // otherwise it has printed help
  }
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    std::fprintf(stderr, "sluice: standard output cannot be written: %s\n", std::strerror(errno));
    return kExitUnreadable;
  }
  return result;
}
