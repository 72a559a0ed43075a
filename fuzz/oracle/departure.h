// Where, among the standard's operations, the core departs from the reference model.
//
// Oracles look at a stream at the end of each step, which says which rule broke, but not where. Here both run a program
// again, and each begin and end of an operation or a method is written down with all slots as they are then. The first
// of these that differs is next to the fault: of what does not differ there, the core did everything as the standard
// says.
#ifndef SLUICE_FUZZ_ORACLE_DEPARTURE_H_
#define SLUICE_FUZZ_ORACLE_DEPARTURE_H_

#include <optional>
#include <string>

#include "fuzz/driver/judged_subject.h"
#include "fuzz/program/program.h"

namespace sluice::fuzz {

struct Departure {
  // The innermost operation that had begun and not ended, and the begin or end before the fault: "WritableStreamAbort,
  // behind the end of WritableStreamStartErroring". Programs that fail by the same fault have the same, mostly.
  std::string place;
  // What differs first: "the core begins WritableStreamAddWriteRequest, the standard ends WritableStreamAbort".
  std::string difference;
};

// Whether this build knows where operations begin: not without a sanitizer, whose symbolizer names them, nor in
// benchmarks and fuzz targets, where writing them down would cost too much (SLUICE_TELL_OPERATIONS in CMakeLists.txt).
bool CanFindDepartures();

// Nothing if both do the same, also if a program breaks another rule than the model's. `core` is the core under the
// simulated host, or with a fault of its own (CanarySubject): in V8 the effects of an operation come behind its end.
std::optional<Departure> FindDeparture(const Program& program, JudgedSubject& core);

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_ORACLE_DEPARTURE_H_
