// Every oracle notices the fault that it is there for.
#include "fuzz/oracle/judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "fuzz/oracle/canary.h"
#include "fuzz/oracle/finding_report.h"
#include "fuzz/program/mutate.h"
#include "fuzz/program/random.h"
#include "src/core/check.h"
#include "tests/fuzz/run_program.h"

namespace sluice::fuzz {
namespace {

using testing::HasSubstr;

const char kProgram[] =
    "methods start write close abort size\nw0 = stream.getWriter()\nw0.write(\"a\")\nrun\nw0.write(\"b\")\nread "
    "w0\nw0.releaseLock()\n";

template <typename Subject>
std::optional<Finding> Judged(std::string_view text) {
  Judge judge(std::make_unique<Subject>());
  return judge.Run(ParseOrDie(text));
}

class WrongBytes : public CoreSubject {
  sim::Outcome Perform(const SubjectCall& call) override {
    if (call.method != SubjectMethod::kWrite) return CoreSubject::Perform(call);
    const sim::Outcome promise = CoreSubject::Perform(call);
    host().stream(0).controller.charged_bytes += 1;
    return promise;
  }
};

TEST(JudgeTest, ABrokenInvariantIsFound) {
  EXPECT_EQ(Judged<WrongBytes>(kProgram)->identity(), "invariant/I-BYTES-SUM");
}

class WrongDesiredSize : public CoreSubject {
  sim::Outcome Perform(const SubjectCall& call) override {
    if (call.method != SubjectMethod::kDesiredSize) return CoreSubject::Perform(call);
    sim::Outcome size = CoreSubject::Perform(call);
    size.value.number += 1;
    return size;
  }
};

TEST(JudgeTest, ADifferenceFromTheModelIsFound) {
  EXPECT_EQ(Judged<WrongDesiredSize>(kProgram)->identity(), "model/property-desiredSize");
}

// Not to be seen by any author, nor by an invariant.
class ForgetsHighWaterMark : public CoreSubject {
  sim::Outcome Perform(const SubjectCall& call) override {
    if (call.method != SubjectMethod::kConstruct) return CoreSubject::Perform(call);
    const sim::Outcome made = CoreSubject::Perform(call);
    host().stream(0).controller.strategyHWM += 0.5;
    return made;
  }
};

TEST(JudgeTest, ADifferentSlotIsFound) {
  EXPECT_EQ(Judged<ForgetsHighWaterMark>("run\n")->identity(), "slots/strategyHWM");
}

// A rejection that is reported at the program's end broke where the promise was rejected.
class LeavesUnhandled : public CoreSubject {
  sim::Outcome Perform(const SubjectCall& call) override {
    if (call.method != SubjectMethod::kReleaseLock) return CoreSubject::Perform(call);
    CoreSubject::Perform(call);
    host().realm().RejectPromise(host().realm().NewPromise(), sim::Value::Number(1));
    return {};
  }
};

TEST(JudgeTest, AnUnhandledRejectionBrokeWhereItWasRejected) {
  EXPECT_EQ(Judged<LeavesUnhandled>(kProgram)->key(), "model/unhandled@releaseLock");
}

// So did a promise that was settled otherwise, which authors see in the microtasks behind.
class Rejecting : public CoreSubject {
 protected:
  sim::Outcome Rejected() {
    const sim::Outcome promise = CoreSubject::Perform({SubjectMethod::kNewPromise});
    CoreSubject::Perform({SubjectMethod::kRejectPromise, promise.value.id, sim::Value::Number(1)});
    return promise;
  }
};

class RejectsAtOnce : public Rejecting {
  sim::Outcome Perform(const SubjectCall& call) override {
    if (call.method != SubjectMethod::kWrite) return Rejecting::Perform(call);
    CoreSubject::Perform(call);
    return Rejected();
  }
};

TEST(JudgeTest, AWrongSettlementBreaksAtTheEventWhereItHappened) {
  EXPECT_EQ(Judged<RejectsAtOnce>("w0 = stream.getWriter()\nw0.releaseLock()\nw0.write(\"a\")\nrun\n")->key(),
            "model/settled-rejected-write@write");
}

TEST(JudgeTest, AnotherJudgeLeavesTheAssertsToTheFirst) {
  Judge first;
  { const Judge second; }
  core::AssertFailed("Operation", "what");  // would end the process
  EXPECT_FALSE(first.Run(ParseOrDie("run\n")).has_value());
}

// stream.abort() and writer.abort() are the standard's one operation.
class AbortsOtherwise : public Rejecting {
  sim::Outcome Perform(const SubjectCall& call) override {
    const sim::Outcome outcome = CoreSubject::Perform(call);
    const bool aborts = call.method == SubjectMethod::kStreamAbort || call.method == SubjectMethod::kWriterAbort;
    return aborts ? Rejected() : outcome;
  }
};

TEST(JudgeTest, APromiseIsNamedByTheOperationOfTheStandard) {
  for (const char* abort : {"stream.abort(r0)\nrun\n", "w0 = stream.getWriter()\nw0.abort(r0)\nrun\n"}) {
    Judge judge(std::make_unique<AbortsOtherwise>());
    EXPECT_EQ(judge.Run(ParseOrDie(abort))->identity(), "model/settled-fulfilled-abort") << abort;
  }
  EXPECT_EQ(Judged<AbortsOtherwise>("w0 = stream.getWriter()\nw0.abort(r0) unobserved\n")->identity(),
            "model/unhandled-abort");
}

// Whether its author handles it or not, it is rejected with the wrong reason.
class RejectsWithAnother : public Rejecting {
  sim::Outcome Perform(const SubjectCall& call) override {
    if (call.method != SubjectMethod::kWriterAbort) return Rejecting::Perform(call);
    return Rejected();
  }
};

TEST(JudgeTest, AnUnhandledRejectionWithAnotherReasonIsARejectionWithAnotherReason) {
  for (const char* unobserved : {"", " unobserved"}) {
    Judge judge(std::make_unique<RejectsWithAnother>());
    EXPECT_EQ(
        judge
            .Run(ParseOrDie("w0 = stream.getWriter()\nw0.releaseLock()\nw0.abort(r0)" + std::string(unobserved) + "\n"))
            ->key(),
        "model/settled-rejected-abort@abort");
  }
}

// Two faults that reject in the same microtasks are not to have the same name.
class RejectsTheOtherFirst : public CoreSubject {
  sim::Outcome Perform(const SubjectCall& call) override {
    if (call.method != SubjectMethod::kReleaseLock) return CoreSubject::Perform(call);
    core::WritableStreamDefaultWriter& slots = host().Writer(Slot(call.id));
    std::swap(slots.readyPromise, slots.closedPromise);
    CoreSubject::Perform(call);
    std::swap(slots.readyPromise, slots.closedPromise);
    return {};
  }
};

TEST(JudgeTest, PromisesThatAreSettledInAnotherOrderBrokeWhereTheyWereSettled) {
  EXPECT_EQ(Judged<RejectsTheOtherFirst>("highWaterMark 0\nw0 = stream.getWriter()\nwatch w0.ready\nwatch w0.closed\n"
                                         "w0.releaseLock()\nrun\n")
                ->key(),
            "model/settled-order@releaseLock");
}

// What the host is seen to keep wrongly broke where that was seen, and comes before the slots that differ there.
class KeepsAnother : public CoreSubject {
  bool TakeSnapshot(uint32_t stream, core::Snapshot& snapshot) override {
    const bool taken = CoreSubject::TakeSnapshot(stream, snapshot);
    if (snapshot.signal_aborted) Violation("what the core believes, the host keeps");
    snapshot.strategyHWM += snapshot.signal_aborted ? 1 : 0;
    return taken;
  }
};

TEST(JudgeTest, AViolationBreaksAtTheEventThatShowsIt) {
  Judge judge(std::make_unique<KeepsAnother>());
  const auto finding = judge.Run(ParseOrDie("run\nstream.abort(r0)\nrun\n"));
  EXPECT_EQ(finding->identity(), "ownership/what the core believes the host keeps");
  EXPECT_EQ(finding->step, "streamAbort");
  EXPECT_EQ(judge.core_trace().events[finding->event].kind, EventKind::kOpEnd);
  EXPECT_EQ(judge.core_trace().events[finding->event].where, (Where{Where::kMain, 1}));
}

class KeepsToTheEnd : public CoreSubject {
  void Teardown() override {
    CoreSubject::Teardown();
    Violation("nothing is kept at the end");
  }
};

TEST(JudgeTest, ALeakAtTheEndHasNoStep) {
  Judge judge(std::make_unique<KeepsToTheEnd>());
  EXPECT_EQ(judge.Run(ParseOrDie("run\n"))->key(), "ownership/nothing is kept at the end");
}

// What it gives for ready was settled rightly, long before an author asks.
class GivesClosedForReady : public CoreSubject {
  sim::Outcome Perform(const SubjectCall& call) override {
    if (call.method != SubjectMethod::kReady) return CoreSubject::Perform(call);
    Violation("writer.ready is [[readyPromise]]");
    return CoreSubject::Perform({SubjectMethod::kClosed, call.id});
  }
};

TEST(JudgeTest, APromiseThatAuthorsGetInAnothersPlaceIsWrongWhereTheyGetIt) {
  Judge judge(std::make_unique<GivesClosedForReady>());
  const auto finding = judge.Run(ParseOrDie("w0 = stream.getWriter()\ncontroller.error(r0)\nwatch w0.ready\nrun\n"));
  EXPECT_EQ(finding->identity(), "ownership/writer.ready is [[readyPromise]]");
}

// A writer that is no longer the stream's is looked at all the same.
class ForgetsClosed : public CoreSubject {
  sim::Outcome Perform(const SubjectCall& call) override {
    if (call.method != SubjectMethod::kReleaseLock) return CoreSubject::Perform(call);
    core::WritableStreamDefaultWriter& slots = host().Writer(Slot(call.id));
    const core::PromiseSlot closed = std::exchange(slots.closedPromise, host().NewPromise());
    CoreSubject::Perform(call);
    host().Drop(slots.closedPromise);
    slots.closedPromise = closed;
    return {};
  }
};

TEST(JudgeTest, ADifferentSlotOfAReleasedWriterIsFoundWhereItWasReleased) {
  EXPECT_EQ(Judged<ForgetsClosed>(kProgram)->key(), "slots/released writer's closedPromise@releaseLock");
}

// The closed promise's missing rejection lets another promise's come earlier in the trace, which is in both.
TEST(JudgeTest, ARejectionThatIsReportedInBothTracesIsNotWhatBroke) {
  EXPECT_EQ(Judged<ForgetsClosed>("methods start\non start return pending\non signal return rejected r0\n"
                                  "w0 = stream.getWriter()\nwatch w0.closed\nw0.abort(r0)\nw0.releaseLock()\n")
                ->key(),
            "slots/released writer's closedPromise@releaseLock");
}

class NeverSettles : public CoreSubject {
  sim::Outcome Perform(const SubjectCall& call) override {
    if (call.method != SubjectMethod::kWrite) return CoreSubject::Perform(call);
    CoreSubject::Perform(call);
    return CoreSubject::Perform({SubjectMethod::kNewPromise});
  }
};

TEST(JudgeTest, AMissingSettlementBreaksWhereItWasDue) {
  Judge judge(std::make_unique<NeverSettles>());
  EXPECT_EQ(judge.Run(ParseOrDie("w0 = stream.getWriter()\nrun\nw0.write(\"a\")\nrun\n"))->key(),
            "model/settled-fulfilled-write@microtasks");
  EXPECT_EQ(judge.findings().back().identity(), "history/H-NOTHING-STUCK");
}

class HandlesTooMuch : public CoreSubject {
  sim::Outcome Perform(const SubjectCall& call) override {
    if (call.method != SubjectMethod::kWriterClose) return CoreSubject::Perform(call);
    const sim::Outcome promise = CoreSubject::Perform(call);
    host().realm().MarkHandled(promise.value.id);
    return promise;
  }
};

TEST(JudgeTest, ARejectionThatIsNotReportedBrokeWhereItWasRejected) {
  EXPECT_EQ(Judged<HandlesTooMuch>("w0 = stream.getWriter()\nw0.releaseLock()\nw0.close() unobserved\nrun\n")->key(),
            "model/settled-rejected-close@close");
}

class ReportsReady : public CoreSubject {
  sim::Outcome Perform(const SubjectCall& call) override {
    if (call.method == SubjectMethod::kReady) return ready_ = CoreSubject::Perform({SubjectMethod::kNewPromise});
    const sim::Outcome outcome = CoreSubject::Perform(call);
    if (call.method == SubjectMethod::kReleaseLock) {
      CoreSubject::Perform({SubjectMethod::kRejectPromise, ready_.value.id, sim::Value::Number(1)});
    }
    return outcome;
  }
  sim::Outcome ready_;
};

TEST(JudgeTest, AHandledRejectionIsNotReported) {
  EXPECT_EQ(Judged<ReportsReady>("w0 = stream.getWriter()\nread w0\nw0.releaseLock()\n")->key(),
            "model/unhandled-ready@releaseLock");
}

// The charge of a chunk is what it was when it was queued. Keeps I-BYTES-SUM and I-BYTES-LIMIT.
class MeasuresAgain : public CoreSubject {
  sim::Outcome Perform(const SubjectCall& call) override {
    if (call.method != SubjectMethod::kDetach) return CoreSubject::Perform(call);
    CoreSubject::Perform(call);
    core::WritableStreamDefaultController& controller = host().stream(0).controller;
    core::Fifo<core::QueueEntry> measured;
    for (core::QueueEntry entry : controller.queue) {
      const uint64_t charge = entry.is_close_sentinel ? 0 : host().ByteCharge(entry.value);
      controller.charged_bytes -= entry.charge - charge;
      entry.charge = charge;
      measured.push_back(entry);
    }
    controller.queue = measured;
    return {};
  }
};

TEST(JudgeTest, AChargeThatIsMeasuredAgainIsFound) {
  constexpr char kDetaches[] =
      "byteLimit 64\nw0 = stream.getWriter()\nw0.write(buffer(8))\ndetach buffer(8)\nw0.write(\"a\" * 60)\nrun\n";
  EXPECT_FALSE(Judged<CoreSubject>(kDetaches).has_value());
  EXPECT_EQ(Judged<MeasuresAgain>(kDetaches)->identity(), "slots/charged bytes");
}

class Leaks : public CoreSubject {
  sim::Outcome Perform(const SubjectCall& call) override {
    if (call.method != SubjectMethod::kReleaseLock) return CoreSubject::Perform(call);
    host().Name(sim::Value::Number(1));
    return CoreSubject::Perform(call);
  }
};

TEST(JudgeTest, ALeakedSlotIsFound) { EXPECT_EQ(Judged<Leaks>(kProgram)->oracle, Oracle::kOwnership); }

class DropsTwice : public CoreSubject {
  sim::Outcome Perform(const SubjectCall& call) override {
    if (call.method != SubjectMethod::kReleaseLock) return CoreSubject::Perform(call);
    const core::ValueSlot value = host().Name(sim::Value::Number(1));
    host().Drop(value);
    host().Drop(value);
    return CoreSubject::Perform(call);
  }
};

TEST(JudgeTest, ASlotDroppedTwiceIsFound) { EXPECT_EQ(Judged<DropsTwice>(kProgram)->oracle, Oracle::kOwnership); }

class Asserts : public CoreSubject {
  sim::Outcome Perform(const SubjectCall& call) override {
    if (call.method != SubjectMethod::kReleaseLock) return CoreSubject::Perform(call);
    SLUICE_ASSERT(call.id > 100, "WritableStreamDefaultWriterRelease", "the writer is the stream's writer");
    return CoreSubject::Perform(call);
  }
};

TEST(JudgeTest, AFailedAssertIsFound) {
  EXPECT_EQ(Judged<Asserts>(kProgram)->identity(), "assert/WritableStreamDefaultWriterRelease");
}

class Remembers : public CoreSubject {
  sim::Outcome Perform(const SubjectCall& call) override {
    if (call.method != SubjectMethod::kLocked) return CoreSubject::Perform(call);
    const bool locked = CoreSubject::Perform(call).value.id != 0;
    return sim::Outcome::Return(sim::Value::Boolean(locked != (++calls_ >= 2)));
  }
  int calls_ = 0;
};

TEST(JudgeTest, ARunThatSeesAnEarlierOneIsFound) {
  EXPECT_EQ(Judged<Remembers>("run\n")->identity(), "determinism/same-program-same-trace");
}

// Only in a run after the first, as a core would that remembers something.
class AssertsLater : public CoreSubject {
  void Reset(UserCode& user_code, const std::vector<sim::Chunk>& chunks) override {
    ++runs_;
    CoreSubject::Reset(user_code, chunks);
  }
  sim::Outcome Perform(const SubjectCall& call) override {
    if (call.method != SubjectMethod::kDesiredSize) return CoreSubject::Perform(call);
    SLUICE_ASSERT(runs_ == 1, "WritableStreamDefaultWriterGetDesiredSize", "this is the first run");
    return CoreSubject::Perform(call);
  }
  int runs_ = 0;
};

TEST(JudgeTest, AnAssertThatFailsOnlyWhenTheProgramRunsAgainIsFound) {
  EXPECT_EQ(Judged<AssertsLater>(kProgram)->identity(), "assert/WritableStreamDefaultWriterGetDesiredSize");
}

// Only in the program that the judge runs in between: kProgram never errors its stream.
class AssertsWhenErrored : public CoreSubject {
  sim::Outcome Perform(const SubjectCall& call) override {
    if (call.method != SubjectMethod::kControllerError) return CoreSubject::Perform(call);
    SLUICE_ASSERT(false, "WritableStreamDefaultControllerError", "state is writable");
    return CoreSubject::Perform(call);
  }
};

TEST(JudgeTest, AnAssertThatFailsInTheProgramInBetweenIsNoFindingAboutThisOne) {
  EXPECT_FALSE(Judged<AssertsWhenErrored>(kProgram).has_value());
  EXPECT_EQ(Judged<AssertsWhenErrored>("methods start\ncontroller.error(r1)\n")->identity(),
            "assert/WritableStreamDefaultControllerError");
}

class CountsRuns : public CoreSubject {
 public:
  explicit CountsRuns(int& runs) : runs_(runs) {}
  void Reset(UserCode& user_code, const std::vector<sim::Chunk>& chunks) override {
    ++runs_;
    CoreSubject::Reset(user_code, chunks);
  }

