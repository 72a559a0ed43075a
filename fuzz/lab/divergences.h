// The divergence of a program (fuzz/oracle/divergence.h), for commands.
#ifndef SLUICE_FUZZ_LAB_DIVERGENCES_H_
#define SLUICE_FUZZ_LAB_DIVERGENCES_H_

#include <optional>
#include <string>

#include "fuzz/lab/commands.h"
#include "fuzz/oracle/divergence.h"
#include "fuzz/oracle/judge.h"
#include "fuzz/program/program.h"

namespace sluice::lab {

// The divergence of a program whose finding only V8 shows.
inline constexpr char kInV8Alone[] = "V8 alone";

// The run without V8 of a program that breaks a rule in V8. The fault may be the core's.
struct WithoutV8 {
  // The key of its finding: the same rule, or another one that breaks no later; empty if nothing breaks.
  std::string broken;
  std::optional<fuzz::Divergence> divergence;  // if it breaks a rule and the divergence is known
};
WithoutV8 RunWithoutV8(const fuzz::Program& program, const fuzz::Finding& finding);

// The first finding of a program, and where the core diverges; `divergence` is empty if that is unknown.
struct DivergentFinding {
  fuzz::Finding finding;
  std::string divergence;
};
std::optional<DivergentFinding> FirstWithDivergence(fuzz::Judge& judge, Judged judged, const fuzz::Program& program);

}  // namespace sluice::lab

#endif  // SLUICE_FUZZ_LAB_DIVERGENCES_H_
