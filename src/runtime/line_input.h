// Where the REPL's lines come from. A line is asked for, and given later in a callback of the event loop.
//
//   std::unique_ptr<LineInput> input = OpenPlainInput(loop, STDIN_FILENO);
//   input->Start({.line = ..., .end = ...});
//   input->Prompt("> ");
#ifndef SLUICE_RUNTIME_LINE_INPUT_H_
#define SLUICE_RUNTIME_LINE_INPUT_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "src/runtime/event_loop.h"

namespace sluice::runtime {

class LineInput {
 public:
  struct Callbacks {
    std::function<void(const std::string& line)> line;  // without its line end
    std::function<void()> end;                          // there are no more
  };

  virtual ~LineInput() = default;
  virtual void Start(Callbacks callbacks) = 0;
  // Asks for one line. While nothing is asked for, nothing is read.
  virtual void Prompt(const std::string& prompt) = 0;
  // Gives up what was typed of the line, and asks for it again.
  virtual void Cancel() {}
  // Makes room for output, which `write` does, while a prompt may be on the screen.
  virtual void Print(const std::function<void()>& write) { write(); }
  virtual void Remember(const std::string& /*line*/) {}
};

// Lines of a pipe, a file or a terminal, without editing and without prompts.
std::unique_ptr<LineInput> OpenPlainInput(EventLoop& loop, int file);

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_LINE_INPUT_H_
