// Files of source text, with errors that say what is wrong with which file.
#ifndef SLUICE_RUNTIME_SOURCE_FILE_H_
#define SLUICE_RUNTIME_SOURCE_FILE_H_

#include <absl/status/statusor.h>

#include <cstddef>
#include <string>

namespace sluice::runtime {

// The most that is read of one file: longer text would be no string of V8.
inline constexpr size_t kMaxSourceBytes = size_t{512} << 20;

// All of the regular file `path`, without a byte order mark at its begin. Never waits: pipes, sockets and devices are
// refused, and so are files of more than `limit` bytes and names with a NUL, which the system would cut there. The
// error's message names the file.
absl::StatusOr<std::string> ReadSource(const std::string& path, size_t limit = kMaxSourceBytes);
// All of standard input, which may be a pipe: waits for its end.
absl::StatusOr<std::string> ReadStandardInput();

// The real path of `path`, with every link followed, if it is in the folder `root` or below; a relative path is one
// from there. An empty root is everywhere, and any path is returned as it is. The error's message names the file.
absl::StatusOr<std::string> LocateUnder(const std::string& root, const std::string& path);

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_SOURCE_FILE_H_
