#include "fuzz/explore/state_table.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <istream>
#include <limits>
#include <ostream>
#include <stdexcept>

#include "absl/container/flat_hash_set.h"

namespace sluice::fuzz {
namespace {

constexpr StateKey kRootKey{};

template <typename T>
void WriteVector(std::ostream& out, const std::vector<T>& list) {
  const uint64_t size = list.size();
  out.write(reinterpret_cast<const char*>(&size), sizeof size);
  out.write(reinterpret_cast<const char*>(list.data()), static_cast<std::streamsize>(size * sizeof(T)));
}

// In pieces: a size that is wrong ends at the end of the file, not of the memory.
template <typename T>
bool ReadVector(std::istream& in, std::vector<T>& list) {
  constexpr uint64_t kPiece = 1 << 20;
  uint64_t size = 0;
  in.read(reinterpret_cast<char*>(&size), sizeof size);
  list.clear();
  while (in && list.size() < size) {
    const size_t begin = list.size();
    list.resize(begin + static_cast<size_t>(std::min(kPiece, size - begin)));
    in.read(reinterpret_cast<char*>(list.data() + begin),
            static_cast<std::streamsize>((list.size() - begin) * sizeof(T)));
  }
  return static_cast<bool>(in);
}

}  // namespace

StateKey KeyOf(std::span<const uint8_t> bytes, uint64_t seed) {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(bytes.data(), bytes.size(), seed);
  return {hash.low64, hash.high64};
}

// States by their keys, which are in the table.
struct StateTable::Index {
  struct Hash {
    const StateTable* table;
    size_t operator()(uint32_t state) const { return table->keys_[state].low; }
    size_t operator()(const StateKey& key) const { return key.low; }
    using is_transparent = void;
  };
  struct Equal {
    const StateTable* table;
    bool operator()(uint32_t a, uint32_t b) const { return a == b; }
    bool operator()(uint32_t a, const StateKey& b) const { return table->keys_[a] == b; }
    bool operator()(const StateKey& a, uint32_t b) const { return table->keys_[b] == a; }
    using is_transparent = void;
  };

  explicit Index(const StateTable* table) : set(0, Hash{table}, Equal{table}) {}
  absl::flat_hash_set<uint32_t, Hash, Equal> set;
};

StateTable::StateTable() : index_(std::make_unique<Index>(this)) { Add(kRootKey, kRoot, {}); }

StateTable::~StateTable() = default;

uint32_t StateTable::Find(StateKey key) const {
  const auto found = index_->set.find(key);
  return found == index_->set.end() ? kUnknown : *found;
}

bool StateTable::Add(StateKey key, uint32_t parent, std::span<const uint8_t> choices) {
  if (index_->set.contains(key)) return false;
  constexpr size_t kMost = std::numeric_limits<uint32_t>::max();
  if (keys_.size() >= kMost || choices_.size() + choices.size() >= kMost || choices.size() > 255) {
    throw std::length_error("more states than a table has room for");
  }
  keys_.push_back(key);
  edges_.push_back({parent, static_cast<uint32_t>(choices_.size())});
  choices_.push_back(static_cast<uint8_t>(choices.size()));
  choices_.insert(choices_.end(), choices.begin(), choices.end());
  index_->set.insert(static_cast<uint32_t>(keys_.size() - 1));
  return true;
}

std::span<const uint8_t> StateTable::choices(uint32_t state) const {
  const size_t at = edges_[state].at;
  return std::span(choices_).subspan(at + 1, choices_[at]);
}

void StateTable::PathTo(uint32_t state, std::vector<std::span<const uint8_t>>& path) const {
  path.clear();
  for (; state != kRoot; state = edges_[state].parent) path.push_back(choices(state));
  std::reverse(path.begin(), path.end());
}

size_t StateTable::memory() const {
  return keys_.capacity() * sizeof(StateKey) + edges_.capacity() * sizeof(Edge) + choices_.capacity() +
         index_->set.capacity() * (sizeof(uint32_t) + 1);
}

void StateTable::Write(std::ostream& out) const {
  WriteVector(out, keys_);
  WriteVector(out, edges_);
  WriteVector(out, choices_);
}

bool StateTable::Read(std::istream& in) {
  index_->set.clear();
  if (!ReadVector(in, keys_) || !ReadVector(in, edges_) || !ReadVector(in, choices_)) return false;
  if (keys_.empty() || edges_.size() != keys_.size() || !(keys_[kRoot] == kRootKey)) return false;
  index_->set.reserve(keys_.size());
  for (uint32_t state = 0; state < keys_.size(); ++state) {
    const Edge& edge = edges_[state];
    const bool is_sound = edge.at < choices_.size() && edge.at + size_t{1} + choices_[edge.at] <= choices_.size() &&
                          (state == kRoot || edge.parent < state);
    if (!is_sound || !index_->set.insert(state).second) return false;
  }
  return true;
}

}  // namespace sluice::fuzz
