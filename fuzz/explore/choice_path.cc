#include "fuzz/explore/choice_path.h"

#include <algorithm>

namespace sluice::fuzz {

void ChoicePath::Set(std::span<const uint8_t> taken) {
  taken_.assign(taken.begin(), taken.end());
  last_ = taken_;
  at_ = 0;
  fits_ = true;
}

uint32_t ChoicePath::Choose(uint32_t count) {
  if (count <= kMost) return Digit(count);
  const uint32_t high = Digit((count + kMost - 1) / kMost);
  return high * kMost + Digit(std::min(kMost, count - high * kMost));
}

uint8_t ChoicePath::Digit(uint32_t count) {
  if (at_ == taken_.size()) {
    taken_.push_back(0);
    last_.push_back(0);
    fits_ = false;
  }
  last_[at_] = static_cast<uint8_t>(count - 1);
  if (taken_[at_] >= count) {
    fits_ = false;
    taken_[at_] = 0;
  }
  return taken_[at_++];
}

bool ChoicePath::CountUp() {
  while (!taken_.empty() && taken_.back() == last_.back()) {
    taken_.pop_back();
    last_.pop_back();
  }
  if (taken_.empty()) return false;
  ++taken_.back();
  return true;
}

}  // namespace sluice::fuzz
