// The REPL: reads a statement, runs it, prints its value, again and again.
//
//   Repl repl(realm, *input, {.interactive = true});
//   int code = repl.Run();
//
// Errors are printed and the session goes on. Timers and promises go on while the prompt waits.
#ifndef SLUICE_RUNTIME_REPL_H_
#define SLUICE_RUNTIME_REPL_H_

#include <uv.h>
#include <v8.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "src/runtime/completion.h"
#include "src/runtime/line_input.h"
#include "src/runtime/realm.h"
#include "src/runtime/repl_evaluator.h"

namespace sluice::runtime {

class Repl {
 public:
  struct Options {
    bool interactive = false;  // a person types: Ctrl-C and history, and the end of input ends timers too
  };

  // The realm has `go_on_after_errors`.
  Repl(Realm& realm, LineInput& input, Options options);
  Repl(const Repl&) = delete;
  Repl& operator=(const Repl&) = delete;
  ~Repl();

  // Until .exit, the end of input, or sluice.exit(). Returns the exit code.
  int Run();
  // Ctrl-C; from any thread. What runs is terminated, what is awaited is no longer waited for, a line that is typed is
  // given up.
  void Interrupt();
  // For the line's editor. Not inside a task.
  Completion CompleteLine(std::string_view line);

 private:
  void OnLine(const std::string& line);
  void OnInterrupt();
  // True if `line` was a command.
  bool RunCommand(const std::string& line);
  void Load(const std::string& path);
  void Save(const std::string& path);
  void Evaluate(const std::string& code);
  void PrintResult(const ReplEvaluator::Result& result);
  void RememberValue(v8::Local<v8::Value> value);
  void PromptNext();
  void Print(std::string_view text) { realm_.PrintOutput(text); }

  Realm& realm_;
  LineInput& input_;
  Options options_;
  std::unique_ptr<ReplEvaluator> evaluator_;
  uv_async_t interrupted_;
  std::string pending_;                // lines of a statement that is not complete
  std::vector<std::string> accepted_;  // what was evaluated, for .save
  v8::Global<v8::Value> last_;         // what `_` was set to
  bool evaluating_ = false;
  bool finished_ = false;
};

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_REPL_H_
