// A simulated JavaScript realm: promises, thenables and the microtask queue, exact to the job, and deterministic.
//
// The promise operations are ECMA-262's (https://tc39.es/ecma262/#sec-promise-objects): a reaction is a job of its own,
// resolving with a promise costs a job that calls its `then`, rejections with no handler are tracked. Records are plain
// data in arrays that live until Reset(), so a realm is an arena: promises are named by their index and never reused.
//
//   Realm realm;
//   realm.Reset(author, nullptr);   // no reactions of the core
//   uint32_t p = realm.NewPromise();
//   realm.Observe(p);
//   realm.ResolvePromise(p, Value::Undefined());
//   realm.RunAllMicrotasks();   // author.Settled(p, true, undefined)
//
// Re-entrancy: ResolvePromise with a thenable, and everything that runs microtasks, may run user code.
#ifndef SLUICE_SIM_REALM_H_
#define SLUICE_SIM_REALM_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "src/core/host.h"
#include "src/core/snapshot.h"
#include "src/sim/user_code.h"
#include "src/sim/value.h"

namespace sluice::sim {

class Realm {
 public:
  // ---- What it holds.
  static constexpr uint32_t kNone = ~0u;

  struct ReactionRecord {
    enum Kind : uint8_t { kCore, kObserver, kResolvingFunctions };
    Kind kind = kObserver;
    bool ran = false;
    uint32_t target = 0;  // kObserver: the promise; kResolvingFunctions: the resolver
    uint32_t next = kNone;
    core::Reaction core;

    friend bool operator==(const ReactionRecord&, const ReactionRecord&) = default;
  };

  struct PromiseRecord {
    core::PromiseView state = core::PromiseView::kPending;
    bool handled = false;
    bool follows = false;  // [[AlreadyResolved]]: resolved with a thenable and not settled yet
    uint32_t first_reaction = kNone;
    uint32_t last_reaction = kNone;
    Value value;

    friend bool operator==(const PromiseRecord&, const PromiseRecord&) = default;
  };

  struct Resolver {
    uint32_t promise = 0;
    bool called = false;

    friend bool operator==(const Resolver&, const Resolver&) = default;
  };

  struct Job {
    enum Kind : uint8_t { kReaction, kResolveThenable };
    Kind kind = kReaction;
    bool fulfilled = false;
    uint32_t index = 0;  // kReaction: the reaction; kResolveThenable: the promise to resolve
    Value value;         // kReaction: what it settled with; kResolveThenable: the promise or thenable

    friend bool operator==(const Job&, const Job&) = default;
  };

  // Runs the core's reactions.
  class CoreReactions {
   public:
    virtual ~CoreReactions() = default;
    virtual void RunReaction(const core::Reaction& reaction, bool fulfilled, Value value) = 0;
  };

  // Forgets everything. Both outlive the realm's use; `core_reactions` may be null if none are registered.
  void Reset(UserCode& user_code, CoreReactions* core_reactions);
  // Holds what `other` holds, under its own author and reactions. Nothing may be running in either.
  void CopyFrom(const Realm& other);
  bool HoldsTheSameAs(const Realm& other) const;  // under the same names
  // Forgets what is in it. At the end of a run, so that the next one does not take another way because of it.
  void Clear();

  // ---- Promises
  uint32_t NewPromise();
  // A promise's resolve function: settles or follows `value`. Nothing if the promise is settled. May run a `then`
  // getter.
  void ResolvePromise(uint32_t promise, Value value);
  void FulfillPromise(uint32_t promise, Value value);  // nothing if it is settled
  void RejectPromise(uint32_t promise, Value reason);  // nothing if it is settled
  void MarkHandled(uint32_t promise) { promises_[promise].handled = true; }
  core::PromiseView State(uint32_t promise) const { return promises_[promise].state; }
  bool IsHandled(uint32_t promise) const { return promises_[promise].handled; }
  Value Reason(uint32_t promise) const {  // undefined unless it is rejected
    return State(promise) == core::PromiseView::kRejected ? promises_[promise].value : Value::Undefined();
  }
  size_t promise_count() const { return promises_.size(); }

  // ---- Reactions: PerformPromiseThen
  void ThenCore(uint32_t promise, const core::Reaction& reaction);
  void Observe(uint32_t promise);  // UserCode::Settled

  // ---- The resolving functions that a thenable's `then` was called with. A pair works once.
  void CallResolve(uint32_t resolver, Value value);
  void CallReject(uint32_t resolver, Value reason);

  // ---- Microtasks
  size_t PendingMicrotasks() const { return jobs_.size() - next_job_; }
  struct NextReaction {
    core::Reaction reaction;
    bool fulfilled;
  };
  // The core's reaction that the next microtask will run; nullopt if it is another's.
  std::optional<NextReaction> NextCoreReaction() const;
  void RunMicrotasks(size_t count);
  // Until the queue is empty; then reports unhandled rejections (UserCode::UnhandledRejection), in order of rejection.
  void RunAllMicrotasks();

  // ---- Looking inside. Whatever can still happen can be reached from these.
  const PromiseRecord& promise(uint32_t index) const { return promises_[index]; }
  const ReactionRecord& reaction(uint32_t index) const { return reactions_[index]; }
  const Resolver& resolver(uint32_t index) const { return resolvers_[index]; }
  std::span<const Job> jobs() const { return std::span(jobs_).subspan(next_job_); }
  // Promises that were rejected while nothing handled them and were not reported yet. Some may be handled by now.
  std::span<const uint32_t> rejected() const { return rejected_; }

  // Calls `f` with each core reaction that was registered and whose job has not run.
  template <typename F>
  void ForEachWaitingCoreReaction(F f) const {
    for (const ReactionRecord& record : reactions_) {
      if (record.kind == ReactionRecord::kCore && !record.ran) f(record.core);
    }
  }

 private:
  void PerformPromiseThen(uint32_t promise, ReactionRecord reaction);
  void Settle(uint32_t promise, core::PromiseView state, Value value);
  void RunReaction(const Job& job);
  void RunResolveThenable(const Job& job);
  void Enqueue(const Job& job);
  void RunOne();
  uint32_t NewResolver(uint32_t promise);

  UserCode* user_code_ = nullptr;
  CoreReactions* core_reactions_ = nullptr;
  std::vector<PromiseRecord> promises_;
  std::vector<ReactionRecord> reactions_;
  std::vector<Resolver> resolvers_;
  std::vector<Job> jobs_;
  size_t next_job_ = 0;
  std::vector<uint32_t> rejected_;   // about to be notified
  std::vector<uint32_t> notifying_;  // those that are being reported
};

}  // namespace sluice::sim

#endif  // SLUICE_SIM_REALM_H_
