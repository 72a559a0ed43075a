#include "src/runtime/server/connection.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <cstring>
#include <utility>

#include "src/runtime/server/app.h"
#include "src/runtime/server/ascii.h"
#include "src/runtime/server/http_response.h"
#include "src/runtime/server/io_thread.h"

namespace sluice::runtime {
namespace {

namespace asio = boost::asio;

constexpr size_t kFirstBuffer = 4 * 1024;  // bytes
constexpr size_t kBodyBuffer = 64 * 1024;  // while a body is read
constexpr size_t kBufferReserve = 64;      // beyond what the parser may need at once
constexpr size_t kJoinedBody = 16 * 1024;  // up to here a body is copied behind its head

constexpr int kNoContent = 204;
constexpr int kBadRequest = 400;
constexpr int kNotImplemented = 501;
constexpr int kRequestTimeout = 408;

std::string OrDash(std::string text) { return text.empty() ? "-" : text; }

}  // namespace

Connection::Connection(asio::ip::tcp::socket socket, IoThread& thread)
    : socket_(std::move(socket)),
      thread_(thread),
      deadline_([this] { OnDeadline(); }),
      body_deadline_([this] { OnDeadline(); }),
      parser_(thread.server().options.http) {}

void Connection::Start() {
  Error ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  thread_.deadlines().Set(thread_.queues().silent, deadline_);
  Read();
}

void Connection::TurnAway() {
  Error ignored;
  socket_.non_blocking(true, ignored);
  arrived_ = Clock::now();
  Respond(PlainResponse(kUnavailable, "There are too many connections."), false);
}

// ---- Reading

void Connection::Read() {
  if (reading_ || ended_ || continuing_ || phase_ == Phase::kClosed) return;
  if (phase_ == Phase::kLingering) begin_ = end_ = 0;
  if (begin_ == end_) begin_ = end_ = 0;
  const size_t wanted = parser_.state() == RequestParser::State::kBody ? kBodyBuffer : kFirstBuffer;
  if (end_ == buffer_.size() && begin_ != 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == buffer_.size()) {
    const size_t most = std::max(kBodyBuffer, thread_.server().options.http.head_bytes + kBufferReserve);
    if (buffer_.size() >= most) return;  // the client sends ahead: it waits until there is room
    buffer_.resize(std::min(most, std::max(buffer_.size() * 2, kFirstBuffer)));
  }
  if (begin_ == end_ && buffer_.size() < wanted) buffer_.resize(wanted);
  reading_ = true;
  socket_.async_read_some(asio::buffer(buffer_.data() + end_, buffer_.size() - end_),
                          [self = shared_from_this()](const Error& error, size_t size) { self->OnRead(error, size); });
}

void Connection::OnRead(const Error& error, size_t size) {
  reading_ = false;
  if (phase_ == Phase::kClosed) return;
  if (error) return OnEnd(error != asio::error::eof);
  end_ += size;
  if (phase_ == Phase::kReading) ParseAll();
  Read();
}

// The client sends no more: it has gone, or it has closed its side and waits for the response. That it has gone for
// certain is only known when writing fails, but nobody should work for it any longer.
void Connection::OnEnd(bool broken) {
  ended_ = true;
  if (phase_ == Phase::kAnswering && !broken) {
    if (app_ != nullptr) app_->Abandon(exchange_, GaveUp::kClientGone);
  } else if (broken || phase_ != Phase::kWriting) {
    Close();
  }
}

void Connection::ParseAll() {
  if (parsing_) return;
  parsing_ = true;
  while (phase_ == Phase::kReading && ParseOne()) {
  }
  parsing_ = false;
  if (phase_ == Phase::kReading && ended_) Close();
}

// Whether there may be more to do.
bool Connection::ParseOne() {
  const RequestParser::State before = parser_.state();
  const size_t used = parser_.Feed(buffered());
  begin_ += used;
  switch (parser_.state()) {
    case RequestParser::State::kFailed:
      Refuse(parser_.error());
      return false;
    case RequestParser::State::kDone:
      body_deadline_.Cancel();
      Begin(parser_.Take());
      return true;
    case RequestParser::State::kBody:
      if (!(before == RequestParser::State::kBody ? OnBody() : OnBodyBegins())) return false;
      thread_.deadlines().Set(thread_.queues().body_pause, deadline_);
      break;
    case RequestParser::State::kHead:
      if (before == RequestParser::State::kIdle) thread_.deadlines().Set(thread_.queues().head, deadline_);
      break;
    case RequestParser::State::kIdle:
      break;
  }
  return used != 0 && !buffered().empty() && !continuing_;
}

// Whether the body is to be read.
bool Connection::OnBodyBegins() {
  Route(parser_.head());
  body_share_ = Reservation(app_ != nullptr ? app_->budget() : thread_.server().budget);
  if (app_ != nullptr) parser_.LimitBody(app_->configuration().max_body_bytes);
  if (parser_.state() == RequestParser::State::kFailed) return Refuse(parser_.error()), false;
  thread_.deadlines().Set(thread_.queues().body, body_deadline_);
  if (parser_.head().expects_continue && buffered().empty()) SendContinue();
  return true;
}

bool Connection::OnBody() {
  if (body_share_.Resize(parser_.head().body.size())) return true;
  return Refuse({kUnavailable, "Too many bodies are in flight."}), false;
}

// https://www.rfc-editor.org/rfc/rfc9110#name-expect
void Connection::SendContinue() {
  static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  continuing_ = true;
  asio::async_write(socket_, asio::buffer(kContinue), [self = shared_from_this()](const Error& error, size_t) {
    self->continuing_ = false;
    if (self->phase_ == Phase::kClosed) return;
    if (error) return self->Close();
    self->ParseAll();
    self->Read();
  });
}

// ---- Answering

// Which app gets it, or why none does.
void Connection::Route(const HttpRequest& request) {
  const ServerContext& server = thread_.server();
  app_ = nullptr;
  route_status_ = 0;
  request_target_ = ReadTarget(request, server.own_authority);
  if (!request_target_ || request_target_->asterisk) return;
  const Router::Route route = server.router.Find(request_target_->hostname, request_target_->path);
  route_status_ = route.status;
  if (route.status != 0) return;
  app_ = server.apps[route.app].get();
  app_queue_ = thread_.queues().first_app + route.app;
}

void Connection::Begin(HttpRequest request) {
  deadline_.Cancel();
  used_ = true;
  arrived_ = Clock::now();
  method_ = request.method;
  version_ = request.version;
  may_keep_alive_ = request.keep_alive;
  const ServerContext& server = thread_.server();
  if (server.options.access_log) target_ = request.target;
  Route(request);
  if (!request_target_) return Respond(PlainResponse(kBadRequest, "The request's target or host is not one."), false);
  // https://fetch.spec.whatwg.org/#forbidden-method; they are for proxies and debuggers.
  if (method_ == "CONNECT" || method_ == "TRACE" || method_ == "TRACK") {
    return Respond(PlainResponse(kNotImplemented, "This method is not served here."), may_keep_alive_);
  }
  if (request_target_->asterisk) {
    return Respond({.status = kNoContent, .status_text = {}, .headers = {}, .body = {}}, may_keep_alive_);
  }
  if (!server.options.status_path.empty() && request_target_->path == server.options.status_path)
    return RespondWithStatus();
  if (route_status_ != 0) {
    return Respond(PlainResponse(route_status_, "There is no app for this address."), may_keep_alive_);
  }
  SendToApp(std::move(request));
}

void Connection::RespondWithStatus() {
  app_ = nullptr;
  exchange_ = std::make_shared<Exchange>(RequestData{}, Reservation(), thread_);
  exchange_->connection = this;
  phase_ = Phase::kAnswering;
  thread_.deadlines().Set(thread_.queues().head, deadline_);
  thread_.server().respond_with_status(exchange_, request_target_->url.ends_with("?gc"));
}

void Connection::SendToApp(HttpRequest request) {
  if (!request.body.empty() && !body_share_.Resize(request.body.size())) {
    return Respond(PlainResponse(kUnavailable, "Too many bodies are in flight."), may_keep_alive_);
  }
  exchange_ = std::make_shared<Exchange>(RequestData{std::move(request.method), std::move(request_target_->url),
                                                     std::move(request.headers), std::move(request.body)},
                                         std::exchange(body_share_, {}), thread_);
  exchange_->connection = this;
  phase_ = Phase::kAnswering;
  thread_.deadlines().Set(app_queue_, deadline_);
  app_->Send(exchange_);
  if (ended_) app_->Abandon(exchange_, GaveUp::kClientGone);
}

void Connection::OnAnswer() {
  deadline_.Cancel();
  exchange_->connection = nullptr;
  ResponseData response = exchange_->TakeResponse(response_share_);
  exchange_.reset();
  Respond(std::move(response), may_keep_alive_);
  ParseAll();
  Read();
}

void Connection::GiveUp(GaveUp why) {
  if (exchange_ == nullptr) return;
  exchange_->connection = nullptr;
  if (exchange_->GiveUp() && app_ != nullptr) app_->Abandon(std::move(exchange_), why);
  exchange_.reset();
}

void Connection::OnDeadline() {
  switch (phase_) {
    case Phase::kReading:
      // Between requests, or before the first: there is nobody to tell.
      if (parser_.state() == RequestParser::State::kIdle) {
        Error ignored;
        if (socket_.available(ignored) == 0) return Close();
        return thread_.deadlines().Set(thread_.queues().head, deadline_);
      }
      return Refuse({kRequestTimeout, "The request did not come in time."});
    case Phase::kAnswering:
      GiveUp(GaveUp::kTimeOver);
      Respond(PlainResponse(kTimedOut, "The app did not answer within its time limit."), may_keep_alive_);
      ParseAll();
      return Read();
    case Phase::kWriting:
      // What is measured is what the client took, not how much room the system has for more.
      if (!ClientTookSome()) return Close();
      return thread_.deadlines().Set(thread_.queues().write_pause, deadline_);
    case Phase::kLingering:
      return Close();
    case Phase::kClosed:
      return;
  }
}

// ---- Writing

void Connection::Refuse(HttpError error) {
  body_deadline_.Cancel();
  if (!used_ || method_.empty()) arrived_ = Clock::now();
  method_ = parser_.head().method;
  target_ = parser_.head().target;
  // What was read of it is of no use any more.
  parser_ = RequestParser(thread_.server().options.http);
  Respond(PlainResponse(error.status, error.detail), false);
}

void Connection::Respond(ResponseData response, bool keep_alive) {
  // Of a client that has closed its side, what came before that is answered still.
  keep_alive_ = keep_alive && !(ended_ && buffered().empty()) && !thread_.draining();
  status_ = response.status;
  bool sends_body = false;
  head_ = ResponseHead(
      response, {.head = method_ == "HEAD", .keep_alive = keep_alive_, .version = version_, .date = thread_.Date()},
      sends_body);
  body_.clear();
  if (sends_body && response.body.size() <= kJoinedBody) {
    head_ += response.body;
  } else if (sends_body) {
    body_ = std::move(response.body);
  }
  written_ = 0;
  taken_ = 0;
  phase_ = Phase::kWriting;
  body_share_ = {};
  // Most responses fit into the socket's buffer.
  Error error;
  const size_t size = socket_.write_some(std::array{asio::buffer(head_), asio::buffer(body_)}, error);
  OnWritten(error == asio::error::would_block ? Error() : error, size);
}

void Connection::Write() {
  thread_.deadlines().Set(thread_.queues().write_pause, deadline_);
  const size_t in_head = std::min(written_, head_.size());
  const std::array<asio::const_buffer, 2> rest = {asio::buffer(head_) + in_head,
                                                  asio::buffer(body_) + (written_ - in_head)};
  socket_.async_write_some(rest, [self = shared_from_this()](const Error& error, size_t size) {
    if (self->phase_ != Phase::kWriting) return;
    self->OnWritten(error, size);
    self->ParseAll();
    self->Read();
  });
}

void Connection::OnWritten(const Error& error, size_t size) {
  if (error) return Close();
  written_ += size;
  written_ < head_.size() + body_.size() ? Write() : EndResponse();
}

// Since this was asked last.
bool Connection::ClientTookSome() {
  int unsent = 0;
  if (ioctl(socket_.native_handle(), SIOCOUTQ, &unsent) != 0) return false;
  const size_t taken = written_ - std::min(written_, static_cast<size_t>(unsent));
  return std::exchange(taken_, taken) < taken;
}

void Connection::EndResponse() {
  deadline_.Cancel();
  if (thread_.server().options.access_log) Log();
  app_ = nullptr;
  head_.clear();
  body_ = {};
  response_share_ = {};
  if (!keep_alive_ || thread_.draining()) return Linger();
  phase_ = Phase::kReading;
  thread_.deadlines().Set(thread_.queues().idle, deadline_);
}

// Closed at once, with bytes of the client unread, the connection would be reset, and the response might be lost on the
// way.
//   https://www.rfc-editor.org/rfc/rfc9112#name-tear-down
void Connection::Linger() {
  Error error;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, error);
  if (error || ended_) return Close();
  phase_ = Phase::kLingering;
  thread_.deadlines().Set(thread_.queues().linger, deadline_);
  Read();
}

