// Runs code that may end the process in a child process.
//
// fork() copies only the calling thread, so the code must not wait for another thread, as V8 does.
#ifndef SLUICE_FUZZ_LAB_IN_CHILD_H_
#define SLUICE_FUZZ_LAB_IN_CHILD_H_

#include <functional>
#include <optional>

namespace sluice::lab {

// Returns what `run` returns, from 0 to 255; nullopt if it ends the process, as a crash does. What it prints on
// standard error is dropped.
std::optional<int> RunInChild(const std::function<int()>& run);

// In a child: it ends when it has taken so many more seconds of the processor, which do not depend on how busy the
// machine is.
void LimitProcessorTime(unsigned seconds);

}  // namespace sluice::lab

#endif  // SLUICE_FUZZ_LAB_IN_CHILD_H_
