#include "src/core/byte_limit.h"

namespace sluice::core {
namespace {

bool IsLeadSurrogate(char16_t unit) { return (unit & 0xFC00) == 0xD800; }
bool IsTrailSurrogate(char16_t unit) { return (unit & 0xFC00) == 0xDC00; }

}  // namespace

uint64_t Utf8Length(const char16_t* units, uint64_t length, uint64_t count) {
  if (length == 0 || count == 0) return 0;
  uint64_t bytes = 0;
  uint64_t pairs = 0;
  for (uint64_t i = 0; i < length; ++i) {
    bytes += units[i] < 0x80 ? 1 : units[i] < 0x800 ? 2 : 3;
    if (i > 0 && IsLeadSurrogate(units[i - 1]) && IsTrailSurrogate(units[i])) ++pairs;
  }
  const uint64_t border_pairs = IsLeadSurrogate(units[length - 1]) && IsTrailSurrogate(units[0]) ? count - 1 : 0;
  // Each surrogate was counted 3; a pair is 4, not 6.
  return bytes * count - 2 * (pairs * count + border_pairs);
}

}  // namespace sluice::core
