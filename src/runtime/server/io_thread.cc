#include "src/runtime/server/io_thread.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "src/runtime/server/connection.h"
#include "src/runtime/server/http_response.h"

namespace sluice::runtime {

IoThread::IoThread(const ServerContext& server) : server_(server) {
  const ServerOptions& options = server.options;
  queues_ = {.idle = deadlines_.AddQueue(options.idle),
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

IoThread::~IoThread() {
  Drain();
  Join();
}

void IoThread::Start() {
  work_.emplace(boost::asio::make_work_guard(io_));
  thread_ = std::thread([this] { io_.run(); });
}

void IoThread::Join() {
  if (thread_.joinable()) thread_.join();
}

void IoThread::Adopt(boost::asio::ip::tcp::socket socket) {
  boost::asio::post(io_, [this, adopted = std::move(socket)]() mutable {
    const auto connection = std::make_shared<Connection>(std::move(adopted), *this);
    connections_.insert(connection);
    connection->Start();
    if (draining_) connection->Drain();
  });
}

void IoThread::Drain() {
  boost::asio::post(io_, [this] {
    draining_ = true;
    const std::vector<std::shared_ptr<Connection>> all(connections_.begin(), connections_.end());
    for (const auto& connection : all) connection->Drain();
    EndIfDrained();
  });
}

void IoThread::Remove(const std::shared_ptr<Connection>& connection) {
  connections_.erase(connection);
  EndIfDrained();
}

void IoThread::EndIfDrained() {
  if (!draining_ || !connections_.empty()) return;
  deadlines_.Stop();
  work_.reset();
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
