#include "src/runtime/server/app_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <system_error>
#include <utility>

#include "src/runtime/server/ascii.h"

namespace sluice::runtime {
namespace {

namespace asio = boost::asio;

constexpr size_t kLongestDiagnostic = 2'000;  // bytes of a line
constexpr size_t kFramesAtOnce = 32;
constexpr int kSocketInChild = 3;

// Closed at the end of the scope, unless it was taken.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return number_; }
  int Take() { return std::exchange(number_, -1); }
  int* Place() { return &number_; }

 private:
  int number_;
};

std::string Reason(int error) { return std::generic_category().message(error); }

// What the child has when it begins: nothing of the server's but these.
class SpawnPlan {
 public:
  SpawnPlan(int socket, int output) {
    posix_spawn_file_actions_init(&files_);
    posix_spawnattr_init(&attributes_);
    posix_spawn_file_actions_addopen(&files_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files_, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files_, output, STDERR_FILENO);
    posix_spawn_file_actions_adddup2(&files_, socket, kSocketInChild);
    posix_spawn_file_actions_addclosefrom_np(&files_, kSocketInChild + 1);
    // Ctrl-C and a service's SIGTERM are for the server, which lets requests finish.
    sigset_t blocked;
    sigemptyset(&blocked);
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&blocked, number);
    posix_spawnattr_setsigmask(&attributes_, &blocked);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&files_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  int Run(pid_t& id, std::vector<std::string> command) {
    const std::string program = std::exchange(command[0], "sluice");  // which is what ps(1) shows
    std::vector<char*> arguments;
    for (std::string& argument : command) arguments.push_back(argument.data());
    arguments.push_back(nullptr);
    return posix_spawn(&id, program.c_str(), &files_, &attributes_, arguments.data(), environ);
  }

 private:
  posix_spawn_file_actions_t files_;
  posix_spawnattr_t attributes_;
};

}  // namespace

AppProcess::AppProcess(asio::io_context& io, ProcessObserver& observer)
    : socket_(io), diagnostics_(io), observer_(observer), reader_(observer) {}

std::shared_ptr<AppProcess> AppProcess::Start(asio::io_context& io, const std::vector<std::string>& command,
                                              const std::string& name, ProcessObserver& observer,
                                              std::string& problem) {
  auto process = std::make_shared<AppProcess>(io, observer);
  if (!process->Spawn(command, name, problem)) return nullptr;
  process->Read();
  process->ReadDiagnostics();
  return process;
}

bool AppProcess::Spawn(const std::vector<std::string>& command, const std::string& name, std::string& problem) {
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) return problem = Reason(errno), false;
  Descriptor own_socket(sockets[0]);
  const Descriptor its_socket(sockets[1]);
  int pipes[2];
  if (pipe2(pipes, O_CLOEXEC) != 0) return problem = Reason(errno), false;
  Descriptor own_pipe(pipes[0]);
  const Descriptor its_pipe(pipes[1]);
  std::vector<std::string> whole = command;
  whole.push_back(std::to_string(getpid()));
  whole.push_back(name);
  if (const int error = SpawnPlan(its_socket.get(), its_pipe.get()).Run(id_, std::move(whole)); error != 0) {
    return problem = Reason(error), false;
  }
  Error ignored;
  socket_.assign(asio::local::stream_protocol(), own_socket.Take(), ignored);
  socket_.non_blocking(true, ignored);
  diagnostics_.assign(own_pipe.Take(), ignored);
  diagnostics_.non_blocking(true, ignored);
  return true;
}

// ---- Reading

void AppProcess::Read() {
  socket_.async_read_some(asio::buffer(buffer_), [self = shared_from_this()](const Error& error, size_t size) {
    if (self->ended_) return;
    if (error) return self->End();
    self->heard_ = true;
    // What is no frame ends the process: nothing that comes after it can be understood.
    if (!self->reader_.Feed({self->buffer_.data(), size})) {
      self->observer_.OnNonsense();
      return self->End();
    }
    if (!self->ended_) self->Read();
  });
}

void AppProcess::ReadDiagnostics() {
  // What is there is read when its turn comes and not before, so that End() finds the rest.
  diagnostics_.async_wait(asio::posix::stream_descriptor::wait_read, [self = shared_from_this()](const Error& failed) {
    if (failed || self->ended_) return;
    Error error;
    const size_t size = self->diagnostics_.read_some(asio::buffer(self->line_buffer_), error);
    self->TakeDiagnostics(size);
    if (!error || error == asio::error::would_block) self->ReadDiagnostics();
  });
}

void AppProcess::TakeDiagnostics(size_t size) {
  for (const char c : std::string_view(line_buffer_.data(), size)) {
    if (c == '\n') {
      if (!line_.empty()) observer_.OnDiagnostic(line_);
      line_.clear();
    } else if (line_.size() < kLongestDiagnostic) {
      line_ += c;
    }
  }
}

