// How the V8 host names things: a pointer and, in the low three bits, what it points to. Only V8Host reads these.
#ifndef SLUICE_V8_SLOT_NAMES_H_
#define SLUICE_V8_SLOT_NAMES_H_

#include <v8.h>

#include <bit>
#include <cstdint>

#include "src/core/slots.h"

namespace sluice::binding {

// The low three bits of a name. Pointers to native objects and to handles are aligned to eight bytes.
inline constexpr uint64_t kTagMask = 7;
enum class PromiseTag : uint64_t {
  kLocal,         // a v8::Local
  kWriteRequest,  // StreamObject*: the first in the list
  kCloseRequest,  // StreamObject*
  kAbortRequest,  // StreamObject*
  kReady,         // WriterObject*
  kClosed,        // WriterObject*
  kFulfilled,     // no pointer: a promise resolved with undefined that nobody has seen yet
  kSink,          // StreamObject*: what the sink's method returned
};
enum class ValueTag : uint64_t { kLocal, kChunk, kStoredError, kAbortReason };

static_assert(sizeof(v8::Local<v8::Value>) == sizeof(uint64_t));

inline PromiseTag TagOf(core::PromiseSlot slot) { return static_cast<PromiseTag>(slot.name & kTagMask); }
inline ValueTag TagOf(core::ValueSlot slot) { return static_cast<ValueTag>(slot.name & kTagMask); }
template <typename T>
T& Pointee(uint64_t name) {
  return *reinterpret_cast<T*>(name & ~kTagMask);
}
inline core::PromiseSlot Named(PromiseTag tag, const void* object) {
  return {reinterpret_cast<uint64_t>(object) | static_cast<uint64_t>(tag)};
}
inline core::ValueSlot Named(ValueTag tag, const void* object) {
  return {reinterpret_cast<uint64_t>(object) | static_cast<uint64_t>(tag)};
}
template <typename T>
uint64_t NameOfLocal(v8::Local<T> local) {
  return std::bit_cast<uint64_t>(local);
}
template <typename T>
v8::Local<T> LocalOf(uint64_t name) {
  return std::bit_cast<v8::Local<T>>(name);
}

}  // namespace sluice::binding

#endif  // SLUICE_V8_SLOT_NAMES_H_
