#include "src/runtime/line_input.h"

#include <unistd.h>
#include <uv.h>

#include <cerrno>
#include <utility>

namespace sluice::runtime {
namespace {

class PlainInput final : public LineInput {
 public:
  PlainInput(EventLoop& loop, int file) : loop_(loop), file_(file) {
    uv_idle_init(loop.get(), &idle_);
    idle_.data = this;
    // Files are always ready, and cannot be polled for it.
    pollable_ = uv_guess_handle(file) != UV_FILE && uv_poll_init(loop.get(), &poll_, file) == 0;
    poll_.data = this;
  }

  ~PlainInput() override {
    loop_.Close(idle_);
    if (pollable_) loop_.Close(poll_);
  }

  void Start(Callbacks callbacks) override { callbacks_ = std::move(callbacks); }

  void Prompt(const std::string&) override {
    // What was read already is given in the next turn too, so that a line's own tasks come first.
    if (!pollable_ || ended_ || buffer_.find('\n') != std::string::npos) {
      uv_idle_start(&idle_, [](uv_idle_t* idle) { static_cast<PlainInput*>(idle->data)->Step(); });
    } else {
      uv_poll_start(&poll_, UV_READABLE,
                    [](uv_poll_t* poll, int, int) { static_cast<PlainInput*>(poll->data)->Step(); });
    }
  }

 private:
  void Step() {
    size_t end = buffer_.find('\n');
    if (end == std::string::npos && !ended_) {
      char chunk[1 << 14];
      const ssize_t count = read(file_, chunk, sizeof(chunk));
      if (count < 0 && (errno == EINTR || errno == EAGAIN)) return;
      if (count <= 0) {
        ended_ = true;
      } else {
        buffer_.append(chunk, static_cast<size_t>(count));
      }
      end = buffer_.find('\n');
      if (end == std::string::npos && !ended_) return;
    }
    uv_idle_stop(&idle_);
    if (pollable_) uv_poll_stop(&poll_);
    if (end == std::string::npos && buffer_.empty()) return callbacks_.end();
    // The last line may lack its end.
    std::string line = buffer_.substr(0, end);
    buffer_.erase(0, end == std::string::npos ? end : end + 1);
    if (line.ends_with('\r')) line.pop_back();
    callbacks_.line(line);
  }

  EventLoop& loop_;
  int file_;
  uv_idle_t idle_;
  uv_poll_t poll_;
  bool pollable_ = false;
  bool ended_ = false;
  std::string buffer_;
  Callbacks callbacks_;
};

}  // namespace

std::unique_ptr<LineInput> OpenPlainInput(EventLoop& loop, int file) {
  return std::make_unique<PlainInput>(loop, file);
}

}  // namespace sluice::runtime
