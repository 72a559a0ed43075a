// Lines that a person edits at a terminal, with history and completion: libedit, fed by the event loop, so that timers
// and promises go on while the prompt waits.
#ifndef SLUICE_RUNTIME_TERMINAL_INPUT_H_
#define SLUICE_RUNTIME_TERMINAL_INPUT_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "src/runtime/completion.h"
#include "src/runtime/event_loop.h"
#include "src/runtime/line_input.h"

namespace sluice::runtime {

struct TerminalOptions {
  std::string history_file;  // empty: history is kept for this session only
  std::function<Completion(std::string_view before_cursor)> complete;
};

// On standard input and output, which are a terminal.
std::unique_ptr<LineInput> OpenTerminalInput(EventLoop& loop, TerminalOptions options);

// Where history is kept: in $XDG_STATE_HOME or ~/.local/state. Empty if there is no home.
std::string DefaultHistoryFile();

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_TERMINAL_INPUT_H_
