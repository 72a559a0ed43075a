#include "src/sim/realm.h"

#include <algorithm>

namespace sluice::sim {

using core::PromiseView;
namespace {

// Entries that most programs do not exceed: an input does not grow what the next one finds grown, or the way that it
// takes, which engines watch, would depend on what ran before.
constexpr size_t kRoom = 1024;

}  // namespace

void Realm::Reset(UserCode& user_code, CoreReactions* core_reactions) {
  user_code_ = &user_code;
  core_reactions_ = core_reactions;
  Clear();
  promises_.reserve(kRoom);
  reactions_.reserve(kRoom);
  resolvers_.reserve(kRoom);
  jobs_.reserve(kRoom);
  rejected_.reserve(kRoom);
  notifying_.reserve(kRoom);
}

void Realm::CopyFrom(const Realm& other) {
  promises_ = other.promises_;
  reactions_ = other.reactions_;
  resolvers_ = other.resolvers_;
  jobs_ = other.jobs_;
  next_job_ = other.next_job_;
  rejected_ = other.rejected_;
}

bool Realm::HoldsTheSameAs(const Realm& other) const {
  return promises_ == other.promises_ && reactions_ == other.reactions_ && resolvers_ == other.resolvers_ &&
         rejected_ == other.rejected_ && std::ranges::equal(jobs(), other.jobs());
}

void Realm::Clear() {
  promises_.clear();
  reactions_.clear();
  resolvers_.clear();
  jobs_.clear();
  next_job_ = 0;
  rejected_.clear();
}

uint32_t Realm::NewPromise() {
  promises_.emplace_back();
  return static_cast<uint32_t>(promises_.size() - 1);
}

// https://tc39.es/ecma262/#sec-promise-resolve-functions
void Realm::ResolvePromise(uint32_t promise, Value value) {
  if (promises_[promise].state != PromiseView::kPending || promises_[promise].follows) return;
  if (value.kind == ValueKind::kPromise) {
    // The `then` of a promise is the realm's own; looking it up runs nothing.
    promises_[promise].follows = true;
    Enqueue({.kind = Job::kResolveThenable, .index = promise, .value = value});
    return;
  }
  if (value.kind == ValueKind::kThenable) {
    promises_[promise].follows = true;
    const Outcome then = user_code_->Call(CallKind::kGetThen, value, 0, 0);
    if (then.thrown) {
      Settle(promise, PromiseView::kRejected, then.value);
    } else if (then.value.kind == ValueKind::kNumber) {
      Settle(promise, PromiseView::kFulfilled, value);
    } else {
      Enqueue({.kind = Job::kResolveThenable, .index = promise, .value = value});
    }
    return;
  }
  Settle(promise, PromiseView::kFulfilled, value);
}

void Realm::FulfillPromise(uint32_t promise, Value value) { Settle(promise, PromiseView::kFulfilled, value); }

void Realm::RejectPromise(uint32_t promise, Value reason) {
  if (promises_[promise].follows) return;
  Settle(promise, PromiseView::kRejected, reason);
}

// https://tc39.es/ecma262/#sec-fulfillpromise https://tc39.es/ecma262/#sec-rejectpromise
void Realm::Settle(uint32_t index, PromiseView state, Value value) {
  PromiseRecord& promise = promises_[index];
  if (promise.state != PromiseView::kPending) return;
  promise.state = state;
  promise.value = value;
  promise.follows = false;
  if (state == PromiseView::kRejected && !promise.handled) rejected_.push_back(index);
  user_code_->PromiseSettled(index);
  for (uint32_t r = promise.first_reaction; r != kNone; r = reactions_[r].next) {
    Enqueue({.kind = Job::kReaction, .fulfilled = state == PromiseView::kFulfilled, .index = r, .value = value});
  }
}

void Realm::ThenCore(uint32_t promise, const core::Reaction& reaction) {
  PerformPromiseThen(promise, {.kind = ReactionRecord::kCore, .core = reaction});
}

void Realm::Observe(uint32_t promise) {
  PerformPromiseThen(promise, {.kind = ReactionRecord::kObserver, .target = promise});
}

// https://tc39.es/ecma262/#sec-performpromisethen
void Realm::PerformPromiseThen(uint32_t index, ReactionRecord reaction) {
  PromiseRecord& promise = promises_[index];
  const auto r = static_cast<uint32_t>(reactions_.size());
  reactions_.push_back(reaction);
  promise.handled = true;
  if (promise.state != PromiseView::kPending) {
    Enqueue({.kind = Job::kReaction,
             .fulfilled = promise.state == PromiseView::kFulfilled,
             .index = r,
             .value = promise.value});
    return;
  }
  if (promise.last_reaction == kNone) {
    promise.first_reaction = r;
  } else {
    reactions_[promise.last_reaction].next = r;
  }
  promise.last_reaction = r;
}

uint32_t Realm::NewResolver(uint32_t promise) {
  resolvers_.push_back({.promise = promise});
  return static_cast<uint32_t>(resolvers_.size() - 1);
}

// A thenable job's resolving functions are a new pair: the promise follows nothing while they are uncalled.
void Realm::CallResolve(uint32_t resolver, Value value) {
  if (resolvers_[resolver].called) return;
  resolvers_[resolver].called = true;
  const uint32_t promise = resolvers_[resolver].promise;
  promises_[promise].follows = false;
  ResolvePromise(promise, value);
}

void Realm::CallReject(uint32_t resolver, Value reason) {
  if (resolvers_[resolver].called) return;
  resolvers_[resolver].called = true;
  Settle(resolvers_[resolver].promise, PromiseView::kRejected, reason);
}

void Realm::Enqueue(const Job& job) { jobs_.push_back(job); }

// https://tc39.es/ecma262/#sec-newpromisereactionjob
void Realm::RunReaction(const Job& job) {
  reactions_[job.index].ran = true;
  const ReactionRecord reaction = reactions_[job.index];
  switch (reaction.kind) {
    case ReactionRecord::kCore:
      core_reactions_->RunReaction(reaction.core, job.fulfilled, job.value);
      break;
    case ReactionRecord::kObserver:
      user_code_->Settled(reaction.target, job.fulfilled, job.value);
      break;
    case ReactionRecord::kResolvingFunctions:
      job.fulfilled ? CallResolve(reaction.target, job.value) : CallReject(reaction.target, job.value);
      break;
  }
}

// https://tc39.es/ecma262/#sec-newpromiseresolvethenablejob
void Realm::RunResolveThenable(const Job& job) {
  const uint32_t resolver = NewResolver(job.index);
  if (job.value.kind == ValueKind::kPromise) {
    PerformPromiseThen(job.value.id, {.kind = ReactionRecord::kResolvingFunctions, .target = resolver});
    return;
  }
  const Outcome result = user_code_->Call(CallKind::kThen, job.value, resolver, 0);
  if (result.thrown) CallReject(resolver, result.value);
}

void Realm::RunOne() {
  const Job job = jobs_[next_job_++];
  if (next_job_ == jobs_.size()) {
    jobs_.clear();
    next_job_ = 0;
  }
  job.kind == Job::kReaction ? RunReaction(job) : RunResolveThenable(job);
}

std::optional<Realm::NextReaction> Realm::NextCoreReaction() const {
  if (PendingMicrotasks() == 0) return std::nullopt;
  const Job& job = jobs_[next_job_];
  if (job.kind != Job::kReaction || reactions_[job.index].kind != ReactionRecord::kCore) return std::nullopt;
  return NextReaction{reactions_[job.index].core, job.fulfilled};
}

void Realm::RunMicrotasks(size_t count) {
  for (; count > 0 && PendingMicrotasks() > 0; --count) RunOne();
}

void Realm::RunAllMicrotasks() {
  while (PendingMicrotasks() > 0) RunOne();
  // Both lists keep their memory. Reporting runs no user code, so this is not entered again.
  notifying_.clear();
  notifying_.swap(rejected_);
  for (const uint32_t promise : notifying_) {
    if (!promises_[promise].handled) user_code_->UnhandledRejection(promise, promises_[promise].value);
  }
}

}  // namespace sluice::sim
