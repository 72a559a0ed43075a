#include "fuzz/lab/candidates.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "fuzz/lab/program_file.h"

extern char** environ;

namespace sluice::lab {
namespace {

std::string NumberedName(size_t number) {
  std::string name = std::to_string(number);
  return std::string(3 - std::min<size_t>(name.size(), 3), '0') + name;
}

// The command's standard output, and its exit status as waitpid() tells it.
absl::StatusOr<std::pair<std::string, int>> Output(std::vector<std::string> arguments) {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) return absl::InternalError(absl::StrCat("no pipe: ", std::strerror(errno)));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", 0, 0);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addclose(&actions, ends[0]);
  posix_spawn_file_actions_addclose(&actions, ends[1]);
  // This process ignores SIGPIPE; the command is not to.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  pid_t pid = 0;
  const int failed = posix_spawn(&pid, "/bin/sh", &actions, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  std::string text;
  std::array<char, 4096> piece{};
  for (ssize_t size = 0; failed == 0;) {
    size = read(ends[0], piece.data(), piece.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) break;
    text.append(piece.data(), static_cast<size_t>(size));
  }
  close(ends[0]);
  if (failed != 0) return absl::InternalError(absl::StrCat("/bin/sh cannot be run: ", std::strerror(failed)));
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return std::pair(std::move(text), status);
}

}  // namespace

Candidates::Candidates(std::string command, size_t executions) : command_(std::move(command)), limit_(executions) {}

Candidates::~Candidates() {
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

absl::Status Candidates::WriteFiles(std::span<const std::string> contents, std::vector<std::string>& paths) {
  if (folder_.empty()) {
    const char* const where = std::getenv("TMPDIR");
    std::string name = absl::StrCat(where != nullptr && *where != '\0' ? where : "/tmp", "/sluice-shrink-XXXXXX");
    if (mkdtemp(name.data()) == nullptr) {
      return absl::InternalError(absl::StrCat(name, ": cannot be made: ", std::strerror(errno)));
    }
    folder_ = name;
  }
  for (size_t i = 0; i < contents.size(); ++i) {
    paths.push_back(absl::StrCat(folder_, "/", NumberedName(i + 1)));
    if (absl::Status written = WriteFile(paths.back(), contents[i]); !written.ok()) return written;
  }
  return absl::OkStatus();
}

absl::StatusOr<size_t> Candidates::RunCommand(const std::vector<std::string>& paths) const {
  std::vector<std::string> arguments = {"sh", "-c", command_ + " \"$@\"", "sh"};
  arguments.insert(arguments.end(), paths.begin(), paths.end());
  const auto output = Output(std::move(arguments));
  if (!output.ok()) return output.status();
  const auto& [text, status] = *output;
  uint64_t position = 0;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && absl::SimpleAtoi(text, &position) && position <= paths.size()) {
    return position == 0 ? paths.size() : position - 1;
  }
  const std::string how = WIFSIGNALED(status)        ? absl::StrCat("was ended by signal ", WTERMSIG(status))
                          : WEXITSTATUS(status) != 0 ? absl::StrCat("exited with code ", WEXITSTATUS(status))
                                                     : absl::StrCat("printed \"", text.substr(0, 60), "\"");
  return absl::FailedPreconditionError(absl::StrCat("the command ", how, ". It must print a number from 0 to ",
                                                    paths.size(), " and exit with code 0: ", command_));
}

size_t Candidates::First(std::span<const std::string> contents) {
  if (!status_.ok() || used_up()) return contents.size();
  std::vector<std::string> paths;
  status_ = WriteFiles(contents.first(std::min(contents.size(), limit_ - executions_)), paths);
  if (!status_.ok()) return contents.size();
  const absl::StatusOr<size_t> first = RunCommand(paths);
  if (!first.ok()) {
    status_ = first.status();
    return contents.size();
  }
  executions_ += std::min(*first + 1, paths.size());
  return *first < paths.size() ? *first : contents.size();
}

}  // namespace sluice::lab
