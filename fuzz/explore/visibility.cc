#include "fuzz/explore/visibility.h"

#include <algorithm>
#include <span>
#include <utility>

#include "fuzz/explore/explorer.h"
#include "src/core/check.h"

namespace sluice::fuzz {
namespace {

constexpr uint64_t kVisibilitySeed = 0;  // of the states' hashes

}  // namespace

Visibility::Visibility(VisibilityOptions options)
    : options_(std::move(options)),
      recorder_(*options_.versions),
      chooser_(*options_.versions),
      original_(std::make_unique<Walker>(options_.space, options_.make_subject(), options_.make_subject())),
      version_(std::make_unique<Walker>(options_.space, options_.make_subject(), options_.make_subject())),
      subject_(options_.make_subject()),
      pairs_(options_.compared.size()) {
  position_.subject = options_.make_subject();
  original_->ObserveSteps(&recorder_);
  version_->ObserveSteps(&chooser_);
  for (const uint32_t version : options_.compared) {
    active_.push_back(results_.size());
    results_.push_back({.version = version});
  }
  // No author sees asserts.
  handler_ = core::SetAssertHandler([](const char*, const char*) {});
}

Visibility::~Visibility() { core::SetAssertHandler(handler_); }

bool Visibility::Run() {
  const bool is_closed = Explore();
  for (const size_t index : std::vector<size_t>(active_)) {
    Search(index);
    if (!is_closed && results_[index].visible == Visible::kNo) results_[index].visible = Visible::kOpen;
    Report(index);
  }
  return is_closed;
}

void Visibility::Report(size_t index) {
  if (options_.on_result != nullptr) options_.on_result(results_[index]);
}

// ---- Along the original's edges

bool Visibility::Explore() {
  for (uint32_t state = 0; state < table_.size() && !active_.empty(); ++state) {
    Expand(state);
    if (options_.go_on != nullptr && !options_.go_on(table_.size() - 1, edges_)) return false;
  }
  return true;
}

void Visibility::Expand(uint32_t state) {
  chooser_.Choose(0);
  GoToState(table_, kVisibilitySeed, state, *original_);
  GoToState(table_, kVisibilitySeed, state, *version_);
  version_->Save(position_);
  original_->ForEachEdge([&] {
    ++edges_;
    for (const size_t index : WhatRan(*options_.versions, active_, results_)) CompareOnThisEdge(state, index);
    std::erase_if(active_, [this](size_t index) { return results_[index].visible == Visible::kYes; });
    table_.Add(KeyOf(original_->state().bytes(), kVisibilitySeed), state, original_->choices());
  });
}

void Visibility::CompareOnThisEdge(uint32_t state, size_t index) {
  VisibilityResult& result = results_[index];
  if (options_.on_run != nullptr) options_.on_run(result.version);
  version_->Restore(position_, 0, 0);  // whose program nobody reads
  version_->path().Set(original_->choices());
  chooser_.Choose(result.version);
  const bool fits = version_->Step() && version_->path().fits();
  const bool is_seen = !fits || version_->events() != original_->events();
  if (is_seen && IsTold(original_->program(), result.version)) {
    result.visible = Visible::kYes;
    result.program = original_->program();
    Report(index);
    return;
  }
  if (!is_seen && std::ranges::equal(original_->state().bytes(), version_->state().bytes())) return;
  Pairs& pairs = pairs_[index];
  if (pairs.met.size() >= options_.differences) {
    pairs.all = false;
    return;
  }
  const StateKey here = KeyOf(version_->state().bytes(), kVisibilitySeed);
  const StateKey there = KeyOf(original_->state().bytes(), kVisibilitySeed);
  if (!pairs.met.insert({here.low, here.high, there.low, there.high}).second) return;
  std::vector<std::span<const uint8_t>> path;
  table_.PathTo(state, path);
  Path& edges = pairs.waiting.emplace_back();
  for (const auto edge : path) edges.emplace_back(edge.begin(), edge.end());
  edges.emplace_back(original_->choices().begin(), original_->choices().end());
}

// ---- From there on, along pairs of states

void Visibility::Search(size_t index) {
  VisibilityResult& result = results_[index];
  Pairs& pairs = pairs_[index];
  while (!pairs.waiting.empty()) {
    const Path path = std::move(pairs.waiting.front());
    pairs.waiting.pop_front();
    std::vector<Pair> next;
    if (Follow(path, index, next)) return;
    for (Pair& pair : next) {
      if (pairs.met.insert(pair.keys).second) pairs.waiting.push_back(std::move(pair.path));
    }
    if (result.programs >= options_.most_programs) {
      pairs.all = false;
      break;
    }
  }
  if (!pairs.all) result.visible = Visible::kOpen;
}

// Whether an edge from the end of `path` shows the version. If not, `next` are the edges' ends.
bool Visibility::Follow(const Path& path, size_t index, std::vector<Pair>& next) {
  VisibilityResult& result = results_[index];
  if (options_.on_run != nullptr) options_.on_run(result.version);
  chooser_.Choose(result.version);
  version_->GoToRoot();
  // Where the version has no such edge, the state before it has others, which are tried.
  for (const auto& edge : path) {
    if (!version_->Go(edge)) return false;
  }
  bool is_shown = false;
  version_->ForEachEdge([&] {
    if (is_shown || result.programs >= options_.most_programs) return;
    ++result.programs;
    if (options_.on_run != nullptr) options_.on_run(result.version);
    const Program& program = version_->program();
    is_shown = IsTold(program, result.version);
    if (is_shown) {
      result.visible = Visible::kYes;
      result.program = program;
      return;
    }
    const StateKey here = KeyOf(version_->state().bytes(), kVisibilitySeed);
    const StateKey there = KeyAfter(program, version_->configuration());
    if (here == there) return;  // it is what the original is, again
    next.push_back({{here.low, here.high, there.low, there.high}, path});
    next.back().path.emplace_back(version_->choices().begin(), version_->choices().end());
  });
  return is_shown;
}

bool Visibility::IsTold(const Program& program, uint32_t version) {
  Driver driver;
  Trace original, other;
  driver.Run(program, *subject_, {.snapshots = false}, original);
  options_.versions->Choose(version);
  driver.Run(program, *subject_, {.snapshots = false}, other);
  options_.versions->Choose(0);
  return original.events != other.events;
}

// Of the original.
StateKey Visibility::KeyAfter(const Program& program, uint32_t configuration) {
  Driver driver;
  Trace trace;
  CanonicalState state;
  driver.Begin(program, *subject_, {.snapshots = false}, trace);
  for (const Op& op : program.ops) driver.Perform(op);
  state.Describe(configuration, *subject_, driver.author(), trace.chunks);
  return KeyOf(state.bytes(), kVisibilitySeed);
}

}  // namespace sluice::fuzz
