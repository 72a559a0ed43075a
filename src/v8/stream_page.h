// The native sides of streams and of writers, in pages.
//
// A page is a JavaScript object with native memory for a few streams (or writers). The JavaScript objects of those
// streams refer to their page, so the collector frees it when the last of them is gone, and one weak handle serves them
// all; a stream whose queue was long has another one (QueueWatch), so that a page never keeps the queue of a dead
// stream. A page holds no reference to any JavaScript value: everything that a stream refers to is in its StreamState
// (js/writable_stream.js), so native code can keep nothing alive.
#ifndef SLUICE_V8_STREAM_PAGE_H_
#define SLUICE_V8_STREAM_PAGE_H_

#include <v8.h>

#include <cstddef>
#include <cstdint>

#include "src/core/check.h"
#include "src/core/host.h"
#include "src/core/state.h"
#include "src/core/tick_model.h"

namespace sluice::binding {

class IsolateData;
struct StreamObject;

// Frees the queue of a stream that nobody can reach any more, though its page lives: other streams use that. Owned by
// the host, and gone when the collector has found that the StreamState is.
struct QueueWatch {
  v8::Global<v8::Object> state;  // weak
  StreamObject* stream;          // null: its page has gone
};

// Aligned so that the low bits of a pointer can say what a name is (v8_host.cc).
struct alignas(16) StreamObject {
  core::WritableStream core;
  core::ReactionKind reaction = core::ReactionKind::kStart;  // to the promise of the sink's method that it waits for
  int64_t reported_bytes = 0;                                // of the queue's native memory
  QueueWatch* watch = nullptr;                               // once the queue has been long
  uint64_t counted_charge = 0;                               // of its bytes, in LiveObjects::charged_bytes
  core::TickModel tick_model = core::TickModel::kWebIdl;
  bool aborted = false;     // abort was signalled
  bool has_signal = false;  // an AbortSignal was made
  bool broken = false;      // execution was terminated in the middle of an operation

  // What the queue takes besides its page.
  int64_t QueueBytes() const {
    return static_cast<int64_t>(core.controller.queue.allocated_bytes() + core.writeRequests.allocated_bytes());
  }
  void FreeQueue() {
    core.controller.queue.clear();
    core.writeRequests.clear();
  }

  static StreamObject* Of(core::StreamSlot slot) { return reinterpret_cast<StreamObject*>(slot.name); }
};

struct alignas(16) WriterObject {
  core::WritableStreamDefaultWriter core;
  core::PromiseView ready = core::PromiseView::kUndefined;
  core::PromiseView closed = core::PromiseView::kUndefined;

  static WriterObject* Of(core::WriterSlot slot) { return reinterpret_cast<WriterObject*>(slot.name); }
  core::WriterSlot slot() { return {reinterpret_cast<uint64_t>(this)}; }
};

// Counts itself in IsolateData::live() and reports its memory to V8.
template <typename T>
class Page {
 public:
  static constexpr int kSize = 32;

  explicit Page(IsolateData& data);
  Page(const Page&) = delete;
  Page& operator=(const Page&) = delete;
  ~Page();

  // The page behind a JavaScript object that New() made.
  static Page* Of(v8::Local<v8::Value> page) {
    return static_cast<Page*>(page.As<v8::Object>()->GetAlignedPointerFromInternalField(0));
  }
  // The entry that `handle` was made for. Where checks are compiled in, a handle has a generation beside its index,
  // which no other handle of the isolate has: one that is used for another entry is a failed assert.
  T& at(int handle) {
    const int index = handle & (kSize - 1);
#if SLUICE_CHECKS
    SLUICE_ASSERT(index < used_ && handles_[index] == handle, "Page",
                  "a handle is used for the entry that it was made for");
#endif
    return entry(index);
  }

  // Takes the next entry; the page is not full. Returns its handle.
  int Take();
  bool full() const { return used_ == kSize; }
  bool has(const T* entry) const {
    const auto* first = reinterpret_cast<const T*>(entries_);
    return entry >= first && entry < first + kSize;
  }

 private:
  template <typename U>
  friend class PageAllocator;

  T& entry(int index) { return reinterpret_cast<T*>(entries_)[index]; }

  IsolateData& data_;
  v8::Global<v8::Object> wrapper_;
  Page* previous_ = nullptr;  // in the allocator's list
  Page* next_ = nullptr;
  int used_ = 0;
#if SLUICE_CHECKS
  int handles_[kSize] = {};
#endif
  alignas(T) std::byte entries_[kSize * sizeof(T)];  // the first `used_` of them exist
};

// The pages of an isolate.
template <typename T>
class PageAllocator {
 public:
  explicit PageAllocator(IsolateData& data) : data_(data) {}
  PageAllocator(const PageAllocator&) = delete;
  PageAllocator& operator=(const PageAllocator&) = delete;
  ~PageAllocator();  // frees all pages; no script may run afterwards

  // A page with room; a new one is of the current context. Empty only when execution is being terminated.
  v8::MaybeLocal<v8::Object> PageWithRoom();

 private:
  static void Collected(const v8::WeakCallbackInfo<Page<T>>& info);
  void Unlink(Page<T>* page);

  IsolateData& data_;
  Page<T>* first_ = nullptr;
  Page<T>* current_ = nullptr;
};

}  // namespace sluice::binding

#endif  // SLUICE_V8_STREAM_PAGE_H_
