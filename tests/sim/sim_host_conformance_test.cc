#include <deque>
#include <map>

#include "src/sim/sim_host.h"
#include "tests/host_conformance.h"

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
  core::ValueSlot NewChunk(const sim::Chunk& chunk) {
    chunks_.push_back(chunk);
    return host_.Name(Value::Of(ValueKind::kChunk, static_cast<uint32_t>(chunks_.size() - 1)));
  }
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
  core::ValueSlot SignalReason(core::StreamSlot stream) { return host_.Name(host_.SignalReason(stream.name - 1)); }

  // The simulated author has one set of functions: that of the latest stream.
  core::Completion<core::StreamSlot> Construct(const StreamScript& script) {
    script_ = script;
    next_listener_ = 0;
    // The stream's name is known before start runs, as a binding's is.
    const Outcome made = host_.ConstructStream({
        .sink = {.start = bool{script.start},
                 .write = bool{script.write},
                 .close = bool{script.close},
                 .abort = bool{script.abort}},
        .strategy = {.has_size = bool{script.size}},
        .tick_model = script.tick_model,
        .listeners = static_cast<uint32_t>(script.listeners.size()),
    });
    if (made.thrown) return core::Thrown{host_.Name(made.value)};
    return host_.stream(host_.stream_count() - 1).self;
  }

  void Then(core::PromiseSlot promise, std::function<void(bool, core::ValueSlot)> reaction) {
    const uint32_t index = sim::SimHost::PromiseIndex(promise);
    reactions_[index].push_back(std::move(reaction));
    host_.realm().Observe(index);
  }
  void RunMicrotasks() { host_.realm().RunAllMicrotasks(); }
  size_t unhandled_rejections() const { return unhandled_; }
  size_t reported_exceptions() const { return reported_; }
  const char* Finish() {
    host_.Teardown();
    return host_.violation();
  }

 private:
  Outcome Perform(const Script& function, Value argument) {
    const core::ValueSlot slot = host_.Name(argument);
    const Returns result = function(slot);
    host_.Drop(slot);
    switch (result.kind) {
      case Returns::kUndefined:
        return Outcome::Return(Value::Undefined());
      case Returns::kNumber:
        return Outcome::Return(Value::Number(result.number));
      case Returns::kObject:
        return Outcome::Return(Value::Of(ValueKind::kChunk, 0));
      case Returns::kPromise:
        return Outcome::Return(Value::Of(ValueKind::kPromise, sim::SimHost::PromiseIndex(result.promise)));
      case Returns::kThenable:
        return Outcome::Return(Value::Of(ValueKind::kThenable, 0));
      case Returns::kBadGetter:
        getter_throws_ = host_.ValueOf(result.value);
        return Outcome::Return(Value::Of(ValueKind::kThenable, 1));
      case Returns::kThrow:
        return Outcome::Throw(host_.ValueOf(result.value));
    }
    return {};
  }

  Outcome Call(CallKind kind, Value argument, uint32_t resolver) override {
    switch (kind) {
      case CallKind::kStart:
        return Perform(script_.start, argument);
      case CallKind::kSize:
        return Perform(script_.size, argument);
      case CallKind::kWrite:
        return Perform(script_.write, argument);
      case CallKind::kClose:
        return Perform(script_.close, argument);
      case CallKind::kAbort:
        return Perform(script_.abort, argument);
      case CallKind::kSignal:
        return Perform(script_.listeners.at(next_listener_++), argument);
      case CallKind::kGetThen:
        return argument.id == 1 ? Outcome::Throw(getter_throws_) : Outcome{};
      case CallKind::kThen:
        host_.realm().CallResolve(resolver, Value::Undefined());
        return {};
    }
    return {};
  }
  void Settled(uint32_t promise, bool fulfilled, Value value) override {
    const auto reaction = std::move(reactions_[promise].front());
    reactions_[promise].pop_front();
    const core::ValueSlot slot = host_.Name(value);
    reaction(fulfilled, slot);
    host_.Drop(slot);
  }
  void ReportException(Value) override { ++reported_; }
  void UnhandledRejection(uint32_t, Value) override { ++unhandled_; }

  sim::SimHost host_;
  std::vector<sim::Chunk> chunks_{{.kind = sim::ChunkKind::kObject}};
  StreamScript script_;
  size_t next_listener_ = 0;
  Value getter_throws_;
  std::map<uint32_t, std::deque<std::function<void(bool, core::ValueSlot)>>> reactions_;
  uint32_t reasons_ = 0;
  size_t unhandled_ = 0;
  size_t reported_ = 0;
};

INSTANTIATE_TYPED_TEST_SUITE_P(SimHost, HostConformance, SimAdapter);

}  // namespace
}  // namespace sluice::testing
