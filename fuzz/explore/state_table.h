// The states that are known, in the order in which they were found, each with the edge that led to it first.
//
// A state is known by a 128-bit hash of its bytes. (Among a hundred million states, that two have the same has a
// probability of one in 10^22.)
#ifndef SLUICE_FUZZ_EXPLORE_STATE_TABLE_H_
#define SLUICE_FUZZ_EXPLORE_STATE_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <span>
#include <vector>

namespace sluice::fuzz {

struct StateKey {
  uint64_t low = 0;
  uint64_t high = 0;

  friend bool operator==(const StateKey&, const StateKey&) = default;
};
StateKey KeyOf(std::span<const uint8_t> bytes, uint64_t seed);

class StateTable {
 public:
  static constexpr uint32_t kRoot = 0;  // where there is no stream; known from the beginning
  static constexpr uint32_t kUnknown = ~0u;

  StateTable();
  ~StateTable();
  StateTable(const StateTable&) = delete;
  StateTable& operator=(const StateTable&) = delete;

  size_t size() const { return keys_.size(); }
  // May be called by several threads while nothing is added.
  uint32_t Find(StateKey key) const;
  // Returns whether it was unknown. `choices`: of the edge from `parent`.
  bool Add(StateKey key, uint32_t parent, std::span<const uint8_t> choices);
  StateKey key(uint32_t state) const { return keys_[state]; }
  uint32_t parent(uint32_t state) const { return edges_[state].parent; }
  std::span<const uint8_t> choices(uint32_t state) const;
  // The edges from the root to `state`.
  void PathTo(uint32_t state, std::vector<std::span<const uint8_t>>& path) const;
  size_t memory() const;  // bytes

  // Read fails on anything that Write does not write; the table is then unspecified.
  void Write(std::ostream& out) const;
  bool Read(std::istream& in);

 private:
  struct Edge {
    uint32_t parent = 0;
    uint32_t at = 0;  // in choices_: its length, and then as many bytes
  };
  struct Index;

  std::vector<StateKey> keys_;
  std::vector<Edge> edges_;
  std::vector<uint8_t> choices_;
  std::unique_ptr<Index> index_;
};

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_EXPLORE_STATE_TABLE_H_
