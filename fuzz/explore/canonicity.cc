#include "fuzz/explore/canonicity.h"

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include "fuzz/program/random.h"
#include "src/core/snapshot.h"

namespace sluice::fuzz {
namespace {

// What the author sees on an edge, with promises, errors, chunks and reasons by first appearance on it.
class Seen {
 public:
  explicit Seen(const std::vector<Event>& events) {
    for (const Event& event : events) {
      Add(static_cast<uint64_t>(event.kind) | uint64_t{event.code} << 8 | uint64_t{event.thrown} << 16);
      const bool of_promise = event.kind == EventKind::kSettled || event.kind == EventKind::kUnhandled;
      if (of_promise) Add(Named(sim::ValueKind::kPromise, event.number));
      Add(static_cast<uint64_t>(event.value.kind));
      Add(Named(event.value.kind, event.value.id));
      Add(std::bit_cast<uint64_t>(event.value.number));
    }
  }
  std::vector<uint8_t> TakeBytes() { return std::move(bytes_); }

 private:
  void Add(uint64_t number) {
    for (int shift = 0; shift < 64; shift += 8) bytes_.push_back(static_cast<uint8_t>(number >> shift));
  }
  uint64_t Named(sim::ValueKind kind, uint32_t id) {
    switch (kind) {
      case sim::ValueKind::kUndefined:
      case sim::ValueKind::kNull:
      case sim::ValueKind::kNumber:
      case sim::ValueKind::kBoolean:
        return id;
      default:
        return names_.emplace(std::pair(kind, id), names_.size() + 1).first->second;
    }
  }

  std::vector<uint8_t> bytes_;
  std::map<std::pair<sim::ValueKind, uint32_t>, uint64_t> names_;
};

struct Edge {
  StateKey seen;
  StateKey to;
  std::vector<uint8_t> choices;

  auto identity() const { return std::tuple(seen.low, seen.high, to.low, to.high); }
};

// A walker that knows where it is by the explorer's table.
class RandomWalk {
 public:
  RandomWalk(const Explorer& explorer)
      : explorer_(explorer), walker_(explorer.NewWalker()), reference_(explorer.NewWalker()) {}

  std::optional<Difference> Walk(Random& random, uint32_t length) {
    walker_->GoToRoot();
    uint32_t state = StateTable::kRoot;
    while (length-- > 0) {
      const std::vector<core::Snapshot> here = Slots(*walker_);
      ListEdges(*walker_, edges_);
      if (state != StateTable::kRoot) {
        if (auto difference = Compare(state, here)) return difference;
      }
      if (edges_.empty()) break;
      const std::vector<uint8_t> choices = edges_[random.Below(edges_.size())].choices;
      walker_->Go(choices);
      state = explorer_.table().Find(explorer_.KeyHere(*walker_));
      if (state == StateTable::kUnknown) {
        return Difference{"the walk came to an unknown state", walker_->program(), {}};
      }
      if (walker_->program().ops.size() >= kMaxOps) break;
    }
    return std::nullopt;
  }

 private:
  static std::vector<core::Snapshot> Slots(Walker& walker) {
    std::vector<core::Snapshot> all;
    if (walker.configuration() == Walker::kNoConfiguration) return all;
    for (uint32_t stream = 0; stream < kStreamCount; ++stream) {
      core::Snapshot snapshot;
      if (!walker.subject().TakeSnapshot(stream, snapshot)) continue;
      // Nothing can happen any more to what a released writer holds.
      snapshot.released_readyPromise = snapshot.released_closedPromise = core::PromiseView::kUndefined;
      snapshot.released_readyPromise_is_handled = snapshot.released_closedPromise_is_handled = false;
      all.push_back(snapshot);
    }
    return all;
  }

  void ListEdges(Walker& walker, std::vector<Edge>& edges) {
    edges.clear();
    walker.ForEachEdge([&] {
      const auto choices = walker.choices();
      edges.push_back({KeyOf(Seen(walker.events()).TakeBytes(), 0), explorer_.KeyHere(walker),
                       std::vector<uint8_t>(choices.begin(), choices.end())});
    });
  }

  // `edges_` are those of the walk.
  std::optional<Difference> Compare(uint32_t state, const std::vector<core::Snapshot>& slots) {
    explorer_.GoTo(state, *reference_);
    const auto different = [&](const std::string& what) {
      return Difference{what, walker_->program(), reference_->program()};
    };
    if (!(Slots(*reference_) == slots)) return different("the walk came to a known state with other slots");
    ListEdges(*reference_, known_);
    if (known_.size() != edges_.size()) return different("the walk came to a known state with other edges");
    // Names of writers may be exchanged, and the order of edges with them.
    std::vector<std::tuple<uint64_t, uint64_t, uint64_t, uint64_t>> ours, theirs;
    for (const Edge& edge : edges_) ours.push_back(edge.identity());
    for (const Edge& edge : known_) theirs.push_back(edge.identity());
    std::sort(ours.begin(), ours.end());
    std::sort(theirs.begin(), theirs.end());
    if (ours != theirs) return different("the walk came to a known state whose edges are others");
    return std::nullopt;
  }

  const Explorer& explorer_;
  std::unique_ptr<Walker> walker_;
  std::unique_ptr<Walker> reference_;
  std::vector<Edge> edges_;
  std::vector<Edge> known_;
};

}  // namespace

std::optional<Difference> WalkAtRandom(const Explorer& explorer, const WalkOptions& options) {
  RandomWalk walk(explorer);
  Random random(options.seed);
  for (uint64_t i = 0; i < options.walks; ++i) {
    if (auto difference = walk.Walk(random, options.length)) return difference;
  }
  return std::nullopt;
}

}  // namespace sluice::fuzz
