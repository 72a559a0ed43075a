#include "src/runtime/interrupts.h"

#include <csignal>
#include <utility>

namespace sluice::runtime {

Interrupts::Interrupts(std::function<void()> on_interrupt) : on_interrupt_(std::move(on_interrupt)) {
  uv_async_init(loop_.get(), &stop_, [](uv_async_t* async) { static_cast<Interrupts*>(async->data)->stopped_ = true; });
  stop_.data = this;
  uv_signal_init(loop_.get(), &signal_);
  signal_.data = this;
  // Before the thread begins: a signal that comes now is not lost.
  uv_signal_start(
      &signal_, [](uv_signal_t* signal, int) { static_cast<Interrupts*>(signal->data)->on_interrupt_(); }, SIGINT);
  thread_ = std::thread([this] { loop_.Run([this] { return !stopped_; }); });
}

Interrupts::~Interrupts() {
  uv_async_send(&stop_);
  thread_.join();
  loop_.Close(signal_);
  loop_.Close(stop_);
}

}  // namespace sluice::runtime
