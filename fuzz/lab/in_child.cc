#include "fuzz/lab/in_child.h"

#include <fcntl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>

namespace sluice::lab {

namespace {

// Above all that a command returns: a sanitizer or an abort ends the process with a code or a signal of its own.
constexpr int kEndedWell = 64;

}  // namespace

std::optional<int> RunInChild(const std::function<int()>& run) {
  std::fflush(nullptr);
  std::signal(SIGCHLD, SIG_DFL);  // one that is ignored, as some supervisors leave it, could not be waited for
  const pid_t child = fork();
  if (child < 0) return std::nullopt;
  if (child == 0) {
    const int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
    dup2(nothing, STDERR_FILENO);
    const int result = run();
    std::fflush(stdout);
    _exit(kEndedWell + result);
  }
  int status = 0;
  pid_t ended = -1;
  do {
    ended = waitpid(child, &status, 0);
  } while (ended < 0 && errno == EINTR);
  if (ended != child || !WIFEXITED(status) || WEXITSTATUS(status) < kEndedWell) return std::nullopt;
  return WEXITSTATUS(status) - kEndedWell;
}

void LimitProcessorTime(unsigned seconds) {
  std::signal(SIGPROF, SIG_DFL);
  const itimerval limit = {.it_interval = {}, .it_value = {.tv_sec = static_cast<time_t>(seconds), .tv_usec = 0}};
  setitimer(ITIMER_PROF, &limit, nullptr);
}

}  // namespace sluice::lab
