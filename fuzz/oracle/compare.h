// Where two traces of the same program part.
#ifndef SLUICE_FUZZ_ORACLE_COMPARE_H_
#define SLUICE_FUZZ_ORACLE_COMPARE_H_

#include <cstddef>
#include <string>

#include "fuzz/driver/trace.h"

namespace sluice::fuzz {

inline constexpr size_t kSame = static_cast<size_t>(-1);

// The first event that differs, or that one of them does not have; kSame if there is none.
size_t FirstDifferentEvent(const Trace& a, const Trace& b);

// The first event before `end` whose slots differ; kSame if there is none. `slot` is then the slot's name.
size_t FirstDifferentSlots(const Trace& a, const Trace& b, size_t end, std::string& slot);

// The next event from `event` on whose snapshot is not the same as the one before it; kSame if there is none. To look
// at each different snapshot once, begin with 0 and go on with what was returned plus 1.
size_t NextNewSnapshot(const Trace& trace, size_t event);

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_ORACLE_COMPARE_H_
