// A small random number generator that gives the same numbers everywhere: SplitMix64 (Steele, Lea and Flood, 2014).
#ifndef SLUICE_FUZZ_PROGRAM_RANDOM_H_
#define SLUICE_FUZZ_PROGRAM_RANDOM_H_

#include <cstddef>
#include <cstdint>

namespace sluice::fuzz {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t Next() {
    state_ += 0x9E3779B97F4A7C15u;
    uint64_t z = state_;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
  }
  // 0 .. bound-1; bound is not 0. The bias is below 2^-32 for the bounds used here.
  size_t Below(size_t bound) { return static_cast<size_t>(Next() % bound); }
  bool OneIn(size_t n) { return Below(n) == 0; }
  template <typename List>
  const auto& Pick(const List& list) {
    return list[Below(list.size())];
  }

 private:
  uint64_t state_;
};

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_PROGRAM_RANDOM_H_
