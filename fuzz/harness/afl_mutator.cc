// The mutation of programs as a library for AFL++, which runs no LLVMFuzzerCustomMutator:
//
//   SLUICE_MUTATION_PROFILE=balanced AFL_CUSTOM_MUTATOR_LIBRARY=.../sluice_afl_mutator.so AFL_CUSTOM_MUTATOR_ONLY=1
//   afl-fuzz ...
//
// SLUICE_MUTATION_PROFILE names what is preferred (fuzz/program/mutate.h): balanced, reentrancy or buffer_limit.
// Programs are mutated, crossed over with another entry of the queue, trimmed by the shrinker's steps, and what was
// done is in the names of queue entries. The same seed and calls give the same inputs.
//
// The interface is AFL++'s, https://aflplus.plus/docs/custom_mutators/. What a call returns lives until the next call.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "fuzz/program/bytes.h"
#include "fuzz/program/mutate.h"
#include "fuzz/program/random.h"
#include "fuzz/program/shrink.h"

namespace sluice::fuzz {
namespace {

// What AFL++ takes for the number of steps of trimming one input, and a limit to them.
constexpr int32_t kTrimSteps = 4000;

// Ever smaller forms of one input: first as bytes, if it was text or had bytes left over, then by the shrinker's steps.
class Trimmer {
 public:
  explicit Trimmer(std::span<const uint8_t> input) : shrinker_(DecodeInput(input)), size_(input.size()) {
    candidate_ = EncodeBytes(shrinker_.program());
    as_bytes_ = candidate_.size() < size_;
    if (!as_bytes_) Advance();
  }

  const std::string& candidate() const { return candidate_; }
  bool done() const { return done_; }

  void Accept(bool same) {
    if (same) {
      size_ = candidate_.size();
      if (!as_bytes_) shrinker_.Accept();
    } else if (as_bytes_) {
      done_ = true;  // the target does something else with bytes; nothing here would hold
      return;
    }
    as_bytes_ = false;
    Advance();
  }

 private:
  // AFL++ takes nothing that is larger, and what is as large is of no use to it.
  void Advance() {
    while (const Program* next = shrinker_.Next()) {
      candidate_ = EncodeBytes(*next);
      if (candidate_.size() < size_) return;
    }
    done_ = true;
  }

  Shrinker shrinker_;
  size_t size_;  // of the smallest form so far
  std::string candidate_;
  bool as_bytes_ = false;  // whether the candidate is the first one
  bool done_ = false;
};

class AflMutator {
 public:
  AflMutator(Profile profile, uint64_t seed) : profile_(std::move(profile)), random_(seed) {}

  const std::string& Fuzz(std::span<const uint8_t> input, std::span<const uint8_t> other, size_t max_size) {
    description_.clear();
    Program program = DecodeInput(input);
    if (program.ops.empty() && program.scripts.empty()) {
      program = RandomProgram(random_, profile_);
      Describe("random-program");
    } else if (!other.empty() && random_.OneIn(3)) {
      program = CrossOver(program, DecodeInput(other), random_);
      Describe("cross-over");
      if (random_.OneIn(2)) Mutate(program);
    } else {
      Mutate(program);
    }
    EncodeBytesWithin(program, max_size, output_);
    return output_;
  }

  const char* Description(size_t max_length) {
    description_.resize(std::min(description_.size(), max_length));
    return description_.c_str();
  }

  int32_t BeginTrim(std::span<const uint8_t> input) {
    trimmer_.emplace(input);
    trim_step_ = 0;
    return trimmer_->done() ? 0 : kTrimSteps;
  }

  const std::string& Trim() { return trimmer_->candidate(); }

  int32_t Trimmed(bool same) {
    trimmer_->Accept(same);
    return trimmer_->done() ? kTrimSteps : ++trim_step_;
  }

 private:
  void Mutate(Program& program) {
    for (const std::string_view name : fuzz::Mutate(program, random_, profile_)) Describe(name);
  }

  // It becomes part of a file's name.
  void Describe(std::string_view what) {
    if (!description_.empty()) description_ += '+';
    description_ += what;
  }

  const Profile profile_;
  Random random_;
  std::string output_;
  std::string description_;
  std::optional<Trimmer> trimmer_;
  int32_t trim_step_ = 0;
};

AflMutator& Of(void* data) { return *static_cast<AflMutator*>(data); }

}  // namespace
}  // namespace sluice::fuzz

#define SLUICE_EXPORT extern "C" __attribute__((visibility("default")))

// `afl`: the engine's state, which is none of our business.
SLUICE_EXPORT void* afl_custom_init(void* /*afl*/, unsigned int seed) {
  const char* const name = std::getenv("SLUICE_MUTATION_PROFILE");
  const auto profile = sluice::fuzz::ProfileNamed(name == nullptr ? "" : name);
  if (!profile.has_value()) {
    // AFL++ would go on with whatever is returned.
    std::fprintf(
        stderr, "sluice_afl_mutator: SLUICE_MUTATION_PROFILE is %s%s; set it to balanced, reentrancy or buffer_limit\n",
        name == nullptr ? "not set" : "unknown: ", name == nullptr ? "" : name);
    std::exit(2);
  }
  return new sluice::fuzz::AflMutator(*profile, seed);
}

SLUICE_EXPORT void afl_custom_deinit(void* data) { delete &sluice::fuzz::Of(data); }

// The size of the new input, at most `max_size`. `other` may be null.
SLUICE_EXPORT size_t afl_custom_fuzz(void* data, uint8_t* input, size_t size, uint8_t** out, uint8_t* other,
                                     size_t other_size, size_t max_size) {
  const std::string& result =
      sluice::fuzz::Of(data).Fuzz({input, size}, {other, other == nullptr ? 0 : other_size}, max_size);
  *out = reinterpret_cast<uint8_t*>(const_cast<char*>(result.data()));
  return result.size();
}

// What the last afl_custom_fuzz() did.
SLUICE_EXPORT const char* afl_custom_describe(void* data, size_t max_length) {
  return sluice::fuzz::Of(data).Description(max_length);
}

// The number of steps; 0: nothing to trim.
SLUICE_EXPORT int32_t afl_custom_init_trim(void* data, uint8_t* input, size_t size) {
  return sluice::fuzz::Of(data).BeginTrim({input, size});
}

SLUICE_EXPORT size_t afl_custom_trim(void* data, uint8_t** out) {
  const std::string& candidate = sluice::fuzz::Of(data).Trim();
  *out = reinterpret_cast<uint8_t*>(const_cast<char*>(candidate.data()));
  return candidate.size();
}

// `same`: the candidate does what the input did, and replaces it. The number of the step that comes next.
SLUICE_EXPORT int32_t afl_custom_post_trim(void* data, uint8_t same) {
  return sluice::fuzz::Of(data).Trimmed(same != 0);
}
