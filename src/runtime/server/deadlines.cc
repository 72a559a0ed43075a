#include "src/runtime/server/deadlines.h"

#include <algorithm>

namespace sluice::runtime {

size_t Deadlines::AddQueue(std::chrono::milliseconds length) {
  queues_.emplace_back().length = length;
  return queues_.size() - 1;
}

void Deadlines::Set(size_t queue, Deadline& deadline) {
  deadline.unlink();
  deadline.due_ = Clock::now() + queues_[queue].length;
  queues_[queue].waiting.push_back(deadline);
  if (!wake_ || deadline.due_ < *wake_) WakeAt(deadline.due_);
}

bool Deadlines::RunFirst(size_t queue) {
  if (queues_[queue].waiting.empty()) return false;
  Deadline& deadline = queues_[queue].waiting.front();
  deadline.unlink();
  deadline.on_due_();
  return true;
}

void Deadlines::Stop() {
  stopped_ = true;
  timer_.cancel();
}

void Deadlines::WakeAt(Clock::time_point moment) {
  if (stopped_) return;
  wake_ = moment;
  timer_.expires_at(moment);  // cancels the wait before it
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) RunDue();
  });
}

// Those that were cancelled leave a wake-up behind that finds nothing, once for each length of a queue at most.
void Deadlines::RunDue() {
  wake_.reset();
  const Clock::time_point now = Clock::now();
  for (Queue& queue : queues_) {
    while (!queue.waiting.empty() && queue.waiting.front().due_ <= now) {
      Deadline& deadline = queue.waiting.front();
      deadline.unlink();
      deadline.on_due_();
    }
  }
  std::optional<Clock::time_point> next;
  for (const Queue& queue : queues_) {
    if (queue.waiting.empty()) continue;
    next = next ? std::min(*next, queue.waiting.front().due_) : queue.waiting.front().due_;
  }
  if (next && (!wake_ || *next < *wake_)) WakeAt(*next);
}

}  // namespace sluice::runtime
