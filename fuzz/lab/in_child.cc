#include "fuzz/lab/in_child.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>

namespace sluice::lab {

bool HoldsInChild(const std::function<bool()>& holds, unsigned seconds) {
  std::fflush(nullptr);
  std::signal(SIGCHLD, SIG_DFL);  // one that is ignored, as some supervisors leave it, could not be waited for
  const pid_t child = fork();
  if (child < 0) return false;
  if (child == 0) {
    const int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
    dup2(nothing, STDOUT_FILENO);
    dup2(nothing, STDERR_FILENO);
    std::signal(SIGXCPU, SIG_DFL);
    // Of the processor's time, which is the same on a busy machine. A child begins at none.
    const rlimit limit = {seconds, seconds};
    setrlimit(RLIMIT_CPU, &limit);
    _exit(holds() ? 0 : 1);
  }
  int status = 0;
  pid_t ended = -1;
  do {
    ended = waitpid(child, &status, 0);
  } while (ended < 0 && errno == EINTR);
  return ended == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace sluice::lab
