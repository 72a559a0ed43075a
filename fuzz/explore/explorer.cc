#include "fuzz/explore/explorer.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <istream>
#include <ostream>
#include <stdexcept>
#include <thread>
#include <utility>

#include "fuzz/program/text.h"
#include "src/core/check.h"

namespace sluice::fuzz {
namespace {

constexpr uint32_t kBatch = 4096;  // states; small enough to stop soon, large enough for threads not to wait
constexpr uint32_t kBlock = 16;    // states that a thread takes at a time

// What the standard's asserts say to this thread while it walks.
thread_local bool t_assert_failed = false;
core::AssertHandler g_judges_handler = nullptr;

void OnAssert(const char* operation, const char* what) {
  t_assert_failed = true;
  g_judges_handler(operation, what);
}

}  // namespace

// What came of some states that follow each other.
struct Explorer::Block {
  struct Candidate {
    StateKey key;
    uint32_t parent;
    uint32_t configuration;
    uint32_t at;  // in `choices`
    uint8_t length;
    bool is_wanted;
  };
  struct Edges {
    uint32_t configuration;
    uint64_t count;
  };
  std::vector<Candidate> candidates;  // for new states, in order
  std::vector<uint8_t> choices;
  std::vector<Edges> edges;
  std::vector<EdgeFinding> findings;

  void Clear() {
    candidates.clear();
    choices.clear();
    edges.clear();
    findings.clear();
  }
};

// One thread's.
class Explorer::Worker {
 public:
  explicit Worker(const Explorer& explorer)
      : explorer_(explorer),
        options_(explorer.options_),
        walker_(explorer.NewWalker()),
        judge_(options_.make_subject()) {}

  void Expand(uint32_t state, Block& block) {
    explorer_.GoTo(state, *walker_);
    const bool is_root = state == StateTable::kRoot;
    if (!is_root) block.edges.push_back({walker_->configuration(), 0});
    walker_->ForEachEdge([&] {
      if (is_root) block.edges.push_back({walker_->configuration(), 0});
      ++block.edges.back().count;
      JudgeEdge(block);
      if (options_.on_edge != nullptr) options_.on_edge(walker_->program());
      const StateKey key = explorer_.KeyHere(*walker_);
      if (explorer_.table_.Find(key) != StateTable::kUnknown) return;
      const auto choices = walker_->choices();
      block.candidates.push_back({.key = key,
                                  .parent = state,
                                  .configuration = walker_->configuration(),
                                  .at = static_cast<uint32_t>(block.choices.size()),
                                  .length = static_cast<uint8_t>(choices.size()),
                                  .is_wanted = options_.wanted != nullptr && options_.wanted(*walker_)});
      block.choices.insert(block.choices.end(), choices.begin(), choices.end());
    });
  }

 private:
  void JudgeEdge(Block& block) {
    const bool complains = std::exchange(t_assert_failed, false) || walker_->subject().host().violation() != nullptr;
    if (!options_.judge && !complains) return;
    const Program& program = walker_->program();
    judge_.Run(program);
    t_assert_failed = false;
    for (const Finding& finding : judge_.findings()) {
      const bool is_known = std::any_of(block.findings.begin(), block.findings.end(),
                                        [&](const EdgeFinding& known) { return known.finding.key() == finding.key(); });
      if (!is_known) block.findings.push_back({finding, program});
    }
  }

