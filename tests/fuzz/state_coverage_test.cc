// The state diagram and what notes how it is gone through.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <tuple>

#include "fuzz/program/mutate.h"
#include "fuzz/program/random.h"
#include "fuzz/state_coverage/state_coverage_subject.h"
#include "fuzz/state_coverage/stream_states.h"
#include "src/core/check.h"
#include "tests/fuzz/run_program.h"

namespace sluice::fuzz {
namespace {

using core::PromiseView;
using core::Snapshot;
using core::StreamState;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Key;

uint64_t Times(const StateCoverageSubject& subject, Phase from, Cause cause, Phase to) {
  return subject.counts().transitions[static_cast<int>(from)][static_cast<int>(cause)][static_cast<int>(to)].count;
}

void RunText(StateCoverageSubject& subject, std::string_view text) { RunOn(subject, ParseOrDie(text)); }

Snapshot Started() {
  Snapshot snapshot;
  snapshot.has_controller = true;
  snapshot.started = true;
  return snapshot;
}

TEST(StreamStatesTest, TablesAreInTheOrderOfTheirEnumerations) {
  for (int i = 0; i < kPhaseCount; ++i) EXPECT_EQ(static_cast<int>(PhaseRows()[i].phase), i);
}

TEST(StreamStatesTest, EachTransitionIsListedOnceAndGoesSomewhere) {
  std::set<std::tuple<Phase, Cause, Phase>> seen;
  for (const Transition& t : AllTransitions()) {
    EXPECT_NE(t.from, t.to);
    EXPECT_TRUE(MayBegin(t.from, t.cause)) << PhaseId(t.from) << ", " << CauseId(t.cause);
    EXPECT_TRUE(seen.emplace(t.from, t.cause, t.to).second) << PhaseId(t.from) << ", " << CauseId(t.cause);
  }
}

TEST(StreamStatesTest, EveryPhaseIsEnteredAndOnlyTheEndsAreNotLeft) {
  for (const PhaseRow& row : PhaseRows()) {
    const auto& all = AllTransitions();
    const bool entered = std::any_of(all.begin(), all.end(), [&](const Transition& t) { return t.to == row.phase; });
    const bool left = std::any_of(all.begin(), all.end(), [&](const Transition& t) { return t.from == row.phase; });
    EXPECT_EQ(entered, row.phase != Phase::kNone) << row.id;
    EXPECT_EQ(left, row.meaning != "the end") << row.id;
  }
}

TEST(StreamStatesTest, StatesThatTheStandardForbidsAreNoPhase) {
  EXPECT_EQ(PhaseOf(Started()), Phase::kIdle);
  const auto ruled_out = [](auto change) {
    Snapshot snapshot = Started();
    change(snapshot);
    return !PhaseOf(snapshot).has_value();
  };
  EXPECT_TRUE(ruled_out([](Snapshot& s) { s.has_controller = false; }));
  EXPECT_TRUE(ruled_out([](Snapshot& s) { s.inFlightWriteRequest = s.inFlightCloseRequest = PromiseView::kPending; }));
  EXPECT_TRUE(ruled_out([](Snapshot& s) { s.pendingAbortRequest = PromiseView::kPending; }));
  EXPECT_TRUE(ruled_out([](Snapshot& s) { s.closeRequest = PromiseView::kPending; }));
  EXPECT_TRUE(ruled_out([](Snapshot& s) { s.closeRequest = s.inFlightCloseRequest = PromiseView::kPending; }));
  EXPECT_TRUE(ruled_out([](Snapshot& s) { s.state = StreamState::kErroring; }));
  for (const StreamState end : {StreamState::kClosed, StreamState::kErrored}) {
    EXPECT_TRUE(ruled_out([end](Snapshot& s) { s.state = end, s.started = false; }));
    EXPECT_TRUE(ruled_out([end](Snapshot& s) { s.state = end, s.inFlightWriteRequest = PromiseView::kPending; }));
    EXPECT_TRUE(ruled_out([end](Snapshot& s) { s.state = end, s.pendingAbortRequest = PromiseView::kPending; }));
  }
  EXPECT_TRUE(ruled_out([](Snapshot& s) { s.started = false, s.inFlightWriteRequest = PromiseView::kPending; }));
  EXPECT_TRUE(ruled_out([](Snapshot& s) {
    s.state = StreamState::kErroring, s.started = false, s.inFlightCloseRequest = PromiseView::kPending;
  }));
}

TEST(StreamStatesTest, TheDecidingSlotsArePrinted) {
  Snapshot snapshot;
  snapshot.state = StreamState::kErrored;
  snapshot.inFlightWriteRequest = snapshot.inFlightCloseRequest = PromiseView::kPending;
  snapshot.closeRequest = snapshot.pendingAbortRequest = PromiseView::kRejected;
  EXPECT_EQ(
      WhatDecides(snapshot),
      "errored, no controller, start not settled, write in flight, close in flight, close requested, abort pending");
  EXPECT_EQ(WhatDecides(Started()), "writable");
}

TEST(StateCoverageTest, EachTransitionHasItsCause) {
  StateCoverageSubject subject;
  // Nothing is observed and the sink has no methods, so that all happens in one `run`.
  RunText(subject, "w0 = stream.getWriter()\nw0.write(\"a\") unobserved\nw0.close() unobserved\nrun\n");
  EXPECT_EQ(Times(subject, Phase::kNone, Cause::kConstruct, Phase::kStarting), 1u);
  EXPECT_EQ(Times(subject, Phase::kStarting, Cause::kWrite, Phase::kStartingFull), 1u);
  EXPECT_EQ(Times(subject, Phase::kStartingFull, Cause::kClose, Phase::kStartingClosing), 1u);
  EXPECT_EQ(Times(subject, Phase::kStartingClosing, Cause::kStartFulfills, Phase::kWritingClosing), 1u);
  EXPECT_EQ(Times(subject, Phase::kWritingClosing, Cause::kWriteFulfills, Phase::kClosing), 1u);
  EXPECT_EQ(Times(subject, Phase::kClosing, Cause::kCloseFulfills, Phase::kClosed), 1u);
  EXPECT_THAT(subject.counts().impossible, IsEmpty());
}

TEST(StateCoverageTest, UserCodeInsideAnOperationIsASeparateCause) {
  StateCoverageSubject subject;
  RunText(subject,
          "highWaterMark 5\nmethods write\non write {\n  controller.error(r0)\n} return\n"
          "w0 = stream.getWriter()\nrun\nw0.write(\"a\")\nrun\n");
  EXPECT_EQ(Times(subject, Phase::kIdle, Cause::kWrite, Phase::kWriting), 1u);
  EXPECT_EQ(Times(subject, Phase::kWriting, Cause::kError, Phase::kErroringWrite), 1u);
  EXPECT_EQ(Times(subject, Phase::kErroringWrite, Cause::kWriteFulfills, Phase::kErrored), 1u);
  EXPECT_THAT(subject.counts().impossible, IsEmpty());
}

TEST(StateCoverageTest, ReleasedWritersAreNotCounted) {
  StateCoverageSubject subject;
  RunText(subject, "w0 = stream.getWriter()\nw0.releaseLock()\nw0.write(\"a\")\nw0.abort(r0)\n");
  for (const auto& phase : subject.counts().begun) {
    EXPECT_EQ(phase[static_cast<int>(Cause::kWrite)].count, 0u);
    EXPECT_EQ(phase[static_cast<int>(Cause::kAbort)].count, 0u);
  }
}

TEST(StateCoverageTest, TheFirstProgramIsTheExample) {
  StateCoverageSubject subject;
  subject.set_example("first");
  RunText(subject, "run\n");
  subject.set_example("second");
  RunText(subject, "run\n");
  const Visits& idle = subject.counts().phases[static_cast<int>(Phase::kIdle)];
  EXPECT_EQ(idle.count, 2u);
  EXPECT_EQ(idle.example, "first");
  EXPECT_EQ(subject.counts().programs, 2u);
}

// A core that does what it must not, and whose asserts nobody hears.
class Broken final : public StateCoverageSubject {
 public:
  explicit Broken(void (*damage)(core::WritableStream&)) : damage_(damage) {
    core::SetAssertHandler([](const char*, const char*) {});
  }
  ~Broken() override { core::SetAssertHandler(nullptr); }
  sim::Outcome Perform(const SubjectCall& call) override {
    if (call.method != SubjectMethod::kDetach) return StateCoverageSubject::Perform(call);
    return damage_(host().stream(0)), sim::Outcome{};
  }

