// Runs a shell command on candidate files: `sluice-fuzz shrink --command`.
#ifndef SLUICE_FUZZ_LAB_CANDIDATES_H_
#define SLUICE_FUZZ_LAB_CANDIDATES_H_

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace sluice::lab {

class Candidates {
 public:
  // `executions`: the number of candidates that the command may run; after that, every candidate is rejected.
  Candidates(std::string command, size_t executions);
  Candidates(const Candidates&) = delete;
  Candidates& operator=(const Candidates&) = delete;
  ~Candidates();

  // The index of the first of `contents` that the command accepts. contents.size() if there is none, if the executions
  // are used up, or if the command failed (status()).
  size_t First(std::span<const std::string> contents);

  size_t executions() const { return executions_; }
  bool used_up() const { return executions_ >= limit_; }
  const absl::Status& status() const { return status_; }

 private:
  absl::Status WriteFiles(std::span<const std::string> contents, std::vector<std::string>& paths);
  absl::StatusOr<size_t> RunCommand(const std::vector<std::string>& paths) const;

  const std::string command_;
  const size_t limit_;
  size_t executions_ = 0;
  std::string folder_;  // temporary; empty until it is needed
  absl::Status status_;
};

}  // namespace sluice::lab

#endif  // SLUICE_FUZZ_LAB_CANDIDATES_H_
