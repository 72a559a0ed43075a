// Runs a line of the REPL as V8's own REPL mode does: `let`, `const` and `class` may be declared again, and `await`
// stands at the top level. V8 has this mode in its inspector, whose Runtime.evaluate is asked for it; no debugger is
// attached.
//   https://chromedevtools.github.io/devtools-protocol/tot/Runtime/#method-evaluate
#ifndef SLUICE_RUNTIME_REPL_EVALUATOR_H_
#define SLUICE_RUNTIME_REPL_EVALUATOR_H_

#include <v8.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "src/runtime/isolate.h"

namespace sluice::runtime {

class ReplEvaluator {
 public:
  struct Result {
    v8::Local<v8::Value> value;  // of the last statement, or what was thrown
    bool threw = false;
    std::string failure;  // not empty: V8 could not evaluate at all, and says why
  };
  using Done = std::function<void(const Result&)>;

  // `isolate` is that of `context`.
  ReplEvaluator(Isolate& isolate, v8::Local<v8::Context> context);
  ReplEvaluator(const ReplEvaluator&) = delete;
  ReplEvaluator& operator=(const ReplEvaluator&) = delete;
  ~ReplEvaluator();

  // Evaluates `code`, which is UTF-8. `done` is called in a microtask, or later if the code awaits; never, if execution
  // is terminated or Forget() is called first. Inside a task.
  void Evaluate(const std::string& code, Done done);
  // The value of the variable `name` without running a getter; empty if there is none, or it has none yet.
  v8::MaybeLocal<v8::Value> Variable(const std::string& name);
  // Names of `let`, `const` and `class` at the top level.
  std::vector<std::string> DeclaredNames();
  // What is still awaited will not be told.
  void Forget();

 private:
  class Connection;
  // Shared with the isolate: V8's record of a promise that is awaited refers to the inspector until it is collected.
  std::shared_ptr<Connection> connection_;
};

// Whether `code` ends too early to be complete: an open bracket, string template or comment. Does not run it.
bool IsIncomplete(v8::Local<v8::Context> context, const std::string& code);
// Whether `code` begins with a brace and is meant as an object literal: "{a: 1}".
bool IsObjectLiteral(v8::Local<v8::Context> context, const std::string& code);

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_REPL_EVALUATOR_H_
