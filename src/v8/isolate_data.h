// What the binding keeps for one isolate: interface templates, options, counts of live objects.
//
//   IsolateData data(isolate, {.stream = {.byte_limit = 1'048'576}});   // before any context uses the binding
//   v8::Local<v8::Context> context = NewContext(isolate).ToLocalChecked();   // src/v8/globals.h
//   ...
//   // `data` goes before isolate->Dispose() is called.
#ifndef SLUICE_V8_ISOLATE_DATA_H_
#define SLUICE_V8_ISOLATE_DATA_H_

#include <v8.h>

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "src/core/byte_limit.h"
#include "src/core/tick_model.h"
#include "src/v8/native_memory.h"
#include "src/v8/view_length.h"
#include "src/v8/web_idl.h"

namespace sluice::binding {

class DomData;
class V8Host;

// Native objects behind JavaScript objects. When everything is dropped and collected, all are zero again.
struct LiveObjects {
  int64_t streams = 0;
  int64_t writers = 0;
  int64_t signals = 0;
  int64_t external_bytes = 0;  // reported to V8 (AdjustAmountOfExternalAllocatedMemory)
  uint64_t charged_bytes = 0;  // what all streams are charged for (src/core/byte_limit.h)
};

// What the binding asks of the event loop around it. An embedder without timers leaves it out: AbortSignal.timeout()
// then throws.
class Embedder {
 public:
  virtual ~Embedder() = default;
  // Runs `task` once, as a task of its own, after `milliseconds`. The task may be destroyed without having run.
  // Returns a number greater than zero to cancel it by.
  virtual int64_t PostDelayedTask(double milliseconds, std::function<void()> task) = 0;
  // Destroys the task, if it is still there. May be called while V8 collects garbage.
  virtual void CancelDelayedTask(int64_t id) = 0;
  // An exception that nobody caught, of an event listener: https://html.spec.whatwg.org/#report-the-exception
  virtual void ReportException(v8::Local<v8::Context> context, v8::Local<v8::Value> exception,
                               v8::Local<v8::Message> message) = 0;
};

struct StreamOptions {
  std::optional<uint64_t> byte_limit = core::kDefaultByteLimit;  // bytes; none: unlimited
  core::TickModel tick_model = core::TickModel::kWebIdl;
};

struct Options {
  StreamOptions stream;                  // of each stream that is not made with its own (streams.h)
  Embedder* embedder = nullptr;          // outlives the isolate
  std::shared_ptr<NativeMemory> memory;  // what counts the isolate's native memory; none: it is counted without a limit
  // What all streams of the isolate together may be charged for, in bytes, where each has a limit of its own; none:
  // unlimited.
  std::optional<uint64_t> total_byte_limit;
  std::string total_byte_limit_name;  // what the embedder's users call it; in the error's message
};

class IsolateData {
 public:
  // Isolate data slot 0 is ours while this lives.
  explicit IsolateData(v8::Isolate* isolate, Options options = {});
  IsolateData(const IsolateData&) = delete;
  IsolateData& operator=(const IsolateData&) = delete;
  ~IsolateData();

  static IsolateData* Of(v8::Isolate* isolate) { return static_cast<IsolateData*>(isolate->GetData(0)); }

  v8::Isolate* isolate() const { return isolate_; }
  Options& options() { return options_; }
  LiveObjects& live() { return live_; }
  V8Host& host() { return *host_; }
  DomData& dom() { return *dom_; }
  v8::Local<v8::FunctionTemplate> TemplateOf(const Interface& interface);
  v8::Local<v8::ObjectTemplate> page_template() const { return page_template_.Get(isolate_); }  // stream_page.h
  // The getter or setter of an unforgeable attribute, which instances of derived interfaces have too.
  v8::Local<v8::FunctionTemplate> UnforgeableOf(const Interface& interface, const Member& member);

