#include "src/runtime/config/configuration.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <thread>

#include "src/runtime/config/configuration_reader.h"
#include "src/runtime/config/json_document.h"

namespace sluice::runtime {
namespace {

constexpr char kFolder[] = "a folder";
constexpr char kNoFile[] = "no such file";

// Closed at the end of the scope.
class File {
 public:
  // O_NONBLOCK: a pipe that nobody writes into does not stop the process.
  explicit File(const std::string& path) : descriptor_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~File() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int descriptor() const { return descriptor_; }

 private:
  const int descriptor_;
};

// As words after "found".
std::string Problem(int error) {
  if (error == ENOENT || error == ENOTDIR) return kNoFile;
  if (error == EACCES) return "a file that may not be read (permission denied)";
  return "a file that cannot be read (" + std::generic_category().message(error) + ")";
}

// What is wrong with an open file; empty if it can be read.
std::string FileProblem(const File& file) {
  if (file.descriptor() < 0) return Problem(errno);
  struct stat status {};
  if (fstat(file.descriptor(), &status) != 0) return Problem(errno);
  if (S_ISDIR(status.st_mode)) return kFolder;
  return S_ISREG(status.st_mode) ? "" : "something that is no file";
}

// At most a byte more than a configuration may have. An error, or 0.
int ReadText(const File& file, std::string& text) {
  char buffer[1 << 16];
  while (text.size() <= kLargestConfiguration) {
    const ssize_t count =
        read(file.descriptor(), buffer, std::min(sizeof(buffer), kLargestConfiguration + 1 - text.size()));
    if (count == 0) return 0;
    if (count > 0) {
      text.append(buffer, static_cast<size_t>(count));
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

ParsedConfiguration Unreadable(const std::string& found) {
  return {{}, {{0, 0, "", "expected a configuration file, found " + found}}};
}

}  // namespace

int Configuration::DefaultThreads() {
  return std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, kMostThreads);
}

std::string CheckEntryFile(const std::string& path) {
  const std::string problem = FileProblem(File(path));
  if (!path.ends_with('/')) return problem;
  return problem == kFolder ? "" : problem == kNoFile ? "no such folder" : problem;
}

ParsedConfiguration ParseConfiguration(std::string_view text, const std::string& folder,
                                       const EntryCheck& check_entry) {
  if (text.size() > kLargestConfiguration) {
    return Unreadable("one of more than " + std::to_string(kLargestConfiguration) + " bytes");
  }
  const JsonDocument document = ParseJson(text, kDeepestConfiguration);
  return ConfigurationReader(text, document, folder, check_entry).Read();
}

ParsedConfiguration ReadConfiguration(const std::string& path) {
  const File file(path);
  const std::string problem = FileProblem(file);
  if (!problem.empty()) return Unreadable(problem);
  std::string text;
  if (const int error = ReadText(file, text); error != 0) return Unreadable(Problem(error));
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  if (error) return Unreadable(Problem(error.value()));
  return ParseConfiguration(text, absolute.parent_path().lexically_normal().string());
}

std::string FormatError(const std::string& file, const ConfigurationError& error) {
  std::string line = file + ":";
  if (error.line > 0) line += std::to_string(error.line) + ":" + std::to_string(error.column) + ":";
  if (!error.key.empty()) line += " " + error.key + ":";
  return line + " " + error.message;
}

}  // namespace sluice::runtime
