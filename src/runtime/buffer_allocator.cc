#include "src/runtime/buffer_allocator.h"

#include <atomic>

#include "src/v8/web_idl.h"

namespace sluice::runtime {
namespace {

class LimitedAllocator final : public v8::ArrayBuffer::Allocator {
 public:
  explicit LimitedAllocator(size_t limit) : limit_(limit) {}

  void* Allocate(size_t length) override { return Take(length) ? Taken(base_->Allocate(length), length) : nullptr; }
  void* AllocateUninitialized(size_t length) override {
    return Take(length) ? Taken(base_->AllocateUninitialized(length), length) : nullptr;
  }
  // V8 frees from threads of its own, too.
  void Free(void* data, size_t length) override {
    base_->Free(data, length);
    used_ -= length;
  }

 private:
  bool Take(size_t length) {
    if (length <= limit_ && used_.fetch_add(length) <= limit_ - length) return true;
    if (length <= limit_) used_ -= length;
    return false;
  }
  void* Taken(void* data, size_t length) {
    if (data == nullptr) used_ -= length;
    return data;
  }

  const size_t limit_;
  std::atomic<size_t> used_ = 0;
  std::unique_ptr<v8::ArrayBuffer::Allocator> base_{NewDefaultAllocator()};
};

}  // namespace

std::unique_ptr<v8::ArrayBuffer::Allocator> NewBufferAllocator(size_t limit) {
  if (limit != 0) return std::make_unique<LimitedAllocator>(limit);
  return std::unique_ptr<v8::ArrayBuffer::Allocator>(v8::ArrayBuffer::Allocator::NewDefaultAllocator());
}

v8::MaybeLocal<v8::ArrayBuffer> NewBuffer(v8::Isolate* isolate, size_t size, char*& bytes) {
  v8::ArrayBuffer::Allocator* const allocator = isolate->GetArrayBufferAllocator();
  void* data = nullptr;
  if (size != 0) {
    data = allocator->AllocateUninitialized(size);
    if (data == nullptr) {
      isolate->LowMemoryNotification();
      data = allocator->AllocateUninitialized(size);
    }
    if (data == nullptr) {
      isolate->ThrowException(v8::Exception::RangeError(binding::Ascii(isolate, "Array buffer allocation failed")));
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

}  // namespace sluice::runtime
