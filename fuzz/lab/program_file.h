// Reading programs from files, for every command that takes one.
#ifndef SLUICE_FUZZ_LAB_PROGRAM_FILE_H_
#define SLUICE_FUZZ_LAB_PROGRAM_FILE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fuzz/program/program.h"

namespace sluice::lab {

// No input of a fuzz target is larger, in bytes.
inline constexpr uint64_t kMaxFileSize = 1 << 20;

// The file's bytes. An error has the file, the cause and the remedy.
absl::StatusOr<std::vector<uint8_t>> ReadFile(const std::string& path);

// The program in `bytes`, text or byte form. Text that does not parse is an error with `path`, line and column.
absl::StatusOr<fuzz::Program> ParseProgram(const std::string& path, const std::vector<uint8_t>& bytes);

// The program in the file.
absl::StatusOr<fuzz::Program> ReadProgram(const std::string& path);

// The comment lines at the start of a text file, which give its reason. Empty for bytes.
std::string LeadingComment(const std::vector<uint8_t>& bytes);

// Writes a file completely, or returns the cause (full disk, no permission) and leaves the old file.
absl::Status WriteFile(const std::string& path, const std::string& content);

}  // namespace sluice::lab

#endif  // SLUICE_FUZZ_LAB_PROGRAM_FILE_H_
