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

#include "src/runtime/fetch/messages.h"
#include "src/runtime/server/budget.h"

namespace sluice::runtime {

class Exchange;

// Where answers go to: a connection's thread. Any thread may call it.
class AnswerReceiver {
 public:
  virtual ~AnswerReceiver() = default;
  virtual void Deliver(std::shared_ptr<Exchange> exchange) = 0;
};

class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  // `share` is what the request's body takes of the app's budget, until this is gone.
  Exchange(RequestData what, Reservation share, AnswerReceiver& receiver)
      : request(std::move(what)), request_share_(std::move(share)), receiver_(receiver) {}
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // ---- The app's thread
  RequestData request;  // empty when the app's process has it
  uint64_t id = 0;      // the app's own

  // False if the connection gave up before. `share` is what the response takes of the budget.
  bool Answer(ResponseData response, Reservation share = {}) {
    if (!End()) return false;
    response_ = std::move(response);
    response_share_ = std::move(share);
    receiver_.Deliver(shared_from_this());
    return true;
  }

  // ---- The connection's thread
  void* connection = nullptr;
  // False if an answer is on its way.
  bool GiveUp() { return End(); }
  // Of one that was delivered.
  ResponseData TakeResponse(Reservation& share) {
    share = std::move(response_share_);
    return std::move(response_);
  }

  // Any thread.
  bool ended() const { return ended_.load(std::memory_order_acquire); }

 private:
  bool End() { return !ended_.exchange(true, std::memory_order_acq_rel); }

  Reservation request_share_;
  AnswerReceiver& receiver_;
  std::atomic<bool> ended_ = false;
  ResponseData response_;
  Reservation response_share_;
};

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_SERVER_EXCHANGE_H_
