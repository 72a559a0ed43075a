#include "src/runtime/isolate.h"

#include <libplatform/libplatform.h>

#include "src/v8/globals.h"

namespace sluice::runtime {
namespace {

std::unique_ptr<v8::Platform>& PlatformOwner() {
  // Leaked on purpose: V8 may use it until the process has ended.
  static auto* const platform = new std::unique_ptr<v8::Platform>();
  return *platform;
}

}  // namespace

void InitializeV8(const std::vector<std::string>& flags) {
  if (PlatformOwner() != nullptr) return;
  for (const std::string& flag : flags) v8::V8::SetFlagsFromString(flag.c_str(), flag.size());
  PlatformOwner() = v8::platform::NewDefaultPlatform(/*thread_pool_size=*/1);
  v8::V8::InitializePlatform(PlatformOwner().get());
  v8::V8::Initialize();
}

v8::Platform* Platform() { return PlatformOwner().get(); }

Isolate::Isolate(const IsolateOptions& options) : allocator_(v8::ArrayBuffer::Allocator::NewDefaultAllocator()) {
  v8::Isolate::CreateParams parameters;
  parameters.array_buffer_allocator = allocator_.get();
  if (options.max_heap_bytes != 0) parameters.constraints.set_max_old_generation_size_in_bytes(options.max_heap_bytes);
  isolate_ = v8::Isolate::New(parameters);
  isolate_->SetMicrotasksPolicy(v8::MicrotasksPolicy::kExplicit);
  const v8::Isolate::Scope entered(isolate_);
  data_ = std::make_unique<binding::IsolateData>(isolate_, options.binding);
}

Isolate::~Isolate() {
  {
    const v8::Isolate::Scope entered(isolate_);
    CollectGarbage();
    data_.reset();
  }
  v8::platform::NotifyIsolateShutdown(Platform(), isolate_);
  isolate_->Dispose();
}

v8::Local<v8::Context> Isolate::NewContext() {
  const v8::Local<v8::Context> context = v8::Context::New(isolate_);
  const v8::Context::Scope in(context);
  binding::ExposeAll(context);
  return context;
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
