#include "src/runtime/source_file.h"

#include <absl/cleanup/cleanup.h>
#include <absl/status/status.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_replace.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

namespace sluice::runtime {
namespace {

absl::Status Failed(const std::string& name, int error) {
  return absl::Status(absl::ErrnoToStatusCode(error), absl::StrCat(name, ": ", std::strerror(error)));
}

absl::Status TooLarge(const std::string& name, size_t limit) {
  return absl::ResourceExhaustedError(absl::StrCat(name, ": is larger than ", limit, " bytes"));
}

// `name` is for errors.
absl::StatusOr<std::string> ReadAll(int file, const std::string& name, size_t limit) {
  std::string text;
  char buffer[1 << 16];
  while (true) {
    const ssize_t count = read(file, buffer, sizeof(buffer));
    if (count > 0) {
      // Its size need not be what it was, nor what the system said.
      if (text.size() + static_cast<size_t>(count) > limit) return TooLarge(name, limit);
      text.append(buffer, static_cast<size_t>(count));
    } else if (count == 0) {
      break;
    } else if (errno != EINTR) {
      return Failed(name, errno);
    }
  }
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  return text;
}

}  // namespace

absl::StatusOr<std::string> ReadSource(const std::string& path, size_t limit) {
  if (path.find('\0') != std::string::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat(absl::StrReplaceAll(path, {{std::string(1, '\0'), "\\0"}}), ": a file's name cannot contain NUL"));
  }
  // Opening a pipe would wait for a writer, opening a terminal could make it ours.
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (file < 0) return Failed(path, errno);
  const absl::Cleanup closing = [file] { close(file); };
  struct stat status {};
  if (fstat(file, &status) != 0) return Failed(path, errno);
  if (!S_ISREG(status.st_mode)) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, S_ISDIR(status.st_mode) ? ": is a folder, not a file" : ": is not a regular file"));
  }
  if (status.st_size > 0 && static_cast<size_t>(status.st_size) > limit) return TooLarge(path, limit);
  return ReadAll(file, path, limit);
}

absl::StatusOr<std::string> ReadStandardInput() { return ReadAll(STDIN_FILENO, "standard input", kMaxSourceBytes); }

absl::StatusOr<std::string> LocateUnder(const std::string& root, const std::string& path) {
  // What has a NUL in its name is refused by ReadSource(); here the system would cut it.
  if (root.empty() || path.find('\0') != std::string::npos) return path;
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::canonical(root, error);
  if (error) return Failed(root, error.value());
  std::filesystem::path real = std::filesystem::canonical(folder / path, error);
  if (error) return Failed(path, error.value());
  const auto [end, ignored] = std::mismatch(folder.begin(), folder.end(), real.begin(), real.end());
  if (end == folder.end()) return std::move(real).string();
  return absl::PermissionDeniedError(absl::StrCat(path, ": is not in the app's folder, ", root));
}

}  // namespace sluice::runtime
