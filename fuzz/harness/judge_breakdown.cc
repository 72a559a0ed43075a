// Where the time of one execution goes: runs the stages of the judge one by one over the inputs of some folders.
//
//   judge_breakdown SECONDS FOLDER...
//
// Prints one line a stage: its name, and microseconds of processor time for each execution. scripts/bench draws it.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "fuzz/driver/core_subject.h"
#include "fuzz/driver/driver.h"
#include "fuzz/model/reference_model.h"
#include "fuzz/oracle/history.h"
#include "fuzz/oracle/judge.h"
#include "fuzz/program/bytes.h"

namespace {

using namespace sluice::fuzz;  // NOLINT

double ProcessorSeconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

std::span<const uint8_t> AsBytes(const std::string& bytes) {
  return {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> inputs;
  std::vector<Program> programs;
  for (int i = 2; i < argc; ++i) {
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
      programs.push_back(DecodeInput(AsBytes(text)));
      inputs.push_back(EncodeBytes(programs.back()));
    }
  }
  const double seconds = argc > 2 ? std::atof(argv[1]) : 0;
  if (seconds <= 0 || programs.empty()) {
    std::fprintf(stderr, "usage: %s SECONDS FOLDER...   (folders with at least one input)\n", argv[0]);
    return 2;
  }

  Driver driver;
  CoreSubject core;
  ReferenceModel model;
  HistoryChecker history;
  Judge judge;
  std::vector<Trace> traces(programs.size());
  Trace scratch;
  const std::pair<const char*, std::function<void(size_t)>> stages[] = {
      {"decode the input", [&](size_t i) { DecodeInput(AsBytes(inputs[i])); }},
      {"core, with a snapshot at each step",
       [&](size_t i) {
         driver.Run(programs[i], core, {}, traces[i]);
         core.Teardown();
       }},
      {"core again, without", [&](size_t i) { driver.Run(programs[i], core, {.snapshots = false}, scratch); }},
      {"core again, saved and restored",
       [&](size_t i) {
         core.RestoreAt(i % std::max<size_t>(traces[i].snapshots[0].taken.size(), 1));
         driver.Run(programs[i], core, {.snapshots = false}, scratch);
         core.RestoreAt(JudgedSubject::kNever);
       }},
      {"reference model, with snapshots", [&](size_t i) { driver.Run(programs[i], model, {}, scratch); }},
      {"history rules", [&](size_t i) { history.Check(traces[i]); }},
      {"everything: the judge", [&](size_t i) { judge.Run(programs[i]); }},
  };
  for (const auto& [name, stage] : stages) {
    uint64_t executions = 0;
    const double begin = ProcessorSeconds();
    double end = begin;
    while (end - begin < seconds) {
      for (size_t i = 0; i < programs.size(); ++i) stage(i);
      executions += programs.size();
      end = ProcessorSeconds();
    }
    std::printf("%s\t%.3f\n", name, (end - begin) * 1e6 / static_cast<double>(executions));
  }
  return 0;
}
