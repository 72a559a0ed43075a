// One stream over the simulated host, its author's functions, and a log of what the author sees.
//
//   TEST_F(StreamTest, CloseCallsTheSink) {
//     Construct({.sink = {.close = true}});
//     const WriterSlot writer = GetWriter();
//     Watch("close", default_writer::Close(host, writer));
//     EXPECT_EQ(Run(), "close(); close ok");
//   }
//
// After each test the references that the core took must be back, and no rejection may have been reported as unhandled
// that the test did not take from `unhandled`.
#ifndef SLUICE_TESTS_CORE_STREAM_TEST_H_
#define SLUICE_TESTS_CORE_STREAM_TEST_H_

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "src/core/class_steps.h"
#include "src/core/invariants.h"
#include "src/core/writable_stream.h"
#include "src/core/writable_stream_default_writer.h"
#include "src/sim/sim_host.h"

namespace sluice::core {

using sim::CallKind;
using sim::Chunk;
using sim::ChunkKind;
using sim::Outcome;
using sim::SimHost;
using sim::Value;
using sim::ValueKind;

inline Value Reason(uint32_t id) { return Value::Of(ValueKind::kReason, id); }
inline Value ChunkValue(uint32_t id) { return Value::Of(ValueKind::kChunk, id); }
inline Outcome Nothing() { return Outcome::Return(Value::Undefined()); }

// "r1", "c0", "TypeError", ...
inline std::string Shown(Value value) {
  switch (value.kind) {
    case ValueKind::kUndefined:
      return "undefined";
    case ValueKind::kChunk:
      return "c" + std::to_string(value.id);
    case ValueKind::kReason:
      return "r" + std::to_string(value.id);
    case ValueKind::kTypeError:
      return "TypeError";
    case ValueKind::kRangeError:
      return "RangeError";
    case ValueKind::kAbortError:
      return "AbortError";
    default:
      return "value";
  }
}

class StreamTest : public ::testing::Test, protected sim::UserCode {
 protected:
  using Function = std::function<Outcome(Value argument)>;

  StreamTest() { host.Reset(*this, chunks); }

  // ---- The stream. It is host.stream(0); started unless a test says otherwise.
  WritableStream& stream() { return host.stream(0); }
  Outcome ConstructOnly(const sim::SimStreamOptions& options) { return host.ConstructStream(options); }
  void Construct(const sim::SimStreamOptions& options = {}) {
    ASSERT_FALSE(ConstructOnly(options).thrown);
    Run();
    log.clear();
  }
  static core::UnderlyingSink FullSink() { return {.start = false, .write = true, .close = true, .abort = true}; }

  WriterSlot GetWriter() {
    const WriterSlot writer = host.NewWriter();
    const Completion<WriterSlot> got = ws::GetWriter(host, stream(), writer);
    EXPECT_FALSE(got.is_thrown());
    return writer;
  }

  // ---- Doing things with values that the author has
  PromiseSlot Write(WriterSlot writer, uint32_t chunk = 0) {
    return Borrowed(ChunkValue(chunk), [&](ValueSlot slot) { return default_writer::Write(host, writer, slot); });
  }
  PromiseSlot Abort(WriterSlot writer, Value reason = Reason(9)) {
    return Borrowed(reason, [&](ValueSlot slot) { return default_writer::Abort(host, writer, slot); });
  }
  PromiseSlot AbortStream(Value reason = Reason(9)) {
    return Borrowed(reason, [&](ValueSlot slot) { return ws::Abort(host, stream(), slot); });
  }
  void Error(Value reason = Reason(5)) {
    Borrowed(reason, [&](ValueSlot slot) { return ws_default_controller::Error(host, stream(), slot), PromiseSlot{}; });
  }
  std::string DesiredSize(WriterSlot writer) {
    const auto size = default_writer::DesiredSize(host, writer);
    if (size.is_thrown()) return "throws " + Shown(host.TakeThrown(size.thrown()));
    if (!size.value().has_value()) return "null";
    std::string text = std::to_string(*size.value());
    return text.substr(0, text.find('.'));
  }