// ---- Writing

void AppProcess::Send(Outgoing frame, When when) {
  if (ended_ || closing_) return;
  queue_.push_back(std::move(frame));
  if (when == When::kNow) return Write();
  if (std::exchange(will_write_, true)) return;
  asio::post(socket_.get_executor(), [self = shared_from_this()] {
    self->will_write_ = false;
    if (!self->ended_) self->Write();
  });
}

void AppProcess::Write() {
  if (writing_) return;
  Error error;
  while (!queue_.empty() && !error) Sent(WriteOnce(error));
  if (queue_.empty()) return;
  if (error != asio::error::would_block) return;  // reading will notice its end
  writing_ = true;
  socket_.async_wait(asio::local::stream_protocol::socket::wait_write,
                     [self = shared_from_this()](const Error& failed) {
                       self->writing_ = false;
                       if (!failed && !self->ended_) self->Write();
                     });
}

// As much as the socket takes now.
size_t AppProcess::WriteOnce(Error& error) {
  std::vector<asio::const_buffer> buffers;
  size_t skip = sent_;
  for (size_t i = 0; i < queue_.size() && i < kFramesAtOnce; ++i) {
    for (const std::string* part :
         {&queue_[i].text, queue_[i].exchange ? &queue_[i].exchange->request.body : nullptr}) {
      if (part == nullptr) continue;
      const size_t skipped = std::min(skip, part->size());
      skip -= skipped;
      if (skipped < part->size()) buffers.emplace_back(part->data() + skipped, part->size() - skipped);
    }
  }
  return socket_.write_some(buffers, error);
}

void AppProcess::Sent(size_t size) {
  sent_ += size;
  while (!queue_.empty()) {
    const Outgoing& first = queue_.front();
    const size_t whole = first.text.size() + (first.exchange ? first.exchange->request.body.size() : 0);
    if (sent_ < whole) return;
    sent_ -= whole;
    // The app's process has it now; its share of the budget is kept until there is an answer.
    if (first.exchange) first.exchange->request = {};
    queue_.pop_front();
  }
}

bool AppProcess::TakeBack(const Exchange& exchange) {
  for (size_t i = sent_ == 0 ? 0 : 1; i < queue_.size(); ++i) {
    if (queue_[i].exchange.get() != &exchange) continue;
    queue_.erase(queue_.begin() + static_cast<std::ptrdiff_t>(i));
    return true;
  }
  return false;
}

std::vector<std::shared_ptr<Exchange>> AppProcess::TakeAllBack() {
  std::vector<std::shared_ptr<Exchange>> taken;
  for (size_t i = sent_ == 0 ? 0 : 1; i < queue_.size(); ++i) {
    if (queue_[i].exchange) taken.push_back(std::move(queue_[i].exchange));
  }
  queue_.clear();
  sent_ = 0;
  return taken;
}

// ---- The end

void AppProcess::Close() {
  Write();
  closing_ = true;
  Error ignored;
  socket_.shutdown(asio::local::stream_protocol::socket::shutdown_send, ignored);
}

void AppProcess::Kill() {
  if (id_ > 0) kill(id_, SIGKILL);
}

// Its socket is closed, so it is ending if it has not ended: by then its exit code is set, and killing it changes
// nothing.
void AppProcess::End() {
  if (std::exchange(ended_, true)) return;
  Kill();
  int status = 0;
  pid_t reaped = 0;
  do {
    reaped = waitpid(id_, &status, 0);
  } while (reaped < 0 && errno == EINTR);
  id_ = -1;
  const auto self = shared_from_this();
  Error ignored;
  socket_.close(ignored);
  // What it wrote last is still in the pipe.
  Error no_more;
  while (const size_t size = diagnostics_.read_some(asio::buffer(line_buffer_), no_more)) TakeDiagnostics(size);
  if (!line_.empty()) observer_.OnDiagnostic(line_);
  diagnostics_.close(ignored);
  ProcessEnd end;
  if (reaped > 0) {
    end.exited = WIFEXITED(status);
    end.code = end.exited ? WEXITSTATUS(status) : WTERMSIG(status);
  }
  observer_.OnEnd(end);
}

uint64_t AppProcess::OwnMemoryOf(pid_t id) {
  std::FILE* const file = std::fopen(Concat("/proc/", id, "/statm").c_str(), "re");
  if (file == nullptr) return 0;
  unsigned long size = 0;
  unsigned long resident = 0;
  unsigned long shared = 0;  // with files and other processes
  const int read = std::fscanf(file, "%lu %lu %lu", &size, &resident, &shared);
  std::fclose(file);
  if (read != 3 || resident < shared) return 0;
  return uint64_t{resident - shared} * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace sluice::runtime
