// Explores a space until nothing is new: breadth first, so that the path to each state is a shortest one.
//
//   Explorer explorer({.space = space, .threads = 2});
//   switch (explorer.Run([](const Progress&) { return true; })) ...
//
// States are expanded in batches by several threads and added in order by one, so that what is found, in which order
// and by which edges, depends neither on threads nor on time.
#ifndef SLUICE_FUZZ_EXPLORE_EXPLORER_H_
#define SLUICE_FUZZ_EXPLORE_EXPLORER_H_

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/driver/core_subject.h"
#include "fuzz/explore/space.h"
#include "fuzz/explore/state_table.h"
#include "fuzz/explore/walker.h"
#include "fuzz/oracle/judge.h"
#include "fuzz/program/program.h"

namespace sluice::fuzz {

struct ExploreOptions {
  Space space{{}};
  bool judge = true;  // every edge, as a program; if not, only those on which an assert or the host complains
  unsigned threads = 1;
  uint64_t seed = 0;  // of the states' hashes
  std::function<std::unique_ptr<CoreSubject>()> make_subject = [] { return std::make_unique<CoreSubject>(); };
  // Ends the run at the first state for which it returns true; called by all threads.
  std::function<bool(Walker&)> wanted = nullptr;
  // Called with each edge's program, in order; only with one thread.
  std::function<void(const Program&)> on_edge = nullptr;
  CanonicalState::Fault fault = CanonicalState::Fault::kNone;
};

struct Progress {
  uint64_t states = 0;
  uint64_t expanded = 0;  // of them
  uint64_t edges = 0;
  uint32_t depth = 0;   // edges on the longest of the shortest paths
  uint64_t memory = 0;  // bytes, of the table of states
};

struct ConfigurationCount {
  uint64_t states = 0;
  uint64_t edges = 0;

  friend bool operator==(const ConfigurationCount&, const ConfigurationCount&) = default;
};

// What an oracle found on an edge, with the shortest program to it.
struct EdgeFinding {
  Finding finding;
  Program program;
};

// Goes along the shortest path to a state of `table`, whose hashes have that seed. Throws std::runtime_error if it
// leads elsewhere than when it was found.
void GoToState(const StateTable& table, uint64_t seed, uint32_t state, Walker& walker);

class Explorer {
 public:
  enum class Outcome : uint8_t { kClosed, kStopped, kFinding, kWanted };

  explicit Explorer(ExploreOptions options);
  ~Explorer();

  // Goes on where it is. `go_on` is called after each batch. Throws std::runtime_error if a path leads elsewhere than
  // when it was found.
  Outcome Run(const std::function<bool(const Progress&)>& go_on);

  // ---- For looking at what was explored.
  std::unique_ptr<Walker> NewWalker() const;
  // By the shortest path. Throws as Run does.
  void GoTo(uint32_t state, Walker& walker) const;
  StateKey KeyHere(const Walker& walker) const { return KeyOf(walker.state().bytes(), options_.seed); }

  Progress progress() const;
  const Space& space() const { return options_.space; }
  const StateTable& table() const { return table_; }
  const std::vector<ConfigurationCount>& counts() const { return counts_; }
  // A line for each family: "byte-limit: 32 configurations, 85418 states, 443690 edges".
  std::string CountsText() const;
  // After kFinding: of the batch in which there was one, the first of each key.
  const std::vector<EdgeFinding>& findings() const { return findings_; }
  // After kWanted: the shortest program to such a state.
  Program wanted_program() const;

  // ---- A checkpoint is of this space and build. Read returns what is wrong with it, or an empty string.
  void Write(std::ostream& out) const;
  std::string Read(std::istream& in);

 private:
  class Worker;
  struct Block;

  void ExpandBatch(uint32_t begin, uint32_t end);
  void Merge(const Block& block);
  std::string Header() const;
  std::string CheckSample() const;

  const ExploreOptions options_;
  StateTable table_;
  uint32_t next_ = 0;                   // the first state that is not expanded
  std::vector<uint32_t> depth_begins_;  // the first state of each depth
  std::vector<ConfigurationCount> counts_;
  std::vector<EdgeFinding> findings_;
  std::optional<uint32_t> wanted_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<Block> blocks_;
};

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_EXPLORE_EXPLORER_H_
