// Files of source text, with errors that say what is wrong with which file.
#ifndef SLUICE_RUNTIME_SOURCE_FILE_H_
#define SLUICE_RUNTIME_SOURCE_FILE_H_

#include <absl/status/statusor.h>

#include <string>

namespace sluice::runtime {

// All of the file `path`, without a byte order mark at its begin; "-" is standard input. The error's message names the
// file.
absl::StatusOr<std::string> ReadSource(const std::string& path);

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_SOURCE_FILE_H_
