#include "src/cli/repl_command.h"

#include <unistd.h>

#include <memory>
#include <optional>
#include <string>

#include "src/cli/commands.h"
#include "src/cli/shell_options.h"
#include "src/runtime/interrupts.h"
#include "src/runtime/repl.h"
#include "src/runtime/sluice_object.h"
#include "src/runtime/terminal_input.h"

namespace sluice::cli {
namespace {

struct ReplCommand {
  ShellOptions shell;
  bool no_history = false;
  std::string history_file;

  int Run() const {
    if (!shell.StartV8()) return kExitUnreadable;
    const bool interactive = isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0;
    runtime::Output out(STDOUT_FILENO);
    runtime::Output err(STDERR_FILENO);
    runtime::LineInput* screen = nullptr;
    runtime::Repl* prompt = nullptr;
    runtime::RealmOptions options = shell.Realm();
    options.go_on_after_errors = true;
    const auto print = [&screen](runtime::Output& output, std::string_view text) {
      screen == nullptr ? output.Write(text) : screen->Print([&] { output.Write(text); });
    };
    options.out = [&](std::string_view text) { print(out, text); };
    options.err = [&](std::string_view text) { print(err, text); };
    runtime::Realm realm(std::move(options));

    runtime::TerminalOptions terminal;
    if (!no_history) terminal.history_file = history_file.empty() ? runtime::DefaultHistoryFile() : history_file;
    terminal.complete = [&](std::string_view line) {
      return prompt == nullptr ? runtime::Completion{} : prompt->CompleteLine(line);
    };
    const std::unique_ptr<runtime::LineInput> input = interactive ? runtime::OpenTerminalInput(realm.loop(), terminal)
                                                                  : runtime::OpenPlainInput(realm.loop(), STDIN_FILENO);
    screen = input.get();
    runtime::Repl repl(realm, *input, {.interactive = interactive});
    prompt = &repl;
    std::optional<runtime::Interrupts> interrupts;
    if (interactive) {
      interrupts.emplace([&] { repl.Interrupt(); });
      out.Write(std::string("Sluice ") + runtime::kVersion + " on V8 " + v8::V8::GetVersion() + ". .help for help.\n");
    }
    const int code = repl.Run();
    interrupts.reset();
    screen = nullptr;
    return code;
  }
};

}  // namespace

void AddReplCommand(CLI::App& app, int& result) {
  CLI::App* const repl = app.add_subcommand("repl", "Type JavaScript, or pipe it in, and see what comes of it");
  const auto command = std::make_shared<ReplCommand>();
  repl->add_flag("--no-history", command->no_history, "Neither read nor write the history");
  repl->add_option("--history-file", command->history_file,
                   "Where the history is kept; by default $XDG_STATE_HOME/sluice/repl_history");
  command->shell.AddTo(*repl);
  repl->footer("When standard input is no terminal, its lines are run and their values printed, without prompts.");
  repl->callback([command, &result] { result = command->Run(); });
}

}  // namespace sluice::cli
