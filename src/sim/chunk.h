// A chunk as programs name it: what is written, and how many bytes it is charged for.
//
//   Chunk{.kind = ChunkKind::kString, .unit_count = 1, .units = {'a'}, .count = 3}   // "aaa"
//   Chunk{.kind = ChunkKind::kArrayBuffer, .tag = 1, .count = 16}                    // a 16-byte ArrayBuffer
//
// A chunk is a description, not storage: a 1 GiB string is as cheap as an empty one, and two equal descriptions are the
// same chunk. `tag` tells apart objects that are otherwise alike.
#ifndef SLUICE_SIM_CHUNK_H_
#define SLUICE_SIM_CHUNK_H_

#include <array>
#include <cstdint>

namespace sluice::sim {

enum class ChunkKind : uint8_t {
  kString,             // `units` repeated `count` times
  kArrayBuffer,        // byteLength is `count`
  kSharedArrayBuffer,  // byteLength is `count`
  kView,               // a Uint8Array: byteLength is `count`
  kObject,             // a plain object
  kNumber,             // the number `tag`
  kUndefined,
  // What the author has of a stream: the writer with the name `tag`, or a promise of it.
  kWriter,
  kReady,
  kClosed,
};
inline constexpr int kChunkKindCount = 10;

// Programs use few identities on purpose, so that they collide.
inline constexpr int kChunkTagCount = 4;
// Longest unit sequence of a string chunk, in UTF-16 code units.
inline constexpr int kMaxChunkUnits = 6;

// Whether user code can take away the bytes of a chunk of this kind while the chunk itself stays what it is.
constexpr bool IsDetachable(ChunkKind kind) { return kind == ChunkKind::kArrayBuffer || kind == ChunkKind::kView; }

// Whether it is what the author has of a writer: no chunk of its own, but the value that it has then.
constexpr bool IsOfWriter(ChunkKind kind) {
  return kind == ChunkKind::kWriter || kind == ChunkKind::kReady || kind == ChunkKind::kClosed;
}

struct Chunk {
  ChunkKind kind = ChunkKind::kUndefined;
  uint8_t tag = 0;         // 0 .. kChunkTagCount-1; 0 for strings and undefined
  uint8_t unit_count = 0;  // strings only: how many of `units` are used
  std::array<char16_t, kMaxChunkUnits> units{};
  uint32_t count = 0;  // strings: repetitions of the unit sequence; buffers and views: bytes; others: 0

  friend bool operator==(const Chunk&, const Chunk&) = default;
};

// Strings are what they consist of: "ab" * 2 and "abab" * 1 are the same JavaScript value. This is the one description
// of each value: of a string, with the fewest units.
constexpr Chunk Canonical(Chunk chunk) {
  if (chunk.kind != ChunkKind::kString) return chunk;
  const uint8_t given = chunk.count == 0 ? 0 : chunk.unit_count;
  uint8_t period = given == 0 ? 0 : 1;
  const auto repeats = [&] {
    for (int i = period; i < given; ++i) {
      if (chunk.units[i] != chunk.units[i - period]) return false;
    }
    return given % period == 0;
  };
  while (period < given && !repeats()) ++period;
  // So long a string has no shorter description with a count that can be said.
  const uint64_t count = period == 0 ? 1 : uint64_t{chunk.count} * (given / period);
  if (count > 0xFFFFFFFF) return chunk;
  for (int i = period; i < kMaxChunkUnits; ++i) chunk.units[i] = 0;
  chunk.unit_count = period;
  chunk.count = static_cast<uint32_t>(count);
  return chunk;
}

}  // namespace sluice::sim

#endif  // SLUICE_SIM_CHUNK_H_
