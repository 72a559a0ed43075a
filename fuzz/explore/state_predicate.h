// Which states `sluice-fuzz explore --to` goes to: "state=erroring, queue entries=2, microtasks=0".
#ifndef SLUICE_FUZZ_EXPLORE_STATE_PREDICATE_H_
#define SLUICE_FUZZ_EXPLORE_STATE_PREDICATE_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fuzz/explore/walker.h"

namespace sluice::fuzz {

class StatePredicate {
 public:
  // Names and values are those that `sluice-fuzz trace --slots` prints, "s1." before those of the second stream, and
  // "microtasks" and "writers", which count.
  // Returns what is wrong with the text, or an empty string.
  std::string Parse(std::string_view text);
  // Whether it holds where `walker` is.
  bool Holds(Walker& walker) const;

 private:
  std::vector<std::pair<std::string, std::string>> wanted_;
};

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_EXPLORE_STATE_PREDICATE_H_
