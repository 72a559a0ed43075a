// What a core::Host must do that makes promises itself, as the simulated one does, and that V8's, which only writes
// down what JavaScript is to make (src/v8/v8_host.h), cannot be asked for: promises, errors and references, by their
// slots. What both must do is in host_conformance.h.
//
//   INSTANTIATE_TYPED_TEST_SUITE_P(MyHost, HostPromises, MyAdapter);
//
// An adapter is default-constructible and lives for one test. It plays the author:
//   core::ReentrantHost& host();
//   core::StreamSlot NewStream();                       // new WritableStream()
//   core::WriterSlot NewWriter();                       // a new writer with no stream
//   core::ValueSlot NewReason();                        // a new author's value, unlike all others; a new reference
//   bool Same(core::ValueSlot, core::ValueSlot);        // the same JavaScript value
//   ErrorKind KindOf(core::ValueSlot);
//   void Then(core::PromiseSlot, std::function<void(bool fulfilled, core::ValueSlot value)>);   // the author's
//                                                       // reaction; `value` is borrowed
//   void RunMicrotasks();                               // until none is left, and then reports unhandled rejections
//   size_t unhandled_rejections();                      // how many were reported so far
//   const char* Finish();                               // gives all back; what was wrong with the references, or null
#ifndef SLUICE_TESTS_HOST_PROMISES_H_
#define SLUICE_TESTS_HOST_PROMISES_H_

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "src/core/class_steps.h"
#include "src/core/host.h"

namespace sluice::testing {

enum class ErrorKind { kNone, kTypeError, kRangeError, kAbortError };

template <typename Adapter>
class HostPromises : public ::testing::Test {
 protected:
  core::ReentrantHost& host() { return adapter.host(); }
  core::PromiseView State(core::PromiseSlot promise) { return host().State(promise); }
  void Drop(core::PromiseSlot promise) { host().Drop(promise); }
  void Drop(core::ValueSlot value) { host().Drop(value); }

  core::WritableStream& stream() { return host().Stream(slot); }
  // An errored stream: its abort reaction settles a promise and does nothing else that can be seen.
  core::StreamSlot ErroredStream() {
    slot = adapter.NewStream();
    adapter.RunMicrotasks();
    core::ws_default_controller::Error(host(), stream(), core::kUndefined);
    EXPECT_EQ(stream().state, core::StreamState::kErrored);
    return slot;
  }
  // Settles as `promise` does, through a reaction of the core's.
  core::PromiseSlot CoreReaction(core::PromiseSlot promise) {
    const core::PromiseSlot settled = host().NewPromise();
    host().UponSettled(promise,
                       {core::ReactionKind::kAbort, slot, host().Store(settled, core::Place::kAbortRequest, slot)});
    return settled;
  }

  void TearDown() override {
    adapter.RunMicrotasks();
    const char* wrong = adapter.Finish();
    EXPECT_EQ(wrong, nullptr) << wrong;
  }

  Adapter adapter;
  core::StreamSlot slot;
};

TYPED_TEST_SUITE_P(HostPromises);

using core::kUndefined;
using core::PromiseSlot;
using core::PromiseView;
using core::ValueSlot;

// ---- Promises

TYPED_TEST_P(HostPromises, NewPromisesAreWhatTheirNamesSay) {
  const ValueSlot reason = this->adapter.NewReason();
  const PromiseSlot promises[] = {
      this->host().NewPromise(), this->host().NewPromiseResolved(), this->host().NewPromiseRejected(reason),
      this->host().NewWriterPromiseRejected(this->adapter.NewWriter(), core::WriterPromise::kReady, reason)};
  const PromiseView expected[] = {PromiseView::kPending, PromiseView::kFulfilled, PromiseView::kRejected,
                                  PromiseView::kRejected};
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(this->State(promises[i]), expected[i]) << i;
    EXPECT_EQ(this->host().IsHandled(promises[i]), i == 3) << i;
    this->Drop(promises[i]);
  }
  this->Drop(reason);
}

TYPED_TEST_P(HostPromises, UndefinedSlotHasNoPromiseAndNeedsNoReference) {
  EXPECT_EQ(this->State({}), PromiseView::kUndefined);
  EXPECT_EQ(this->host().Retain(PromiseSlot{}), PromiseSlot{});
  EXPECT_EQ(this->host().Retain(kUndefined), kUndefined);
  this->Drop(PromiseSlot{});
  this->Drop(kUndefined);
}