 private:
  int& runs_;
};

TEST(JudgeTest, ASampledJudgeRunsAQuarterOfTheProgramsAgainAndAlwaysTheSame) {
  int runs = 0;
  Judge judge(std::make_unique<CountsRuns>(runs));
  Random random(5);
  constexpr int kPrograms = 400;
  int again = 0;
  for (int i = 0; i < kPrograms; ++i) {
    const Program program = RandomProgram(random, BalancedProfile());
    const auto runs_of = [&](Reruns reruns) {
      judge.SetReruns(reruns);
      runs = 0;
      judge.Run(program);
      return runs;
    };
    EXPECT_EQ(runs_of(Reruns::kAll), 2);
    const int sampled = runs_of(Reruns::kSampled);
    EXPECT_EQ(runs_of(Reruns::kSampled), sampled);
    again += sampled - 1;
  }
  EXPECT_GT(again, kPrograms / 6);
  EXPECT_LT(again, kPrograms / 3);
}

TEST(JudgeTest, ASampledJudgeRunsEveryProgramAgainThatHasAFinding) {
  Judge judge(std::make_unique<ForgetsHighWaterMark>());
  judge.SetReruns(Reruns::kSampled);
  Judge all(std::make_unique<ForgetsHighWaterMark>());
  Random random(6);
  for (int i = 0; i < 50; ++i) {
    const Program program = RandomProgram(random, BalancedProfile());
    judge.Run(program);
    all.Run(program);
    ASSERT_EQ(judge.findings().size(), all.findings().size());
  }
}

TEST(JudgeTest, ASampledJudgeFindsARunThatSeesAnEarlierOne) {
  Random random(8);
  std::set<std::string> identities;
  for (int i = 0; i < 60; ++i) {
    Judge judge(std::make_unique<Remembers>());
    judge.SetReruns(Reruns::kSampled);
    judge.Run(RandomProgram(random, BalancedProfile()));
    for (const Finding& finding : judge.findings()) identities.insert(finding.identity());
  }
  EXPECT_TRUE(identities.contains("determinism/same-program-same-trace"));
}

class LeaksLater : public CoreSubject {
  void Reset(UserCode& user_code, const std::vector<sim::Chunk>& chunks) override {
    ++runs_;
    CoreSubject::Reset(user_code, chunks);
  }
  sim::Outcome Perform(const SubjectCall& call) override {
    if (call.method != SubjectMethod::kReleaseLock) return CoreSubject::Perform(call);
    if (runs_ > 1) host().Name(sim::Value::Number(1));
    return CoreSubject::Perform(call);
  }
  int runs_ = 0;
};

TEST(JudgeTest, ALeakOnlyWhenTheProgramRunsAgainIsFound) {
  EXPECT_EQ(Judged<LeaksLater>(kProgram)->oracle, Oracle::kOwnership);
}

// Knows something of the stream that is in none of its slots: whether its queue was ever used.
class KeepsStateElsewhere : public CoreSubject {
  sim::Outcome Perform(const SubjectCall& call) override {
    if (call.method != SubjectMethod::kDesiredSize) return CoreSubject::Perform(call);
    sim::Outcome size = CoreSubject::Perform(call);
    if (host().stream(0).controller.queue.allocated_bytes() == 0) size.value.number += 1;
    return size;
  }
};

TEST(JudgeTest, AStateThatIsNotSavedIsFoundWhereverTheProgramUsesIt) {
  Judge judge(std::make_unique<KeepsStateElsewhere>());
  std::set<std::string> identities;
  // Each program decides by its own trace at which of its steps the state is restored; here all but the first few will
  // do.
  // More writes than a list holds without memory of its own.
  std::string text = "w0 = stream.getWriter()\nw0.write(\"a\")\nw0.write(\"a\")\nw0.write(\"a\")\nrun\n";
  for (int i = 0; i < 20; ++i) {
    text += "read stream\n";
    judge.Run(ParseOrDie(text + "read w0\n"));
    for (const Finding& finding : judge.findings()) identities.insert(finding.identity());
  }
  EXPECT_EQ(identities, std::set<std::string>{"state/save-and-restore"});
}

class TwoFaults : public CoreSubject {
  sim::Outcome Perform(const SubjectCall& call) override {
    sim::Outcome outcome = CoreSubject::Perform(call);
    if (call.method == SubjectMethod::kConstruct) host().stream(0).controller.charged_bytes += 1;
    if (call.method == SubjectMethod::kDesiredSize) outcome.value.number += 1;
    return outcome;
  }
};

TEST(JudgeTest, AllFindingsAreGivenInOrderEachOnce) {
  Judge judge(std::make_unique<TwoFaults>());
  const auto first = judge.Run(ParseOrDie(kProgram));
  std::vector<std::string> identities;
  for (const Finding& finding : judge.findings()) identities.push_back(finding.identity());
  EXPECT_EQ(identities,
            (std::vector<std::string>{"invariant/I-BYTES-SUM", "slots/charged bytes", "model/property-desiredSize"}));
  EXPECT_EQ(first->identity(), identities.front());
  judge.Run(ParseOrDie("run\n"));
  EXPECT_EQ(judge.findings().size(), 2u);
}

TEST(JudgeTest, TheCanaryIsFoundAndNoWorkingCoreIs) {
  Judge canary(std::make_unique<CanarySubject>());
  Judge working;
  bool found = false;
  for (uint64_t seed = 0; seed < 6000 || (!found && seed < 60'000); ++seed) {
    Random random(seed);
    const Program program = RandomProgram(random, BalancedProfile());
    const auto finding = working.Run(program);
    ASSERT_FALSE(finding.has_value()) << FindingReport(working, finding);
    found |= canary.Run(program).has_value();
  }
  EXPECT_TRUE(found);
}

TEST(FindingReportTest, AFindingNamesTheRuleTheStepAndBothSides) {
  Judge judge(std::make_unique<CanarySubject>());
  const Program program = ParseOrDie(
      "methods start write abort\non write return pending\nw0 = "
      "stream.getWriter()\nrun\nw0.write(\"a\")\nw0.abort(r1)\nw0.releaseLock()\n");
  const auto finding = judge.Run(program);
  ASSERT_TRUE(finding.has_value());
  const std::string report = FindingReport(judge, finding);
  EXPECT_THAT(report, HasSubstr("What broke: writer (slots)"));
  EXPECT_THAT(report, HasSubstr("in w0.releaseLock()"));
  EXPECT_THAT(report, HasSubstr("https://streams.spec.whatwg.org/#ws-internal-slots"));
  EXPECT_THAT(report, HasSubstr("locked = true"));
  EXPECT_THAT(report, HasSubstr("| "));
}

}  // namespace
}  // namespace sluice::fuzz
