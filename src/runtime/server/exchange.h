// A request and its answer, on the way between a connection's thread and an app's.
//
// It ends once: the app answers, or the connection gives up (the client has gone, the time is over). Whoever is first
// wins, and the other one's end does nothing.
#ifndef SLUICE_RUNTIME_SERVER_EXCHANGE_H_
#define SLUICE_RUNTIME_SERVER_EXCHANGE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "src/runtime/fetch/fetch.h"

namespace sluice::runtime {

class Exchange;

// Where answers go to: a connection's thread. Any thread may call it.
class AnswerSink {
 public:
  virtual ~AnswerSink() = default;
  virtual void Deliver(std::shared_ptr<Exchange> exchange) = 0;
};

class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(RequestData what, AnswerSink& sink) : request(std::move(what)), sink_(sink) {}
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // The app's thread.
  RequestData request;  // moved from when the handler is called
  // False if the connection gave up before.
  bool Answer(ResponseData response) {
    if (!End()) return false;
    response_ = std::move(response);
    sink_.Deliver(shared_from_this());
    return true;
  }

  uint32_t id = 0;      // the app's own

  // The connection's thread. False if an answer is on its way.
  bool GiveUp() { return End(); }
  // Of one that was delivered.
  ResponseData TakeResponse() { return std::move(response_); }

  bool ended() const { return ended_.load(std::memory_order_acquire); }

  // The connection's own.
  void* connection = nullptr;

 private:
  bool End() { return !ended_.exchange(true, std::memory_order_acq_rel); }

  AnswerSink& sink_;
  std::atomic<bool> ended_ = false;
  ResponseData response_;
};

// Why a connection gave up.
enum class GaveUp : uint8_t { kTimeOver, kClientGone };

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_SERVER_EXCHANGE_H_