TYPED_TEST_P(HostPromises, ASecondSettlementDoesNothing) {
  const ValueSlot first = this->adapter.NewReason();
  const ValueSlot second = this->adapter.NewReason();
  const PromiseSlot resolved = this->host().NewPromise();
  const PromiseSlot rejected = this->host().NewPromise();
  int fulfilled_with_undefined = 0, rejected_with_first = 0;
  this->adapter.Then(resolved, [&](bool ok, ValueSlot v) { fulfilled_with_undefined += ok && v.is_undefined(); });
  this->adapter.Then(rejected,
                     [&](bool ok, ValueSlot v) { rejected_with_first += !ok && this->adapter.Same(v, first); });
  this->host().Resolve(resolved);
  this->host().Resolve(resolved);
  this->host().Reject(resolved, first);
  this->host().Reject(rejected, first);
  this->host().Reject(rejected, second);
  this->host().RejectAndMarkHandled(rejected, second);
  this->host().Resolve(rejected);
  EXPECT_EQ(this->State(resolved), PromiseView::kFulfilled);
  EXPECT_EQ(this->State(rejected), PromiseView::kRejected);
  this->adapter.RunMicrotasks();
  EXPECT_EQ(fulfilled_with_undefined, 1);
  EXPECT_EQ(rejected_with_first, 1);
  this->Drop(resolved), this->Drop(rejected), this->Drop(first), this->Drop(second);
}

TYPED_TEST_P(HostPromises, ReactionsRunInRegistrationOrderAndNeverSynchronously) {
  this->ErroredStream();
  const PromiseSlot promise = this->host().NewPromise();
  std::string order;
  this->adapter.Then(promise, [&](bool, ValueSlot) { order += "a"; });
  const PromiseSlot by_core = this->CoreReaction(promise);
  this->adapter.Then(
      promise, [&](bool, ValueSlot) { order += this->State(by_core) == PromiseView::kFulfilled ? "b" : "too early"; });
  this->host().Resolve(promise);
  this->adapter.Then(promise, [&](bool, ValueSlot) { order += "c"; });
  EXPECT_EQ(order, "");
  EXPECT_EQ(this->State(by_core), PromiseView::kPending);
  this->adapter.RunMicrotasks();
  EXPECT_EQ(order, "abc");
  this->Drop(promise), this->Drop(by_core);
}

TYPED_TEST_P(HostPromises, AReactionToASettledPromiseIsASeparateMicrotask) {
  this->ErroredStream();
  const PromiseSlot promise = this->host().NewPromiseResolved();
  bool settled_in_first = true, settled_in_second = false;
  PromiseSlot by_core;
  this->adapter.Then(promise,
                     [&](bool, ValueSlot) { settled_in_first = this->State(by_core) != PromiseView::kPending; });
  by_core = this->CoreReaction(promise);
  this->adapter.Then(promise,
                     [&](bool, ValueSlot) { settled_in_second = this->State(by_core) != PromiseView::kPending; });
  EXPECT_EQ(this->State(by_core), PromiseView::kPending);
  this->adapter.RunMicrotasks();
  EXPECT_FALSE(settled_in_first);
  EXPECT_TRUE(settled_in_second);
  this->Drop(promise), this->Drop(by_core);
}

TYPED_TEST_P(HostPromises, CoreReactionGetsTheReasonAndMarksHandled) {
  this->ErroredStream();
  const ValueSlot reason = this->adapter.NewReason();
  const PromiseSlot promise = this->host().NewPromise();
  const PromiseSlot by_core = this->CoreReaction(promise);
  EXPECT_TRUE(this->host().IsHandled(promise));
  bool same = false;
  this->adapter.Then(by_core, [&](bool ok, ValueSlot v) { same = !ok && this->adapter.Same(v, reason); });
  this->host().Reject(promise, reason);
  this->adapter.RunMicrotasks();
  EXPECT_TRUE(same);
  EXPECT_EQ(this->adapter.unhandled_rejections(), 0u);
  this->Drop(promise), this->Drop(by_core), this->Drop(reason);
}

TYPED_TEST_P(HostPromises, RejectionThatNothingHandlesIsReportedOnce) {
  const PromiseSlot rejected = this->host().NewPromise();
  this->host().Reject(rejected, kUndefined);
  const PromiseSlot made = this->host().NewPromiseRejected(kUndefined);
  EXPECT_EQ(this->adapter.unhandled_rejections(), 0u);
  this->adapter.RunMicrotasks();
  EXPECT_EQ(this->adapter.unhandled_rejections(), 2u);
  this->adapter.RunMicrotasks();
  EXPECT_EQ(this->adapter.unhandled_rejections(), 2u);
  this->Drop(rejected), this->Drop(made);
}

