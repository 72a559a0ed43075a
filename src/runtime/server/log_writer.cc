#include "src/runtime/server/log_writer.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "src/runtime/server/ascii.h"

namespace sluice::runtime {

struct LogWriter::State {
  explicit State(int descriptor) : file(descriptor) {}

  const int file;
  std::mutex mutex;
  std::condition_variable wake;      // the writer: there is something to do
  std::condition_variable progress;  // whoever finishes: something was written
  std::string waiting;
  uint64_t dropped = 0;  // lines since the last that was taken
  uint64_t written = 0;  // bytes
  bool busy = false;     // the writer has something
  bool ending = false;
  bool broken = false;  // nobody will read any more

  void WriteOut(std::string_view text);
};

LogWriter::LogWriter(int file) : state_(std::make_shared<State>(file)) {
  std::thread([state = state_] { Main(*state); }).detach();
}

LogWriter::~LogWriter() {
  const std::lock_guard lock(state_->mutex);
  state_->ending = true;
  state_->wake.notify_one();
}

void LogWriter::Write(std::string_view text) {
  const std::lock_guard lock(state_->mutex);
  if (state_->broken) return;
  if (state_->waiting.size() + text.size() > kBuffer) {
    state_->dropped += std::max<uint64_t>(1, static_cast<uint64_t>(std::count(text.begin(), text.end(), '\n')));
    return;
  }
  if (state_->dropped != 0) {
    Append(state_->waiting, "sluice: ", std::exchange(state_->dropped, 0),
           " lines are missing here: the reader of the log did not keep up\n");
  }
  state_->waiting += text;
  if (!state_->busy) state_->wake.notify_one();
}

void LogWriter::Finish(std::chrono::milliseconds patience) {
  std::unique_lock lock(state_->mutex);
  while (!state_->broken && (state_->busy || !state_->waiting.empty())) {
    const uint64_t before = state_->written;
    const bool went_on = state_->progress.wait_for(lock, patience, [&] {
      return state_->written != before || state_->broken || (!state_->busy && state_->waiting.empty());
    });
    if (!went_on) return;
  }
}

void LogWriter::Main(State& state) {
  std::unique_lock lock(state.mutex);
  for (;;) {
    state.busy = false;
    state.progress.notify_all();
    state.wake.wait(lock, [&] { return state.ending || !state.waiting.empty() || state.dropped != 0; });
    if (state.waiting.empty() && state.dropped != 0) {
      Append(state.waiting, "sluice: ", std::exchange(state.dropped, 0),
             " lines are missing here: the reader of the log did not keep up\n");
    }
    if (state.waiting.empty()) return;
    state.busy = true;
    const std::string text = std::exchange(state.waiting, {});
    lock.unlock();
    state.WriteOut(text);
    lock.lock();
  }
}

// In pieces that a pipe which has any room takes at once.
void LogWriter::State::WriteOut(std::string_view text) {
  while (!text.empty()) {
    pollfd ready{.fd = file, .events = POLLOUT, .revents = 0};
    if (poll(&ready, 1, -1) < 0) continue;
    const ssize_t size = write(file, text.data(), std::min<size_t>(text.size(), PIPE_BUF));
    if (size < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK)) continue;
    const std::lock_guard lock(mutex);
    if (size < 0) {
      broken = true;
    } else {
      text.remove_prefix(static_cast<size_t>(size));
      written += static_cast<uint64_t>(size);
    }
    progress.notify_all();
    if (broken) return;
  }
}

}  // namespace sluice::runtime
