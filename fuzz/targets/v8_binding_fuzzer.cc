// Hunts differences between the core in V8 and the model: effects that JavaScript does too early, too late, on the
// wrong stream or not at all, microtasks that are one too many, and handles that the collector takes.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "fuzz/harness/program_target.h"
#include "fuzz/v8/v8_subject.h"

// LeakSanitizer does not look into V8's heap: what only V8 refers to would be called a leak, and looking for leaks
// after most inputs, as libFuzzer does when more was allocated than freed, would take nearly all of the time.
extern "C" int __lsan_is_turned_off() { return 1; }

namespace {

using sluice::fuzz::Judge;
using sluice::fuzz::V8Subject;

// One input in 32 sees a collection in its middle. The input alone decides where, so that it can be replayed.
std::optional<uint32_t> CollectionOf(const uint8_t* data, size_t size) {
  uint64_t hash = 1469598103934665603u;  // FNV-1a
  for (size_t i = 0; i < size; ++i) hash = (hash ^ data[i]) * 1099511628211u;
  hash ^= hash >> 32;
  if (hash % 32 != 0) return std::nullopt;
  return static_cast<uint32_t>(hash / 32 % 64);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // Chunks that are quickly made.
  static auto* const subject = new V8Subject({.longest_string = 1 << 16});
  static Judge* const judge = sluice::fuzz::NewCampaignJudge(std::unique_ptr<V8Subject>(subject));
  subject->CollectAt(CollectionOf(data, size));
  return sluice::fuzz::RunProgramInput(*judge, data, size);
}

SLUICE_PROGRAM_MUTATIONS()
