// The inputs that a path names: itself, or all regular files under it.
#ifndef SLUICE_FUZZ_HARNESS_FILES_UNDER_H_
#define SLUICE_FUZZ_HARNESS_FILES_UNDER_H_

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>
#include <vector>

namespace sluice::fuzz {

// In the order of their names, so that runs can be compared. Links to folders are followed, each folder once.
inline std::vector<std::filesystem::path> FilesUnder(const std::filesystem::path& path, std::error_code& error) {
  namespace fs = std::filesystem;
  if (!fs::is_directory(path, error)) return {path};
  std::vector<fs::path> files;
  std::set<fs::path> entered{fs::canonical(path, error)};
  auto entry = fs::recursive_directory_iterator(path, fs::directory_options::follow_directory_symlink, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    std::error_code ignored;
    if (entry->is_regular_file(ignored)) {
      files.push_back(entry->path());
    } else if (entry->is_directory(ignored) && !entered.insert(fs::canonical(entry->path(), ignored)).second) {
      entry.disable_recursion_pending();
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_HARNESS_FILES_UNDER_H_
