// The last inputs that a process ran, in a memory-mapped file, which survives any crash.
//
//   extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
//     RememberInput(data, size);
//     ...
//
// A finding that depends on earlier inputs does not reproduce without them. The environment variable
// SLUICE_RECENT_INPUTS names an existing folder. Each process, also one that an engine has forked, writes one file of
// 64 KiB there, named for its process id modulo 512. Without the variable nothing is written. A folder that cannot be
// written is ignored silently, because a fuzz target must not fail for it.
//
// The file: a RecentInputsHeader, then kRecentInputs times a RecentInput. All numbers are little-endian. The
// newest input is that of number `count`, at index (count - 1) % kRecentInputs;
// scripts/sluice_dev/engines/recent_inputs.py reads it. One thread, as engines run targets.
#ifndef SLUICE_FUZZ_HARNESS_RECENT_INPUTS_H_
#define SLUICE_FUZZ_HARNESS_RECENT_INPUTS_H_

#include <cstddef>
#include <cstdint>

namespace sluice::fuzz {

inline constexpr uint32_t kRecentInputs = 32;
inline constexpr uint32_t kRecentInputBytes = 2032;  // longer ones are cut, which their size tells

struct RecentInput {
  uint64_t number;  // 1 for the process's first input
  uint64_t size;
  uint8_t bytes[kRecentInputBytes];
};

struct RecentInputsHeader {
  char magic[8];  // "SLUICERI"
  uint32_t inputs;
  uint32_t input_bytes;
  uint64_t pid;
  uint64_t count;
};

// Before the input is run.
void RememberInput(const uint8_t* data, size_t size);

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_HARNESS_RECENT_INPUTS_H_
