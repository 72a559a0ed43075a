// All paths through a tree of choices, one at a time, counted up.
//
//   ChoicePath path;
//   do {
//     path.Begin();
//     ... path.Choose(3) ... path.Choose(2) ...   // whatever the choices before led to
//   } while (path.CountUp());
#ifndef SLUICE_FUZZ_EXPLORE_CHOICE_PATH_H_
#define SLUICE_FUZZ_EXPLORE_CHOICE_PATH_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace sluice::fuzz {

class ChoicePath {
 public:
  // The path that is given, and then the first alternatives.
  void Set(std::span<const uint8_t> taken);
  void Begin() { at_ = 0; }
  // One of `count` > 0 alternatives.
  uint32_t Choose(uint32_t count);
  // The next path, whose choices before the last that had another alternative are the same. False if there is none.
  bool CountUp();
  std::span<const uint8_t> taken() const { return taken_; }
  // Since Set(): all that was given was chosen, and nothing else.
  bool fits() const { return at_ == taken_.size() && fits_; }

 private:
  static constexpr uint32_t kMost = 255;  // alternatives of one digit
  uint8_t Digit(uint32_t count);

  std::vector<uint8_t> taken_;
  std::vector<uint8_t> last_;  // the largest alternative of each
  size_t at_ = 0;
  bool fits_ = true;
};

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_EXPLORE_CHOICE_PATH_H_
