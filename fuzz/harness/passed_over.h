// A sample of the programs that a target passes over, because what breaks first in them is known (program_target.h).
//
// Another fault may break the same rule in the same step: a campaign that passes over its programs would never tell of
// it. Those that are kept are looked into when the campaign has ended (scripts/sluice_dev/triage/hidden_faults.py).
#ifndef SLUICE_FUZZ_HARNESS_PASSED_OVER_H_
#define SLUICE_FUZZ_HARNESS_PASSED_OVER_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace sluice::fuzz {

// A folder of such inputs, named KEY-CONTENT, two hashes in hexadecimal. Of each key those with the smallest hashes are
// kept: a sample of all that differ, the same in whatever order they come. Each process that writes there keeps as many
// as it may. What cannot be written is left out in silence, because a fuzz target must not fail for it.
class PassedOver {
 public:
  PassedOver(std::string folder, size_t most_per_key);

  void Keep(std::string_view key, const uint8_t* data, size_t size);

 private:
  std::string PathOf(uint64_t key, uint64_t content) const;

  const std::string folder_;
  const size_t most_per_key_;
  std::map<uint64_t, std::set<uint64_t>> kept_;  // contents by key
};

// In the folder SLUICE_PASSED_OVER, if that is set, 64 of each key.
void KeepPassedOver(std::string_view key, const uint8_t* data, size_t size);

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_HARNESS_PASSED_OVER_H_
