// The writers of one run, in memory that they leave together: "References stay valid until user code runs" (host.h).
//
// All writers lie side by side. Move() copies them to cells further on, which costs no allocation, and poisons the old
// ones under AddressSanitizer. A cell is used again only after all others were. The first 1024 writers of a run need
// no more memory than was reserved.
#ifndef SLUICE_SIM_MOVING_WRITERS_H_
#define SLUICE_SIM_MOVING_WRITERS_H_

#include <cstddef>
#include <cstdlib>
#include <memory>

#include "src/core/state.h"

namespace sluice::sim {

class MovingWriters {
 public:
  using Writer = core::WritableStreamDefaultWriter;

  MovingWriters() = default;
  MovingWriters(const MovingWriters&) = delete;
  MovingWriters& operator=(const MovingWriters& other);
  ~MovingWriters();

  size_t size() const { return size_; }
  // Aborts if there is no such writer.
  Writer& operator[](size_t index) { return cells_[first_ + Checked(index)]; }
  const Writer& operator[](size_t index) const { return cells_[first_ + Checked(index)]; }
  void Add();  // one with no stream; may move the others
  void Move();
  void Clear();

  friend bool operator==(const MovingWriters& a, const MovingWriters& b);

 private:
  size_t Checked(size_t index) const {
    if (index >= size_) std::abort();
    return index;
  }
  void MoveTo(size_t first);
  void Grow(size_t capacity);

  std::unique_ptr<Writer[]> cells_;
  size_t capacity_ = 0;
  size_t first_ = 0;  // the cell of the first writer
  size_t size_ = 0;
};

}  // namespace sluice::sim

#endif  // SLUICE_SIM_MOVING_WRITERS_H_
