// Ctrl-C while scripts run: a thread that waits for SIGINT, because a loop that never ends lets nobody else look.
//
//   Interrupts interrupts([&] { realm.Interrupt(); });
#ifndef SLUICE_RUNTIME_INTERRUPTS_H_
#define SLUICE_RUNTIME_INTERRUPTS_H_

#include <uv.h>

#include <functional>
#include <thread>

#include "src/runtime/event_loop.h"

namespace sluice::runtime {

class Interrupts {
 public:
  // `on_interrupt` is called on the thread of this class for each SIGINT. While this lives, SIGINT does nothing else.
  explicit Interrupts(std::function<void()> on_interrupt);
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;
  ~Interrupts();

 private:
  std::function<void()> on_interrupt_;
  EventLoop loop_;  // of the thread
  uv_signal_t signal_;
  uv_async_t stop_;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_INTERRUPTS_H_
