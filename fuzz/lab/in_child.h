// Evaluates a predicate that may end the process.
#ifndef SLUICE_FUZZ_LAB_IN_CHILD_H_
#define SLUICE_FUZZ_LAB_IN_CHILD_H_

#include <functional>

namespace sluice::lab {

// Returns the result of `holds` in a child process. Returns false if the child dies, uses `seconds` of processor time,
// or cannot be created. The child's output is lost. fork() copies only the calling thread, so `holds` must not wait for
// another thread (V8 does).
bool HoldsInChild(const std::function<bool()>& holds, unsigned seconds);

}  // namespace sluice::lab

#endif  // SLUICE_FUZZ_LAB_IN_CHILD_H_
