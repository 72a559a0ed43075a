// main() of fuzz targets in builds without a fuzzing engine: runs the inputs that are named on the command line.
//
//   writable_stream_fuzzer FILE_OR_FOLDER...
//
// What begins with a dash is an engine's flag, unless it comes after "--". Links are followed.
// Exit 0: all ran. A finding aborts, as it does under an engine. Exit 2: something could not be read, or
// there was nothing to run.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>
#include <system_error>
#include <vector>

#include "fuzz/harness/files_under.h"

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

}  // namespace

int main(int argc, char** argv) {
  std::vector<fs::path> files;
  bool readable = true;
  bool flags = true;
  for (int i = 1; i < argc; ++i) {
    if (flags && argv[i][0] == '-') {
      flags = std::string_view(argv[i]) != "--";
      continue;
    }
    std::error_code error;
    const std::vector<fs::path> found = sluice::fuzz::FilesUnder(argv[i], error);
    if (!error && (fs::is_directory(argv[i], error) || fs::is_regular_file(argv[i], error))) {
      files.insert(files.end(), found.begin(), found.end());
      continue;
    }
    std::fprintf(stderr, "%s: cannot be read\n", argv[i]);
    readable = false;
  }
  for (const fs::path& file : files) {
    if (!RunFile(file)) readable = false;
  }
  std::fprintf(stderr, "Ran %zu inputs\n", files.size());
  if (files.empty()) std::fprintf(stderr, "Nothing was run: name at least one input\n");
  return readable && !files.empty() ? 0 : 2;
}