  // ---- For js/writable_stream.js
  // The channel of effects.h, and a number beside it: typed arrays over the host's memory.
  v8::Local<v8::Value> io() const { return io_.Get(isolate_); }
  v8::Local<v8::Value> facts() const { return facts_.Get(isolate_); }
  // Intrinsics of a realm that no author can reach: %Promise.prototype.then%, and a promise resolved with undefined.
  v8::Local<v8::Value> utility_then() const { return utility_then_.Get(isolate_); }
  v8::Local<v8::Value> utility_resolved() const { return utility_resolved_.Get(isolate_); }
  const ViewLength& view_length() const { return *view_length_; }
  // What the realms of this isolate published. Those that nobody uses any more are forgotten.
  void AddRealm(v8::Local<v8::Object> functions);
  std::vector<v8::Local<v8::Object>> Realms();

  // Whether this thread's stack has so much left, in bytes. True where the limit is not known.
  bool HasStack(uintptr_t bytes) const {
    return reinterpret_cast<uintptr_t>(__builtin_frame_address(0)) > stack_limit_ + bytes;
  }
  // Where V8 ends scripts with a RangeError; v8::Isolate::SetStackLimit, and remembered. The constructor sets it for
  // the thread it runs on; whoever enters the isolate on another thread must set that thread's.
  void SetStackLimit(uintptr_t limit);
  uintptr_t stack_limit() const { return stack_limit_; }

  // A number for a handle (stream_page.h) that no other one has for a long time: with an index it fits into a small
  // integer of V8.
  int NextGeneration() { return generation_ = (generation_ + 1) & 0xFFFFFF; }

  const std::shared_ptr<NativeMemory>& memory() const { return options_.memory; }
  // Counts native memory that JavaScript keeps alive, in bytes, more or less, and tells V8 of it; in steps, because
  // each costs a call. Less memory may be told from a weak callback.
  void AdjustExternalMemory(int64_t bytes) {
    if (bytes > 0) {
      options_.memory->TakeAnyway(static_cast<size_t>(bytes));
    } else {
      options_.memory->Return(static_cast<size_t>(-bytes));
    }
    live_.external_bytes += bytes;
    unreported_bytes_ += bytes;
    if (bytes > 0 && std::abs(unreported_bytes_) > kReportedStep) ReportExternalMemory();
  }
  // Whether the limit of native memory leaves room for `bytes` more; collects garbage to make it. If not, a RangeError
  // is thrown that names `what`.
  bool RequireMemory(size_t bytes, std::string_view what);
  // The last resort where native memory is refused. False, and nothing was collected, if earlier collections of this
  // task freed too little: a task that is refused n times collects about log2(n) times.
  bool CollectForRoom();
  // What an earlier task kept may be garbage now.
  void OnTaskBegins() { refusals_ = 0, next_collection_ = 1; }

 private:
  static constexpr int64_t kReportedStep = 64 * 1024;  // bytes
  void ReportExternalMemory();
  void MakeUtilityRealm();

  v8::Isolate* isolate_;
  Options options_;
  LiveObjects live_;
  std::unordered_map<const Interface*, v8::Eternal<v8::FunctionTemplate>> templates_;
  v8::Eternal<v8::ObjectTemplate> page_template_;
  v8::Global<v8::Context> utility_realm_;
  v8::Global<v8::Value> utility_then_;
  v8::Global<v8::Value> utility_resolved_;
  std::unique_ptr<ViewLength> view_length_;
  v8::Global<v8::Value> io_;
  v8::Global<v8::Value> facts_;
  std::vector<v8::Global<v8::Object>> realms_;  // weak
  uintptr_t stack_limit_ = 0;
  int generation_ = 0;
  int64_t unreported_bytes_ = 0;
  uint64_t refusals_ = 0;         // in this task, since a collection freed much
  uint64_t next_collection_ = 1;  // at this refusal
  std::unordered_map<const Member*, v8::Eternal<v8::FunctionTemplate>> unforgeable_;
  std::unique_ptr<DomData> dom_;
  std::unique_ptr<V8Host> host_;
};

}  // namespace sluice::binding

#endif  // SLUICE_V8_ISOLATE_DATA_H_
