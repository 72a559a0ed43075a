// The core under the simulated host, as a subject.
#ifndef SLUICE_FUZZ_DRIVER_CORE_SUBJECT_H_
#define SLUICE_FUZZ_DRIVER_CORE_SUBJECT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/driver/judged_subject.h"
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
  bool TakeSnapshot(core::Snapshot& snapshot) override;
  void SetInspecting(bool inspecting) override { host_.SetInspecting(inspecting); }
  void ReadSlots(std::vector<SlotValue>& slots) override;
  void QueryResults(std::vector<SlotValue>& results) override;
  uint32_t PromiseCount() override { return static_cast<uint32_t>(host_.realm().promise_count()); }
  Settlement SettlementOf(uint32_t promise) override;

 protected:
  core::WritableStream* State() override { return host_.stream_count() == 0 ? nullptr : &stream(); }
  static core::WriterSlot Slot(uint32_t writer) { return {uint64_t{writer} + 1}; }

 private:
  core::WritableStream& stream() { return host_.stream(0); }
  static sim::Value WriterValue(core::WriterSlot slot);
  sim::Outcome Construct(const StreamOptions& options);
  sim::Outcome GetWriter();
  sim::Outcome ConstructWriter();
  sim::Outcome DesiredSize(uint32_t writer);
  core::PromiseSlot Closed(uint32_t writer);
  core::PromiseSlot Ready(uint32_t writer);

  sim::SimHost host_;
  std::optional<uint32_t> released_;  // the last one
};

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_DRIVER_CORE_SUBJECT_H_
