#include "src/runtime/source_file.h"

#include <absl/status/status.h>
#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace sluice::runtime {
namespace {

absl::Status Failed(const std::string& name, int error) {
  return absl::Status(absl::ErrnoToStatusCode(error),
                      absl::StrCat(name, ": ", error == EISDIR ? "is a folder, not a file" : std::strerror(error)));
}

}  // namespace

absl::StatusOr<std::string> ReadSource(const std::string& path) {
  const bool standard_input = path == "-";
  const std::string name = standard_input ? "standard input" : path;
  const int file = standard_input ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return Failed(name, errno);
  std::string text;
  char buffer[1 << 16];
  int error = 0;
  while (true) {
    const ssize_t count = read(file, buffer, sizeof(buffer));
    if (count > 0) {
      text.append(buffer, static_cast<size_t>(count));
    } else if (count == 0) {
      break;
    } else if (errno != EINTR) {
      error = errno;
      break;
    }
  }
  if (!standard_input) close(file);
  if (error != 0) return Failed(name, error);
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  return text;
}

}  // namespace sluice::runtime
