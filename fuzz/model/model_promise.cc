// ECMAScript promises and the job queue. Numbers in comments are step numbers of the operation that is named above.
#include "fuzz/model/model_promise.h"

#include <cstddef>
#include <cstdint>
#include <vector>

#include "fuzz/driver/subject.h"
#include "src/sim/value.h"

namespace sluice::fuzz::model {

using sim::Outcome;
using sim::Value;
using sim::ValueKind;

void PromiseRealm::Reset(UserCode& user_code) {
  user_code_ = &user_code;
  promise_count_ = 0;
  resolving_functions_.clear();
  resolvers_.clear();
  jobs_.clear();
  jobs_done_ = 0;
  about_to_be_notified_.clear();
  type_errors_ = 0;
  range_errors_ = 0;
  abort_errors_ = 0;
  failed_asserts_.clear();
}

void PromiseRealm::Assert(bool condition, const char* where) {
  if (!condition) failed_asserts_.emplace_back(where);
}

// ---- Web IDL

PromiseId PromiseRealm::NewPromise() {
  const PromiseId promise = promise_count_++;
  if (promise == promises_.size()) promises_.emplace_back();
  Promise& slots = promises_[promise];
  slots.state = PromiseState::kPending;
  slots.result = Value::Undefined();
  slots.fulfillReactions.clear();
  slots.rejectReactions.clear();
  slots.isHandled = false;
  slots.capability = CreateResolvingFunctions(promise);
  return promise;
}

PromiseId PromiseRealm::PromiseResolvedWith(Value value) {
  const PromiseId promise = NewPromise();
  Resolve(promise, value);
  return promise;
}

PromiseId PromiseRealm::PromiseRejectedWith(Value reason) {
  const PromiseId promise = NewPromise();
  Reject(promise, reason);
  return promise;
}

void PromiseRealm::Resolve(PromiseId promise, Value value) {
  PromiseResolveFunction(promises_[promise].capability, value);
}

void PromiseRealm::Reject(PromiseId promise, Value reason) {
  PromiseRejectFunction(promises_[promise].capability, reason);
}

// One `then` with both functions: Web IDL's text read to the letter would make two, but implementations do not.
void PromiseRealm::Upon(PromiseId promise, uint32_t stream, uint32_t steps, uint32_t captured) {
  PerformPromiseThen(promise, {Handler::Kind::kUponSteps, stream, steps, captured});
}

// ---- The author's calls

void PromiseRealm::Observe(PromiseId promise) { PerformPromiseThen(promise, {Handler::Kind::kSettled, 0, 0, promise}); }

void PromiseRealm::CallResolve(uint32_t resolver) { PromiseResolveFunction(resolvers_[resolver], Value::Undefined()); }

void PromiseRealm::CallReject(uint32_t resolver, Value reason) { PromiseRejectFunction(resolvers_[resolver], reason); }

// ---- ECMA-262, Promise abstract operations

// https://tc39.es/ecma262/#sec-createresolvingfunctions
PromiseRealm::ResolvingFunctionsId PromiseRealm::CreateResolvingFunctions(PromiseId promise) {
  resolving_functions_.push_back({promise, /*alreadyResolved=*/false});
  return static_cast<ResolvingFunctionsId>(resolving_functions_.size() - 1);
}

// https://tc39.es/ecma262/#sec-promise-resolve-functions
void PromiseRealm::PromiseResolveFunction(ResolvingFunctionsId functions, Value resolution) {
  // 1.-4.
  const PromiseId promise = resolving_functions_[functions].promise;
  // 5.-6.
  if (resolving_functions_[functions].alreadyResolved) return;
  resolving_functions_[functions].alreadyResolved = true;
  // 7. Resolved with itself.
  if (resolution.kind == ValueKind::kPromise && resolution.id == promise) {
    RejectPromise(promise, NewTypeError());
    return;
  }
  // 8., 12. Only promises and thenables have a callable `then`.
  if (resolution.kind != ValueKind::kPromise && resolution.kind != ValueKind::kThenable) {
    FulfillPromise(promise, resolution);
    return;
  }
  // 9.-11. Author code runs here if it is a thenable; getting a native `then` is not observable.
  if (resolution.kind == ValueKind::kThenable) {
    const Outcome then = user_code_->Call(CallKind::kGetThen, resolution, 0, 0);
    if (then.thrown) {
      RejectPromise(promise, then.value);
      return;
    }
    // 12. A `then` that cannot be called makes it a value like any other.
    if (then.value.kind == ValueKind::kNumber) {
      FulfillPromise(promise, resolution);
      return;
    }
  }
  // 13.-15.
  jobs_.push_back({Job::Kind::kResolveThenable, {}, promise, resolution});
}

// https://tc39.es/ecma262/#sec-promise-reject-functions
void PromiseRealm::PromiseRejectFunction(ResolvingFunctionsId functions, Value reason) {
  // 1.-4.
  const PromiseId promise = resolving_functions_[functions].promise;
  // 5.-6.
  if (resolving_functions_[functions].alreadyResolved) return;
  resolving_functions_[functions].alreadyResolved = true;
  // 7.
  RejectPromise(promise, reason);
}

// https://tc39.es/ecma262/#sec-fulfillpromise
void PromiseRealm::FulfillPromise(PromiseId promise, Value value) {
  Promise& slots = promises_[promise];
  // 1.
  Assert(slots.state == PromiseState::kPending, "FulfillPromise step 1");
  // 2.-6. The list is emptied after its use: nothing that triggering does can add to it.
  slots.result = value;
  slots.rejectReactions.clear();
  slots.state = PromiseState::kFulfilled;
  user_code_->PromiseSettled(promise);
  // 7.
  TriggerPromiseReactions(slots.fulfillReactions, value);
  slots.fulfillReactions.clear();
}

// https://tc39.es/ecma262/#sec-rejectpromise
void PromiseRealm::RejectPromise(PromiseId promise, Value reason) {
  Promise& slots = promises_[promise];
  // 1.
  Assert(slots.state == PromiseState::kPending, "RejectPromise step 1");
  // 2.-6.
  slots.result = reason;
  slots.fulfillReactions.clear();
  slots.state = PromiseState::kRejected;
  // 7. HostPromiseRejectionTracker(promise, "reject").
  if (!slots.isHandled) about_to_be_notified_.push_back(promise);
  user_code_->PromiseSettled(promise);
  // 8.
  TriggerPromiseReactions(slots.rejectReactions, reason);
  slots.rejectReactions.clear();
}

// https://tc39.es/ecma262/#sec-triggerpromisereactions
void PromiseRealm::TriggerPromiseReactions(const std::vector<Reaction>& reactions, Value argument) {
  // 1.
  for (const Reaction& reaction : reactions) EnqueueReactionJob(reaction, argument);
}

// https://tc39.es/ecma262/#sec-performpromisethen
void PromiseRealm::PerformPromiseThen(PromiseId promise, Handler handler) {
  Promise& slots = promises_[promise];
  // 3.-8.
  const Reaction fulfillReaction = {Reaction::Type::kFulfill, handler};
  const Reaction rejectReaction = {Reaction::Type::kReject, handler};
  switch (slots.state) {
    case PromiseState::kPending:  // 9.
      slots.fulfillReactions.push_back(fulfillReaction);
      slots.rejectReactions.push_back(rejectReaction);
      break;
    case PromiseState::kFulfilled:  // 10.
      EnqueueReactionJob(fulfillReaction, slots.result);
      break;
    case PromiseState::kRejected:  // 11. HostPromiseRejectionTracker(promise, "handle") is the check in
                                   // NotifyAboutRejectedPromises.
      EnqueueReactionJob(rejectReaction, slots.result);
      break;
  }
  // 12.
  slots.isHandled = true;
}

// ---- Jobs

void PromiseRealm::EnqueueReactionJob(Reaction reaction, Value argument) {
  jobs_.push_back({Job::Kind::kReaction, reaction, 0, argument});
}

void PromiseRealm::RunJobs(size_t count) {
  for (; count > 0 && PendingJobs() > 0; --count) {
    const Job job = jobs_[jobs_done_++];
    if (jobs_done_ == jobs_.size()) {
      jobs_.clear();
      jobs_done_ = 0;
    }
    switch (job.kind) {
      case Job::Kind::kReaction:
        RunReactionJob(job);
        break;
      case Job::Kind::kResolveThenable:
        RunResolveThenableJob(job);
        break;
    }
  }
}

// https://tc39.es/ecma262/#sec-newpromisereactionjob
void PromiseRealm::RunReactionJob(const Job& job) {
  const bool fulfilled = job.reaction.type == Reaction::Type::kFulfill;
  const Handler& handler = job.reaction.handler;
  // 1.e.
  switch (handler.kind) {
    case Handler::Kind::kSettled:
      user_code_->Settled(handler.captured, fulfilled, job.argument);
      break;
    case Handler::Kind::kResolvingFunctions:
      if (fulfilled) {
        PromiseResolveFunction(handler.captured, job.argument);
      } else {
        PromiseRejectFunction(handler.captured, job.argument);
      }
      break;
    case Handler::Kind::kUponSteps:
      upon_steps_.RunUponSteps(handler.stream, handler.steps, handler.captured, fulfilled, job.argument);
      break;
  }
}

// https://tc39.es/ecma262/#sec-newpromiseresolvethenablejob
void PromiseRealm::RunResolveThenableJob(const Job& job) {
  // 1.a.
  const ResolvingFunctionsId resolvingFunctions = CreateResolvingFunctions(job.promise);
  // 1.b. The native `then`,
  if (job.argument.kind == ValueKind::kPromise) {
    PerformPromiseThen(job.argument.id, {Handler::Kind::kResolvingFunctions, 0, 0, resolvingFunctions});
    return;
  }
  // or the author's.
  resolvers_.push_back(resolvingFunctions);
  const Outcome thenCallResult =
      user_code_->Call(CallKind::kThen, job.argument, static_cast<uint32_t>(resolvers_.size() - 1), 0);
  // 1.c.
  if (thenCallResult.thrown) PromiseRejectFunction(resolvingFunctions, thenCallResult.value);
}

// https://html.spec.whatwg.org/#notify-about-rejected-promises
void PromiseRealm::NotifyAboutRejectedPromises() {
  // 1.-3. Take the list.
  notifying_.clear();
  notifying_.swap(about_to_be_notified_);
  // 4. [[PromiseIsHandled]] is read now: streams also set it without telling the host.
  for (size_t i = 0; i < notifying_.size(); ++i) {
    const PromiseId promise = notifying_[i];
    if (!promises_[promise].isHandled) user_code_->UnhandledRejection(promise, promises_[promise].result);
  }
}

}  // namespace sluice::fuzz::model
