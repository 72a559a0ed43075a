// The handles by which the core names things that only its host can hold.
//
// The core never holds an engine value. A slot is an opaque 64-bit name, issued and resolved by the host (host.h). 0 is
// the standard's "undefined". Equal names denote the same value. The host chooses the encoding: an index, a tagged
// pointer, a generation.
#ifndef SLUICE_CORE_SLOTS_H_
#define SLUICE_CORE_SLOTS_H_

#include <compare>
#include <cstdint>

namespace sluice::core {

template <typename Tag>
struct Slot {
  uint64_t name = 0;

  constexpr bool is_undefined() const { return name == 0; }
  friend constexpr auto operator<=>(Slot, Slot) = default;
};

using ValueSlot = Slot<struct ValueTag>;      // any JavaScript value: a chunk, a reason, an error
using PromiseSlot = Slot<struct PromiseTag>;  // a promise together with the means to settle it
using WriterSlot = Slot<struct WriterTag>;    // a WritableStreamDefaultWriter
using StreamSlot = Slot<struct StreamTag>;    // a WritableStream, with its controller and underlying sink

inline constexpr ValueSlot kUndefined{};

}  // namespace sluice::core

#endif  // SLUICE_CORE_SLOTS_H_
