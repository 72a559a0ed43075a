// The settings that `sluice run` and `sluice repl` have in common.
#ifndef SLUICE_SHELL_SHELL_OPTIONS_H_
#define SLUICE_SHELL_SHELL_OPTIONS_H_

#include <optional>
#include <string>
#include <vector>

namespace sluice::runtime {
struct RealmOptions;
}

namespace sluice::shell {

inline constexpr int kExitOk = 0;
inline constexpr int kExitUnreadable = 2;

struct ShellOptions {
  double max_buffer_size_mb = 64;  // units of 1,048,576 bytes
  std::string tick_model = "webidl";
  std::string rejections = "throw";
  bool expose_gc = false;
  std::vector<std::string> v8_flags;
  std::optional<int> stack_size_kb;

  // Starts V8 with the flags; false after saying what is wrong with them.
  bool StartV8() const;
  // Everything but where output goes.
  runtime::RealmOptions Realm() const;
};

// The values that `tick_model` and `rejections` may have.
std::vector<std::string> TickModelNames();
std::vector<std::string> RejectionModeNames();
// Why `text` cannot be the value of the flag; empty if it can.
std::string CheckBufferSize(const std::string& text);
std::string CheckStackSize(const std::string& text);

}  // namespace sluice::shell

#endif  // SLUICE_SHELL_SHELL_OPTIONS_H_
