#include "src/sim/moving_writers.h"

#include <algorithm>
#include <utility>

#if defined(__SANITIZE_ADDRESS__)
#define SLUICE_SIM_POISON 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SLUICE_SIM_POISON 1
#endif
#endif
#ifdef SLUICE_SIM_POISON
#include <sanitizer/asan_interface.h>
#endif

namespace sluice::sim {
namespace {

constexpr size_t kCells = 2048;

// Shadow memory knows eight bytes at a time.
static_assert(sizeof(MovingWriters::Writer) % 8 == 0);

void Poison([[maybe_unused]] const MovingWriters::Writer* cells, [[maybe_unused]] size_t count) {
#ifdef SLUICE_SIM_POISON
  if (count > 0) ASAN_POISON_MEMORY_REGION(cells, count * sizeof *cells);
#endif
}

void Unpoison([[maybe_unused]] const MovingWriters::Writer* cells, [[maybe_unused]] size_t count) {
#ifdef SLUICE_SIM_POISON
  if (count > 0) ASAN_UNPOISON_MEMORY_REGION(cells, count * sizeof *cells);
#endif
}

}  // namespace

MovingWriters::~MovingWriters() { Unpoison(cells_.get(), capacity_); }

MovingWriters& MovingWriters::operator=(const MovingWriters& other) {
  if (this == &other) return *this;
  Clear();
  if (other.size_ == 0) return *this;
  Grow(std::max(kCells, 2 * other.size_));
  size_ = other.size_;
  Unpoison(cells_.get(), size_);
  std::copy_n(&other[0], size_, cells_.get());
  return *this;
}

void MovingWriters::Add() {
  if (first_ + size_ == capacity_) Move();
  Unpoison(&cells_[first_ + size_], 1);
  cells_[first_ + size_++] = {};
}

void MovingWriters::Move() {
  const size_t next = first_ + size_;
  // One more than there are, for Add().
  if (next + size_ < capacity_) {
    MoveTo(next);
  } else if (size_ < first_) {
    MoveTo(0);
  } else {
    Grow(std::max(kCells, 2 * capacity_));
  }
}

void MovingWriters::MoveTo(size_t first) {
  Unpoison(&cells_[first], size_);
  std::copy_n(&cells_[first_], size_, &cells_[first]);
  Poison(&cells_[first_], size_);
  first_ = first;
}

void MovingWriters::Grow(size_t capacity) {
  if (capacity <= capacity_) return;
  auto cells = std::make_unique<Writer[]>(capacity);
  std::copy_n(cells_.get() + first_, size_, cells.get());
  Poison(cells.get() + size_, capacity - size_);
  Unpoison(cells_.get(), capacity_);
  cells_ = std::move(cells);
  capacity_ = capacity;
  first_ = 0;
}

void MovingWriters::Clear() {
  Poison(cells_.get() + first_, size_);
  first_ = size_ = 0;
}

bool operator==(const MovingWriters& a, const MovingWriters& b) {
  return a.size_ == b.size_ &&
         std::equal(a.cells_.get() + a.first_, a.cells_.get() + a.first_ + a.size_, b.cells_.get() + b.first_);
}

}  // namespace sluice::sim
