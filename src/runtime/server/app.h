// An app: a thread with the app's realm, which takes requests from any thread.
//
//   App app(configuration, output, log);
//   app.Start([](bool loaded) { ... });          // called on the app's thread, once
//   app.Send(exchange);
//   app.Stop();
//
// A realm that has exhausted its heap, or that ended itself, is thrown away with the requests that it had not answered, and
// another one is made. JavaScript that runs longer than the time limit is ended by whoever calls InterruptLongTask().
#ifndef SLUICE_RUNTIME_SERVER_APP_H_
#define SLUICE_RUNTIME_SERVER_APP_H_

#include <uv.h>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "src/runtime/config/configuration.h"
#include "src/runtime/output.h"
#include "src/runtime/server/app_realm.h"
#include "src/runtime/server/exchange.h"
#include "src/runtime/server/mailbox.h"

namespace sluice::runtime {

// For tests and for those who watch a server.
struct AppStatus {
  std::string name;
  binding::LiveObjects live;
  size_t heap_bytes = 0;    // used
  size_t buffer_bytes = 0;  // of ArrayBuffers and what else V8 was told of
  size_t in_flight = 0;
  uint64_t requests = 0;  // that reached the app
  uint64_t restarts = 0;
};

class App {
 public:
  // How long a module may take to load, its top-level await included; the time limit if that is longer.
  static constexpr double kLoadLimitMs = 30'000;

  // `out` and `log` are called on the app's thread.
  App(AppConfiguration configuration, Sink out, Sink log);
  App(const App&) = delete;
  App& operator=(const App&) = delete;
  ~App() { Stop(); }

  const AppConfiguration& configuration() const { return configuration_; }
  // `loaded`(false) after the log was told why not; the app is then of no use.
  void Start(std::function<void(bool)> loaded);
  // Ends what runs, answers what is in flight with 503, and joins the thread.
  void Stop();

  // Any thread.
  void Send(std::shared_ptr<Exchange> exchange) { Post({.exchange = std::move(exchange)}); }
  // The exchange was given up (Exchange::GiveUp).
  void Abandon(std::shared_ptr<Exchange> exchange, GaveUp why);
  // Collects garbage first, if `collect`; `tell` is called on the app's thread, or not at all if it stops before.
  void AskStatus(bool collect, std::function<void(const AppStatus&)> tell);
  // Any thread: Realm::InterruptLongTask with the app's time limit. Returns when to look again, in milliseconds.
  double InterruptLongTask();

 private:
  struct Letter {
    std::shared_ptr<Exchange> exchange;
    bool abandoned = false;
    GaveUp why = GaveUp::kClientGone;
    std::function<void(AppRealm*)> job;
  };
  void Post(Letter letter);
  void Main(const std::function<void(bool)>& loaded);
  // Makes a realm and turns its loop until it has to end. False if the module could not be loaded.
  bool Live(const std::function<void(bool)>& loaded);
  void Serve(AppRealm& realm);
  // The module could not be loaded again: until somebody asks, which makes it try again.
  void WaitToBeAsked(AppRealm& realm);
  void OnWake();
  void TakeLetters();
  void WorkOff();
  // Answers what waits with 503.
  void Refuse();
  AppStatus StatusOf(AppRealm* realm, bool collect) const;

  const AppConfiguration configuration_;
  Sink out_;
  Sink log_;
  std::thread thread_;
  std::atomic<bool> stopping_ = false;

  std::mutex wake_mutex_;
  uv_async_t* wake_ = nullptr;  // of the realm's loop, while there is one
  std::mutex realm_mutex_;
  AppRealm* realm_ = nullptr;
  bool loading_ = false;
  bool finished_ = true;  // the thread
  std::condition_variable finish_;
  Mailbox<Letter> mailbox_;

  // The app's thread only.
  std::vector<Letter> taken_;
  AppRealm* serving_ = nullptr;
  std::deque<Letter> work_;
  uint64_t requests_ = 0;
  uint64_t restarts_ = 0;
};

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_SERVER_APP_H_
