// How many bytes of bodies may be in this process at once: for an app, and for all of them.
//
//   Budget server(1 << 30), app(64 << 20, &server);
//   Reservation body(app);
//   if (!body.Resize(size)) ...      // there is no room; nothing has changed
//
// Any thread.
#ifndef SLUICE_RUNTIME_SERVER_BUDGET_H_
#define SLUICE_RUNTIME_SERVER_BUDGET_H_

#include <atomic>
#include <cstdint>
#include <utility>

namespace sluice::runtime {

class Budget {
 public:
  // What is taken here is taken from `whole`, too, which outlives this.
  explicit Budget(uint64_t limit, Budget* whole = nullptr) : limit_(limit), whole_(whole) {}
  Budget(const Budget&) = delete;
  Budget& operator=(const Budget&) = delete;

  bool Take(uint64_t bytes) {
    if (!TakeHere(bytes)) return false;
    if (whole_ == nullptr || whole_->Take(bytes)) return true;
    used_ -= bytes;
    return false;
  }
  void Give(uint64_t bytes) {
    used_ -= bytes;
    if (whole_ != nullptr) whole_->Give(bytes);
  }
  uint64_t used() const { return used_; }
  uint64_t limit() const { return limit_; }

 private:
  bool TakeHere(uint64_t bytes) {
    uint64_t used = used_;
    do {
      if (bytes > limit_ - used) return false;
    } while (!used_.compare_exchange_weak(used, used + bytes));
    return true;
  }

  const uint64_t limit_;
  Budget* const whole_;
  std::atomic<uint64_t> used_ = 0;
};

// A share of a budget, which is given back at the end of this.
class Reservation {
 public:
  Reservation() = default;
  explicit Reservation(Budget& budget) : budget_(&budget) {}
  Reservation(Reservation&& other) noexcept
      : budget_(std::exchange(other.budget_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  Reservation& operator=(Reservation&& other) noexcept {
    Reservation old(std::move(*this));
    budget_ = std::exchange(other.budget_, nullptr);
    bytes_ = std::exchange(other.bytes_, 0);
    return *this;
  }
  ~Reservation() {
    if (budget_ != nullptr) budget_->Give(bytes_);
  }

  // False, and nothing has changed, if there is no room for `bytes` in all. Without a budget there is room for nothing.
  bool Resize(uint64_t bytes) {
    if (bytes > bytes_ && (budget_ == nullptr || !budget_->Take(bytes - bytes_))) return false;
    if (bytes < bytes_) budget_->Give(bytes_ - bytes);
    bytes_ = bytes;
    return true;
  }
  uint64_t bytes() const { return bytes_; }

 private:
  Budget* budget_ = nullptr;
  uint64_t bytes_ = 0;
};

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_SERVER_BUDGET_H_
