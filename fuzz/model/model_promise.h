// ECMAScript promises and the job queue of one realm, for the reference model.
//
// Transliterated from ECMA-262 (https://tc39.es/ecma262/#sec-promise-objects), Web IDL
// (https://webidl.spec.whatwg.org/#js-promise-manipulation) and HTML
// (https://html.spec.whatwg.org/#notify-about-rejected-promises). Shares nothing with the implementation under test.
//
// Promises and pairs of resolving functions are named by index, so that nothing dangles when user code adds more.
#ifndef SLUICE_FUZZ_MODEL_MODEL_PROMISE_H_
#define SLUICE_FUZZ_MODEL_MODEL_PROMISE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "fuzz/driver/subject.h"
#include "src/sim/value.h"

namespace sluice::fuzz::model {

using PromiseId = uint32_t;

// [[PromiseState]]
enum class PromiseState : uint8_t { kPending, kFulfilled, kRejected };

// The steps that a specification gives for "upon fulfillment" and "upon rejection" of a promise.
class UponSteps {
 public:
  // `steps` and `captured` are the arguments of PromiseRealm::Upon.
  virtual void RunUponSteps(uint32_t stream, uint32_t steps, uint32_t captured, bool fulfilled, sim::Value value) = 0;

 protected:
  ~UponSteps() = default;
};

class PromiseRealm {
 public:
  explicit PromiseRealm(UponSteps& upon_steps) : upon_steps_(upon_steps) {}
  PromiseRealm(const PromiseRealm&) = delete;
  PromiseRealm& operator=(const PromiseRealm&) = delete;

  void Reset(UserCode& user_code);

  // Records a failed assert of a specification; `where` is the operation and step.
  void Assert(bool condition, const char* where);
  const std::vector<std::string>& failed_asserts() const { return failed_asserts_; }

  sim::Value NewTypeError() { return sim::Value::Of(sim::ValueKind::kTypeError, type_errors_++); }
  sim::Value NewRangeError() { return sim::Value::Of(sim::ValueKind::kRangeError, range_errors_++); }
  sim::Value NewAbortError() { return sim::Value::Of(sim::ValueKind::kAbortError, abort_errors_++); }

  // ---- Web IDL's promise operations
  PromiseId NewPromise();                             // "a new promise"
  PromiseId PromiseResolvedWith(sim::Value value);    // "a promise resolved with": always a new one
  PromiseId PromiseRejectedWith(sim::Value reason);   // "a promise rejected with"
  void Resolve(PromiseId promise, sim::Value value);  // "resolve"
  void Reject(PromiseId promise, sim::Value reason);  // "reject"
  // "upon fulfillment" with "upon rejection"
  void Upon(PromiseId promise, uint32_t stream, uint32_t steps, uint32_t captured);

  // ---- Slots
  uint32_t PromiseCount() const { return promise_count_; }
  PromiseState State(PromiseId promise) const { return promises_[promise].state; }
  sim::Value Result(PromiseId promise) const { return promises_[promise].result; }
  bool IsHandled(PromiseId promise) const { return promises_[promise].isHandled; }
  void SetIsHandled(PromiseId promise) { promises_[promise].isHandled = true; }

  // ---- The author's calls
  void Observe(PromiseId promise);
  void CallResolve(uint32_t resolver);
  void CallReject(uint32_t resolver, sim::Value reason);

  // ---- Jobs
  size_t PendingJobs() const { return jobs_.size() - jobs_done_; }
  void RunJobs(size_t count);
  void NotifyAboutRejectedPromises();

 private:
  using ResolvingFunctionsId = uint32_t;

  // The two functions of CreateResolvingFunctions, and the record that they share.
  struct ResolvingFunctions {
    PromiseId promise;
    bool alreadyResolved;
  };

  // [[Handler]] as data: which function, and what it closes over.
  struct Handler {
    enum class Kind : uint8_t {
      kSettled,             // the author's function; captured: the promise observed
      kResolvingFunctions,  // captured: a ResolvingFunctionsId
      kUponSteps,
    };
    Kind kind;
    uint32_t stream;
    uint32_t steps;
    uint32_t captured;
  };

  // A PromiseReaction Record. [[Capability]] is left out: a handler here never throws and returns undefined, and nobody
  // gets hold of the derived promise, so that resolving it would not be observable.
  struct Reaction {
    enum class Type : uint8_t { kFulfill, kReject };
    Type type;
    Handler handler;
  };

  struct Promise {
    PromiseState state;
    sim::Value result;
    std::vector<Reaction> fulfillReactions;
    std::vector<Reaction> rejectReactions;
    bool isHandled;
    ResolvingFunctionsId capability;  // the functions that the promise was made with
  };

  struct Job {
    enum class Kind : uint8_t { kReaction, kResolveThenable };
    Kind kind;
    Reaction reaction;    // kReaction
    PromiseId promise;    // kResolveThenable: the promise to resolve
    sim::Value argument;  // kReaction: the argument; kResolveThenable: the thenable
  };

  ResolvingFunctionsId CreateResolvingFunctions(PromiseId promise);
  void PromiseResolveFunction(ResolvingFunctionsId functions, sim::Value resolution);
  void PromiseRejectFunction(ResolvingFunctionsId functions, sim::Value reason);
  void FulfillPromise(PromiseId promise, sim::Value value);
  void RejectPromise(PromiseId promise, sim::Value reason);
  void TriggerPromiseReactions(const std::vector<Reaction>& reactions, sim::Value argument);
  void PerformPromiseThen(PromiseId promise, Handler handler);
  void EnqueueReactionJob(Reaction reaction, sim::Value argument);
  void RunReactionJob(const Job& job);
  void RunResolveThenableJob(const Job& job);

  UponSteps& upon_steps_;
  UserCode* user_code_ = nullptr;

  // The first `promise_count_` are alive; the rest is kept for the capacity of its lists.
  std::vector<Promise> promises_;
  uint32_t promise_count_ = 0;
  std::vector<ResolvingFunctions> resolving_functions_;
  std::vector<ResolvingFunctionsId> resolvers_;  // those that the author was given, by resolver id

  std::vector<Job> jobs_;
  size_t jobs_done_ = 0;  // how many at the front of `jobs_` were taken
  std::vector<PromiseId> about_to_be_notified_;
  std::vector<PromiseId> notifying_;

  uint32_t type_errors_ = 0;
  uint32_t range_errors_ = 0;
  uint32_t abort_errors_ = 0;
  std::vector<std::string> failed_asserts_;
};

}  // namespace sluice::fuzz::model

#endif  // SLUICE_FUZZ_MODEL_MODEL_PROMISE_H_
