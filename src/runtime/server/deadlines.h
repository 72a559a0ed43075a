// Deadlines that come in the order in which they were set, because all of a queue are equally far away: setting one is
// a list operation, and there is one timer for all.
//
//   Deadlines deadlines(io);                                  // all on the thread that runs `io`
//   const size_t idle = deadlines.AddQueue(std::chrono::seconds(75));
//   Deadline deadline([&] { Close(); });
//   deadlines.Set(idle, deadline);                            // again: counts anew
//   deadline.Cancel();
#ifndef SLUICE_RUNTIME_SERVER_DEADLINES_H_
#define SLUICE_RUNTIME_SERVER_DEADLINES_H_

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

namespace sluice::runtime {

using Clock = std::chrono::steady_clock;

class Deadline : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  // `on_due` may set this one again, cancel any, and destroy any but itself.
  explicit Deadline(std::function<void()> on_due) : on_due_(std::move(on_due)) {}
  void Cancel() { unlink(); }

 private:
  friend class Deadlines;
  Clock::time_point due_;
  std::function<void()> on_due_;
};

class Deadlines {
 public:
  explicit Deadlines(boost::asio::io_context& io) : timer_(io) {}
  Deadlines(const Deadlines&) = delete;
  Deadlines& operator=(const Deadlines&) = delete;

  // Returns the queue's number: 0, 1, ...
  size_t AddQueue(std::chrono::milliseconds length);
  void Set(size_t queue, Deadline& deadline);
  // What is due next in the queue is due now. False if nothing is in it.
  bool RunFirst(size_t queue);
  // Nothing will be due any more, and nothing keeps the context running.
  void Stop();

 private:
  struct Queue {
    std::chrono::milliseconds length;
    boost::intrusive::list<Deadline, boost::intrusive::constant_time_size<false>> waiting;
  };
  void WakeAt(Clock::time_point moment);
  void RunDue();

  boost::asio::steady_timer timer_;
  std::vector<Queue> queues_;
  std::optional<Clock::time_point> wake_;
  bool stopped_ = false;
};

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_SERVER_DEADLINES_H_
