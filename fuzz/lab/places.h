// Where the core departs from the standard (fuzz/oracle/departure.h), for the commands that go by it.
#ifndef SLUICE_FUZZ_LAB_PLACES_H_
#define SLUICE_FUZZ_LAB_PLACES_H_

#include <optional>
#include <string>

#include "fuzz/lab/commands.h"
#include "fuzz/oracle/departure.h"
#include "fuzz/oracle/judge.h"
#include "fuzz/program/program.h"

namespace sluice::lab {

// Of a program that breaks what only V8 shows.
inline constexpr char kInV8Alone[] = "V8 alone";

// What the core does without V8 of a program that breaks a rule in V8. The program may have a fault of the core in it
// besides.
struct WithoutV8 {
  // The key of what it breaks: the same rule, or by that event another one, which is then the first; or nothing.
  std::string broken;
  std::optional<fuzz::Departure> departure;  // where it departs, if it breaks anything and that is known
};
WithoutV8 RunWithoutV8(const fuzz::Program& program, const fuzz::Finding& finding);

// What breaks first in a program, and where; the place is empty if that is not known.
struct Placed {
  fuzz::Finding finding;
  std::string place;
};
std::optional<Placed> FirstWithPlace(fuzz::Judge& judge, Judged judged, const fuzz::Program& program);

}  // namespace sluice::lab

#endif  // SLUICE_FUZZ_LAB_PLACES_H_
