#include "fuzz/explore/depth_first.h"

#include <memory>

namespace sluice::fuzz {
namespace {

// A state that is being expanded.
struct Frame {
  Walker::Position position{.subject = std::make_unique<CoreSubject>()};
  ChoicePath path;  // of the edge that comes next
};

}  // namespace

std::vector<ConfigurationCount> ExploreDepthFirst(const Space& space, uint64_t seed) {
  std::vector<ConfigurationCount> counts(space.configurations.size());
  StateTable table;
  Walker walker(space, std::make_unique<CoreSubject>(), std::make_unique<CoreSubject>());
  std::vector<std::unique_ptr<Frame>> frames;  // the first `depth` are the path; the others are kept for their memory
  size_t depth = 0;
  const auto push = [&] {
    if (depth == frames.size()) frames.push_back(std::make_unique<Frame>());
    walker.Save(frames[depth]->position);
    frames[depth]->path.Set({});
    ++depth;
  };
  walker.GoToRoot();
  push();
  while (depth > 0) {
    Frame& frame = *frames[depth - 1];
    walker.Restore(frame.position, 0, 0);
    walker.path() = frame.path;
    if (!walker.Step()) {
      --depth;
      continue;
    }
    frame.path = walker.path();
    if (!frame.path.CountUp()) --depth;  // its place is free: nothing of it is needed any more
    ++counts[walker.configuration()].edges;
    if (!table.Add(KeyOf(walker.state().bytes(), seed), StateTable::kRoot, {})) continue;
    ++counts[walker.configuration()].states;
    push();
  }
  return counts;
}

}  // namespace sluice::fuzz
