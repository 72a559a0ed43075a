#include <deque>
#include <map>

#include "fuzz/driver/core_subject.h"
#include "src/sim/sim_host.h"
#include "tests/host_conformance.h"
#include "tests/host_promises.h"

namespace sluice::testing {
namespace {

using sim::CallKind;
using sim::Outcome;
using sim::Value;
using sim::ValueKind;

class SimAdapter : private sim::UserCode {
 public:
  SimAdapter() { host_.Reset(*this, chunks_); }

  core::ReentrantHost& host() { return host_; }
  core::WriterSlot NewWriter() { return host_.NewWriter(); }
  core::ValueSlot NewReason() { return host_.Name(Value::Of(ValueKind::kReason, reasons_++)); }
  bool Same(core::ValueSlot a, core::ValueSlot b) {
    const Value x = host_.ValueOf(a);
    const Value y = host_.ValueOf(b);
    return x.kind == y.kind && x.id == y.id && x.number == y.number;
  }
  ErrorKind KindOf(core::ValueSlot slot) {
    switch (host_.ValueOf(slot).kind) {
      case ValueKind::kTypeError:
        return ErrorKind::kTypeError;
      case ValueKind::kRangeError:
        return ErrorKind::kRangeError;
      case ValueKind::kAbortError:
        return ErrorKind::kAbortError;
      default:
        return ErrorKind::kNone;
    }
  }
  core::StreamSlot NewStream() {
    EXPECT_FALSE(host_.ConstructStream({}).thrown);
    return host_.stream(host_.stream_count() - 1).self;
  }

  void Then(core::PromiseSlot promise, std::function<void(bool, core::ValueSlot)> reaction) {
    const uint32_t index = host_.PromiseIndex(promise);
    reactions_[index].push_back(std::move(reaction));
    host_.realm().Observe(index);
  }
  void RunMicrotasks() { host_.realm().RunAllMicrotasks(); }
  size_t unhandled_rejections() const { return unhandled_; }
  const char* Finish() {
    host_.Teardown();
    return host_.violation();
  }

 private:
  Outcome Call(CallKind, Value, uint32_t, uint32_t) override { return {}; }
  void Settled(uint32_t promise, bool fulfilled, Value value) override {
    const auto reaction = std::move(reactions_[promise].front());
    reactions_[promise].pop_front();
    const core::ValueSlot slot = host_.Name(value);
    reaction(fulfilled, slot);
    host_.Drop(slot);
  }
  void ReportException(Value) override {}
  void UnhandledRejection(uint32_t, Value) override { ++unhandled_; }

  sim::SimHost host_;
  std::vector<sim::Chunk> chunks_;
  std::map<uint32_t, std::deque<std::function<void(bool, core::ValueSlot)>>> reactions_;
  uint32_t reasons_ = 0;
  size_t unhandled_ = 0;
};

INSTANTIATE_TYPED_TEST_SUITE_P(SimHost, HostPromises, SimAdapter);
INSTANTIATE_TYPED_TEST_SUITE_P(SimHost, HostConformance, fuzz::CoreSubject);

}  // namespace
}  // namespace sluice::testing
