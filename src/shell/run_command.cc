#include "src/shell/run_command.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "src/runtime/script_runner.h"
#include "src/shell/shell_options.h"

namespace sluice::shell {

int RunCommand(const RunOptions& command) {
  if (!command.shell.StartV8()) return kExitUnreadable;
  runtime::Output out(STDOUT_FILENO);
  runtime::Output err(STDERR_FILENO);
  runtime::RealmOptions options = command.shell.Realm();
  options.arguments = command.arguments;
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
  for (const std::string& file : command.files) scripts.push_back({file, command.module || file.ends_with(".mjs")});
  const int code = runtime::RunFiles(realm, scripts);
  if (out.error() != 0) {
    std::fprintf(stderr, "sluice: standard output cannot be written: %s\n", std::strerror(out.error()));
  }
  return code;
}

}  // namespace sluice::shell