void Connection::Close() {
  if (phase_ == Phase::kClosed) return;
  phase_ = Phase::kClosed;
  thread_.Closing();
  GiveUp(GaveUp::kClientGone);
  deadline_.Cancel();
  body_deadline_.Cancel();
  Error ignored;
  socket_.close(ignored);
  // Whoever called is still in the middle of this object: it goes in a turn of its own.
  asio::post(thread_.io(), [self = shared_from_this()] { self->thread_.Remove(self); });
}

void Connection::Drain() {
  if (phase_ != Phase::kReading) return;  // ends when it has written
  Error ignored;
  const bool begun =
      parser_.state() != RequestParser::State::kIdle || !buffered().empty() || socket_.available(ignored) != 0;
  if (begun) {
    // Not longer than this for what is on its way.
    body_deadline_.Cancel();
    return thread_.deadlines().Set(thread_.queues().head, deadline_);
  }
  // Whoever has only just connected is about to ask.
  thread_.deadlines().Set(used_ ? thread_.queues().last_request : thread_.queues().linger, deadline_);
}

void Connection::Log() {
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - arrived_).count();
  Error ignored;
  const auto peer = socket_.remote_endpoint(ignored);
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char time[32];
  std::strftime(time, sizeof(time), "%Y-%m-%dT%H:%M:%SZ", &utc);
  thread_.server().options.out(Concat(time, " ", peer.address().to_string(), " ", OrDash(Visible(method_)), " ",
                                      OrDash(Visible(target_)), " ", status_, " ", written_, " ", took, "us ",
                                      app_ == nullptr ? std::string_view("-") : app_->configuration().name, "\n"));
}

}  // namespace sluice::runtime
