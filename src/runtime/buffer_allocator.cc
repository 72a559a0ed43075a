#include "src/runtime/buffer_allocator.h"

#include <utility>

#include "src/v8/isolate_data.h"
#include "src/v8/web_idl.h"

namespace sluice::runtime {
namespace {

// V8's flag typed_array_max_size_in_heap.
constexpr size_t kNeverRefused = 64;  // bytes

class CountingAllocator final : public v8::ArrayBuffer::Allocator {
 public:
  explicit CountingAllocator(std::shared_ptr<binding::NativeMemory> memory) : memory_(std::move(memory)) {}

  void* Allocate(size_t length) override {
    return memory_->Take(length) ? Taken(base_->Allocate(length), length) : nullptr;
  }
  void* AllocateUninitialized(size_t length) override {
    return TakeUninitialized(length) ? Taken(base_->AllocateUninitialized(length), length) : nullptr;
  }
  // V8 frees from threads of its own, too.
  void Free(void* data, size_t length) override {
    base_->Free(data, length);
    memory_->Return(length);
  }

 private:
  bool TakeUninitialized(size_t length) {
    if (length > kNeverRefused) return memory_->Take(length);
    memory_->TakeAnyway(length);
    return true;
  }
  void* Taken(void* data, size_t length) {
    if (data == nullptr) memory_->Return(length);
    return data;
  }

  const std::shared_ptr<binding::NativeMemory> memory_;
  std::unique_ptr<v8::ArrayBuffer::Allocator> base_{NewDefaultAllocator()};
};

void ThrowRefused(v8::Isolate* isolate) { binding::ThrowRangeError(isolate, "Array buffer allocation failed"); }

}  // namespace

std::unique_ptr<v8::ArrayBuffer::Allocator> NewBufferAllocator(std::shared_ptr<binding::NativeMemory> memory) {
  return std::make_unique<CountingAllocator>(std::move(memory));
}

v8::MaybeLocal<v8::ArrayBuffer> NewBuffer(v8::Isolate* isolate, size_t size, char*& bytes) {
  v8::ArrayBuffer::Allocator* const allocator = isolate->GetArrayBufferAllocator();
  void* data = nullptr;
  if (size != 0) {
    data = allocator->AllocateUninitialized(size);
    if (data == nullptr && binding::IsolateData::Of(isolate)->CollectForRoom()) {
      data = allocator->AllocateUninitialized(size);
    }
    if (data == nullptr) {
      ThrowRefused(isolate);
      return {};
    }
  }
  bytes = static_cast<char*>(data);
  return v8::ArrayBuffer::New(isolate, v8::ArrayBuffer::NewBackingStore(
                                           data, size,
                                           [](void* memory, size_t length, void* owner) {
                                             if (memory != nullptr) {
                                               static_cast<v8::ArrayBuffer::Allocator*>(owner)->Free(memory, length);
                                             }
                                           },
                                           allocator));
}

v8::MaybeLocal<v8::ArrayBuffer> NewBufferOf(v8::Isolate* isolate, std::string text) {
  struct Owner {
    std::string text;
    std::shared_ptr<binding::NativeMemory> memory;
  };
  binding::IsolateData& data = *binding::IsolateData::Of(isolate);
  auto owner = std::make_unique<Owner>(Owner{std::move(text), data.memory()});
  void* const bytes = owner->text.data();
  const size_t size = owner->text.size();
  if (size <= kNeverRefused) {
    owner->memory->TakeAnyway(size);
  } else if (!owner->memory->Take(size) && !(data.CollectForRoom() && owner->memory->Take(size))) {
    ThrowRefused(isolate);
    return {};
  }
  return v8::ArrayBuffer::New(isolate, v8::ArrayBuffer::NewBackingStore(
                                           bytes, size,
                                           [](void*, size_t length, void* kept) {
                                             const std::unique_ptr<Owner> own(static_cast<Owner*>(kept));
                                             own->memory->Return(length);
                                           },
                                           owner.release()));
}

}  // namespace sluice::runtime
