// What an app's limits mean for its process.
#ifndef SLUICE_RUNTIME_SERVER_APP_LIMITS_H_
#define SLUICE_RUNTIME_SERVER_APP_LIMITS_H_

#include <algorithm>
#include <cstdint>

#include "src/runtime/config/configuration.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SLUICE_HAS_SHADOW_MEMORY 1
#endif
#endif
#ifndef SLUICE_HAS_SHADOW_MEMORY
#define SLUICE_HAS_SHADOW_MEMORY 0
#endif

namespace sluice::runtime {

// JavaScript that has run for the time limit is ended softly, and the process when that had no effect for so long.
inline constexpr double kHardEndGraceMs = 500;

// How long a module may take to load, its top-level await included; the time limit if that is longer.
inline double LoadLimitMs(const AppConfiguration& app) {
  constexpr double kUsual = 30'000;
  return std::max<double>(kUsual, app.time_limit_ms);
}

// The memory of the process that is its own, in bytes: V8's heap, as much for ArrayBuffers, bodies in flight, and what
// the runtime itself needs. A sanitizer's shadow and what it keeps of freed memory is in the process, too.
inline constexpr uint64_t kRuntimeMemory = uint64_t{96} << 20;
inline uint64_t ProcessMemoryLimit(const AppConfiguration& app) {
  constexpr uint64_t kFactor = SLUICE_HAS_SHADOW_MEMORY ? 3 : 1;
  return kFactor * (2 * app.memory_limit_bytes + app.max_in_flight_bytes + kRuntimeMemory);
}

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_SERVER_APP_LIMITS_H_
