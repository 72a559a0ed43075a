// Asks a question whose answer may end the process.
#ifndef SLUICE_FUZZ_LAB_IN_CHILD_H_
#define SLUICE_FUZZ_LAB_IN_CHILD_H_

#include <functional>

namespace sluice::lab {

// Whether `holds` returns true in a child process: false, too, if the child dies, or has used `seconds` of the
// processor's time, or if there can be no child. What it prints is lost. The child has this thread only: nothing that
// waits for another one, as V8 does, may be asked.
bool HoldsInChild(const std::function<bool()>& holds, unsigned seconds);

}  // namespace sluice::lab

#endif  // SLUICE_FUZZ_LAB_IN_CHILD_H_
