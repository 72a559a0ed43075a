#include "src/runtime/buffer_allocator.h"

#include <atomic>

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

}  // namespace sluice::runtime
