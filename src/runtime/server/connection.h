// One client's connection: reads a request, has it answered, writes the response, and again. Requests that come while
// one is being answered (pipelining) wait in the buffer, and are answered in order.
//
// All of it runs on its I/O thread. It lives as long as it is in that thread's list or an operation is under way.
#ifndef SLUICE_RUNTIME_SERVER_CONNECTION_H_
#define SLUICE_RUNTIME_SERVER_CONNECTION_H_

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/runtime/server/budget.h"
#include "src/runtime/server/deadlines.h"
#include "src/runtime/server/exchange.h"
#include "src/runtime/server/frames.h"
#include "src/runtime/server/http_parser.h"
#include "src/runtime/server/request_target.h"

namespace sluice::runtime {

class App;
class IoThread;

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(boost::asio::ip::tcp::socket socket, IoThread& thread);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void Start();
  // Instead: answers with 503, as there are too many connections.
  void TurnAway();
  // The server ends: closes when what has begun is done.
  void Drain();
  // The exchange has an answer.
  void OnAnswer();

 private:
  enum class Phase : uint8_t {
    kReading,    // a request, or waiting for one
    kAnswering,  // the exchange is with an app
    kWriting,    // the response
    kLingering,  // no more will be sent; the client may still send
    kClosed,
  };
  using Error = boost::system::error_code;

  void Read();
  void OnRead(const Error& error, size_t size);
  void OnEnd(bool broken);
  void ParseAll();
  bool ParseOne();
  bool OnBodyBegins();
  bool OnBody();
  void SendContinue();
  void Route(const HttpRequest& request);
  void Begin(HttpRequest request);
  void RespondWithStatus();
  void SendToApp(HttpRequest request);
  void OnDeadline();
  void GiveUp(GaveUp why);

  void Refuse(HttpError error);
  void Respond(ResponseData response, bool keep_alive);
  void Write();
  void OnWritten(const Error& error, size_t size);
  bool ClientTookSome();
  void EndResponse();
  void Linger();
  void Close();
  void Log();

  std::string_view buffered() const { return {buffer_.data() + begin_, end_ - begin_}; }

  boost::asio::ip::tcp::socket socket_;
  IoThread& thread_;
  Phase phase_ = Phase::kReading;
  Deadline deadline_;        // of the phase
  Deadline body_deadline_;   // of all of the body
  bool reading_ = false;     // a read is under way
  bool parsing_ = false;     // ParseAll is on the stack
  bool ended_ = false;       // the client will send no more
  bool keep_alive_ = false;  // after this response
  bool used_ = false;        // a request has come
  bool continuing_ = false;  // "100 Continue" is being written
  std::vector<char> buffer_;
  size_t begin_ = 0;
  size_t end_ = 0;
  RequestParser parser_;

  // Of the request that is being read or answered.
  std::optional<RequestTarget> request_target_;
  int route_status_ = 0;  // why no app gets it
  App* app_ = nullptr;
  size_t app_queue_ = 0;  // of its deadlines
  Reservation body_share_;
  std::shared_ptr<Exchange> exchange_;
  std::string method_;
  std::string target_;  // for the log
  int version_ = 11;
  bool may_keep_alive_ = false;
  int status_ = 0;
  Clock::time_point arrived_;

  // Of the response.
  std::string head_;  // with a small body
  std::string body_;
  Reservation response_share_;
  size_t written_ = 0;
  size_t taken_ = 0;  // by the client, of written_, when it was last looked at
};

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_SERVER_CONNECTION_H_
