#include "src/v8/stream_page.h"

#include <new>

#include "src/v8/isolate_data.h"
#include "src/v8/v8_host.h"

namespace sluice::binding {
namespace {

int64_t& LiveCount(IsolateData& data, const StreamObject&) { return data.live().streams; }
int64_t& LiveCount(IsolateData& data, const WriterObject&) { return data.live().writers; }

int64_t QueueBytes(const StreamObject& stream) { return stream.reported_bytes; }
int64_t QueueBytes(const WriterObject&) { return 0; }

// The watch stays until the collector has called it back: it may be about to.
void StopWatching(const StreamObject& stream) {
  if (stream.watch != nullptr) stream.watch->stream = nullptr;
}
void StopWatching(const WriterObject&) {}

uint64_t CountedCharge(const StreamObject& stream) { return stream.counted_charge; }
uint64_t CountedCharge(const WriterObject&) { return 0; }

}  // namespace

template <typename T>
Page<T>::Page(IsolateData& data) : data_(data) {
  data.AdjustExternalMemory(sizeof(Page));
}

template <typename T>
Page<T>::~Page() {
  int64_t bytes = sizeof(Page);
  for (int i = 0; i < used_; ++i) {
    --LiveCount(data_, entry(i));
    bytes += QueueBytes(entry(i));
    StopWatching(entry(i));
    data_.live().charged_bytes -= CountedCharge(entry(i));
    entry(i).~T();
  }
  data_.AdjustExternalMemory(-bytes);
}

template <typename T>
int Page<T>::Take() {
  const int index = used_++;
  const T& made = *new (&entry(index)) T;
  ++LiveCount(data_, made);
#if SLUICE_CHECKS
  return handles_[index] = data_.NextGeneration() * kSize + index;
#else
  return index;
#endif
}

template <typename T>
PageAllocator<T>::~PageAllocator() {
  while (first_ != nullptr) {
    Page<T>* page = first_;
    Unlink(page);
    delete page;
  }
}

template <typename T>
v8::MaybeLocal<v8::Object> PageAllocator<T>::PageWithRoom() {
  v8::Isolate* isolate = data_.isolate();
  // The handle is empty as soon as the page's object is found to be unreachable, before Collected() is called.
  if (current_ != nullptr && !current_->full() && !current_->wrapper_.IsEmpty()) return current_->wrapper_.Get(isolate);
  v8::Local<v8::Object> wrapper;
  if (!data_.page_template()->NewInstance(isolate->GetCurrentContext()).ToLocal(&wrapper)) return {};
  auto* page = new Page<T>(data_);
  wrapper->SetAlignedPointerInInternalField(0, page);
  page->wrapper_.Reset(isolate, wrapper);
  page->wrapper_.SetWeak(page, Collected, v8::WeakCallbackType::kParameter);
  page->next_ = first_;
  if (first_ != nullptr) first_->previous_ = page;
  first_ = current_ = page;
  return wrapper;
}

template <typename T>
void PageAllocator<T>::Collected(const v8::WeakCallbackInfo<Page<T>>& info) {
  Page<T>* page = info.GetParameter();
  page->wrapper_.Reset();
  page->data_.host().template Pages<T>().Unlink(page);
  page->data_.host().Forget(*page);
  delete page;
}

template <typename T>
void PageAllocator<T>::Unlink(Page<T>* page) {
  if (page->previous_ != nullptr) page->previous_->next_ = page->next_;
  if (page->next_ != nullptr) page->next_->previous_ = page->previous_;
  if (first_ == page) first_ = page->next_;
  if (current_ == page) current_ = nullptr;
}

template class Page<StreamObject>;
template class Page<WriterObject>;
template class PageAllocator<StreamObject>;
template class PageAllocator<WriterObject>;

}  // namespace sluice::binding
