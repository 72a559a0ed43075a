// Goes along edges of the state graph on the real core.
//
// An edge is one operation of the author, or one microtask, with everything that author functions do in it. What they
// do is chosen while it runs, and the choices are the edge: the same choices in the same state lead to the same state.
// They are also written down as a program.
//
//   Walker walker(space, std::make_unique<CoreSubject>(), std::make_unique<CoreSubject>());
//   walker.GoToRoot();
//   walker.ForEachEdge([&] { walker.choices(); walker.state(); walker.program(); });
//   walker.Go(choices);   // along one of them
#ifndef SLUICE_FUZZ_EXPLORE_WALKER_H_
#define SLUICE_FUZZ_EXPLORE_WALKER_H_

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "fuzz/driver/core_subject.h"
#include "fuzz/driver/driver.h"
#include "fuzz/explore/canonical_state.h"
#include "fuzz/explore/choice_path.h"
#include "fuzz/explore/space.h"
#include "fuzz/program/program.h"

namespace sluice::fuzz {

// Called when the core begins and ends to run on an edge; copying and describing states is not part of it.
class StepObserver {
 public:
  virtual ~StepObserver() = default;
  virtual void OnStepBegin() = 0;
  virtual void OnStepEnd() = 0;
};

class Walker final : private Improviser {
 public:
  static constexpr uint32_t kNoConfiguration = ~0u;

  // An operation that the author has, without what is chosen of it when it is performed.
  struct Option {
    OpKind kind;
    uint8_t operand;  // a writer's name, or a PromiseSource
    uint8_t stream;
  };

  // Where a walk is, to come back to.
  struct Position {
    std::unique_ptr<CoreSubject> subject;
    Driver driver;
    LabelsInUse labels;
    std::vector<Option> options;
    uint32_t configuration = kNoConfiguration;  // none: at the root, where there is no stream
  };

  // Both subjects are fresh and of one kind. The space outlives the walker.
  Walker(const Space& space, std::unique_ptr<CoreSubject> subject, std::unique_ptr<CoreSubject> saved);
  Walker(const Walker&) = delete;
  Walker& operator=(const Walker&) = delete;

  // ---- Where it is.
  void GoToRoot();
  // Along one edge. False, and then it is nowhere, if the state has no such edge.
  bool Go(std::span<const uint8_t> choices);
  // Calls f() for each edge of the state where it is, at the edge's end; it is back at the state afterwards, but
  // state() is not.
  template <typename F>
  void ForEachEdge(F f) {
    DropPlaceholders();
    Save(here_);
    const size_t ops = program_.ops.size(), scripts = program_.scripts.size();
    path_.Set({});
    do {
      Restore(here_, ops, scripts);
      if (!Step()) break;
      f();
    } while (path_.CountUp());
    Restore(here_, ops, scripts);
  }
  // ---- The edge that was last gone along.
  std::span<const uint8_t> choices() const { return path_.taken(); }
  const std::vector<Event>& events() const { return trace_.events; }  // what an author sees on it

  // ---- The state where it is.
  const CanonicalState& state() const { return state_; }
  uint32_t configuration() const { return configuration_; }
  CoreSubject& subject() { return *subject_; }
  const Driver::Author& author() const { return driver_.author(); }
  size_t microtasks() { return subject_->host().realm().PendingMicrotasks(); }
  // The program of the way from the root: complete, with a listener for the signal of each stream that has one.
  const Program& program();
  void ObserveSteps(StepObserver* observer) { observer_ = observer; }
  void PlantFault(CanonicalState::Fault fault) { state_.PlantFault(fault); }

  // ---- For walks that come back to more than one state.
  void Save(Position& position);
  // `ops` and `scripts`: how much of the program led there.
  void Restore(const Position& position, size_t ops, size_t scripts);
  // Along the edge that `path` is at. False: there is no edge from here.
  ChoicePath& path() { return path_; }
  bool Step();

 private:
  // Improviser
  void OnCall(CallKind kind) override;
  const Op* NextOp() override;
  const End& EndOfCall() override;

  void Construct();
  void ListOptions(bool in_call);
  void ListOptions(uint8_t stream, bool in_call);
  void ListWriterOptions(uint8_t stream, bool in_call);
  void Add(OpKind kind, uint8_t stream, uint8_t operand = 0) { options_.push_back({kind, operand, stream}); }
  Op Operation(Option option);
  size_t Unreported();
  bool MayWrite(uint8_t stream);
  bool HasListener(uint8_t stream) const;
  uint8_t NewReason();
  sim::Chunk NewChunk();
  void ChooseReason(Operands& operands);
  void ListEnds(CallKind kind);
  const Configuration& made() const { return space_.configurations[configuration_]; }
  const Bounds& bounds() const { return space_.families[made().family].bounds; }
  uint8_t stream_count() const { return made().second.has_value() ? 2 : 1; }
  void DropPlaceholders();

  const Space& space_;
  std::unique_ptr<CoreSubject> subject_;
  Driver driver_;
  Trace trace_;
  CanonicalState state_;
  Position here_;
  uint32_t configuration_ = kNoConfiguration;
  StepObserver* observer_ = nullptr;

  ChoicePath path_;
  Program program_;
  Program no_scripts_;         // what the driver is given: what is missing there is improvised
  LabelsInUse used_;           // by the state, and on the edge that leaves it
  uint32_t inside_ = 0;        // operations of this edge
  std::vector<size_t> calls_;  // on the stack: indexes of scripts
  std::vector<Option> options_;
  const std::vector<Option>* listed_ = nullptr;  // those of the state, if they were listed before
  std::vector<End> ends_;
  size_t placeholders_ = 0;  // how many of the program's last scripts are listeners that were not called
};

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_EXPLORE_WALKER_H_
