// The core under the simulated host, as a subject.
#ifndef SLUICE_FUZZ_DRIVER_CORE_SUBJECT_H_
#define SLUICE_FUZZ_DRIVER_CORE_SUBJECT_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/driver/judged_subject.h"
#include "fuzz/program/program.h"
#include "src/sim/sim_host.h"

namespace sluice::fuzz {

class CoreSubject : public JudgedSubject {
 public:
  const char* name() const override { return "core"; }
  // Checks the ownership of slots (SimHost::Teardown).
  void Teardown() override;
  sim::SimHost& host() { return host_; }
  const sim::SimHost& host() const { return host_; }
  // Is where `other` is, which nothing runs in, with the same chunks. Subjects with a state of their own copy it, too.
  virtual void CopyFrom(const CoreSubject& other);
  // As exactly as a copy: names, references and violations.
  virtual bool HoldsTheSameAs(const CoreSubject& other) const;

  void Reset(UserCode& user_code, const std::vector<sim::Chunk>& chunks) override;
  sim::Outcome Perform(const SubjectCall& call) override;
  bool TakeSnapshot(uint32_t stream, core::Snapshot& snapshot) override;
  void SetInspecting(bool inspecting) override { host_.SetInspecting(inspecting); }
  void ReadSlots(uint32_t stream, std::vector<SlotValue>& slots) override;
  void QueryResults(uint32_t stream, std::vector<SlotValue>& results) override;
  uint32_t PromiseCount() override { return static_cast<uint32_t>(host_.realm().promise_count()); }
  Settlement SettlementOf(uint32_t promise) override;

 protected:
  core::WritableStream* State(uint32_t name) override { return IsThere(name) ? &stream(name) : nullptr; }
  static core::WriterSlot Slot(uint32_t writer) { return {uint64_t{writer} + 1}; }

 private:
  struct Named {
    std::optional<uint32_t> index;            // in the host
    std::optional<uint32_t> released_writer;  // the last one

    friend bool operator==(const Named&, const Named&) = default;
  };

  bool IsThere(uint32_t name) const {
    return streams_[name].index.has_value() && *streams_[name].index < host_.stream_count();
  }
  core::WritableStream& stream(uint32_t name) { return host_.stream(*streams_[name].index); }
  static sim::Value WriterValue(core::WriterSlot slot);
  sim::Outcome Construct(uint32_t name, const StreamOptions& options);
  sim::Outcome GetWriter(uint32_t stream);
  sim::Outcome ConstructWriter(uint32_t stream);
  sim::Outcome DesiredSize(uint32_t writer);
  core::PromiseSlot Closed(uint32_t writer);
  core::PromiseSlot Ready(uint32_t writer);

  sim::SimHost host_;
  std::array<Named, kStreamCount> streams_{};  // by name
};

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_DRIVER_CORE_SUBJECT_H_
