// A target with faults of several kinds, for engines_test.py: which of them do campaigns find, and do they go on?
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

#include "fuzz/harness/report_finding.h"

namespace {

struct Broken {
  std::string rule;
  std::string sentence = "it is never broken";
  std::string detail;
};

void Report(const char* rule) {
  sluice::fuzz::ReportFinding("model", std::optional(Broken{.rule = rule, .detail = ""}));
}

volatile char g_sink;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // Only when asked for: engines begin with such an input when they have no seeds.
  static const bool short_breaks = std::getenv("FAULTY_SHORT") != nullptr;
  if (size < 2 && short_breaks) Report("short");
  if (size < 2) return 0;
  auto* const copy = new char[2];
  switch (data[0]) {
    case 'o':
      if (data[1] == 'z') g_sink = copy[data[1]];  // beyond its end
      break;
    case 'u':
      if (data[1] != 'z') break;
      delete[] copy;
      g_sink = copy[0];
      return 0;
    case 'a':
      if (data[1] == '1') Report("first");
      if (data[1] == '2') Report("second");
      break;
    case 'h': {
      // Only when asked for, by hand: each time takes as long as the engines wait.
      static const bool hangs = std::getenv("FAULTY_HANG") != nullptr;
      while (hangs && data[1] == 'z') g_sink = copy[0];
      break;
    }
    case 'm': {
      // Grows, as a leak would. Only when asked for, by hand: it takes half a minute.
      static const bool has_memory_fault = std::getenv("FAULTY_MEMORY") != nullptr;
      std::string all;
      while (has_memory_fault && data[1] == 'm' && size > 2 && data[2] == 'm') all.append(64 << 20, 'm');
      break;
    }
    default:
      break;
  }
  delete[] copy;
  return 0;
}
