#include "fuzz/harness/step_coverage.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/oracle/symbols.h"

// SanitizerCoverage's: a counter for each block of the code that gives feedback, and where each block is.
struct SancovBlock {
  const void* address;
  uintptr_t flags;
};
extern "C" {
[[gnu::weak]] extern uint8_t __start___sancov_cntrs;
[[gnu::weak]] extern uint8_t __stop___sancov_cntrs;
[[gnu::weak]] extern const SancovBlock __start___sancov_pcs;
}

namespace sluice::fuzz {
namespace {

// For each snapshot, the blocks that ran since the one before.
std::vector<std::vector<size_t>> g_blocks;

size_t BlockCount() {
  return &__start___sancov_cntrs == nullptr ? 0 : static_cast<size_t>(&__stop___sancov_cntrs - &__start___sancov_cntrs);
}

void TakeBlocks() {
  uint8_t* const counters = &__start___sancov_cntrs;
  std::vector<size_t>& ran = g_blocks.emplace_back();
  for (size_t i = 0; i < BlockCount(); ++i) {
    if (counters[i] != 0) ran.push_back(i);
  }
  std::memset(counters, 0, BlockCount());
}

// "function:line" of a block of src/core; empty for others.
std::string NameOf(size_t block) {
  const std::string whole_text = Symbolized((&__start___sancov_pcs)[block].address, "%f\t%s\t%l");
  const std::string_view whole(whole_text);
  const size_t file = whole.find('\t');
  const size_t line = whole.rfind('\t');
  if (file == line || whole.find("src/core/", file) == std::string_view::npos) return "";
  if (whole.find("src/core/invariants.", file) != std::string_view::npos) return "";  // takes the snapshots
  std::string result(BareName(whole.substr(0, file)));
  std::replace(result.begin(), result.end(), ' ', '_');
  return result + ":" + std::string(whole.substr(line + 1));
}

// The snapshot at the event, or the first one after it.
size_t SnapshotAfter(const Trace& trace, size_t event) {
  for (size_t i = event; i < trace.snapshot_of_event.size(); ++i) {
    if (trace.snapshot_of_event[i] != 0) return trace.snapshot_of_event[i] - 1;
  }
  return trace.snapshots.size();
}

// As what takes the snapshots does.
bool RanInEveryStep(size_t block) {
  return std::all_of(g_blocks.begin(), g_blocks.end(), [block](const std::vector<size_t>& blocks) {
    return std::binary_search(blocks.begin(), blocks.end(), block);
  });
}

void PrintCoverageOf(size_t snapshot) {
  std::set<std::string> names;
  for (const size_t block : g_blocks[snapshot]) {
    if (RanInEveryStep(block)) continue;
    if (const std::string name = NameOf(block); !name.empty()) names.insert(name);
  }
  std::string line = "SLUICE-STEP-COVERAGE";
  for (const std::string& name : names) line += " " + name;
  std::fprintf(stderr, "%s\n", line.c_str());
}

}  // namespace

void PrintStepCoverage(Judge& judge, const Program& program) {
  if (BlockCount() == 0) return;
  g_blocks.clear();
  std::memset(&__start___sancov_cntrs, 0, BlockCount());
  judge.AfterSnapshots(&TakeBlocks);
  judge.Run(program);
  judge.AfterSnapshots(nullptr);
  if (judge.findings().empty()) return;
  const size_t snapshot = SnapshotAfter(judge.core_trace(), judge.findings().front().event);
  if (snapshot < g_blocks.size()) PrintCoverageOf(snapshot);
}

}  // namespace sluice::fuzz
