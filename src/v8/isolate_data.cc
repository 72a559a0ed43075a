#include "src/v8/isolate_data.h"

#include <pthread.h>

#include <algorithm>
#include <string>
#include <utility>

#include "src/v8/dom/dom_data.h"
#include "src/v8/stream_extension.h"
#include "src/v8/v8_host.h"

namespace sluice::binding {

namespace {

// As much of the stack as V8 takes by itself, but not more than there is.
uintptr_t StackLimitOfThisThread() {
  constexpr uintptr_t kStackOfV8 = 984 * 1024;  // bytes; V8's own default
  constexpr uintptr_t kLeftForNative = 128 * 1024;
  const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  pthread_attr_t attributes;
  void* lowest = nullptr;
  size_t size = 0;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return here - kStackOfV8;
  pthread_attr_getstack(&attributes, &lowest, &size);
  pthread_attr_destroy(&attributes);
  return std::max(here - kStackOfV8, reinterpret_cast<uintptr_t>(lowest) + kLeftForNative);
}

}  // namespace

IsolateData::IsolateData(v8::Isolate* isolate, Options options) : isolate_(isolate), options_(std::move(options)) {
  if (options_.memory == nullptr) options_.memory = std::make_shared<NativeMemory>(0);
  isolate->SetData(0, this);
  const v8::HandleScope scope(isolate);
  // Before the first context: V8 goes through its list of extensions whenever a context is made, on any thread.
  StreamScript();
  const auto page = v8::ObjectTemplate::New(isolate);
  page->SetInternalFieldCount(1);
  page_template_.Set(isolate, page);
  SetStackLimit(StackLimitOfThisThread());
  dom_ = std::make_unique<DomData>(*this);
  host_ = std::make_unique<V8Host>(*this);
  MakeUtilityRealm();
}

void IsolateData::MakeUtilityRealm() {
  const v8::Local<v8::Context> context = v8::Context::New(isolate_);
  const v8::Context::Scope in(context);
  const auto get = [&](v8::Local<v8::Value> object, const char* name) {
    return object.As<v8::Object>()->Get(context, Ascii(isolate_, name)).ToLocalChecked();
  };
  utility_realm_.Reset(isolate_, context);
  utility_then_.Reset(isolate_, get(get(get(context->Global(), "Promise"), "prototype"), "then"));
  const auto resolver = v8::Promise::Resolver::New(context).ToLocalChecked();
  resolver->Resolve(context, v8::Undefined(isolate_)).Check();
  utility_resolved_.Reset(isolate_, resolver->GetPromise());
  view_length_ = std::make_unique<ViewLength>(context);
  // The host's own memory, which lives as long as the isolate runs scripts.
  const auto over = [&](void* memory, size_t bytes) {
    return v8::ArrayBuffer::New(
        isolate_, v8::ArrayBuffer::NewBackingStore(memory, bytes, v8::BackingStore::EmptyDeleter, nullptr));
  };
  io_.Reset(isolate_, v8::Int32Array::New(over(host_->channel(), host_->channel_bytes()), 0,
                                          host_->channel_bytes() / sizeof(int32_t)));
  facts_.Reset(isolate_, v8::Float64Array::New(over(host_->facts(), sizeof(double)), 0, 1));
}

void IsolateData::AddRealm(v8::Local<v8::Object> functions) {
  std::erase_if(realms_, [](const v8::Global<v8::Object>& realm) { return realm.IsEmpty(); });
  realms_.emplace_back(isolate_, functions).SetWeak();
}

std::vector<v8::Local<v8::Object>> IsolateData::Realms() {
  std::vector<v8::Local<v8::Object>> realms;
  for (const v8::Global<v8::Object>& realm : realms_) {
    if (!realm.IsEmpty()) realms.push_back(realm.Get(isolate_));
  }
  return realms;
}

void IsolateData::SetStackLimit(uintptr_t limit) {
  stack_limit_ = limit;
  isolate_->SetStackLimit(limit);
}

bool IsolateData::RequireMemory(size_t bytes, std::string_view what) {
  NativeMemory& memory = *options_.memory;
  if (memory.Take(bytes) || (CollectForRoom() && memory.Take(bytes))) {
    memory.Return(bytes);
    return true;
  }
  ThrowRangeError(isolate_, std::string(what) + ": the memory limit of " + std::to_string(memory.limit()) +
                                " bytes leaves no room for " + std::to_string(bytes) + " more");
  return false;
}

bool IsolateData::CollectForRoom() {
  if (++refusals_ < next_collection_) return false;
  const NativeMemory& memory = *options_.memory;
  const size_t before = memory.used();
  isolate_->LowMemoryNotification();
  // Who lives at the limit, and drops a little each time, does not collect each time either.
  constexpr size_t kWorthwhile = 16;
  if (memory.used() + memory.limit() / kWorthwhile <= before) {
    refusals_ = 0;
    next_collection_ = 1;
  } else {
    next_collection_ = 2 * refusals_;
  }
  return true;
}

void IsolateData::ReportExternalMemory() {
  isolate_->AdjustAmountOfExternalAllocatedMemory(unreported_bytes_);
  unreported_bytes_ = 0;
}

IsolateData::~IsolateData() {
  host_.reset();
  dom_.reset();
  isolate_->SetData(0, nullptr);
}

}  // namespace sluice::binding
