// main() of <target>_speed: runs the inputs of some folders over and over, without an engine, and prints how fast.
//
//   writable_stream_fuzzer_speed SECONDS FOLDER...
//
// Inputs that are texts are converted to bytes first, as a campaign's corpus is. Prints one JSON object on a line:
// `inputs`, the `operations` of all their programs together, `executions`, and `seconds` of processor time.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fuzz/program/bytes.h"
#include "fuzz/program/program.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

namespace fs = std::filesystem;

double ProcessorSeconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

std::vector<std::string> ReadInputs(int folders, char** names) {
  std::vector<fs::path> files;
  for (int i = 0; i < folders; ++i) {
    for (const auto& entry : fs::directory_iterator(names[i])) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<std::string> inputs;
  for (const fs::path& path : files) {
    std::ifstream file(path, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    inputs.push_back(sluice::fuzz::EncodeBytes(
        sluice::fuzz::DecodeInput({reinterpret_cast<const uint8_t*>(text.data()), text.size()})));
  }
  return inputs;
}

// Of all programs, those of their scripts included.
size_t OperationsOf(const std::vector<std::string>& inputs) {
  size_t operations = 0;
  for (const std::string& input : inputs) {
    const sluice::fuzz::Program program =
        sluice::fuzz::DecodeInput({reinterpret_cast<const uint8_t*>(input.data()), input.size()});
    operations += program.ops.size();
    for (const sluice::fuzz::Script& script : program.scripts) operations += script.ops.size();
  }
  return operations;
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 2 ? std::atof(argv[1]) : 0;
  const std::vector<std::string> inputs = argc > 2 ? ReadInputs(argc - 2, argv + 2) : std::vector<std::string>();
  if (seconds <= 0 || inputs.empty()) {
    std::fprintf(stderr, "usage: %s SECONDS FOLDER...   (folders with at least one input)\n", argv[0]);
    return 2;
  }
  uint64_t executions = 0;
  const double begin = ProcessorSeconds();
  double end = begin;
  while (end - begin < seconds) {
    for (const std::string& input : inputs) {
      LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
    }
    executions += inputs.size();
    end = ProcessorSeconds();
  }
  std::printf("{\"inputs\": %zu, \"operations\": %zu, \"executions\": %llu, \"seconds\": %.6f}\n", inputs.size(),
              OperationsOf(inputs), static_cast<unsigned long long>(executions), end - begin);
  return 0;
}
