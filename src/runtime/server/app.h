// An app, as the server sees it: requests go in, answers come out, and the process in which the app's JavaScript runs
// is started, watched, and started afresh when it has ended.
//
//   App app(configuration, options, budget, out, log);
//   app.Start(io, [](bool loaded) { ... });      // called once, on the thread of `io`
//   app.Send(exchange);                          // any thread
//   app.Stop([] { ... });
//
// Whatever ends the process (its author, its limits, a fault of V8, a kill) answers the requests that it had with 503;
// those that it had not been given wait for the next one. A process that ends before it has answered a single request
// is followed by a pause, which doubles each time.
#ifndef SLUICE_RUNTIME_SERVER_APP_H_
#define SLUICE_RUNTIME_SERVER_APP_H_

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "src/runtime/config/configuration.h"
#include "src/runtime/output.h"
#include "src/runtime/server/app_process.h"
#include "src/runtime/server/budget.h"
#include "src/runtime/server/exchange.h"
#include "src/runtime/server/frames.h"
#include "src/runtime/server/server_options.h"

namespace sluice::runtime {

// For tests and for those who watch a server.
struct AppStatus {
  std::string name;
  RealmStatus realm;            // zeros while no process can tell
  uint64_t resident_bytes = 0;  // memory of its process that is its own
  uint64_t body_bytes = 0;      // of bodies in flight in the server
  size_t in_flight = 0;
  uint64_t requests = 0;  // that reached the app
  uint64_t restarts = 0;
  int64_t process = 0;  // its id; 0: there is none
};

class App final : private ProcessObserver {
 public:
  App(const AppConfiguration& configuration, const ServerOptions& options, Budget& server_budget, TextOutput log);
  App(const App&) = delete;
  App& operator=(const App&) = delete;
  ~App() override;

  const AppConfiguration& configuration() const { return configuration_; }
  Budget& budget() { return budget_; }

  // `loaded`(false) after the log was told why not; the app is then of no use. `io` is where all else happens, and runs
  // on one thread until `stopped` is called.
  void Start(boost::asio::io_context& io, std::function<void(bool)> loaded);
  // Answers what is in flight with 503, and ends the process.
  void Stop(std::function<void()> stopped);

  // ---- Any thread
  void Send(std::shared_ptr<Exchange> exchange);
  // The connection gave it up, or its client has gone and might still read an answer.
  void Abandon(std::shared_ptr<Exchange> exchange, GaveUp why);
  // Collects garbage first, if `collect`.
  void QueryStatus(bool collect, std::function<void(const AppStatus&)> on_status);

 private:
  using Clock = std::chrono::steady_clock;
  enum class State : uint8_t { kLoading, kServing, kPausing, kStopping, kStopped };
  struct Question {
    std::function<void(const AppStatus&)> on_status;
    boost::asio::steady_timer timeout;
  };

  void Spawn();
  void Pause();
  void AwaitLoaded();
  void WatchMemory();
  void ExpectASign();
  void Take(std::shared_ptr<Exchange> exchange);
  void GiveToProcess(std::shared_ptr<Exchange> exchange);
  void Forget(const std::shared_ptr<Exchange>& exchange, GaveUp why);
  void Refuse(Exchange& exchange);
  void RefuseAllThatWait();
  void QueryProcess(bool collect, std::function<void(const AppStatus&)> on_status);
  void ReportStatus(const Question& question, const RealmStatus& realm);
  void Finish(bool loaded);

  FrameFate Decide(const Frame& frame, uint64_t body) override;
  FrameFate DecideResponse(const Frame& frame, uint64_t body);
  bool OnFrame(Frame frame) override;
  bool OnResponse(Frame frame);
  void OnLoaded();
  void OnDiagnostic(std::string_view line) override;
  void OnNonsense() override { kill_reason_ = "its process sent what is no answer"; }
  void OnEnd(const ProcessEnd& end) override;
  std::string Reason(const ProcessEnd& end) const;
  void KillBecause(std::string why);

  std::chrono::milliseconds PauseLength() const;
  std::chrono::milliseconds PauseLeft() const;

  const AppConfiguration configuration_;
  const ServerOptions& options_;
  Budget budget_;
  const TextOutput log_;

  // All below belongs to the thread of `io_`.
  boost::asio::io_context* io_ = nullptr;
  std::optional<boost::asio::steady_timer> pause_, load_limit_, memory_, sign_;
  State state_ = State::kLoading;
  std::function<void(bool)> loaded_;
  std::function<void()> stopped_;
  std::shared_ptr<AppProcess> process_;
  std::string kill_reason_;
  bool succeeded_ = false;  // this process has answered
  Clock::time_point began_;
  int failures_ = 0;  // processes in a row that have not
  std::unordered_map<uint64_t, std::shared_ptr<Exchange>> in_flight_;
  std::deque<std::shared_ptr<Exchange>> waiting_;  // for a process
  std::optional<Reservation> arriving_;            // the share of the response that is being read
  std::unordered_map<uint64_t, Question> questions_;
  uint64_t last_id_ = 0;
  uint64_t requests_ = 0;
  uint64_t restarts_ = 0;
};

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_SERVER_APP_H_
