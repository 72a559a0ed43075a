#include "src/core/invariants.h"

#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <map>
#include <regex>
#include <set>
#include <string>

#include "tests/core/stream_test.h"

namespace sluice::core {
namespace {

using View = PromiseView;
using State = StreamState;

const Invariant* Row(const std::string& id) {
  for (const Invariant& invariant : AllInvariants()) {
    if (id == invariant.id) return &invariant;
  }
  return nullptr;
}

// ---- Healthy snapshots, by hand. Streams without and with a writer.

Snapshot Fresh() {
  Snapshot s;
  s.has_controller = true;
  s.has_writeAlgorithm = s.has_closeAlgorithm = s.has_abortAlgorithm = s.has_strategySizeAlgorithm = true;
  s.strategyHWM = 1;
  return s;
}

Snapshot Started() {
  Snapshot s = Fresh();
  s.started = true;
  return s;
}

Snapshot WithWriter(Snapshot s) {
  s.has_writer = s.writer_stream_is_this = true;
  s.readyPromise = View::kFulfilled;
  s.closedPromise = View::kPending;
  return s;
}

// Two chunks, one in flight.
Snapshot Writing() {
  Snapshot s = WithWriter(Started());
  s.queue_size = 2;
  s.queueTotalSize = 2;
  s.inFlightWriteRequest = View::kPending;
  s.writeRequests_size = 1;
  s.backpressure = true;
  s.readyPromise = View::kPending;
  s.has_byte_limit = true;
  s.byte_limit = 200;
  s.charged_bytes = s.queue_charge_sum = 128;
  return s;
}

Snapshot WritingThenClose() {
  Snapshot s = Writing();
  s.queue_size = 3;
  s.queue_sentinels = 1;
  s.queue_ends_with_sentinel = true;
  s.closeRequest = View::kPending;
  s.readyPromise = View::kFulfilled;
  return s;
}

Snapshot WithoutAlgorithms(Snapshot s) {
  s.has_writeAlgorithm = s.has_closeAlgorithm = s.has_abortAlgorithm = s.has_strategySizeAlgorithm = false;
  return s;
}

Snapshot Closing() {
  Snapshot s = WithoutAlgorithms(WithWriter(Started()));
  s.inFlightCloseRequest = View::kPending;
  return s;
}

Snapshot Closed() {
  Snapshot s = WithoutAlgorithms(WithWriter(Started()));
  s.state = State::kClosed;
  s.closedPromise = View::kFulfilled;
  return s;
}

Snapshot Erroring() {
  Snapshot s = Writing();
  s.state = State::kErroring;
  s.has_storedError = true;
  s.readyPromise = View::kRejected;
  s.readyPromise_is_handled = true;
  return s;
}

Snapshot AbortPending() {
  Snapshot s = Erroring();
  s.pendingAbortRequest = View::kPending;
  s.pendingAbortRequest_has_reason = true;
  s.signal_aborted = true;
  return s;
}

Snapshot Errored() {
  Snapshot s = WithoutAlgorithms(WithWriter(Started()));
  s.state = State::kErrored;
  s.has_storedError = true;
  s.readyPromise = s.closedPromise = View::kRejected;
  s.readyPromise_is_handled = s.closedPromise_is_handled = true;
  return s;
}

// ---- One broken snapshot for each row: a healthy one, and what breaks it.

struct Broken {
  Snapshot healthy;
  std::function<void(Snapshot&)> damage;
};

const std::map<std::string, Broken>& BrokenSnapshots() {
  static const std::map<std::string, Broken> broken = {
      {"I-CLOSED-NO-ERROR", {Closed(), [](Snapshot& s) { s.has_storedError = true; }}},
      {"I-WRITABLE-NO-ERROR", {Started(), [](Snapshot& s) { s.has_storedError = true; }}},
      {"I-CLOSED-NO-ABORT", {Closed(), [](Snapshot& s) { s.pendingAbortRequest = View::kPending; }}},
      {"I-ERRORED-NO-ABORT", {Errored(), [](Snapshot& s) { s.pendingAbortRequest = View::kPending; }}},
      {"I-WRITABLE-NO-ABORT", {Started(), [](Snapshot& s) { s.pendingAbortRequest = View::kPending; }}},
      {"I-ENDED-NOTHING-IN-FLIGHT", {Errored(), [](Snapshot& s) { s.inFlightWriteRequest = View::kPending; }}},
      {"I-CLOSED-STARTED", {Closed(), [](Snapshot& s) { s.started = false; }}},
      {"I-ERRORED-STARTED", {Errored(), [](Snapshot& s) { s.started = false; }}},
      {"I-ERRORING-WAITS", {Erroring(), [](Snapshot& s) { s.inFlightWriteRequest = View::kUndefined; }}},
      {"I-CLOSED-NO-CLOSE-REQUEST", {Closed(), [](Snapshot& s) { s.closeRequest = View::kPending; }}},
      {"I-HAS-CONTROLLER", {Fresh(), [](Snapshot& s) { s.has_controller = false; }}},
      {"I-ONE-IN-FLIGHT", {Writing(), [](Snapshot& s) { s.inFlightCloseRequest = View::kPending; }}},
      {"I-ONE-CLOSE", {WritingThenClose(), [](Snapshot& s) { s.inFlightCloseRequest = View::kPending; }}},
      {"I-IN-FLIGHT-STARTED", {Writing(), [](Snapshot& s) { s.started = false; }}},
      {"I-REQUESTS-PENDING", {Writing(), [](Snapshot& s) { s.writeRequests_all_pending = false; }}},
      {"I-IN-FLIGHT-WRITE-PENDING", {Writing(), [](Snapshot& s) { s.inFlightWriteRequest = View::kFulfilled; }}},
      {"I-CLOSE-REQUEST-PENDING", {WritingThenClose(), [](Snapshot& s) { s.closeRequest = View::kRejected; }}},
      {"I-IN-FLIGHT-CLOSE-PENDING", {Closing(), [](Snapshot& s) { s.inFlightCloseRequest = View::kFulfilled; }}},
      {"I-ABORT-PENDING", {AbortPending(), [](Snapshot& s) { s.pendingAbortRequest = View::kRejected; }}},
      {"I-ABORT-ALREADY-ERRORING-NO-REASON",
       {AbortPending(), [](Snapshot& s) { s.pendingAbortRequest_wasAlreadyErroring = true; }}},
      {"I-ABORT-SIGNALLED", {AbortPending(), [](Snapshot& s) { s.signal_aborted = false; }}},
      {"I-QUEUE-MATCHES-REQUESTS", {Writing(), [](Snapshot& s) { s.writeRequests_size = 2; }}},
      {"I-ERRORING-QUEUE-HAS-REQUESTS", {Erroring(), [](Snapshot& s) { s.queue_size = 3; }}},
      {"I-ONE-SENTINEL", {WritingThenClose(), [](Snapshot& s) { s.queue_sentinels = 2; }}},
      {"I-SENTINEL-LAST", {WritingThenClose(), [](Snapshot& s) { s.queue_ends_with_sentinel = false; }}},
      {"I-SENTINEL-IS-REQUEST", {WritingThenClose(), [](Snapshot& s) { s.closeRequest = View::kUndefined; }}},
      {"I-CLOSE-IN-FLIGHT-QUEUE-EMPTY", {Closing(), [](Snapshot& s) { s.queue_size = 1; }}},
      {"I-ENDED-QUEUE-EMPTY", {Errored(), [](Snapshot& s) { s.queue_size = 1; }}},
      {"I-ENDED-NO-REQUESTS", {Errored(), [](Snapshot& s) { s.writeRequests_size = 1; }}},
      {"I-ENDED-TOTAL-ZERO", {Errored(), [](Snapshot& s) { s.queueTotalSize = 1; }}},
      {"I-SIZES-VALID", {Writing(), [](Snapshot& s) { s.queue_sizes_valid = false; }}},
      {"I-TOTAL-NOT-NEGATIVE", {Started(), [](Snapshot& s) { s.queueTotalSize = -1e-17; }}},
      {"I-PROGRESS",
       {Writing(),
        [](Snapshot& s) {
          s.inFlightWriteRequest = View::kUndefined;
          s.writeRequests_size = 2;
        }}},
      {"I-BACKPRESSURE", {Started(), [](Snapshot& s) { s.backpressure = true; }}},
      {"I-READY-WAITS", {Writing(), [](Snapshot& s) { s.readyPromise = View::kFulfilled; }}},
      {"I-READY-REJECTED", {Erroring(), [](Snapshot& s) { s.readyPromise = View::kPending; }}},
      {"I-READY-CLOSING", {WritingThenClose(), [](Snapshot& s) { s.readyPromise = View::kPending; }}},
      {"I-REJECTED-READY-HANDLED", {Erroring(), [](Snapshot& s) { s.readyPromise_is_handled = false; }}},
      {"I-REJECTED-CLOSED-HANDLED", {Errored(), [](Snapshot& s) { s.closedPromise_is_handled = false; }}},
      {"I-CLOSED-PROMISE-PENDING",
       {Writing(),
        [](Snapshot& s) {
          s.closedPromise = View::kRejected;
          s.closedPromise_is_handled = true;
        }}},
      {"I-CLOSED-PROMISE-FULFILLED", {Closed(), [](Snapshot& s) { s.closedPromise = View::kPending; }}},
      {"I-ERRORED-READY-SETTLED", {Errored(), [](Snapshot& s) { s.readyPromise = View::kPending; }}},
      {"I-WRITER-KNOWS-STREAM", {Writing(), [](Snapshot& s) { s.writer_stream_is_this = false; }}},
      {"I-ALGORITHMS-TOGETHER", {Started(), [](Snapshot& s) { s.has_closeAlgorithm = false; }}},
      {"I-WRITABLE-HAS-ALGORITHMS", {Started(), [](Snapshot& s) { s = WithoutAlgorithms(s); }}},
      {"I-CLOSED-NO-ALGORITHMS",
       {Closed(),
        [](Snapshot& s) {
          s.has_writeAlgorithm = s.has_closeAlgorithm = s.has_abortAlgorithm = s.has_strategySizeAlgorithm = true;
        }}},
      {"I-ABORT-HAS-ALGORITHMS", {AbortPending(), [](Snapshot& s) { s = WithoutAlgorithms(s); }}},
      {"I-BYTES-SUM", {Writing(), [](Snapshot& s) { s.charged_bytes = 64; }}},
      {"I-BYTES-LIMIT", {Writing(), [](Snapshot& s) { s.byte_limit = 127; }}},
  };
  return broken;
}

// ---- The table itself

TEST(Invariants, TableHasAtLeastThirtyRows) { EXPECT_GE(AllInvariants().size(), 30u); }

TEST(Invariants, IdsAreUniqueAndWellFormed) {
  std::set<std::string> ids;
  for (const Invariant& row : AllInvariants()) {
    EXPECT_TRUE(ids.insert(row.id).second) << row.id << " is there twice";
    EXPECT_TRUE(std::regex_match(row.id, std::regex("I-[A-Z]+(-[A-Z]+)*"))) << row.id;
  }
}

TEST(Invariants, SentencesAreUniqueSentences) {
  std::set<std::string> sentences;
  for (const Invariant& row : AllInvariants()) {
    const std::string sentence = row.sentence;
    ASSERT_FALSE(sentence.empty()) << row.id;
    EXPECT_EQ(sentence.back(), '.') << row.id;
    EXPECT_TRUE(std::isupper(static_cast<unsigned char>(sentence.front())) || sentence.rfind("queueTotalSize", 0) == 0)
        << row.id;
    EXPECT_TRUE(sentences.insert(sentence).second) << row.id;
  }
}

TEST(Invariants, AnchorsAreTheStandards) {
  std::ifstream file("tests/spec/anchors.txt");
  ASSERT_TRUE(file) << "run from the root of the sources";
  std::set<std::string> anchors = {"byte-limit"};
  for (std::string line; std::getline(file, line);) anchors.insert(line);
  ASSERT_GT(anchors.size(), 100u);
  for (const Invariant& row : AllInvariants())
    EXPECT_TRUE(anchors.contains(row.anchor)) << row.id << ": #" << row.anchor;
}

// ---- Each row can fail

TEST(Invariants, EveryRowHasABrokenSnapshotAndEveryBrokenSnapshotARow) {
  std::set<std::string> rows;
  std::set<std::string> broken;
  for (const Invariant& row : AllInvariants()) rows.insert(row.id);
  for (const auto& [id, snapshot] : BrokenSnapshots()) broken.insert(id);
  EXPECT_EQ(rows, broken);
}

TEST(Invariants, EveryRowSeesItsBrokenSnapshot) {
  for (const auto& [id, broken] : BrokenSnapshots()) {
    const Invariant* row = Row(id);
    ASSERT_NE(row, nullptr) << id;
    const Invariant* already = FirstBrokenInvariant(broken.healthy);
    EXPECT_EQ(already, nullptr) << id << " starts from a snapshot that breaks " << already->id;
    Snapshot snapshot = broken.healthy;
    broken.damage(snapshot);
    EXPECT_FALSE(row->predicate(snapshot)) << id;
    EXPECT_NE(FirstBrokenInvariant(snapshot), nullptr) << id;
  }
}

TEST(Invariants, FirstBrokenIsTheFirstRowOfTheTableThatFails) {
  for (const auto& [id, broken] : BrokenSnapshots()) {
    Snapshot snapshot = broken.healthy;
    broken.damage(snapshot);
    const Invariant* expected = nullptr;
    for (const Invariant& row : AllInvariants()) {
      if (expected == nullptr && !row.predicate(snapshot)) expected = &row;
    }
    EXPECT_EQ(FirstBrokenInvariant(snapshot), expected) << id;
  }
}

TEST(Invariants, QuiescentRowsDoNotApplyInsideAnOperation) {
  for (const auto& [id, broken] : BrokenSnapshots()) {
    Snapshot snapshot = broken.healthy;
    broken.damage(snapshot);
    snapshot.depth = 1;
    const Invariant* first = FirstBrokenInvariant(snapshot);
    if (Row(id)->holds == Holds::kAlways) {
      EXPECT_NE(first, nullptr) << id;
    } else if (first != nullptr) {
      EXPECT_EQ(first->holds, Holds::kAlways) << id;
    }
  }
}

// ---- All hold for real streams in each state

class InvariantsOfStreams : public StreamTest {
 protected:
  void ExpectAllHold(const char* what) {
    const Invariant* broken = FirstBrokenInvariant(Taken());
    EXPECT_EQ(broken, nullptr) << what << ": " << broken->id << ": " << broken->sentence;
  }
};

TEST_F(InvariantsOfStreams, HoldWithoutAWriter) {
  ASSERT_FALSE(ConstructOnly({.sink = FullSink()}).thrown);
  EXPECT_FALSE(Taken().started);
  ExpectAllHold("fresh");
  Run();
  EXPECT_TRUE(Taken().started);
  ExpectAllHold("started");
  Ignore(ws::Close(host, stream()));
  EXPECT_EQ(Taken().inFlightCloseRequest, View::kPending);
  ExpectAllHold("close in flight");
  Run();
  EXPECT_EQ(Taken().state, State::kClosed);
  ExpectAllHold("closed");
}

TEST_F(InvariantsOfStreams, HoldWhileWritingAndClosing) {
  on[CallKind::kWrite] = [&](Value) { return ReturnPromise(NewDeferred()); };
  Construct({.sink = FullSink(), .byte_limit = 1000});
  const WriterSlot writer = GetWriter();
  ExpectAllHold("with a writer");
  Ignore(Write(writer, 1));
  Ignore(Write(writer, 2));
  const Snapshot writing = Taken();
  EXPECT_TRUE(writing.backpressure);
  EXPECT_EQ(writing.inFlightWriteRequest, View::kPending);
  EXPECT_EQ(writing.writeRequests_size, 1u);
  EXPECT_EQ(writing.queue_size, 2u);
  EXPECT_EQ(writing.charged_bytes, 107u);
  EXPECT_EQ(writing.queue_charge_sum, 107u);
  EXPECT_EQ(writing.readyPromise, View::kPending);
  ExpectAllHold("write in flight");
  Ignore(default_writer::Close(host, writer));
  const Snapshot closing = Taken();
  EXPECT_EQ(closing.closeRequest, View::kPending);
  EXPECT_EQ(closing.queue_sentinels, 1u);
  EXPECT_TRUE(closing.queue_ends_with_sentinel);
  ExpectAllHold("close requested");
}

TEST_F(InvariantsOfStreams, HoldWhileErroringAndErrored) {
  uint32_t sink_write = 0;
  on[CallKind::kWrite] = [&](Value) { return ReturnPromise(sink_write = NewDeferred()); };
  Construct({.sink = FullSink()});
  const WriterSlot writer = GetWriter();
  Ignore(Write(writer));
  Error();
  EXPECT_EQ(Taken().state, State::kErroring);
  ExpectAllHold("erroring");
  Ignore(Abort(writer));
  EXPECT_TRUE(Taken().pendingAbortRequest_wasAlreadyErroring);
  ExpectAllHold("abort pending, already erroring");
  Settle(sink_write);
  Run();
  EXPECT_EQ(Taken().state, State::kErrored);
  EXPECT_TRUE(Taken().has_storedError);
  ExpectAllHold("errored");
}

TEST_F(InvariantsOfStreams, HoldWhileAbortIsPending) {
  on[CallKind::kWrite] = [&](Value) { return ReturnPromise(NewDeferred()); };
  Construct({.sink = FullSink()});
  const WriterSlot writer = GetWriter();
  Ignore(Write(writer));
  Ignore(Abort(writer));
  const Snapshot aborting = Taken();
  EXPECT_EQ(aborting.pendingAbortRequest, View::kPending);
  EXPECT_TRUE(aborting.pendingAbortRequest_has_reason);
  EXPECT_TRUE(aborting.signal_aborted);
  ExpectAllHold("abort pending");
}

// ---- CheckInvariants

std::string g_broken;
void RecordBroken(const char* id, const char*) { g_broken = id; }

class CheckInvariantsTest : public StreamTest {
 protected:
  void SetUp() override {
    g_broken.clear();
    before_ = SetAssertHandler(&RecordBroken);
  }
  void TearDown() override {
    StreamTest::TearDown();
    SetAssertHandler(before_);
  }
  AssertHandler before_ = nullptr;
};

TEST_F(CheckInvariantsTest, ReportsABrokenRowByItsId) {
  Construct();
  CheckInvariants(host, stream());
  EXPECT_EQ(g_broken, "");
  stream().controller.charged_bytes = 1;
  CheckInvariants(host, stream());
  EXPECT_EQ(g_broken, "I-BYTES-SUM");
  stream().controller.charged_bytes = 0;
}

TEST_F(CheckInvariantsTest, LeavesLongQueuesAlone) {
  Construct();
  for (size_t i = 0; i <= kLongestCheckedQueue; ++i) stream().controller.queue.push_back({});
  stream().controller.charged_bytes = 1;
  CheckInvariants(host, stream());
  EXPECT_EQ(g_broken, "");
  stream().controller.queue.pop_front();
  CheckInvariants(host, stream());
  EXPECT_EQ(g_broken, "I-BYTES-SUM");
}

}  // namespace
}  // namespace sluice::core
