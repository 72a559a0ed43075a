#include "src/cli/run_command.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "src/cli/commands.h"
#include "src/cli/shell_options.h"
#include "src/runtime/script_runner.h"

namespace sluice::cli {
namespace {

struct RunCommand {
  ShellOptions shell;
  std::vector<std::string> files;
  std::vector<std::string> arguments;
  bool module = false;

  int Run() const {
    if (!shell.StartV8()) return kExitUnreadable;
    runtime::Output out(STDOUT_FILENO);
    runtime::Output err(STDERR_FILENO);
    runtime::RealmOptions options = shell.Realm();
    options.arguments = arguments;
    runtime::Realm* running = nullptr;
    options.out = [&](std::string_view text) {
      out.Write(text);
      // Nobody can see what the script prints any more: it goes no further than this task.
      if (out.error() != 0 && running != nullptr) running->End(kExitUnreadable);
    };
    options.err = [&](std::string_view text) { err.Write(text); };
    runtime::Realm realm(std::move(options));
    running = &realm;
    std::vector<runtime::ScriptFile> scripts;
    for (const std::string& file : files) scripts.push_back({file, module || file.ends_with(".mjs")});
    const int code = runtime::RunFiles(realm, scripts);
    if (out.error() != 0) {
      std::fprintf(stderr, "sluice: standard output cannot be written: %s\n", std::strerror(out.error()));
    }
    return code;
  }
};

}  // namespace

void AddRunCommand(CLI::App& app, std::vector<std::string> arguments, int& result) {
  CLI::App* const run = app.add_subcommand("run", "Run JavaScript files: scripts, and modules (.mjs)");
  const auto command = std::make_shared<RunCommand>();
  command->arguments = std::move(arguments);
  run->add_option("files", command->files, "Files, run in this order; - is standard input")->required();
  run->add_flag("--module", command->module, "All files are modules, whatever their names");
  command->shell.AddTo(*run);
  run->footer(
      "Arguments after -- are in sluice.args.\n"
      "Exit codes: 0 it ran, 1 an error that nobody caught, 2 a file or the command line is wrong, or sluice.exit's "
      "own.");
  run->callback([command, &result] { result = command->Run(); });
}

}  // namespace sluice::cli
