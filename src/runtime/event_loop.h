// The event loop of one thread, on libuv: it waits, and calls back.
//
//   EventLoop loop;
//   Timers timers(loop, ...);
//   loop.Run([&] { return !ended; });   // until nothing is left to do, or the condition is false
//
// Whoever has handles in the loop closes them with Close() before the loop goes.
#ifndef SLUICE_RUNTIME_EVENT_LOOP_H_
#define SLUICE_RUNTIME_EVENT_LOOP_H_

#include <uv.h>

#include <functional>

namespace sluice::runtime {

class EventLoop {
 public:
  EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;
  ~EventLoop();

  uv_loop_t* get() { return &loop_; }
  // Milliseconds since some moment in the past, with fractions; never goes back.
  static double Now() { return static_cast<double>(uv_hrtime()) / 1e6; }
  // Turns until nothing that keeps the process alive is left, or `go_on` is false. It is asked before each turn.
  void Run(const std::function<bool()>& go_on);
  // One turn; waits for something to happen if `wait`.
  void Turn(bool wait);
  bool IsAlive() const { return uv_loop_alive(&loop_) != 0; }

  // Closes `handle` and returns when libuv has let go of it. Not from inside one of the loop's callbacks.
  template <typename Handle>
  void Close(Handle& handle) {
    CloseHandle(reinterpret_cast<uv_handle_t*>(&handle));
  }

 private:
  void CloseHandle(uv_handle_t* handle);

  uv_loop_t loop_;
};

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_EVENT_LOOP_H_
