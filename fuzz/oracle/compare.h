// The first differences between two traces of the same program.
#ifndef SLUICE_FUZZ_ORACLE_COMPARE_H_
#define SLUICE_FUZZ_ORACLE_COMPARE_H_

#include <cstddef>
#include <string>
#include <vector>

#include "fuzz/driver/trace.h"

namespace sluice::fuzz {

inline constexpr size_t kSame = static_cast<size_t>(-1);

// The first event that differs, or that only one of them has; kSame if there is none.
size_t FirstDifferentEvent(const Trace& a, const Trace& b);

// The slots of any stream that differ before the event `end`, each at the first event where it does, in order.
struct DifferentSlot {
  std::string name;
  size_t event = 0;
  size_t stream = 0;
};
std::vector<DifferentSlot> DifferentSlots(const Trace& a, const Trace& b, size_t end);

// The next event from `event` on whose snapshot of `stream` differs from the one before; kSame if there is none. To
// visit each different snapshot once, begin with 0 and continue with the result plus 1.
size_t NextNewSnapshot(const Trace& trace, size_t stream, size_t event);

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_ORACLE_COMPARE_H_
