#include "src/runtime/server/app.h"

#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "src/runtime/server/ascii.h"
#include "src/runtime/server/http_response.h"

namespace sluice::runtime {
namespace {

constexpr int kUnavailable = 503;
constexpr double kLookAgainMs = 5;

}  // namespace

App::App(AppConfiguration configuration, Sink out, Sink log)
    : configuration_(std::move(configuration)), out_(std::move(out)), log_([this, to = std::move(log)](auto text) {
        // What is ended at the end is nobody's fault.
        if (!stopping_) to(text);
      }) {}

void App::Start(std::function<void(bool)> loaded) {
  finished_ = false;
  thread_ = std::thread([this, then = std::move(loaded)] {
    Main(then);
    const std::lock_guard lock(realm_mutex_);
    finished_ = true;
    finish_.notify_all();
  });
}

void App::Stop() {
  if (!thread_.joinable()) return;
  stopping_ = true;
  {
    const std::lock_guard lock(wake_mutex_);
    if (wake_ != nullptr) uv_async_send(wake_);
  }
  {
    // A task that runs is interrupted, and so is the next one, until the thread has noticed.
    std::unique_lock lock(realm_mutex_);
    while (!finished_) {
      if (realm_ != nullptr) realm_->realm().InterruptLongTask(0);
      finish_.wait_for(lock, std::chrono::duration<double, std::milli>(kLookAgainMs), [this] { return finished_; });
    }
  }
  thread_.join();
}

void App::Post(Letter letter) {
  if (!mailbox_.Put(std::move(letter))) return;
  const std::lock_guard lock(wake_mutex_);
  if (wake_ != nullptr) uv_async_send(wake_);
}

void App::Abandon(std::shared_ptr<Exchange> exchange, GaveUp why) {
  Post({.exchange = std::move(exchange), .abandoned = true, .why = why});
}

void App::AskStatus(bool collect, std::function<void(const AppStatus&)> tell) {
  Post({.job = [this, collect, tell = std::move(tell)](AppRealm* realm) { tell(StatusOf(realm, collect)); }});
}

double App::InterruptLongTask() {
  const std::lock_guard lock(realm_mutex_);
  const double limit = configuration_.time_limit_ms;
  return realm_ == nullptr ? limit
                           : realm_->realm().InterruptLongTask(loading_ ? std::max(limit, kLoadLimitMs) : limit);
}

void App::Main(const std::function<void(bool)>& loaded) {
  const bool good = Live(loaded);
  while (good && !stopping_) {
    ++restarts_;
    // What the last realm had, and the C library keeps for later, may be gigabytes.
    malloc_trim(0);
    Live([](bool) {});
  }
  TakeLetters();
  Refuse();
}

bool App::Live(const std::function<void(bool)>& loaded) {
  AppRealm realm(configuration_, out_, log_);
  EventLoop& loop = realm.realm().loop();
  uv_async_t wake;
  uv_async_init(loop.get(), &wake, [](uv_async_t* async) { static_cast<App*>(async->data)->OnWake(); });
  wake.data = this;
  // Loading ends when it waits for nothing; letters do not count.
  uv_unref(reinterpret_cast<uv_handle_t*>(&wake));
  {
    const std::scoped_lock lock(wake_mutex_, realm_mutex_);
    wake_ = &wake;
    realm_ = &realm;
    loading_ = true;
  }
  bool late = false;
  const int32_t timer = realm.realm().timers().Post(std::max<double>(kLoadLimitMs, configuration_.time_limit_ms),
                                                    [&late] { late = true; }, {.keeps_alive = false});
  const bool good = realm.Load([&] { return !stopping_ && !late; });
  if (late) log_(Concat(configuration_.entry, ": its top-level await takes too long\n"));
  realm.realm().timers().Cancel(timer);
  {
    const std::lock_guard lock(realm_mutex_);
    loading_ = false;
  }
  loaded(good);
  uv_ref(reinterpret_cast<uv_handle_t*>(&wake));
  uv_async_send(&wake);  // for what came meanwhile
  if (good) {
    Serve(realm);
  } else if (restarts_ != 0) {
    WaitToBeAsked(realm);
  }
  {
    const std::scoped_lock lock(wake_mutex_, realm_mutex_);
    wake_ = nullptr;
    realm_ = nullptr;
  }
  realm.realm().End(0);  // no timer runs any more
  loop.Close(wake);
  return good;
}

void App::Serve(AppRealm& realm) {
  serving_ = &realm;
  realm.realm().RunLoop([&] { return !stopping_ && !realm.broken(); });
  serving_ = nullptr;
  if (stopping_) return;
  const std::string fate = Concat(": ", realm.in_flight(), " requests in flight get 503, and it starts afresh\n");
  if (realm.out_of_memory()) {
    log_(Concat("its memory limit of ", configuration_.memory_limit_bytes >> 20, " MB is exhausted", fate));
  } else {
    log_(Concat("it ended itself", fate));
  }
}

void App::WaitToBeAsked(AppRealm& realm) {
  realm.realm().End(0);
  Refuse();
  TakeLetters();
  while (!stopping_ && work_.empty()) {
    realm.realm().loop().Turn(/*wait=*/true);
    TakeLetters();
  }
  Refuse();
}

void App::TakeLetters() {
  mailbox_.TakeAll(taken_);
  std::move(taken_.begin(), taken_.end(), std::back_inserter(work_));
  taken_.clear();
}

void App::OnWake() {
  if (serving_ == nullptr) return;
  TakeLetters();
  WorkOff();
}

void App::WorkOff() {
  while (!work_.empty() && !stopping_ && !serving_->broken()) {
    Letter letter = std::move(work_.front());
    work_.pop_front();
    if (letter.job) {
      letter.job(serving_);
    } else if (letter.abandoned) {
      serving_->Abandon(*letter.exchange, letter.why);
    } else {
      ++requests_;
      serving_->Handle(std::move(letter.exchange));
    }
  }
}

void App::Refuse() {
  for (Letter& letter : std::exchange(work_, {})) {
    if (letter.job) {
      letter.job(nullptr);
    } else if (!letter.abandoned) {
      letter.exchange->Answer(PlainResponse(kUnavailable, "The app is not running."));
    }
  }
}

AppStatus App::StatusOf(AppRealm* realm, bool collect) const {
  AppStatus status{.name = configuration_.name, .requests = requests_, .restarts = restarts_};
  if (realm == nullptr) return status;
  Isolate& isolate = realm->realm().isolate();
  if (collect) realm->realm().RunTask([&] { isolate.CollectGarbage(); });
  v8::HeapStatistics heap;
  isolate.get()->GetHeapStatistics(&heap);
  status.live = isolate.data().live();
  status.heap_bytes = heap.used_heap_size();
  status.buffer_bytes = heap.external_memory();
  status.in_flight = realm->in_flight();
  return status;
}

}  // namespace sluice::runtime
