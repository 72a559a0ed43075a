#include "src/runtime/isolate.h"

#include <libplatform/libplatform.h>

#include <cstdint>

#include "src/runtime/buffer_allocator.h"
#include "src/runtime/fetch/fetch_script.h"
#include "src/v8/globals.h"

namespace sluice::runtime {
namespace {

std::unique_ptr<v8::Platform>& PlatformOwner() {
  // Leaked on purpose: V8 may use it until the process has ended.
  static auto* const platform = new std::unique_ptr<v8::Platform>();
  return *platform;
}

}  // namespace

std::vector<std::string> InitializeV8(const std::vector<std::string>& flags) {
  if (PlatformOwner() != nullptr) return {};
  std::vector<std::string> refused;
  for (std::string flag : flags) {
    // V8 takes away what it knows.
    char name[] = "v8";
    char* arguments[] = {name, flag.data(), nullptr};
    int count = 2;
    v8::V8::SetFlagsFromCommandLine(&count, arguments, /*remove_flags=*/true);
    if (count != 1) refused.push_back(flag);
  }
  // Compiled in the background, a module would keep nothing alive that the event loop knows of.
  v8::V8::SetFlagsFromString("--no-wasm-async-compilation");
  PlatformOwner() = v8::platform::NewDefaultPlatform(/*thread_pool_size=*/1);
  v8::V8::InitializePlatform(PlatformOwner().get());
  v8::V8::Initialize();
  // Before any thread can have a context.
  FetchScript();
  return refused;
}

v8::Platform* Platform() { return PlatformOwner().get(); }

Isolate::Isolate(const IsolateOptions& options)
    : memory_(std::make_shared<binding::NativeMemory>(options.max_native_bytes)),
      allocator_(NewBufferAllocator(memory_)) {
  v8::Isolate::CreateParams parameters;
  parameters.array_buffer_allocator = allocator_.get();
  // V8 begins with a megabyte for each of its three parts, and stays there when nearly all dies young, as streams do: a
  // collection then comes each thousand streams. With four, whole lives of streams are 3 per cent faster and writes 10,
  // and it still fits the processor's cache; with sixteen it does not, and they are a fifth slower.
  parameters.constraints.set_initial_young_generation_size_in_bytes(3 * (size_t{4} << 20));
  if (options.max_heap_bytes != 0) parameters.constraints.set_max_old_generation_size_in_bytes(options.max_heap_bytes);
  isolate_ = v8::Isolate::New(parameters);
  isolate_->SetMicrotasksPolicy(v8::MicrotasksPolicy::kExplicit);
  const v8::Isolate::Scope entered(isolate_);
  binding::Options binding = options.binding;
  binding.memory = memory_;
  data_ = std::make_unique<binding::IsolateData>(isolate_, binding);
  if (options.stack_bytes != 0) {
    data_->SetStackLimit(reinterpret_cast<uintptr_t>(__builtin_frame_address(0)) - options.stack_bytes);
  }
}

Isolate::~Isolate() {
  {
    const v8::Isolate::Scope entered(isolate_);
    // Without V8's own tasks: they may run finalizers, and those would call what is gone already.
    isolate_->LowMemoryNotification();
    kept_.clear();
    data_.reset();
  }
  v8::platform::NotifyIsolateShutdown(Platform(), isolate_);
  isolate_->Dispose();
}

v8::Local<v8::Context> Isolate::NewContext(std::span<const char* const> scripts) {
  return binding::NewContext(isolate_, scripts).ToLocalChecked();
}

void Isolate::CollectGarbage() {
  PumpV8Tasks();
  isolate_->LowMemoryNotification();
  PumpV8Tasks();
}

bool Isolate::PumpV8Tasks() {
  bool any = false;
  while (v8::platform::PumpMessageLoop(Platform(), isolate_)) any = true;
  return any;
}

}  // namespace sluice::runtime
