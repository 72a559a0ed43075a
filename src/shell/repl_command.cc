#include "src/shell/repl_command.h"

#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <string>

#include "src/runtime/interrupts.h"
#include "src/runtime/repl.h"
#include "src/runtime/sluice_object.h"
#include "src/runtime/terminal_input.h"
#include "src/shell/shell_options.h"

namespace sluice::shell {

int ReplCommand(const ReplOptions& command) {
  if (!command.shell.StartV8()) return kExitUnreadable;
  const bool interactive = isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0;
  runtime::Output out(STDOUT_FILENO);
  runtime::Output err(STDERR_FILENO);
  runtime::LineInput* screen = nullptr;
  runtime::Repl* prompt = nullptr;
  runtime::RealmOptions options = command.shell.Realm();
  options.go_on_after_errors = true;
  const auto print = [&screen](runtime::Output& output, std::string_view text) {
    screen == nullptr ? output.Write(text) : screen->Print([&] { output.Write(text); });
  };
  options.out = [&](std::string_view text) { print(out, text); };
  options.err = [&](std::string_view text) { print(err, text); };
  runtime::Realm realm(std::move(options));

  runtime::TerminalOptions terminal;
  if (!command.no_history) {
    terminal.history_file = command.history_file.empty() ? runtime::DefaultHistoryFile() : command.history_file;
  }
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
  if (out.error() == 0) return code;
  std::fprintf(stderr, "sluice: standard output cannot be written: %s\n", std::strerror(out.error()));
  return code == kExitOk ? kExitUnreadable : code;
}

}  // namespace sluice::shell
