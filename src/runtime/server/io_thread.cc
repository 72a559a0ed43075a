#include "src/runtime/server/io_thread.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "src/runtime/server/connection.h"
#include "src/runtime/server/http_response.h"

namespace sluice::runtime {

IoThread::IoThread(const ServerContext& server) : server_(server) {
  const ServerOptions& options = server.options;
  queues_ = {.idle = deadlines_.AddQueue(options.idle),
             .silent = deadlines_.AddQueue(options.head),
             .head = deadlines_.AddQueue(options.head),
             .body_pause = deadlines_.AddQueue(options.body_pause),
             .body = deadlines_.AddQueue(options.body),
             .write_pause = deadlines_.AddQueue(options.write_pause),
             .linger = deadlines_.AddQueue(options.linger),
             .last_request = deadlines_.AddQueue(options.last_request),
             .first_app = 0};
  queues_.first_app = queues_.last_request + 1;
  for (const auto& app : server.apps) {
    deadlines_.AddQueue(std::chrono::milliseconds(app->configuration().time_limit_ms));
  }
}

IoThread::~IoThread() { End(); }

void IoThread::Start() {
  work_.emplace(boost::asio::make_work_guard(io_));
  thread_ = std::thread([this] { io_.run(); });
}

void IoThread::End() {
  if (!thread_.joinable()) return;
  boost::asio::post(io_, [this] { work_.reset(); });
  thread_.join();
}

void IoThread::Adopt(boost::asio::ip::tcp::socket socket) {
  boost::asio::post(io_, [this, adopted = std::move(socket)]() mutable {
    if (server_.connections < server_.max_connections) return Add(std::move(adopted));
    // What was read of others is looked at first: whoever has just asked is not idle.
    boost::asio::post(io_, [this, waited = std::move(adopted)]() mutable { Add(std::move(waited)); });
  });
}

void IoThread::Add(boost::asio::ip::tcp::socket socket) {
  // Some are told why; whoever keeps coming is not.
  constexpr uint32_t kTurnedAwayAtOnce = 128;
  if (server_.connections >= server_.max_connections + kTurnedAwayAtOnce) return;
  const bool full = server_.connections >= server_.max_connections && !CloseAnIdleOne();
  const auto connection = std::make_shared<Connection>(std::move(socket), *this);
  connections_.insert(connection);
  ++server_.connections;
  full ? connection->TurnAway() : connection->Start();
  if (draining_) connection->Drain();
}

void IoThread::Drain(std::function<void()> drained) {
  boost::asio::post(io_, [this, drained = std::move(drained)]() mutable {
    draining_ = true;
    drained_ = std::move(drained);
    const std::vector<std::shared_ptr<Connection>> all(connections_.begin(), connections_.end());
    for (const auto& connection : all) connection->Drain();
    EndIfDrained();
  });
}

bool IoThread::CloseAnIdleOne() {
  const size_t before = closed_;
  for (const size_t queue : {queues_.idle, queues_.silent}) {
    // One whose client has just sent something stays.
    while (deadlines_.RunFirst(queue)) {
      if (closed_ != before) return true;
    }
  }
  return false;
}

void IoThread::Remove(const std::shared_ptr<Connection>& connection) {
  server_.connections -= static_cast<uint32_t>(connections_.erase(connection));
  EndIfDrained();
}

void IoThread::EndIfDrained() {
  if (!draining_ || !connections_.empty() || !drained_) return;
  deadlines_.Stop();
  std::exchange(drained_, nullptr)();
}

void IoThread::Deliver(std::shared_ptr<Exchange> exchange) {
  if (answers_.Put(std::move(exchange))) boost::asio::post(io_, [this] { OnAnswers(); });
}

void IoThread::OnAnswers() {
  answers_.TakeAll(taken_);
  for (const std::shared_ptr<Exchange>& exchange : taken_) {
    if (exchange->connection != nullptr) static_cast<Connection*>(exchange->connection)->OnAnswer();
  }
  taken_.clear();
}

std::string_view IoThread::Date() {
  if (const std::time_t now = std::time(nullptr); now != date_time_) {
    date_time_ = now;
    date_ = HttpDate(now);
  }
  return date_;
}

}  // namespace sluice::runtime
