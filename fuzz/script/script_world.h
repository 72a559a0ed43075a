// Runs scripts in a fresh realm: shared by the targets over JavaScript.
//
//   const ScriptRun run = RunScripts({"var a = 1;", "a + 1"});   // run.result is "2"
//
// Each call makes a realm as `sluice run` does, with a new isolate, heap and event loop, so results do not depend on
// earlier calls. The first call of the process starts V8.
#ifndef SLUICE_FUZZ_SCRIPT_SCRIPT_WORLD_H_
#define SLUICE_FUZZ_SCRIPT_SCRIPT_WORLD_H_

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "src/runtime/realm.h"

namespace sluice::fuzz {

struct ScriptFinding {
  std::string rule;      // "CLONE-SAME"
  std::string sentence;  // what should have held
  std::string detail;    // for what it did not hold
};

struct ScriptRun {
  std::string result;  // of the last script, if that is a string or a small integer
  std::string thrown;  // by the first script that threw, after which none is run
  std::string out;     // what was printed by the last script, and by what it left to do
  std::string err;
};

// Runs classic scripts in order, each a task with its microtasks, and then the event loop until nothing is left to do.
ScriptRun RunScripts(const std::vector<std::string_view>& scripts);

// A realm for what is more than scripts; `use` is called outside of any task.
void WithRealm(const std::function<void(runtime::Realm& realm, ScriptRun& run)>& use);
// In a task. The value, if it is a string or a small integer; `run.thrown` if it threw.
std::string Evaluate(v8::Local<v8::Context> context, std::string_view source, ScriptRun& run);

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_SCRIPT_SCRIPT_WORLD_H_
