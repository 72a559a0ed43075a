#include "src/runtime/server/app_main.h"

#include <poll.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <ctime>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "src/runtime/event_loop.h"
#include "src/runtime/isolate.h"
#include "src/runtime/server/app_limits.h"
#include "src/runtime/server/app_realm.h"
#include "src/runtime/server/ascii.h"
#include "src/runtime/server/frames.h"
#include "src/runtime/server/http_response.h"
#include "src/runtime/server/watchdog.h"

namespace sluice::runtime {
namespace {

constexpr int kSocket = 3;
constexpr rlim_t kMostDescriptors = 64;
constexpr double kLongestGraces = 3;  // for what does not get the processor, or waits for something else
constexpr double kLookAgainMs = 50;
constexpr double kFreshMs = 1;  // what was given up is known after so long

[[noreturn]] void Exit(AppExit code) { _exit(static_cast<int>(code)); }

void Limit(__rlimit_resource which, rlim_t most) {
  rlimit limit{};
  if (getrlimit(which, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max = std::min(limit.rlim_max, most);
  setrlimit(which, &limit);
}

// Memory that is asked for beyond this is refused by the system. What is asked for and not used counts here, unlike in
// ProcessMemoryLimit(): threads' stacks, and what V8 sets aside.
void LimitMemory(const AppConfiguration& app) {
  constexpr rlim_t kSetAside = rlim_t{96} << 20;
  if (!SLUICE_HAS_SHADOW_MEMORY) Limit(RLIMIT_DATA, ProcessMemoryLimit(app) + kSetAside);
}

// Waits until all is written: the server always reads.
void WriteAll(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = send(kSocket, text.data(), text.size(), MSG_NOSIGNAL);
    if (written >= 0) {
      text.remove_prefix(static_cast<size_t>(written));
    } else if (errno == EAGAIN) {
      pollfd ready{.fd = kSocket, .events = POLLOUT, .revents = 0};
      poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      Exit(AppExit::kStopped);  // the server has gone
    }
  }
}

void SendFrame(FrameType type, std::string_view fields, std::string_view body = {}) {
  constexpr size_t kSmall = 64 * 1024;
  std::string text = EncodeFrame(type, fields, body.size());
  if (body.size() <= kSmall) text += std::exchange(body, {});
  WriteAll(text);
  WriteAll(body);
}

// In as many frames as it takes.
void SendText(FrameType type, std::string_view text) {
  for (; !text.empty(); text.remove_prefix(std::min<size_t>(text.size(), kLargestPrintedBody))) {
    SendFrame(type, {}, text.substr(0, kLargestPrintedBody));
  }
}

// Reads up to the end of the first frame, which says what app this is.
class StartReader final : public FrameHandler {
 public:
  std::optional<AppConfiguration> Read() {
    FrameReader reader(*this);
    char byte = 0;
    // A byte at a time: what comes after it is for somebody else to read.
    while (!done_ && read(kSocket, &byte, 1) == 1 && reader.Feed({&byte, 1})) {
    }
    return std::move(app_);
  }
  FrameFate Decide(const Frame&, uint64_t) override { return FrameFate::kKept; }
  bool OnFrame(Frame frame) override {
    done_ = true;
    if (frame.type == FrameType::kStart) app_ = DecodeStart(frame.fields);
    return app_.has_value();
  }

 private:
  bool done_ = false;
  std::optional<AppConfiguration> app_;
};

class AppMain final : private FrameHandler {
 public:
  explicit AppMain(const AppConfiguration& app)
      : app_(app),
        realm_(
            app, [](std::string_view text) { SendText(FrameType::kOut, text); },
            [](std::string_view text) { SendText(FrameType::kLog, text); },
            [this](uint64_t id, ResponseData response) { Respond(id, std::move(response)); }),
        reader_(*this) {
    uv_loop_t* const loop = realm_.realm().loop().get();
    uv_poll_init(loop, &poll_, kSocket);
    uv_idle_init(loop, &more_);
    poll_.data = more_.data = this;
    pthread_getcpuclockid(pthread_self(), &processor_time_);
  }
  AppMain(const AppMain&) = delete;
  AppMain& operator=(const AppMain&) = delete;
  ~AppMain() override {
    realm_.realm().loop().Close(poll_);
    realm_.realm().loop().Close(more_);
  }

  AppExit Run() {
    uv_poll_start(&poll_, UV_READABLE,
                  [](uv_poll_t* poll, int, int) { static_cast<AppMain*>(poll->data)->OnReadable(); });
    // Loading ends when it waits for nothing; requests do not count.
    uv_unref(reinterpret_cast<uv_handle_t*>(&poll_));
    {
      const Watchdog watchdog([this] { return EndLongTask(LoadLimitMs(app_)); });
      if (!Load())
        return stopped_ ? AppExit::kStopped : realm_.realm().ended() ? AppExit::kEndedItself : AppExit::kNotLoaded;
    }
    uv_ref(reinterpret_cast<uv_handle_t*>(&poll_));
    SendFrame(FrameType::kLoaded, {});
    const Watchdog watchdog([this] { return EndLongTask(app_.time_limit_ms); });
    realm_.realm().RunLoop([this] { return !stopped_; });
    return realm_.realm().ended() ? AppExit::kEndedItself : AppExit::kStopped;
  }

 private:
  bool Load() {
    Timers& timers = realm_.realm().timers();
    bool late = false;
    const int32_t timer = timers.Post(LoadLimitMs(app_), [&late] { late = true; }, {.keeps_alive = false});
    const bool good = realm_.Load([&] { return !stopped_ && !late; });
    if (late) SendText(FrameType::kLog, Concat(app_.entry, ": its top-level await takes too long\n"));
    timers.Cancel(timer);
    return good;
  }

  // The watchdog's thread. JavaScript is interrupted; what goes on all the same ends with the process. On a busy
  // machine a task may need a while to notice that it was interrupted: half of the grace has to be the processor's
  // time.
  double EndLongTask(double limit) {
    const double began = realm_.realm().TaskBegan();
    if (began == 0) return limit;
    const double late = EventLoop::Now() - began - limit;
    if (late > 0 && std::exchange(late_task_, began) != began) used_in_time_ = ProcessorTimeMs();
    const bool went_on = late > kHardEndGraceMs && ProcessorTimeMs() - used_in_time_ > kHardEndGraceMs / 2;
    if (went_on || late > kLongestGraces * kHardEndGraceMs) Exit(AppExit::kTooLong);
    return std::min(realm_.realm().InterruptLongTask(limit), late > 0 ? kLookAgainMs : kHardEndGraceMs);
  }

  // Of the thread that runs JavaScript.
  double ProcessorTimeMs() const {
    timespec time{};
    clock_gettime(processor_time_, &time);
    constexpr double kMsPerSecond = 1e3;
    constexpr double kNsPerMs = 1e6;
    return static_cast<double>(time.tv_sec) * kMsPerSecond + static_cast<double>(time.tv_nsec) / kNsPerMs;
  }

  // ---- From the server

  void OnReadable() {
    if (ReadAll()) WorkOff();
  }

  // What comes meanwhile waits for the next turn, after timers.
  void WorkOff() {
    double last_read = EventLoop::Now();
    for (size_t left = waiting_.size(); left != 0 && !waiting_.empty() && !realm_.realm().ended(); --left) {
      NumberedRequest request = std::move(waiting_.front());
      waiting_.pop_front();
      realm_.Handle(request.id, std::move(request.request));
      if (waiting_.empty() || EventLoop::Now() - last_read < kFreshMs) continue;
      // Of those that wait, some may have been given up.
      if (!ReadAll()) return;
      last_read = EventLoop::Now();
    }
    if (waiting_.empty()) {
      uv_idle_stop(&more_);
    } else {
      uv_idle_start(&more_, [](uv_idle_t* idle) { static_cast<AppMain*>(idle->data)->WorkOff(); });
    }
  }

  // All that has come. False if the server has closed its end.
  bool ReadAll() {
    for (;;) {
      const ssize_t size = recv(kSocket, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
      if (size > 0) {
        if (!reader_.Feed({buffer_.data(), static_cast<size_t>(size)})) Exit(AppExit::kStopped);
        if (static_cast<size_t>(size) < buffer_.size()) return true;
      } else if (size == 0) {
        stopped_ = true;
        uv_poll_stop(&poll_);
        return false;
      } else if (errno != EINTR) {
        return true;
      }
    }
  }

  FrameFate Decide(const Frame&, uint64_t) override { return FrameFate::kKept; }
  bool OnFrame(Frame frame) override {
    if (frame.type == FrameType::kRequest) {
      auto request = DecodeRequest(frame.fields);
      if (!request) return false;
      request->request.body = std::move(frame.body);
      waiting_.push_back(std::move(*request));
      return true;
    }
    if (frame.type == FrameType::kAbandon) {
      const auto abandonment = DecodeAbandon(frame.fields);
      if (abandonment) Abandon(*abandonment);
      return abandonment.has_value();
    }
    const auto question = DecodeStatusQuestion(frame.fields);
    if (question) {
      SendFrame(FrameType::kStatus, EncodeStatusReply({.id = question->id, .status = Status(question->collect)}));
    }
    return question.has_value();
  }

  void Abandon(const Abandonment& abandonment) {
    const auto waits = std::find_if(waiting_.begin(), waiting_.end(),
                                    [&](const NumberedRequest& request) { return request.id == abandonment.id; });
    if (waits == waiting_.end()) return realm_.Abandon(abandonment);
    if (abandonment.forget) waiting_.erase(waits);
  }

  RealmStatus Status(bool collect) {
    Realm& realm = realm_.realm();
    if (collect) realm.RunTask([&] { realm.isolate().CollectGarbage(); });
    v8::HeapStatistics heap;
    realm.isolate().get()->GetHeapStatistics(&heap);
    const binding::LiveObjects& live = realm.isolate().data().live();
    return {.heap_bytes = heap.used_heap_size(),
            .buffer_bytes = heap.external_memory(),
            .streams = static_cast<int64_t>(live.streams),
            .writers = static_cast<int64_t>(live.writers),
            .external_bytes = static_cast<int64_t>(live.external_bytes)};
  }

  // ---- To the server

  void Respond(uint64_t id, ResponseData response) {
    std::string fields = EncodeResponse(id, response);
    std::string problem;
    if (fields.size() > kLargestFields) {
      problem = Concat("the head of a response has ", fields.size(), " bytes, more than ", kLargestFields, "\n");
    } else if (fields.size() + response.body.size() > app_.max_in_flight_bytes) {
      problem =
          Concat("the body of a response has ", response.body.size(), " bytes, more than max_in_flight_mb allows\n");
    }
    if (!problem.empty()) {
      SendText(FrameType::kLog, problem);
      response = PlainResponse(kInternalError);
      fields = EncodeResponse(id, response);
    }
    SendFrame(FrameType::kResponse, fields, response.body);
  }

  const AppConfiguration& app_;
  AppRealm realm_;
  FrameReader reader_;
  uv_poll_t poll_;
  uv_idle_t more_;  // runs while requests wait
  bool stopped_ = false;
  clockid_t processor_time_{};
  double late_task_ = 0;     // when the last task that took too long began
  double used_in_time_ = 0;  // the processor's time when it was interrupted
  std::deque<NumberedRequest> waiting_;
  std::array<char, 64 * 1024> buffer_;
};

}  // namespace

int RunAppProcess(int argc, char** argv) {
  constexpr int kArguments = 4;
  pid_t server = 0;
  if (argc == kArguments) std::from_chars(argv[2], argv[2] + std::strlen(argv[2]), server);
  // Whatever ends the server ends this, also between the start and here.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (server == 0 || getppid() != server) return static_cast<int>(AppExit::kStopped);
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  Limit(RLIMIT_CORE, 0);
  Limit(RLIMIT_NOFILE, kMostDescriptors);
  const auto app = StartReader().Read();
  if (!app) return static_cast<int>(AppExit::kStopped);
  LimitMemory(*app);
  // V8 takes the memory of WebAssembly from the system. Each has a limit; LimitMemory() is that of all.
  constexpr uint64_t kWasmPage = 64 * 1024;
  InitializeV8({Concat("--wasm-max-mem-pages=", std::max<uint64_t>(1, app->memory_limit_bytes / kWasmPage))});
  AppMain main(*app);
  const AppExit end = main.Run();
  // Its requests wait for the end of this process, and freeing everything may take a while.
  if (end == AppExit::kEndedItself) Exit(end);
  return static_cast<int>(end);
}

}  // namespace sluice::runtime