  const Explorer& explorer_;
  const ExploreOptions& options_;
  std::unique_ptr<Walker> walker_;
  Judge judge_;
};

Explorer::Explorer(ExploreOptions options)
    : options_(std::move(options)), depth_begins_{0}, counts_(options_.space.configurations.size()) {
  for (unsigned i = 0; i < std::max(options_.threads, 1u); ++i) {
    workers_.push_back(std::make_unique<Worker>(*this));
  }
  blocks_.resize((kBatch + kBlock - 1) / kBlock);
  g_judges_handler = core::SetAssertHandler(&OnAssert);
}

// Each judge puts back the handler that it found: the last one first.
Explorer::~Explorer() {
  core::SetAssertHandler(g_judges_handler);
  while (!workers_.empty()) workers_.pop_back();
}

std::unique_ptr<Walker> Explorer::NewWalker() const {
  auto walker = std::make_unique<Walker>(options_.space, options_.make_subject(), options_.make_subject());
  walker->PlantFault(options_.fault);
  return walker;
}

void GoToState(const StateTable& table, uint64_t seed, uint32_t state, Walker& walker) {
  std::vector<std::span<const uint8_t>> path;
  table.PathTo(state, path);
  walker.GoToRoot();
  bool is_there = true;
  for (size_t i = 0; i < path.size() && is_there; ++i) is_there = walker.Go(path[i]);
  if (is_there && (state == StateTable::kRoot || KeyOf(walker.state().bytes(), seed) == table.key(state))) return;
  throw std::runtime_error("the path to state " + std::to_string(state) +
                           " leads elsewhere than when it was found: something is remembered that is not in the state, "
                           "or another build found it. The program:\n" +
                           PrintText(walker.program()));
}

void Explorer::GoTo(uint32_t state, Walker& walker) const { GoToState(table_, options_.seed, state, walker); }

Explorer::Outcome Explorer::Run(const std::function<bool(const Progress&)>& go_on) {
  while (next_ < table_.size()) {
    const auto end = static_cast<uint32_t>(std::min<size_t>(table_.size(), size_t{next_} + kBatch));
    ExpandBatch(next_, end);
    next_ = end;
    if (!findings_.empty()) return Outcome::kFinding;
    if (wanted_.has_value()) return Outcome::kWanted;
    if (!go_on(progress()) && next_ < table_.size()) return Outcome::kStopped;
  }
  return Outcome::kClosed;
}

void Explorer::ExpandBatch(uint32_t begin, uint32_t end) {
  const uint32_t count = (end - begin + kBlock - 1) / kBlock;
  std::atomic<uint32_t> next_block = 0;
  std::vector<std::exception_ptr> thrown(workers_.size());
  const auto work = [&](size_t worker) {
    try {
      for (uint32_t b = next_block++; b < count; b = next_block++) {
        blocks_[b].Clear();
        for (uint32_t state = begin + b * kBlock; state < std::min(end, begin + (b + 1) * kBlock); ++state) {
          workers_[worker]->Expand(state, blocks_[b]);
        }
      }
    } catch (...) {
      thrown[worker] = std::current_exception();
    }
  };
  std::vector<std::thread> threads;
  for (size_t worker = 1; worker < std::min<size_t>(workers_.size(), count); ++worker)
    threads.emplace_back(work, worker);
  work(0);
  for (std::thread& thread : threads) thread.join();
  for (const std::exception_ptr& exception : thrown) {
    if (exception != nullptr) std::rethrow_exception(exception);
  }
  for (uint32_t b = 0; b < count; ++b) Merge(blocks_[b]);
}

void Explorer::Merge(const Block& block) {
  for (const Block::Edges& edges : block.edges) counts_[edges.configuration].edges += edges.count;
  for (const Block::Candidate& candidate : block.candidates) {
    const auto choices = std::span(block.choices).subspan(candidate.at, candidate.length);
    if (!table_.Add(candidate.key, candidate.parent, choices)) continue;
    const auto state = static_cast<uint32_t>(table_.size() - 1);
    ++counts_[candidate.configuration].states;
    // Parents are in order of depth, and so are their children.
    if (candidate.parent >= depth_begins_.back()) depth_begins_.push_back(state);
    if (candidate.is_wanted && !wanted_.has_value()) wanted_ = state;
  }
  for (const EdgeFinding& found : block.findings) {
    const bool is_known = std::any_of(findings_.begin(), findings_.end(), [&](const EdgeFinding& known) {
      return known.finding.key() == found.finding.key();
    });
    if (!is_known) findings_.push_back(found);
  }
}

Progress Explorer::progress() const {
  Progress progress{.states = table_.size() - 1,
                    .expanded = next_ > 0 ? next_ - 1 : 0,
                    .depth = static_cast<uint32_t>(depth_begins_.size() - 1),
                    .memory = table_.memory()};
  for (const ConfigurationCount& count : counts_) progress.edges += count.edges;
  return progress;
}

Program Explorer::wanted_program() const {
  const auto walker = NewWalker();
  GoTo(*wanted_, *walker);
  return walker->program();
}

std::string Explorer::CountsText() const {
  struct Sum {
    uint64_t configurations = 0, states = 0, edges = 0;
  };
  std::vector<Sum> sums(options_.space.families.size());
  for (size_t i = 0; i < counts_.size(); ++i) {
    Sum& sum = sums[options_.space.configurations[i].family];
    ++sum.configurations;
    sum.states += counts_[i].states;
    sum.edges += counts_[i].edges;
  }
  std::string text;
  for (size_t family = 0; family < sums.size(); ++family) {
    text += options_.space.families[family].name + ": " + std::to_string(sums[family].configurations) +
            " configurations, " + std::to_string(sums[family].states) + " states, " +
            std::to_string(sums[family].edges) + " edges\n";
  }
  return text;
}

// ---- Checkpoints

std::string Explorer::Header() const {
  std::string text = "sluice-fuzz explore, checkpoint 1\nseed " + std::to_string(options_.seed) + "\n" +
                     (options_.judge ? "judged\n" : "not judged\n");
  for (const Family& family : options_.space.families) text += family.name + ": " + BoundsText(family.bounds) + "\n";
  for (const Configuration& configuration : options_.space.configurations) {
    text += ConfigurationText(configuration) + "\n";
  }
  return text + "\n";
}

namespace {

template <typename T>
void WriteNumbers(std::ostream& out, const std::vector<T>& numbers) {
  out.write(reinterpret_cast<const char*>(numbers.data()), static_cast<std::streamsize>(numbers.size() * sizeof(T)));
}

template <typename T>
bool ReadNumbers(std::istream& in, std::vector<T>& numbers) {
  in.read(reinterpret_cast<char*>(numbers.data()), static_cast<std::streamsize>(numbers.size() * sizeof(T)));
  return static_cast<bool>(in);
}

}  // namespace

void Explorer::Write(std::ostream& out) const {
  out << Header();
  WriteNumbers<uint32_t>(out, {next_, static_cast<uint32_t>(depth_begins_.size())});
  WriteNumbers(out, depth_begins_);
  WriteNumbers(out, counts_);
  table_.Write(out);
}

std::string Explorer::Read(std::istream& in) {
  const std::string wanted = Header();
  std::string header(wanted.size(), '\0');
  in.read(header.data(), static_cast<std::streamsize>(header.size()));
  if (!in || header != wanted) return "it is no checkpoint of this command, with these bounds and configurations";
  std::vector<uint32_t> numbers(2);
  if (!ReadNumbers(in, numbers) || numbers[1] == 0 || numbers[1] > (1u << 20)) return "it is damaged";
  depth_begins_.resize(numbers[1]);
  if (!ReadNumbers(in, depth_begins_) || !ReadNumbers(in, counts_) || !table_.Read(in)) return "it is damaged";
  if (numbers[0] > table_.size() || in.peek() != std::istream::traits_type::eof()) return "it is damaged";
  next_ = numbers[0];
  return CheckSample();
}

// Whether this build goes where the one went that wrote the checkpoint, of some of its states.
std::string Explorer::CheckSample() const {
  constexpr size_t kSample = 256;
  const auto walker = NewWalker();
  try {
    for (size_t i = 1; i <= kSample; ++i) GoTo(static_cast<uint32_t>((table_.size() - 1) * i / kSample), *walker);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

}  // namespace sluice::fuzz
