#include "src/runtime/output.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

namespace sluice::runtime {

void Output::Write(std::string_view text) {
  while (error_ == 0 && !text.empty()) {
    const ssize_t written = write(file_, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<size_t>(written));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      // Somebody else who has this file open made it non-blocking.
      pollfd ready{.fd = file_, .events = POLLOUT, .revents = 0};
      poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      error_ = errno;
    }
  }
}

}  // namespace sluice::runtime
