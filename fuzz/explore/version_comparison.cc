#include "fuzz/explore/version_comparison.h"

#include <algorithm>
#include <utility>

#include "fuzz/explore/explorer.h"
#include "src/core/check.h"

namespace sluice::fuzz {
namespace {

constexpr uint64_t kSeed = 0;           // of the states' hashes
constexpr uint32_t kStatesAtOnce = 64;  // between two calls of go_on

bool g_version_failed = false;
core::AssertHandler g_handler_before = nullptr;

void OnVersionAssert(const char* operation, const char* what) {
  g_version_failed = true;
  g_handler_before(operation, what);
}

constexpr uint32_t Bit(Oracle oracle) { return 1u << static_cast<uint32_t>(oracle); }

}  // namespace

VersionComparison::VersionComparison(VersionComparisonOptions options)
    : options_(std::move(options)),
      recorder_(*options_.versions),
      chooser_(*options_.versions),
      original_(std::make_unique<Walker>(options_.space, options_.make_subject(), options_.make_subject())),
      version_(std::make_unique<Walker>(options_.space, options_.make_subject(), options_.make_subject())),
      judge_(options_.make_subject()) {
  position_.subject = options_.make_subject();
  original_->ObserveSteps(&recorder_);
  version_->ObserveSteps(&chooser_);
  for (const uint32_t version : options_.compared) {
    active_.push_back(results_.size());
    results_.push_back({.version = version});
  }
  alive_ = active_.size();
  judges_handler_ = g_handler_before = core::SetAssertHandler(&OnVersionAssert);
}

// The judge puts back the handler that it found.
VersionComparison::~VersionComparison() { core::SetAssertHandler(judges_handler_); }

bool VersionComparison::Run() {
  const auto wants_more = [this] { return alive_ > 0 || (options_.on_visible != nullptr && !active_.empty()); };
  for (uint32_t state = 0; state < table_.size() && wants_more(); ++state) {
    Expand(state);
    const bool asks = options_.go_on != nullptr && state % kStatesAtOnce == 0;
    if (asks && !options_.go_on(table_.size() - 1, edges_, alive_)) return false;
  }
  for (VersionResult& result : results_) {
    if (result.fate != Fate::kKilled) result.edges = edges_;
  }
  return true;
}

void VersionComparison::Expand(uint32_t state) {
  chooser_.Choose(0);
  GoToState(table_, kSeed, state, *original_);
  GoToState(table_, kSeed, state, *version_);
  version_->Save(position_);
  if (state != StateTable::kRoot) CompareOutsideOfEdges();
  original_->ForEachEdge([&] {
    ++edges_;
    for (const size_t index : WhatRan(*options_.versions, active_, results_)) CompareOnThisEdge(results_[index]);
    std::erase_if(active_, [this](size_t index) { return IsDone(results_[index]); });
    table_.Add(KeyOf(original_->state().bytes(), kSeed), state, original_->choices());
  });
}

// What the core does at the end of a program, and when its state is copied.
void VersionComparison::CompareOutsideOfEdges() {
  const std::vector<const char*> violations = CopyAndTearDown(0);
  for (const size_t index : WhatRan(*options_.versions, active_, results_)) {
    VersionResult& result = results_[index];
    if (options_.on_run != nullptr) options_.on_run(result.version, edges_, *original_);
    ++result.runs;
    if (result.fate == Fate::kNotRun) result.fate = Fate::kSame;
    version_->Restore(position_, 0, 0);
    if (CopyAndTearDown(result.version) != violations) JudgeHere(result);
  }
}

// The host's complaints, and one more if the copy is not equal to the state.
std::vector<const char*> VersionComparison::CopyAndTearDown(uint32_t version) {
  sim::SimHost& host = version_->subject().host();
  bool is_equal = true;
  options_.versions->ForgetWhatRan();
  for (size_t stream = 0; stream < host.stream_count(); ++stream) {
    const core::WritableStream& original = std::as_const(host).stream(stream);
    core::WritableStream copy;
    options_.versions->Choose(version);
    copy = original;
    options_.versions->Choose(0);
    is_equal &= copy == original;
  }
  options_.versions->Choose(version);
  host.Teardown();
  options_.versions->Choose(0);
  std::vector<const char*> violations = host.violations();
  if (!is_equal) violations.push_back("a copy of the state is not equal to it");
  return violations;
}

bool VersionComparison::IsDone(const VersionResult& result) const {
  return result.fate == Fate::kKilled && result.judged >= options_.programs;
}

void VersionComparison::CompareOnThisEdge(VersionResult& result) {
  if (options_.on_run != nullptr) options_.on_run(result.version, edges_, *original_);
  ++result.runs;
  if (result.fate == Fate::kNotRun) result.fate = Fate::kSame;
  version_->Restore(position_, 0, 0);  // whose program nobody reads
  version_->path().Set(original_->choices());
  chooser_.Choose(result.version);
  g_version_failed = false;
  const bool is_step = version_->Step() && version_->path().fits() && !g_version_failed;
  if (!is_step || !IsSame()) JudgeHere(result);
}

bool VersionComparison::IsSame() const {
  return original_->events() == version_->events() && original_->subject().HoldsTheSameAs(version_->subject()) &&
         original_->author() == version_->author();
}

void VersionComparison::JudgeHere(VersionResult& result) {
  const Program& program = original_->program();
  options_.versions->Choose(result.version);
  judge_.Run(program);
  options_.versions->Choose(0);
  ++result.judged;
  for (const Finding& finding : judge_.findings()) result.oracles |= Bit(finding.oracle);
  const bool is_visible = std::any_of(judge_.findings().begin(), judge_.findings().end(),
                                      [](const Finding& finding) { return finding.oracle == Oracle::kModel; });
  if (is_visible && !result.visible.has_value()) result.visible = program;
  if (is_visible && options_.on_visible != nullptr) options_.on_visible(result.version, program);
  if (result.fate == Fate::kKilled) return;
  const bool is_first = result.fate != Fate::kUndecided;
  // Other names for the same things are no difference.
  const bool is_renamed = judge_.findings().empty() && original_->events() == version_->events() &&
                          std::ranges::equal(original_->state().bytes(), version_->state().bytes());
  if (is_renamed) return;
  if (judge_.findings().empty()) {
    result.fate = Fate::kUndecided;
    if (is_first) result.program = program;
    return;
  }
  result.fate = Fate::kKilled;
  result.edges = edges_;
  result.program = program;
  for (const Finding& finding : judge_.findings()) result.findings.push_back(finding.key());
  --alive_;
  if (options_.on_killed != nullptr) options_.on_killed(result);
}

}  // namespace sluice::fuzz
