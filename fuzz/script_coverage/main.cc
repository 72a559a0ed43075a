// Prints the blocks of src/v8/js/writable_stream.js that no program reaches, as JSON: {"lines": n, "reached": n,
// "unreached": [{"function", "whole", "first", "last"}, ...]}.
//
//   script_coverage FILE_OR_FOLDER...
//
// A file in a folder of api_surface_fuzzer or lifetime_fuzzer is a surface program; any other is a program of the
// language. Exit 0: printed; 2: a file could not be read, or there is none.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fuzz/driver/driver.h"
#include "fuzz/harness/files_under.h"
#include "fuzz/program/bytes.h"
#include "fuzz/script_coverage/script_coverage.h"
#include "fuzz/surface/surface_program.h"
#include "fuzz/surface/surface_world.h"
#include "fuzz/v8/v8_subject.h"
#include "src/v8/script_extension.h"

// LeakSanitizer does not look into V8's heap.
extern "C" int __lsan_is_turned_off() { return 1; }

namespace sluice::fuzz {
namespace {

namespace fs = std::filesystem;

bool IsSurfaceProgram(const fs::path& path) {
  const std::string folder = fs::absolute(path).parent_path().filename();
  return folder == "api_surface_fuzzer" || folder == "lifetime_fuzzer";
}

void Print(const ScriptCounts& counts) {
  const ScriptCounts::Lines lines = counts.CountLines();
  std::printf("{\"lines\": %d, \"reached\": %d, \"unreached\": [", lines.all, lines.reached);
  const char* separator = "";
  for (const ScriptRange& range : counts.Unreached()) {
    std::printf("%s\n {\"function\": \"%s\", \"whole\": %s, \"first\": %d, \"last\": %d}", separator,
                range.function.c_str(), range.whole ? "true" : "false", range.first, range.last);
    separator = ",";
  }
  std::printf("]}\n");
}

int Main(int argc, char** argv) {
  std::vector<fs::path> files;
  for (int i = 1; i < argc; ++i) {
    std::error_code error;
    const std::vector<fs::path> found = FilesUnder(argv[i], error);
    files.insert(files.end(), found.begin(), found.end());
    if (error || !fs::exists(argv[i], error)) {
      std::fprintf(stderr, "script_coverage: %s: cannot be read\n", argv[i]);
      return 2;
    }
  }
  if (files.empty()) {
    std::fprintf(stderr, "script_coverage: name a file or a folder of programs\n");
    return 2;
  }
  binding::ShowScriptsToProfilers();
  SurfaceWorld world;  // the first, for the flags of V8 that it needs
  V8Subject subject;
  ScriptCoverage of_world(world.isolate().get());
  ScriptCoverage of_subject(subject.isolate());
  Driver driver;
  Trace trace;
  for (const fs::path& path : files) {
    std::ifstream file(path, std::ios::binary);
    const std::string input((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    if (!file.good() && !file.eof()) {
      std::fprintf(stderr, "script_coverage: %s: cannot be read\n", path.c_str());
      return 2;
    }
    if (IsSurfaceProgram(path)) {
      world.Run(SurfaceStatements(input), SurfaceSide::kReal);
    } else {
      const Program program = DecodeInput({reinterpret_cast<const uint8_t*>(input.data()), input.size()});
      driver.Run(program, subject, {}, trace);
      subject.Teardown();
    }
  }
  ScriptCounts counts;
  of_world.AddTo(counts);
  of_subject.AddTo(counts);
  Print(counts);
  return 0;
}

}  // namespace
}  // namespace sluice::fuzz

int main(int argc, char** argv) { return sluice::fuzz::Main(argc, argv); }
