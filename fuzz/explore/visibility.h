// Whether an author can tell versions of the core (mutants) from the original. Oracles look inside, so that they find
// more than that.
//
//   Visibility visibility({.space = space, .versions = &versions, .compared = {17, 23}});
//   const bool is_closed = visibility.Run();
//   const std::vector<VisibilityResult>& results = visibility.results();
//
// The original is explored. On each edge, the versions whose code it ran are run from the same state with the same
// choices. Where a version leaves a state from which an author cannot tell it (the same canonical state, and the same
// events), it is there what the original is; if it does so on every edge until no state is new, no program of the space
// tells it. Where it leaves another state, the search goes on there, along pairs of states: one of the version and one
// of the original, after the same program.
#ifndef SLUICE_FUZZ_EXPLORE_VISIBILITY_H_
#define SLUICE_FUZZ_EXPLORE_VISIBILITY_H_

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <vector>

#include "fuzz/driver/core_subject.h"
#include "fuzz/explore/space.h"
#include "fuzz/explore/state_table.h"
#include "fuzz/explore/versions.h"
#include "fuzz/explore/walker.h"
#include "fuzz/program/program.h"

namespace sluice::fuzz {

enum class Visible : uint8_t {
  kNo,    // no program of the space tells it from the original
  kYes,   // `program` does
  kOpen,  // it leaves states that the original does not, and nothing was seen of that in the programs that were tried
};

struct VisibilityResult {
  uint32_t version = 0;
  Visible visible = Visible::kNo;
  Program program;        // the first one, with as few edges as possible up to the first difference
  uint64_t programs = 0;  // that were tried after the first difference
};

struct VisibilityOptions {
  Space space{{}};
  Versions* versions = nullptr;
  std::vector<uint32_t> compared;   // versions
  uint32_t differences = 256;       // of one version: pairs of states from which the search goes on
  uint64_t most_programs = 20'000;  // that are tried for one version
  std::function<std::unique_ptr<CoreSubject>()> make_subject = [] { return std::make_unique<CoreSubject>(); };
  std::function<void(uint32_t version)> on_run = nullptr;                // before a version runs
  std::function<void(const VisibilityResult&)> on_result = nullptr;      // when it is known
  std::function<bool(uint64_t states, uint64_t edges)> go_on = nullptr;  // after each state; false: enough was walked
};

class Visibility {
 public:
  explicit Visibility(VisibilityOptions options);
  ~Visibility();

  // False: stopped by `go_on`; then nothing is kNo.
  bool Run();
  // In the order of `compared`.
  const std::vector<VisibilityResult>& results() const { return results_; }

 private:
  using Path = std::vector<std::vector<uint8_t>>;  // choices of edges from the root
  using Keys = std::array<uint64_t, 4>;            // canonical states of the version and of the original
  struct Pair {
    Keys keys;
    Path path;
  };
  // Pairs of two states that one version comes to.
  struct Pairs {
    std::set<Keys> met;
    std::deque<Path> waiting;  // from which the search goes on
    bool all = true;           // false: there are more than are known
  };

  bool Explore();
  void Expand(uint32_t state);
  void CompareOnThisEdge(uint32_t state, size_t index);
  void Search(size_t index);
  bool Follow(const Path& path, size_t index, std::vector<Pair>& next);
  bool IsTold(const Program& program, uint32_t version);
  StateKey KeyAfter(const Program& program, uint32_t configuration);
  void Report(size_t index);

  const VisibilityOptions options_;
  StateTable table_;
  VersionRecorder recorder_;
  VersionChooser chooser_;
  std::unique_ptr<Walker> original_;
  std::unique_ptr<Walker> version_;
  Walker::Position position_;
  std::unique_ptr<CoreSubject> subject_;  // runs whole programs
  core::AssertHandler handler_ = nullptr;
  std::vector<VisibilityResult> results_;
  std::vector<size_t> active_;  // results that no program shows yet
  std::vector<Pairs> pairs_;    // by result
  uint64_t edges_ = 0;
};

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_EXPLORE_VISIBILITY_H_
