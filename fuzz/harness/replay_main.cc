// main() of fuzz targets in builds without a fuzzing engine: runs the inputs that are named on the command line.
//
//   writable_stream_fuzzer FILE_OR_FOLDER...
//
// Exit 0: all ran. A finding aborts, as it does under an engine. Exit 2: something could not be read.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

namespace fs = std::filesystem;

bool RunFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file.good() && !file.eof()) return false;
  std::fprintf(stderr, "Running: %s\n", path.c_str());
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  return true;
}

// Files in the order of their names, so that runs can be compared.
bool AddFiles(const fs::path& path, std::vector<fs::path>& files) {
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    files.push_back(path);
    return fs::is_regular_file(path, error);
  }
  std::vector<fs::path> found;
  for (const auto& entry : fs::recursive_directory_iterator(path, error)) {
    if (entry.is_regular_file()) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  files.insert(files.end(), found.begin(), found.end());
  return !error;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<fs::path> files;
  bool readable = true;
  for (int i = 1; i < argc; ++i) {
    if (argv[i][0] == '-') continue;  // an engine's flag
    if (AddFiles(argv[i], files)) continue;
    std::fprintf(stderr, "%s: cannot be read\n", argv[i]);
    readable = false;
  }
  for (const fs::path& file : files) {
    if (!RunFile(file)) readable = false;
  }
  std::fprintf(stderr, "Ran %zu inputs\n", files.size());
  return readable ? 0 : 2;
}
