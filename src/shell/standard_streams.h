// Standard input, output and error, whatever they were when the process began.
#ifndef SLUICE_SHELL_STANDARD_STREAMS_H_
#define SLUICE_SHELL_STANDARD_STREAMS_H_

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace sluice::shell {

// What is closed gets /dev/null, so that no file, socket or event queue gets its number. It is opened the wrong way
// round: reading and writing fail as they would have. Call it before anything is opened.
inline void HoldStandardStreams() {
  for (int number = STDIN_FILENO; number <= STDERR_FILENO; ++number) {
    if (fcntl(number, F_GETFD) != -1 || errno != EBADF) continue;
    open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

// Whether standard output is a pipe or a socket whose reader has gone, who wanted no more.
inline bool NobodyReadsStandardOutput() {
  pollfd output{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
  return poll(&output, 1, 0) > 0 && (output.revents & POLLERR) != 0;
}

}  // namespace sluice::shell

#endif  // SLUICE_SHELL_STANDARD_STREAMS_H_
