#include "fuzz/lab/mutant_children.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "fuzz/program/text.h"

namespace sluice::lab {

Beacon& SharedBeacon() {
  static auto* const beacon = [] {
    void* const memory = mmap(nullptr, sizeof(Beacon), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? nullptr : new (memory) Beacon();
  }();
  return *beacon;
}

void Beacon::Put(const fuzz::Program& of) {
  const std::string text = fuzz::PrintText(of).substr(0, sizeof program - 1);
  std::memcpy(program, text.c_str(), text.size() + 1);
}

namespace {

constexpr int kHangs = 97;     // exit code
constexpr int kHangTicks = 5;  // of 2 seconds of the processor's time
constexpr rlim_t kMemory = 6ull << 30;

void OnTick(int) {
  static uint64_t before = 0;
  static int ticks = 0;
  const Beacon& beacon = SharedBeacon();
  ticks = beacon.runs == before && beacon.running != 0 ? ticks + 1 : 0;
  before = beacon.runs;
  if (ticks >= kHangTicks) _exit(kHangs);
}

void PrepareChild() {
  const rlimit no_core = {0, 0}, memory = {kMemory, kMemory};
  setrlimit(RLIMIT_CORE, &no_core);
  setrlimit(RLIMIT_AS, &memory);
  std::signal(SIGPROF, &OnTick);
  const itimerval every = {{2, 0}, {2, 0}};
  setitimer(ITIMER_PROF, &every, nullptr);
}

}  // namespace

std::string InChild(const std::function<void(std::FILE*)>& work, const std::function<void(const Json&)>& on_line) {
  int ends[2];
  if (pipe(ends) != 0) return "no pipe";
  Beacon& beacon = SharedBeacon();
  beacon.running = 0;
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child < 0) return "no process";
  if (child == 0) {
    close(ends[0]);
    PrepareChild();
    std::FILE* const out = fdopen(ends[1], "w");
    work(out);
    std::fflush(out);
    _exit(0);
  }
  close(ends[1]);
  std::FILE* const in = fdopen(ends[0], "r");
  char* line = nullptr;
  size_t size = 0;
  while (getline(&line, &size, in) > 0) {
    const Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (json.is_object()) on_line(json);  // a line that its death cut off is not
  }
  std::free(line);
  std::fclose(in);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) return absl::StrCat("crash: ", strsignal(WTERMSIG(status)));
  if (WEXITSTATUS(status) == kHangs) return "hang";
  return WEXITSTATUS(status) == 0 ? "" : absl::StrCat("exit code ", WEXITSTATUS(status));
}

void PrintLine(std::FILE* out, const Json& json) {
  std::fprintf(out, "%s\n", json.dump(-1, ' ', false, Json::error_handler_t::replace).c_str());
  std::fflush(out);
}

}  // namespace sluice::lab
