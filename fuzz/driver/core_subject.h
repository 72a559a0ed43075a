// The core under the simulated host, as a subject.
#ifndef SLUICE_FUZZ_DRIVER_CORE_SUBJECT_H_
#define SLUICE_FUZZ_DRIVER_CORE_SUBJECT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "fuzz/driver/subject.h"
#include "src/sim/sim_host.h"

namespace sluice::fuzz {

class CoreSubject : public Subject {
 public:
  static constexpr uint64_t kNever = ~uint64_t{0};

  const char* name() const override { return "core"; }
  // Gives back everything and checks the ownership of slots (SimHost::Teardown). After it, only Reset().
  void Teardown() { host_.Teardown(); }
  // The broken rules of slot ownership of the run, each once, in order.
  const std::vector<const char*>& violations() const { return host_.violations(); }
  // Of the next run, without snapshots: the stream's state is saved, forgotten and restored at the nth step (AtStep),
  // counted from 0. A program must not be able to tell.
  void RestoreAt(uint64_t step) { restore_at_ = step; }
  // What was wrong with the saved or restored state; empty if nothing was.
  const std::string& complaint() const { return complaint_; }
  sim::SimHost& host() { return host_; }

  void Reset(UserCode& user_code, const std::vector<sim::Chunk>& chunks) override;
  sim::Outcome Construct(const StreamOptions& options) override;
  bool Locked() override;
  uint32_t StreamAbort(sim::Value reason) override;
  uint32_t StreamClose() override;
  sim::Outcome GetWriter() override;
  sim::Outcome ConstructWriter() override;
  uint32_t Closed(uint32_t writer) override;
  uint32_t Ready(uint32_t writer) override;
  sim::Outcome DesiredSize(uint32_t writer) override;
  uint32_t WriterAbort(uint32_t writer, sim::Value reason) override;
  uint32_t WriterClose(uint32_t writer) override;
  void ReleaseLock(uint32_t writer) override;
  uint32_t Write(uint32_t writer, sim::Value chunk) override;
  uint32_t CloseWithErrorPropagation(uint32_t writer) override;
  void ErrorStream(sim::Value error) override;
  void ControllerError(sim::Value error) override;
  bool SignalAborted() override;
  sim::Value SignalReason() override;
  void Detach(sim::Value chunk) override;
  uint32_t NewPromise() override;
  void ResolvePromise(uint32_t promise) override;
  void RejectPromise(uint32_t promise, sim::Value reason) override;
  void CallResolve(uint32_t resolver) override;
  void CallReject(uint32_t resolver, sim::Value reason) override;
  void Observe(uint32_t promise) override;
  size_t PendingMicrotasks() override;
  void RunMicrotasks(size_t count) override;
  void RunAllMicrotasks() override;
  bool TakeSnapshot(core::Snapshot& snapshot) override;
  void AtStep() override {
    if (restore_at_ != kNever && restore_at_-- == 0) SaveAndRestore();
  }

 private:
  core::WritableStream& stream() { return host_.stream(0); }
  static core::WriterSlot Slot(uint32_t writer) { return {uint64_t{writer} + 1}; }
  static sim::Value WriterValue(core::WriterSlot slot);

  void SaveAndRestore();

  sim::SimHost host_;
  uint64_t restore_at_ = kNever;  // steps that are still to come before
  std::string complaint_;
};

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_DRIVER_CORE_SUBJECT_H_
