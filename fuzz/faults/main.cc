// Faults at every point of programs: for n = 1, 2, 3, ... until it no longer happens, the nth allocation of the core
// fails, execution is terminated, garbage collected, the realms detached or the isolate disposed of at the nth point
// (fuzz/surface/lifetime_rules.h).
//
//   fault_points [--seconds N] [--seed N] [--most N] FILE_OR_FOLDER...
//
// Texts of surface programs (*.txt) and of the program language (*.ops). After them, random surface programs until N
// seconds of processor time are over. Prints the number of points of each kind. Exit 0: no rule is broken; 1: one is,
// and what prints it; 2: could not run.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fuzz/faults/allocation_faults.h"
#include "fuzz/harness/files_under.h"
#include "fuzz/program/bytes.h"
#include "fuzz/program/mutate.h"
#include "fuzz/program/text.h"
#include "fuzz/surface/lifetime_rules.h"
#include "fuzz/surface/surface_program.h"

// LeakSanitizer does not look into V8's heap.
extern "C" int __lsan_is_turned_off() { return 1; }

namespace sluice::fuzz {
namespace {

namespace fs = std::filesystem;

struct Counts {
  uint64_t lifetime[kLifetimeFaults] = {};
  uint64_t allocations = 0;

  uint64_t sum() const {
    uint64_t all = allocations;
    for (const uint64_t each : lifetime) all += each;
    return all;
  }
};

struct Arguments {
  double seconds = 0;
  uint64_t seed = 1;
  uint64_t most = 100'000;
  std::vector<std::string> paths;
};

double ProcessorSeconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

bool ReadArguments(int argc, char** argv, Arguments& arguments) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    if (!flag.starts_with("--")) {
      arguments.paths.emplace_back(flag);
      continue;
    }
    char* end = nullptr;
    const double value = i + 1 < argc ? std::strtod(argv[++i], &end) : -1;
    if (end == nullptr || *end != '\0' || value < 0) return false;
    if (flag == "--seconds") {
      arguments.seconds = value;
    } else if (flag == "--seed") {
      arguments.seed = static_cast<uint64_t>(value);
    } else if (flag == "--most") {
      arguments.most = static_cast<uint64_t>(value);
    } else {
      return false;
    }
  }
  return !arguments.paths.empty();
}

// 0, or 1 after printing what was found.
int CheckSurfaceText(SurfaceWorld& world, const std::string& name, const std::string& text, uint64_t most,
                     Counts& counts) {
  const auto finding = CheckEveryPoint(world, text, most, counts.lifetime);
  if (!finding.has_value()) return 0;
  std::printf("%s: %s: not so: %s\n%s\nThe input, for lifetime_fuzzer with the line \"fault ...\" before it:\n\n%s",
              name.c_str(), finding->rule.c_str(), finding->sentence.c_str(), finding->detail.c_str(), text.c_str());
  return 1;
}

int CheckFile(SurfaceWorld& world, const fs::path& path, uint64_t most, Counts& counts) {
  std::ifstream file(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file.good() && !file.eof()) {
    std::fprintf(stderr, "%s: cannot be read\n", path.c_str());
    return 2;
  }
  if (path.extension() == ".txt") return CheckSurfaceText(world, path, text, most, counts);
  const Program program = DecodeInput({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
  if (const auto broken = CheckAllocations(program, most, counts.allocations); broken.has_value()) {
    std::printf("%s: %s\n", path.c_str(), broken->c_str());
    return 1;
  }
  return 0;
}

int Main(const Arguments& arguments) {
  SurfaceWorld world;
  Counts counts;
  const double end = ProcessorSeconds() + arguments.seconds;
  int code = 0;
  for (const std::string& each : arguments.paths) {
    std::error_code error;
    const std::vector<fs::path> files = FilesUnder(each, error);
    if (error || files.empty()) {
      std::fprintf(stderr, "%s: there is nothing to read\n", each.c_str());
      return 2;
    }
    for (const fs::path& path : files) code = std::max(code, CheckFile(world, path, arguments.most, counts));
  }
  // A quarter of the time for allocations, of which there are a hundred in the time of one other point.
  double of_allocations = 0;
  const double begin = ProcessorSeconds();
  for (uint64_t seed = arguments.seed; code == 0 && ProcessorSeconds() < end; ++seed) {
    const double now = ProcessorSeconds();
    if (of_allocations * 4 > now - begin) {
      const std::string text = RandomSurfaceProgram(seed, 4 + seed % 16);
      code = CheckSurfaceText(world, "random program " + std::to_string(seed), text, arguments.most, counts);
      continue;
    }
    Random random(seed);
    const Program program = RandomProgram(random, BalancedProfile());
    if (const auto broken = CheckAllocations(program, arguments.most, counts.allocations); broken.has_value()) {
      std::printf("random program %llu: %s\n%s", static_cast<unsigned long long>(seed), broken->c_str(),
                  PrintText(program).c_str());
      code = 1;
    }
    of_allocations += ProcessorSeconds() - now;
  }
  for (int kind = 0; kind < kLifetimeFaults; ++kind) {
    std::printf("%12llu %s\n", static_cast<unsigned long long>(counts.lifetime[kind]),
                NameOf(static_cast<LifetimeFault>(kind)));
  }
  std::printf("%12llu allocation\n%12llu points in all, in %.0f seconds of processor time: %s\n",
              static_cast<unsigned long long>(counts.allocations), static_cast<unsigned long long>(counts.sum()),
              ProcessorSeconds(), code == 0 ? "nothing found" : "see above");
  return code;
}

}  // namespace
}  // namespace sluice::fuzz

int main(int argc, char** argv) {
  sluice::fuzz::Arguments arguments;
  if (!sluice::fuzz::ReadArguments(argc, argv, arguments)) {
    std::fprintf(stderr, "usage: fault_points [--seconds N] [--seed N] [--most N] FILE_OR_FOLDER...\n");
    return 2;
  }
  return sluice::fuzz::Main(arguments);
}