  // ---- Promises
  // Logs "<name> ok" or "<name> <reason>" when it settles. Takes the reference.
  void Watch(const std::string& name, PromiseSlot promise) {
    const uint32_t index = host.TakePromise(promise);
    watched_[index].push_back(name);
    host.realm().Observe(index);
  }
  void WatchWriter(WriterSlot writer, const std::string& prefix = "") {
    Watch(prefix + "ready", default_writer::Ready(host, writer));
    Watch(prefix + "closed", default_writer::Closed(host, writer));
  }
  void Ignore(PromiseSlot promise) { host.realm().MarkHandled(host.TakePromise(promise)); }
  PromiseView StateOf(PromiseSlot promise) { return host.realm().State(host.TakePromise(promise)); }
  // A promise that the author makes, and returns from a sink method.
  uint32_t NewDeferred() { return host.realm().NewPromise(); }
  static Outcome ReturnPromise(uint32_t promise) { return Outcome::Return(Value::Of(ValueKind::kPromise, promise)); }
  void Settle(uint32_t deferred) { host.realm().ResolvePromise(deferred, Value::Undefined()); }
  void Fail(uint32_t deferred, Value reason) { host.realm().RejectPromise(deferred, reason); }

  // Runs all microtasks, checks the invariants, and takes the log: "a; b; c".
  std::string Run() {
    host.realm().RunAllMicrotasks();
    CheckAllInvariants();
    return TakeLog();
  }
  std::string TakeLog() {
    std::string text;
    for (const std::string& line : std::exchange(log, {})) text += (text.empty() ? "" : "; ") + line;
    return text;
  }
  Snapshot Taken(size_t index = 0) {
    Snapshot snapshot;
    TakeSnapshot(host, host.stream(index), snapshot);
    return snapshot;
  }
  void CheckAllInvariants() {
    for (size_t i = 0; i < host.stream_count(); ++i) {
      if (!host.stream(i).controller.exists || constructor_threw_) continue;
      const Invariant* broken = FirstBrokenInvariant(Taken(i));
      EXPECT_EQ(broken, nullptr) << broken->id << ": " << broken->sentence;
    }
  }
  void IgnoreInvariants() { constructor_threw_ = true; }

  void TearDown() override {
    host.realm().RunAllMicrotasks();
    host.Teardown();
    EXPECT_EQ(host.violation(), nullptr) << host.violation();
    EXPECT_EQ(unhandled, std::vector<std::string>()) << "reported as unhandled, and not expected";
  }

  SimHost host;
  std::vector<Chunk> chunks{{.kind = ChunkKind::kObject, .tag = 0},
                            {.kind = ChunkKind::kArrayBuffer, .tag = 0, .count = 100},
                            {.kind = ChunkKind::kString, .unit_count = 1, .units = {u'a'}, .count = 7},
                            {.kind = ChunkKind::kView, .tag = 0, .count = 0}};
  // What the author's functions do after they are logged; nothing by default.
  std::map<CallKind, Function> on;
  std::vector<std::string> log;
  std::vector<std::string> unhandled;
  std::vector<std::string> reported;
  bool log_calls = true;

 private:
  template <typename F>
  PromiseSlot Borrowed(Value value, F f) {
    const ValueSlot slot = host.Name(value);
    const PromiseSlot promise = f(slot);
    host.Drop(slot);
    return promise;
  }

  Outcome Call(CallKind kind, Value argument, uint32_t, uint32_t) override {
    static constexpr const char* kNames[] = {"start", "size", "write", "close", "abort", "signal", "getThen", "then"};
    const bool has_argument = kind == CallKind::kSize || kind == CallKind::kWrite || kind == CallKind::kAbort;
    if (log_calls) {
      log.push_back(std::string(kNames[static_cast<int>(kind)]) + "(" + (has_argument ? Shown(argument) : "") + ")");
    }
    const auto found = on.find(kind);
    if (found != on.end()) return found->second(argument);
    return kind == CallKind::kSize ? Outcome::Return(Value::Number(1)) : Nothing();
  }
  void Settled(uint32_t promise, bool fulfilled, Value value) override {
    std::vector<std::string>& names = watched_[promise];
    log.push_back(names.front() + " " + (fulfilled ? "ok" : Shown(value)));
    names.erase(names.begin());
  }
  void ReportException(Value exception) override { reported.push_back(Shown(exception)); }
  void UnhandledRejection(uint32_t, Value reason) override { unhandled.push_back(Shown(reason)); }

  std::map<uint32_t, std::vector<std::string>> watched_;
  bool constructor_threw_ = false;
};

}  // namespace sluice::core

#endif  // SLUICE_TESTS_CORE_STREAM_TEST_H_
