// Versions of the core (mutants), and what chooses them while a walker runs.
#ifndef SLUICE_FUZZ_EXPLORE_VERSIONS_H_
#define SLUICE_FUZZ_EXPLORE_VERSIONS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "fuzz/explore/walker.h"

namespace sluice::fuzz {

// Versions of the core in one build, of which one runs at a time.
class Versions {
 public:
  virtual ~Versions() = default;
  virtual void Choose(uint32_t version) = 0;  // 0: the original
  virtual void ForgetWhatRan() = 0;
  // Whether code that `version` changes may have run since ForgetWhatRan().
  virtual bool HasRun(uint32_t version) const = 0;
};

// The indices among `active` whose versions change code that the original ran. They are all known before the first of
// the versions runs: a version marks what it runs, too.
template <typename Result>
std::vector<size_t> WhatRan(const Versions& versions, const std::vector<size_t>& active,
                            const std::vector<Result>& results) {
  std::vector<size_t> ran;
  for (const size_t index : active) {
    if (versions.HasRun(results[index].version)) ran.push_back(index);
  }
  return ran;
}

// Of the original's walker: what it runs on an edge, and nothing else.
class VersionRecorder final : public StepObserver {
 public:
  explicit VersionRecorder(Versions& versions) : versions_(versions) {}
  void OnStepBegin() override { versions_.ForgetWhatRan(); }
  void OnStepEnd() override {}

 private:
  Versions& versions_;
};

// The version runs on the edge, and the original when states are copied and described.
class VersionChooser final : public StepObserver {
 public:
  explicit VersionChooser(Versions& versions) : versions_(versions) {}
  void Choose(uint32_t version) { version_ = version; }
  void OnStepBegin() override { versions_.Choose(version_); }
  void OnStepEnd() override { versions_.Choose(0); }

 private:
  Versions& versions_;
  uint32_t version_ = 0;
};

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_EXPLORE_VERSIONS_H_
