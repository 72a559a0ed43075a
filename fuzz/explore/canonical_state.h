// The state of a realm between two operations, as bytes that are equal when no author can tell two states apart by what
// they do from then on. README.md says what is left out, and why.
//
//   CanonicalState state;
//   state.Describe(configuration, subject, driver.author(), chunks);
//   state.bytes() ...
#ifndef SLUICE_FUZZ_EXPLORE_CANONICAL_STATE_H_
#define SLUICE_FUZZ_EXPLORE_CANONICAL_STATE_H_

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "fuzz/driver/core_subject.h"
#include "fuzz/driver/driver.h"
#include "src/sim/chunk.h"

namespace sluice::fuzz {

// Which reasons and chunks there are in a state.
struct LabelsInUse {
  uint32_t reasons = 0;  // bit r: r0 to r3
  uint32_t chunks = 0;   // bit n: the nth letter
};
inline constexpr uint32_t kChunkLabels = 26;
sim::Chunk LabelledChunk(uint32_t label);  // a string of one letter

class CanonicalState {
 public:
  // Between two operations: nothing of `subject` runs. States of two configurations are two states.
  void Describe(uint32_t configuration, const CoreSubject& subject, const Driver::Author& author,
                const std::vector<sim::Chunk>& chunks);
  std::span<const uint8_t> bytes() const { return bytes_; }
  // Labels that something in the state has: an operation that takes another has a reason or chunk of its own.
  const LabelsInUse& labels() const { return labels_; }

  // For tests, which must notice that something is left out.
  enum class Fault : uint8_t { kNone, kMicrotasks, kReadyPromise, kObserved, kSecondStream };
  void PlantFault(Fault fault) { fault_ = fault; }

 private:
  // Names by first visit, from 1; 0: not visited.
  class Names {
   public:
    void Clear() {
      for (const uint32_t id : visited_) names_[id] = 0;
      visited_.clear();
    }
    uint16_t Find(uint32_t id) const { return id < names_.size() ? names_[id] : 0; }
    uint16_t Add(uint32_t id) {
      if (id >= names_.size()) names_.resize(id + 1);
      visited_.push_back(id);
      return names_[id] = static_cast<uint16_t>(visited_.size());
    }

   private:
    std::vector<uint16_t> names_;
    std::vector<uint32_t> visited_;
  };

  void Byte(uint8_t byte) { bytes_.push_back(byte); }
  void Flag(bool flag) { Byte(flag ? 1 : 0); }
  void Number(uint64_t number);
  void Double(double number);
  // The name by first visit; true if this is the first.
  bool Name(Names& names, uint32_t id);
  void Value(const sim::Value& value);
  void Slot(core::ValueSlot slot) { Value(host_->Peek(slot)); }
  void Slot(core::PromiseSlot slot);
  void Promise(uint32_t promise);
  void Reactions(uint32_t first);
  void Reaction(const sim::Realm::ReactionRecord& reaction);
  void Resolver(uint32_t resolver);
  void Stream(size_t number);
  struct Writer {
    const core::WritableStreamDefaultWriter* core = nullptr;
    bool released = false;  // by the author
  };
  void Describe(const Writer& writer);
  bool IsObserved(uint32_t promise) const;
  void ActiveWriter(const core::WritableStream& stream);
  void PendingPromises(size_t stream);
  void Microtasks();
  void OtherWriters(size_t stream);
  std::array<uint64_t, 4> Key(const Writer& writer) const;
  uint64_t Key(core::PromiseSlot slot) const;

  const sim::SimHost* host_ = nullptr;
  const Driver::Author* author_ = nullptr;
  const std::vector<sim::Chunk>* chunks_ = nullptr;
  std::vector<uint8_t> bytes_;
  LabelsInUse labels_;
  Names promises_;
  Names resolvers_;
  std::array<Names, 6> values_;  // chunk, reason, TypeError, RangeError, AbortError, thenable
  Fault fault_ = Fault::kNone;
};

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_EXPLORE_CANONICAL_STATE_H_
