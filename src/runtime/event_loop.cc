#include "src/runtime/event_loop.h"

#include <cstdio>
#include <cstdlib>

namespace sluice::runtime {

EventLoop::EventLoop() {
  if (const int error = uv_loop_init(&loop_); error != 0) {
    std::fprintf(stderr, "sluice: no event loop can be made: %s\n", uv_strerror(error));
    std::abort();
  }
}

EventLoop::~EventLoop() {
  // Busy means that somebody left a handle open: its memory is about to go, and the next turn would write to it.
  if (uv_loop_close(&loop_) != 0) {
    std::fputs("sluice: an event loop was destroyed with handles in it\n", stderr);
    std::abort();
  }
}

void EventLoop::Run(const std::function<bool()>& go_on) {
  while (go_on() && uv_run(&loop_, UV_RUN_ONCE) != 0) {
  }
}

void EventLoop::Turn(bool wait) { uv_run(&loop_, wait ? UV_RUN_ONCE : UV_RUN_NOWAIT); }

void EventLoop::CloseHandle(uv_handle_t* handle) {
  bool closed = false;
  handle->data = &closed;
  uv_close(handle, [](uv_handle_t* done) { *static_cast<bool*>(done->data) = true; });
  while (!closed) uv_run(&loop_, UV_RUN_NOWAIT);
}

}  // namespace sluice::runtime
