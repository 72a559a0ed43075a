// The flags that `sluice run` and `sluice repl` have in common.
#ifndef SLUICE_CLI_SHELL_OPTIONS_H_
#define SLUICE_CLI_SHELL_OPTIONS_H_

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "src/runtime/realm.h"

namespace sluice::cli {

struct ShellOptions {
  double max_buffer_size_mb = 64;  // units of 1,048,576 bytes
  std::string tick_model = "webidl";
  std::string rejections = "throw";
  bool expose_gc = false;
  std::vector<std::string> v8_flags;
  std::optional<int> stack_size_kb;

  // Adds the flags to `command`.
  void AddTo(CLI::App& command);
  // Starts V8 with the flags; false after saying what is wrong with them.
  bool StartV8() const;
  // Everything but where output goes.
  runtime::RealmOptions Realm() const;
};

}  // namespace sluice::cli

#endif  // SLUICE_CLI_SHELL_OPTIONS_H_
