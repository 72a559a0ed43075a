// The core in V8, as a subject: real streams, writers, promises and microtasks, driven through the JavaScript API.
//
//   V8Subject subject;          // starts V8 in this process, if it is not running
//   driver.Run(program, subject, {}, trace);
//
// User code is JavaScript functions that call the driver back. Chunks are real: strings up to V8's longest (Limits),
// and buffers of any size, whose memory is reserved and never touched. A string beyond V8's limit (2^29 - 24 code
// units) is replaced by an ArrayBuffer without `byteLength` that has as many bytes.
//
// V8 runs all microtasks or none. To let the driver act between two of them, they run on a separate stack (fiber.h). It
// is suspended in a hook that V8 calls before each promise reaction, or in a marker among the microtasks (RunTick). For
// V8, the driver's actions are nested in that hook.
//
// A realm is used for many runs. Objects of earlier programs are garbage and must not affect later runs.
#ifndef SLUICE_FUZZ_DRIVER_V8_SUBJECT_H_
#define SLUICE_FUZZ_DRIVER_V8_SUBJECT_H_

#include <v8.h>

#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "fuzz/driver/judged_subject.h"
#include "fuzz/program/program.h"
#include "fuzz/v8/fiber.h"
#include "src/runtime/isolate.h"
#include "src/runtime/unhandled_rejections.h"

namespace sluice::fuzz {

class V8Subject : public JudgedSubject, private binding::Embedder {
 public:
  struct Limits {
    uint64_t longest_string = 1 << 24;  // code units; longer ones are stand-ins
    uint32_t runs_per_realm = 500;
    uint32_t steps_per_gc = 0;  // garbage is collected at each nth step of all runs; 0: when V8 wants to
  };

  V8Subject() : V8Subject(Limits{}) {}
  explicit V8Subject(const Limits& limits);
  ~V8Subject() override;

  const char* name() const override { return "v8"; }
  v8::Isolate* isolate() { return isolate_.get(); }
  void Teardown() override;
  void Reset(UserCode& user_code, const std::vector<sim::Chunk>& chunks) override;
  sim::Outcome Perform(const SubjectCall& call) override;
  // In the runs from now on, garbage is collected at this step of each (AtStep or snapshot); empty: when V8 wants to.
  void CollectAt(std::optional<uint32_t> step) { collect_at_ = step; }
  bool TakeSnapshot(uint32_t stream, core::Snapshot& snapshot) override;
  void AtStep() override;

 protected:
  core::WritableStream* State(uint32_t stream) override;

 private:
  using Info = v8::FunctionCallbackInfo<v8::Value>;
  using Objects = std::vector<v8::Global<v8::Value>>;
  struct Entered;
  struct Result {
    bool thrown = false;
    v8::Local<v8::Value> value;
  };

  // Embedder
  int64_t PostDelayedTask(double milliseconds, std::function<void()> task) override;
  void CancelDelayedTask(int64_t) override {}
  void ReportException(v8::Local<v8::Context> context, v8::Local<v8::Value> exception,
                       v8::Local<v8::Message> message) override;

  static V8Subject& Of(v8::Isolate* isolate) { return *static_cast<V8Subject*>(isolate->GetData(1)); }
  static void OnCall(const Info& info);
  static void OnSettled(const Info& info);
  static void OnNewStream(const Info& info);
  static void OnErrorStream(const Info& info);
  static void OnCloseWithErrorPropagation(const Info& info);
  static void OnPromiseHook(v8::PromiseHookType type, v8::Local<v8::Promise> promise, v8::Local<v8::Value> parent);
  static void OnMarker(void* self);
  static runtime::IsolateOptions StartV8(V8Subject* embedder);

