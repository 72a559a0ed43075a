// A first-in-first-out list of plain data, the [[queue]] and [[writeRequests]] of a stream.
//
// push_back and pop_front are O(1) amortised, under AddressSanitizer too, and either may move the entries. The memory
// is linear in the entries that are there now: a list that was long and is not any more has given back what it does not
// need. Everything but the live entries is poisoned under AddressSanitizer, so that a reference kept across a pop is
// caught even while its memory is still there; clear() gives the memory back, so that one kept across a reset is caught
// as well. Up to two entries are inside the object and take no other memory. Copies hold the live entries only.
#ifndef SLUICE_CORE_FIFO_H_
#define SLUICE_CORE_FIFO_H_

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#if defined(__SANITIZE_ADDRESS__)
#define SLUICE_FIFO_POISON 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SLUICE_FIFO_POISON 1
#endif
#endif
#ifdef SLUICE_FIFO_POISON
#include <sanitizer/allocator_interface.h>
#include <sanitizer/asan_interface.h>
#endif

namespace sluice::core {

template <typename T>
class Fifo {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  Fifo() { PoisonInline(); }
  Fifo(const Fifo& other) : Fifo() { *this = other; }
  Fifo(Fifo&& other) noexcept : Fifo() { swap(other); }
  Fifo& operator=(const Fifo& other) {
    if (this == &other) return *this;
    Fifo copy;
    copy.Reserve(other.size());
    for (const T& entry : other) copy.push_back(entry);
    swap(copy);
    return *this;
  }
  Fifo& operator=(Fifo&& other) noexcept {
    Fifo taken(std::move(other));
    swap(taken);
    return *this;
  }
  ~Fifo() {
    Unpoison(0, capacity_);
    UnpoisonInline();
  }

  bool empty() const { return begin_ == end_; }
  size_t size() const { return end_ - begin_; }
  const T& front() const { return data()[begin_]; }
  const T& back() const { return data()[end_ - 1]; }
  const T* begin() const { return data() + begin_; }
  const T* end() const { return data() + end_; }
  size_t allocated_bytes() const { return heap_ == nullptr ? 0 : capacity_ * sizeof(T); }

  void push_back(const T& entry) {
    const T copy = entry;  // `entry` may be one of ours, about to move
    if (end_ == capacity_) MakeRoom();
    Unpoison(end_, end_ + 1);
    data()[end_++] = copy;
  }

  // Precondition: not empty.
  void pop_front() {
    Poison(begin_, begin_ + 1);
    if (++begin_ == end_) begin_ = end_ = 0;
    if (capacity_ > kKeptCapacity && size() <= capacity_ / 4) GiveBack();
  }

  void clear() {
    Unpoison(0, capacity_);
    heap_.reset();
    capacity_ = kInlineCapacity;
    begin_ = end_ = 0;
    PoisonInline();
  }

  void swap(Fifo& other) noexcept {
    UnpoisonInline();
    other.UnpoisonInline();
    std::swap(inline_, other.inline_);
    std::swap(heap_, other.heap_);
    std::swap(capacity_, other.capacity_);
    std::swap(begin_, other.begin_);
    std::swap(end_, other.end_);
    PoisonInline();
    other.PoisonInline();
  }

  friend bool operator==(const Fifo& a, const Fifo& b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }

 private:
  static constexpr size_t kInlineCapacity = 2;  // entries: a write and the close behind it
  static constexpr size_t kFirstCapacity = 8;
  static constexpr size_t kKeptCapacity = 16;  // entries; what a list that is short anyway is not made shorter than

  // At least half of what is in use is popped: slide, else grow to twice the size. Either way the moves are paid for by
  // the pushes and pops since the last time.
  void MakeRoom() {
    if (begin_ > 0 && begin_ >= capacity_ / 2) {
      Unpoison(0, capacity_);
      std::copy(data() + begin_, data() + end_, data());
      end_ -= begin_;
      begin_ = 0;
      Poison(end_, capacity_);
    } else {
      Reserve(std::max(kFirstCapacity, capacity_ * 2));
    }
  }

  // At most a quarter is in use: half of the memory remains. Since the capacity became what it is, a quarter of it was
  // popped, or will have been pushed before it grows again; that pays for the moves.
  void GiveBack() {
    std::unique_ptr<T[]> entries(new (std::nothrow) T[capacity_ / 2]);
    if (entries != nullptr) MoveTo(std::move(entries), capacity_ / 2);  // else there is no harm in keeping it
  }

  void Reserve(size_t capacity) {
    if (capacity > capacity_) MoveTo(std::make_unique<T[]>(capacity), capacity);
  }

  void MoveTo(std::unique_ptr<T[]> entries, size_t capacity) {
    Fifo moved;
    moved.heap_ = std::move(entries);
    moved.capacity_ = capacity;
    std::copy(begin(), end(), moved.data());
    moved.end_ = size();
    moved.Poison(moved.end_, capacity);
    swap(moved);
  }

  const T* data() const { return heap_ != nullptr ? heap_.get() : inline_; }
  T* data() { return heap_ != nullptr ? heap_.get() : inline_; }

#ifdef SLUICE_FIFO_POISON
  void Poison(size_t from, size_t to) {
    from = Within(from), to = Within(to);
    ASAN_POISON_MEMORY_REGION(data() + from, (to - from) * sizeof(T));
  }
  void Unpoison(size_t from, size_t to) {
    from = Within(from), to = Within(to);
    ASAN_UNPOISON_MEMORY_REGION(data() + from, (to - from) * sizeof(T));
  }
  // Only what was allocated is ours to mark, whatever capacity_ says: a push beyond it shall meet the allocator's own
  // mark.
  size_t Within(size_t index) const {
    if (heap_ == nullptr) return std::min(index, kInlineCapacity);
    return std::min(index, __sanitizer_get_allocated_size(heap_.get()) / sizeof(T));
  }
  // The entries inside this object: all but the live ones.
  void PoisonInline() {
    ASAN_POISON_MEMORY_REGION(inline_, sizeof inline_);
    if (heap_ == nullptr) Unpoison(begin_, end_);
  }
  void UnpoisonInline() { ASAN_UNPOISON_MEMORY_REGION(inline_, sizeof inline_); }
#else
  void Poison(size_t, size_t) {}
  void Unpoison(size_t, size_t) {}
  void PoisonInline() {}
  void UnpoisonInline() {}
#endif

  T inline_[kInlineCapacity];
  std::unique_ptr<T[]> heap_;
  size_t capacity_ = kInlineCapacity;
  size_t begin_ = 0;
  size_t end_ = 0;
};

}  // namespace sluice::core

#endif  // SLUICE_CORE_FIFO_H_
