// The byte limit: a hard bound on the bytes that one stream buffers. The standard has none; it only signals
// backpressure.
//
// A write is charged when it is queued. The charge is returned when the sink has finished with the chunk or the queue
// is reset, so the chunk in flight counts. It is measured once and stored with the chunk (QueueEntry::charge):
//   a string                                    its length in UTF-8; a lone surrogate counts 3 bytes
//   an ArrayBuffer, SharedArrayBuffer or view   its byteLength
//   anything else                               kNominalCharge, so that a queue of small objects is bounded too
// A write whose charge would take the sum above the limit is rejected with a RangeError. The stream stays as it was.
//
// A limit bounds bytes of chunks, and so the number of all chunks but the empty ones: "" and buffers of byteLength 0,
// also detached ones, are charged 0, fit any limit, even 0, and their records in the queue are bounded by nothing.
#ifndef SLUICE_CORE_BYTE_LIMIT_H_
#define SLUICE_CORE_BYTE_LIMIT_H_

#include <cstdint>
#include <optional>

namespace sluice::core {

inline constexpr uint64_t kNominalCharge = 64;  // bytes
inline constexpr uint64_t kBytesPerMegabyte = 1'048'576;
inline constexpr uint64_t kDefaultByteLimit = 64 * kBytesPerMegabyte;  // bytes

// Whether `asked` bytes more fit beside `buffered` ones. `buffered` never exceeds `*limit`.
inline bool FitsByteLimit(std::optional<uint64_t> limit, uint64_t buffered, uint64_t asked) {
  return !limit.has_value() || asked <= *limit - buffered;
}

// The UTF-8 length of `count` repetitions of `length` UTF-16 code units, in bytes. O(length). A surrogate pair counts
// 4, also one that two repetitions form at their border; any other surrogate counts 3.
uint64_t Utf8Length(const char16_t* units, uint64_t length, uint64_t count = 1);

}  // namespace sluice::core

#endif  // SLUICE_CORE_BYTE_LIMIT_H_
