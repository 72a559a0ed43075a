// V8 in this process, and one isolate with the binding in it: what the shell, the server and the tests stand on.
//
//   runtime::InitializeV8({});
//   runtime::Isolate isolate({});
//   {
//     v8::Isolate::Scope entered(isolate.get());
//     v8::HandleScope handles(isolate.get());
//     v8::Local<v8::Context> context = isolate.NewContext();
//     v8::Context::Scope in(context);
//     ... scripts; isolate.get()->PerformMicrotaskCheckpoint() ...
//   }
//
// Microtasks run only when somebody asks for a checkpoint.
#ifndef SLUICE_RUNTIME_ISOLATE_H_
#define SLUICE_RUNTIME_ISOLATE_H_

#include <v8.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "src/v8/isolate_data.h"

namespace sluice::runtime {

// Once in a process, before any isolate. `flags` are V8's own ("--expose-gc", "--stack-size=500"). Further calls do
// nothing, with other flags too. Returns the flags that V8 refused.
std::vector<std::string> InitializeV8(const std::vector<std::string>& flags);
v8::Platform* Platform();

struct IsolateOptions {
  binding::Options binding;
  size_t max_heap_bytes = 0;  // of the old generation; 0: V8's own choice
  // Of all that is outside of the heap: ArrayBuffers, bodies, timers and their like (src/v8/native_memory.h); 0: no
  // limit. What would exceed it throws a RangeError.
  size_t max_native_bytes = 0;
  size_t stack_bytes = 0;  // how deep JavaScript may go below where the isolate is made; 0: V8's own choice
};

class Isolate {
 public:
  explicit Isolate(const IsolateOptions& options);
  Isolate(const Isolate&) = delete;
  Isolate& operator=(const Isolate&) = delete;
  // Collects what is dropped, then disposes of the isolate. Nothing of it may be entered.
  ~Isolate();

  v8::Isolate* get() const { return isolate_; }
  binding::IsolateData& data() { return *data_; }
  // A new context with all globals of the binding, and more of our scripts (src/v8/globals.h).
  v8::Local<v8::Context> NewContext(std::span<const char* const> scripts = {});
  // Full garbage collection, with V8's own tasks (finalisation among them) done.
  void CollectGarbage();
  // Runs the tasks that V8 posted to this isolate's thread and that are due. False if there were none.
  bool PumpV8Tasks();
  // Keeps `object` until the isolate has been collected for the last time, just before it is disposed of: for what V8's
  // weak callbacks refer to.
  void KeepToTheEnd(std::shared_ptr<void> object) { kept_.push_back(std::move(object)); }

 private:
  const std::shared_ptr<binding::NativeMemory> memory_;
  std::unique_ptr<v8::ArrayBuffer::Allocator> allocator_;
  v8::Isolate* isolate_ = nullptr;
  std::unique_ptr<binding::IsolateData> data_;
  std::vector<std::shared_ptr<void>> kept_;
};

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_ISOLATE_H_
