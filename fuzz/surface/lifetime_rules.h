// What must hold when execution, realms, objects or the isolate end in the middle of a surface program: other programs
// run as before, nothing is used after it was freed (the sanitizers' and the handles' generations), and when everything
// is dropped and collected, no native object lives and no memory is told to V8.
//
//   fault collect 12           at the 12th line of the program's log, all garbage is collected
//   fault terminate 3 sticky   at the 3rd line and each one after it, execution is terminated
//   sink 00033...              and then the lines of a surface program
//
// Without a line of that kind, a few points of every kind are tried.
#ifndef SLUICE_FUZZ_SURFACE_LIFETIME_RULES_H_
#define SLUICE_FUZZ_SURFACE_LIFETIME_RULES_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "fuzz/surface/surface_rules.h"

namespace sluice::fuzz {

// What a fault in native code does after a program: only tests have one.
using NativeFault = std::function<void(SurfaceWorld&)>;

// The first rule that does not hold of the program `text` with the faults that it names.
// Tests give as `fault` what CheckSurface takes.
std::optional<SurfaceFinding> CheckLifetime(SurfaceWorld& world, std::string_view text, std::string_view fault = "",
                                            const NativeFault& native_fault = {});

// Every point of every kind, once and sticky, of the program `text`; `points` counts them. At most `most` of each kind.
std::optional<SurfaceFinding> CheckEveryPoint(SurfaceWorld& world, std::string_view text, uint64_t most,
                                              uint64_t (&points)[kLifetimeFaults]);

const char* NameOf(LifetimeFault fault);

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_SURFACE_LIFETIME_RULES_H_
