// A thread that reads requests and writes responses: an event loop of its own, with connections that nobody else
// touches. It runs no JavaScript.
#ifndef SLUICE_RUNTIME_SERVER_IO_THREAD_H_
#define SLUICE_RUNTIME_SERVER_IO_THREAD_H_

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <ctime>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_set>
#include <vector>

#include "src/runtime/server/app.h"
#include "src/runtime/server/budget.h"
#include "src/runtime/server/deadlines.h"
#include "src/runtime/server/exchange.h"
#include "src/runtime/server/mailbox.h"
#include "src/runtime/server/router.h"
#include "src/runtime/server/server_options.h"

namespace sluice::runtime {

class Connection;

// What all connections know. None of it changes while there are any.
struct ServerContext {
  const ServerOptions& options;
  const Router& router;
  const std::vector<std::unique_ptr<App>>& apps;
  Budget& budget;  // of bodies in flight
  const uint32_t max_connections;
  std::atomic<uint32_t>& connections;  // that are open
  std::string own_authority;           // "127.0.0.1:8080"
  // Answers `exchange` with the state of the server; any thread.
  std::function<void(std::shared_ptr<Exchange> exchange, bool collect)> respond_with_status;
};

class IoThread final : public AnswerReceiver {
 public:
  explicit IoThread(const ServerContext& server);
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;
  ~IoThread() override;

  // Begins to run, until End().
  void Start();
  void End();

  // Any thread.
  boost::asio::io_context& io() { return io_; }
  void Adopt(boost::asio::ip::tcp::socket socket);
  // No more is accepted; `drained` is called on this thread when no connection is left.
  void Drain(std::function<void()> drained);
  void Deliver(std::shared_ptr<Exchange> exchange) override;

  // ---- For its connections, on its thread
  const ServerContext& server() const { return server_; }
  Deadlines& deadlines() { return deadlines_; }
  bool draining() const { return draining_; }
  void Remove(const std::shared_ptr<Connection>& connection);
  void Closing() { ++closed_; }
  // Closes a connection that waits for its client to send something. False if there is none.
  bool CloseAnIdleOne();
  std::string_view Date();
  // Numbers of queues of deadlines.
  struct Queues {
    size_t idle, silent, head, body_pause, body, write_pause, linger, last_request;
    size_t first_app;  // the app's index is added
  };
  const Queues& queues() const { return queues_; }

 private:
  void Add(boost::asio::ip::tcp::socket socket);
  void OnAnswers();
  void EndIfDrained();

  const ServerContext& server_;
  boost::asio::io_context io_{1};
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work_;
  Deadlines deadlines_{io_};
  Queues queues_{};
  std::unordered_set<std::shared_ptr<Connection>> connections_;
  Mailbox<std::shared_ptr<Exchange>> answers_;
  std::vector<std::shared_ptr<Exchange>> taken_;
  size_t closed_ = 0;  // connections, ever
  bool draining_ = false;
  std::function<void()> drained_;
  std::time_t date_time_ = 0;
  std::string date_;
  std::thread thread_;
};

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_SERVER_IO_THREAD_H_
