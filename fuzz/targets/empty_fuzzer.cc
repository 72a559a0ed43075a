// Does nothing: what the speed of the others is compared with (scripts/bench).
#include <cstddef>
#include <cstdint>

// One branch, so that the engine sees that the target is instrumented.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) { return size > 3 && data[3] == 'x' ? 0 : 0; }
