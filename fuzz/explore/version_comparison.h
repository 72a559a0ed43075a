// Versions of the core (mutants), compared with the original along every edge of a space.
//
// The original is explored. On each edge, the versions whose code it ran are run from the same state with the same
// choices. A version that leaves everything as the original does (what the author sees, every slot, promise, job and
// reference) is there what the original is; by induction over the edges, so is everything it does. Where it leaves
// something else, the judge decides, on the shortest program that ends with the edge. So one exploration decides all
// versions, and only differences are judged.
#ifndef SLUICE_FUZZ_EXPLORE_VERSION_COMPARISON_H_
#define SLUICE_FUZZ_EXPLORE_VERSION_COMPARISON_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/explore/space.h"
#include "fuzz/explore/state_table.h"
#include "fuzz/explore/versions.h"
#include "fuzz/explore/walker.h"
#include "fuzz/oracle/judge.h"
#include "fuzz/program/program.h"

namespace sluice::fuzz {

enum class Fate : uint8_t {
  kNotRun,     // the original ran nothing on any edge that the version changes
  kSame,       // the version left everything as the original did, on every edge
  kUndecided,  // it left something else, and no oracle found anything in the programs that show it
  kKilled,     // an oracle found it
};

struct VersionResult {
  uint32_t version = 0;
  Fate fate = Fate::kNotRun;
  uint64_t runs = 0;   // on edges, and at states
  uint64_t edges = 0;  // that were walked before the one on which it was killed, or in all
  // Killed: by the shortest program on which an oracle found it. Undecided: the first that left something else.
  Program program;
  std::vector<std::string> findings;  // of that program, in the order in which they broke: "slots/state@write"
  // Of all its programs that were judged (at most `programs`):
  uint32_t judged = 0;
  uint32_t oracles = 0;            // bit 1 << Oracle: those that found it
  std::optional<Program> visible;  // the shortest whose trace differs: an author can tell
};

struct VersionComparisonOptions {
  Space space{{}};
  Versions* versions = nullptr;
  std::vector<uint32_t> compared;  // versions
  uint32_t programs = 16;          // judged of each, to see which oracles find it
  std::function<std::unique_ptr<CoreSubject>()> make_subject = [] { return std::make_unique<CoreSubject>(); };
  // Before a version runs on an edge that ends `program`, and when it was killed.
  std::function<void(uint32_t version, uint64_t edges, Walker& at)> on_run = nullptr;
  std::function<void(const VersionResult&)> on_killed = nullptr;
  // With each judged program in which an author can tell the version from the original.
  std::function<void(uint32_t version, const Program&)> on_visible = nullptr;
  std::function<bool(uint64_t states, uint64_t edges, size_t alive)> go_on = nullptr;  // after some states
};

class VersionComparison {
 public:
  explicit VersionComparison(VersionComparisonOptions options);
  ~VersionComparison();

  // Until nothing is new, or all versions are decided. False: stopped by `go_on`.
  bool Run();
  // In the order of `compared`.
  const std::vector<VersionResult>& results() const { return results_; }
  uint64_t edges() const { return edges_; }
  uint64_t states() const { return table_.size() - 1; }

 private:
  void Expand(uint32_t state);
  void CompareOnThisEdge(VersionResult& result);
  void CompareOutsideOfEdges();
  std::vector<const char*> CopyAndTearDown(uint32_t version);
  bool IsSame() const;
  void JudgeHere(VersionResult& result);
  bool IsDone(const VersionResult& result) const;

  const VersionComparisonOptions options_;
  StateTable table_;
  VersionRecorder recorder_;
  VersionChooser chooser_;
  std::unique_ptr<Walker> original_;
  std::unique_ptr<Walker> version_;
  Walker::Position position_;
  Judge judge_;
  core::AssertHandler judges_handler_ = nullptr;
  std::vector<VersionResult> results_;
  std::vector<size_t> active_;  // results that are not done
  size_t alive_ = 0;            // that no oracle found yet
  uint64_t edges_ = 0;
};

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_EXPLORE_VERSION_COMPARISON_H_
