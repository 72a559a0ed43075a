// Runs files one after another in a realm, and says what was wrong with those that cannot be run.
#ifndef SLUICE_RUNTIME_SCRIPT_RUNNER_H_
#define SLUICE_RUNTIME_SCRIPT_RUNNER_H_

#include <functional>
#include <string>
#include <vector>

#include "src/runtime/realm.h"

namespace sluice::runtime {

struct ScriptFile {
  std::string path;  // "-": standard input
  bool module = false;
};

inline constexpr int kExitMalformed = 2;

// Runs the files in their order, each as a task; a module's top-level await is waited for before the next file. Then
// the event loop until nothing is left. Returns the exit code: 0, or 1 after an uncaught error, or 2 if a file could
// not be read or parsed, or what sluice.exit() was given. What was read and run before stays done.
int RunFiles(Realm& realm, const std::vector<ScriptFile>& files);

// Reads and evaluates the module of `path`, and turns the loop while its top-level await waits and `go_on`. False if it cannot be
// read or parsed, or throws, or waits for nothing: that has been printed, and the realm may have ended.
bool EvaluateModuleFile(Realm& realm, const std::string& path, v8::Global<v8::Module>& module,
                        const std::function<bool()>& go_on);

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_SCRIPT_RUNNER_H_
