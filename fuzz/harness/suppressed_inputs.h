// A sample of the inputs that a target suppresses, because the first rule that they break has an open finding
// (program_target.h).
//
// Another fault may break the same rule in the same step. The stored inputs are examined after the campaign
// (scripts/sluice_dev/triage/masked_bugs.py), so that a known finding does not mask it.
#ifndef SLUICE_FUZZ_HARNESS_SUPPRESSED_INPUTS_H_
#define SLUICE_FUZZ_HARNESS_SUPPRESSED_INPUTS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace sluice::fuzz {

// A folder of such inputs, named KEY-CONTENT, two hashes in hexadecimal. The inputs of each key with the smallest
// content hashes are stored: a sample of all different inputs that does not depend on their order. Each process stores
// at most `most_per_key`. An input that cannot be written is dropped silently, because a fuzz target must not fail for
// it.
class SuppressedInputs {
 public:
  SuppressedInputs(std::string folder, size_t most_per_key);

  void Store(std::string_view key, const uint8_t* data, size_t size);

 private:
  std::string PathOf(uint64_t key, uint64_t content) const;

  const std::string folder_;
  const size_t most_per_key_;
  std::map<uint64_t, std::set<uint64_t>> stored_;  // contents by key
};

// Stores in the folder SLUICE_SUPPRESSED_INPUTS, if that is set: 64 inputs for each key.
void StoreSuppressedInput(std::string_view key, const uint8_t* data, size_t size);

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_HARNESS_SUPPRESSED_INPUTS_H_