TYPED_TEST_P(HostPromises, HandledRejectionsAreNeverReported) {
  const PromiseSlot marked = this->host().NewPromise();
  this->host().RejectAndMarkHandled(marked, kUndefined);
  EXPECT_TRUE(this->host().IsHandled(marked));
  const PromiseSlot made =
      this->host().NewWriterPromiseRejected(this->adapter.NewWriter(), core::WriterPromise::kClosed, kUndefined);
  const PromiseSlot with_reaction = this->host().NewPromiseRejected(kUndefined);
  this->adapter.Then(with_reaction, [](bool, ValueSlot) {});
  const PromiseSlot marked_late = this->host().NewPromiseRejected(kUndefined);
  this->host().RejectAndMarkHandled(marked_late, kUndefined);
  this->adapter.RunMicrotasks();
  EXPECT_EQ(this->adapter.unhandled_rejections(), 0u);
  for (const PromiseSlot promise : {marked, made, with_reaction, marked_late}) this->Drop(promise);
}

// ---- References and names

TYPED_TEST_P(HostPromises, RetainGivesTheSameSlotAndOneReferenceMore) {
  const PromiseSlot promise = this->host().NewPromise();
  EXPECT_EQ(this->host().Retain(promise), promise);
  this->Drop(promise);
  this->host().Resolve(promise);
  EXPECT_EQ(this->State(promise), PromiseView::kFulfilled);
  this->Drop(promise);
  const ValueSlot value = this->adapter.NewReason();
  EXPECT_EQ(this->host().Retain(value), value);
  this->Drop(value);
  EXPECT_TRUE(this->adapter.Same(value, value));
  this->Drop(value);
}

TYPED_TEST_P(HostPromises, StreamsAndWritersAreFoundByTheirSlots) {
  const core::StreamSlot a = this->adapter.NewStream();
  const core::StreamSlot b = this->adapter.NewStream();
  EXPECT_NE(a, b);
  EXPECT_EQ(this->host().Stream(a).self, a);
  EXPECT_EQ(this->host().Stream(b).self, b);
  const core::WriterSlot v = this->adapter.NewWriter();
  const core::WriterSlot w = this->adapter.NewWriter();
  EXPECT_NE(v, w);
  ASSERT_FALSE(core::ws::GetWriter(this->host(), this->host().Stream(b), w).is_thrown());
  EXPECT_TRUE(this->host().Writer(v).stream.is_undefined());
  EXPECT_EQ(this->host().Writer(w).stream, b);
  EXPECT_EQ(this->host().Stream(b).writer, w);
}

// ---- Errors and chunks

TYPED_TEST_P(HostPromises, ErrorsHaveTheirTypesAndAreDistinctObjects) {
  std::vector<ValueSlot> errors;
  for (int reason = 0; reason <= static_cast<int>(core::TypeErrorReason::kWriterReleased); ++reason) {
    errors.push_back(this->host().NewTypeError(static_cast<core::TypeErrorReason>(reason)));
    errors.push_back(this->host().NewTypeError(static_cast<core::TypeErrorReason>(reason)));
  }
  for (const ValueSlot error : errors) EXPECT_EQ(this->adapter.KindOf(error), ErrorKind::kTypeError);
  const size_t type_errors = errors.size();
  for (int reason = 0; reason <= static_cast<int>(core::RangeErrorReason::kUnsupportedSinkType); ++reason) {
    errors.push_back(this->host().NewRangeError(static_cast<core::RangeErrorReason>(reason)));
  }
  errors.push_back(this->host().NewRangeError(core::ByteLimitExceeded{.limit = 1, .buffered = 1, .asked = 1}));
  errors.push_back(this->host().NewRangeError(core::ByteLimitExceeded{.limit = 1, .buffered = 1, .asked = 1}));
  for (size_t i = type_errors; i < errors.size(); ++i)
    EXPECT_EQ(this->adapter.KindOf(errors[i]), ErrorKind::kRangeError);
  for (size_t i = 0; i < errors.size(); ++i) {
    for (size_t j = 0; j < i; ++j) EXPECT_FALSE(this->adapter.Same(errors[i], errors[j])) << i << " and " << j;
  }
  for (const ValueSlot error : errors) this->Drop(error);
}

REGISTER_TYPED_TEST_SUITE_P(HostPromises, NewPromisesAreWhatTheirNamesSay, UndefinedSlotHasNoPromiseAndNeedsNoReference,
                            ASecondSettlementDoesNothing, ReactionsRunInRegistrationOrderAndNeverSynchronously,
                            AReactionToASettledPromiseIsASeparateMicrotask, CoreReactionGetsTheReasonAndMarksHandled,
                            RejectionThatNothingHandlesIsReportedOnce, HandledRejectionsAreNeverReported,
                            RetainGivesTheSameSlotAndOneReferenceMore, StreamsAndWritersAreFoundByTheirSlots,
                            ErrorsHaveTheirTypesAndAreDistinctObjects);

}  // namespace sluice::testing

#endif  // SLUICE_TESTS_HOST_PROMISES_H_
