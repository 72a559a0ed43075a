// What must hold of what JavaScript sees of the streams: the same as of reference.js, for any surface program.
#ifndef SLUICE_FUZZ_SURFACE_SURFACE_RULES_H_
#define SLUICE_FUZZ_SURFACE_SURFACE_RULES_H_

#include <optional>
#include <string>
#include <string_view>

#include "fuzz/surface/surface_world.h"

namespace sluice::fuzz {

struct SurfaceFinding {
  std::string rule;      // "SURFACE-SAME"
  std::string sentence;  // what should have held
  std::string detail;    // the program as JavaScript, and both logs
};

// The first rule that does not hold; the program in it is the smallest one found that breaks the same rule. Tests give
// statements as `fault` that run in both realms of the real side before the program.
std::optional<SurfaceFinding> CheckSurface(SurfaceWorld& world, std::string_view text, std::string_view fault = "");

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_SURFACE_SURFACE_RULES_H_