 private:
  void (*damage_)(core::WritableStream&);
};

TEST(StateCoverageTest, ATransitionThatIsNotInTheDiagramIsImpossible) {
  Broken subject([](core::WritableStream& stream) { stream.state = StreamState::kClosed; });
  RunText(subject, "w0 = stream.getWriter()\nrun\ndetach buffer(8)\nw0.close()\n");
  EXPECT_THAT(subject.counts().impossible, Contains(Key("idle, close() -> closed")));
}

TEST(StateCoverageTest, AStateOutsideTheDiagramIsImpossibleAndReportedOnce) {
  Broken subject([](core::WritableStream& stream) { stream.state = StreamState::kErroring; });
  RunText(subject, "w0 = stream.getWriter()\nrun\ndetach buffer(8)\nw0.releaseLock()\nrun\n");
  ASSERT_EQ(subject.counts().impossible.size(), 1u);
  EXPECT_THAT(subject.counts().impossible.begin()->first, HasSubstr("in no state of the diagram: erroring"));
}

TEST(StateCoverageTest, AReactionOutOfSeasonIsImpossible) {
  Broken subject([](core::WritableStream& stream) { stream.controller.started = true; });
  RunText(subject,
          "highWaterMark 5\nmethods start\non start return pending\ndetach buffer(8)\nread stream\n"
          "w0 = stream.getWriter()\nresolve start\nrun\n");
  EXPECT_THAT(subject.counts().impossible, Contains(Key("start fulfills in idle")));
}

TEST(StateCoverageTest, RandomProgramsStayInTheDiagram) {
  StateCoverageSubject subject;
  Driver driver;
  Trace trace;
  for (const Profile& profile : {BalancedProfile(), ReentrancyProfile(), BufferLimitProfile()}) {
    for (uint64_t seed = 0; seed < 3000; ++seed) {
      Random random(seed);
      subject.set_example("seed " + std::to_string(seed));
      driver.Run(RandomProgram(random, profile), subject, {.snapshots = false}, trace);
    }
  }
  for (const auto& [what, visits] : subject.counts().impossible) ADD_FAILURE() << what << ", " << visits.example;
}

// Each readable program stands for a way through the diagram; together they go every way.
TEST(StateCoverageTest, TheCorpusTakesEveryTransition) {
  StateCoverageSubject subject;
  for (const auto& entry : std::filesystem::recursive_directory_iterator("corpus")) {
    if (entry.path().extension() != ".ops") continue;
    std::ifstream file(entry.path());
    subject.set_example(entry.path());
    RunText(subject, std::string(std::istreambuf_iterator<char>(file), {}));
  }
  for (const Transition& t : AllTransitions()) {
    EXPECT_GT(Times(subject, t.from, t.cause, t.to), 0u)
        << PhaseId(t.from) << ", " << CauseId(t.cause) << " -> " << PhaseId(t.to);
  }
  for (const PhaseRow& row : PhaseRows()) {
    for (int c = 0; c < static_cast<int>(Cause::kNothing); ++c) {
      if (!MayBegin(row.phase, static_cast<Cause>(c))) continue;
      EXPECT_GT(subject.counts().begun[static_cast<int>(row.phase)][c].count, 0u)
          << CauseId(static_cast<Cause>(c)) << " in " << row.id;
    }
  }
  EXPECT_THAT(subject.counts().impossible, IsEmpty());
}

}  // namespace
}  // namespace sluice::fuzz