  void NewRealm();
  // Performs an operation of v8_subject.js. Inside an Entered.
  Result Do(const char* operation, v8::Local<v8::Value> target = {}, v8::Local<v8::Value> argument = {});
  // The same for a method of the API; `argument` is undefined if the method has none.
  sim::Outcome PromiseFrom(const char* operation, const v8::Global<v8::Value>& target, sim::Value argument = {});
  sim::Outcome ValueFrom(const char* operation, const v8::Global<v8::Value>& target);
  sim::Outcome NothingFrom(const char* operation, const v8::Global<v8::Value>& target, sim::Value argument = {});
  sim::Outcome Construct(uint32_t stream, const StreamOptions& options);
  sim::Outcome NewWriter(const char* operation, uint32_t stream);
  // Whose controller it is; that of `owner`, and a violation, if it is nobody's.
  uint32_t StreamOfController(v8::Local<v8::Value> controller, uint32_t owner);
  void Detach(sim::Value chunk);
  uint32_t NewPromise();
  void SettlePromise(uint32_t promise, bool fulfill, sim::Value reason);
  void CallResolver(const v8::Global<v8::Value>& function, sim::Value value);
  void Observe(uint32_t promise);
  void RunTick();
  void RunAllMicrotasks();

  v8::Local<v8::Context> context() const { return context_.Get(isolate_.get()); }
  v8::Local<v8::Value> ToJs(sim::Value value);
  sim::Value ToSim(v8::Local<v8::Value> value);
  sim::Value ChunkToSim(v8::Local<v8::Value> value);
  sim::Outcome ToSim(const Result& result) { return {result.thrown, ToSim(result.value)}; }
  v8::Local<v8::Value> ChunkObject(uint32_t index);
  v8::Local<v8::Value> MakeChunk(const sim::Chunk& chunk);
  v8::Local<v8::Value> MakeString(const sim::Chunk& chunk);
  void Remember(v8::Local<v8::Value> object, sim::Value value);
  sim::Value NewIdentity(v8::Local<v8::Object> object);
  uint32_t PromiseId(v8::Local<v8::Value> promise);

  // The object through which a stream is looked into: the stream, or while that is being constructed its controller.
  v8::Local<v8::Value> Inspected(uint32_t stream) const;
  // The string of a literal, which is made once.
  v8::Local<v8::String> Key(const char* literal);
  v8::Local<v8::Value> Field(v8::Local<v8::Value> object, const char* name);
  void LookAtPromise(v8::Local<v8::Value> writer, const char* name, core::PromiseView& view, bool& handled);
  void LookAtReleasedWriter(uint32_t writer, core::Snapshot& snapshot);
  void LookAtJavaScript(v8::Local<v8::Value> inspected, const core::WritableStream& stream, core::Snapshot& snapshot);
  void CountStep();
  void RunOnFiber();

  const Limits limits_;
  runtime::Isolate isolate_;
  runtime::UnhandledRejections rejections_;
  v8::Global<v8::Context> context_;
  v8::Global<v8::Function> perform_;
  std::unordered_map<const void*, v8::Eternal<v8::String>> keys_;  // by the address of a literal
  v8::Global<v8::Value> error_prototypes_[2];                      // TypeError's and RangeError's
  uint32_t runs_ = 0;                                              // in this realm
  uint32_t steps_ = 0;
  std::optional<uint32_t> collect_at_;

  // ---- Of this run
  UserCode* user_code_ = nullptr;
  uint32_t steps_of_run_ = 0;
  const std::vector<sim::Chunk>* chunks_ = nullptr;
  binding::StreamOptions stream_options_;
  v8::Global<v8::Map> identities_;  // object -> kind and id
  struct OfStream {
    v8::Global<v8::Value> stream;
    v8::Global<v8::Value> controller;
    std::optional<uint32_t> released_writer;  // the last one
  };
  std::array<OfStream, kStreamCount> streams_;
  Objects chunk_objects_;
  Objects promises_;
  Objects writers_;
  Objects thenables_;
  Objects reasons_;
  std::vector<std::pair<v8::Global<v8::Value>, v8::Global<v8::Value>>> resolvers_;
  uint32_t errors_[3] = {};  // how many TypeErrors, RangeErrors and AbortErrors have an id

  Fiber fiber_;
  std::optional<size_t> budget_;  // microtasks that may still run before the fiber is left
};

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_DRIVER_V8_SUBJECT_H_
