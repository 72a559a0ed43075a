#include "fuzz/driver/driver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "fuzz/driver/core_subject.h"
#include "fuzz/model/reference_model.h"
#include "tests/fuzz/run_program.h"

namespace sluice::fuzz {
namespace {

using testing::HasSubstr;
using testing::Not;

// What an author can see does not depend on whose implementation it is.
class DriverTest : public testing::TestWithParam<bool> {
 protected:
  std::string TraceOf(std::string_view text) {
    CoreSubject core;
    ReferenceModel model;
    return GetParam() ? TraceOn(model, text) : TraceOn(core, text);
  }
};

INSTANTIATE_TEST_SUITE_P(Subjects, DriverTest, testing::Bool(),
                         [](const auto& info) { return info.param ? "Model" : "Core"; });

TEST_P(DriverTest, NamesThatAnAuthorDoesNotHaveAreSkipped) {
  const std::string trace = TraceOf(R"(methods write
controller.error(r0)
w0.close()
resolve write
w0 = stream.getWriter()
w0.write("a")
run
controller.error(r1)
)");
  EXPECT_THAT(trace, HasSubstr("controller.error(r0)  (skipped: no user function has received the controller yet)"));
  EXPECT_THAT(trace, HasSubstr("w0.close()  (skipped: no writer has this name yet)"));
  EXPECT_THAT(trace, HasSubstr("resolve write  (skipped: no such promise is pending)"));
  EXPECT_THAT(trace, Not(HasSubstr("controller.error(r1)  (skipped")));
}

TEST_P(DriverTest, ThereIsNoStreamInsideItsConstructor) {
  const std::string trace = TraceOf(
      "methods start\non start {\nw0 = stream.getWriter()\ncontroller.error(r1)\nrun\n} return\nw0 = "
      "stream.getWriter()\n");
  EXPECT_THAT(trace, HasSubstr("w0 = stream.getWriter()  (skipped: there is no stream)"));
  EXPECT_THAT(trace, HasSubstr("run  (skipped: microtasks do not run inside a call)"));
}

TEST_P(DriverTest, ScriptsAreTakenInOrderAndThenTheDefaults) {
  const std::string trace = TraceOf(R"(methods write size
highWaterMark 100
on size return 5
on write throw r1
on size return 7
w0 = stream.getWriter()
w0.write("a")
read w0
w0.write("b")
read w0
w0.write("a")
read w0
)");
  EXPECT_THAT(trace, HasSubstr("desiredSize = 95"));
  EXPECT_THAT(trace, HasSubstr("desiredSize = 88"));
  EXPECT_THAT(trace, HasSubstr("desiredSize = 87"));
}

TEST_P(DriverTest, PromisesAndErrorsAreNamedByFirstAppearance) {
  const std::string trace = TraceOf(
      "w0 = stream.getWriter()\nw1 = stream.getWriter()\nw2 = stream.getWriter()\nw0.releaseLock()\nwatch "
      "w0.ready\nwatch w0.closed\n");
  EXPECT_THAT(trace, HasSubstr("threw TypeError#1"));
  EXPECT_THAT(trace, HasSubstr("threw TypeError#2"));
  EXPECT_THAT(trace, HasSubstr("p1 rejected with TypeError#3"));
  EXPECT_THAT(trace, HasSubstr("p2 rejected with TypeError#3"));
}

TEST_P(DriverTest, UnobservedRejectionsAreReportedAndHandledOnesAreNot) {
  const std::string trace =
      TraceOf("w0 = stream.getWriter()\nw0.releaseLock()\nw0.write(\"a\") unobserved\nw0.close()\n");
  EXPECT_THAT(trace, HasSubstr("unhandled rejection of p1: TypeError#2"));
  EXPECT_THAT(trace, HasSubstr("p2 rejected with TypeError#1"));
  EXPECT_THAT(trace, Not(HasSubstr("unhandled rejection of p2")));
  EXPECT_THAT(trace, Not(HasSubstr("unhandled rejection of p3")));
}

TEST_P(DriverTest, TicksAreRounds) {
  // A plain value takes one round; a fulfilled promise two more.
  const std::string plain =
      TraceOf("methods write\nw0 = stream.getWriter()\nrun\nw0.write(\"a\")\ntick 1\nread w0\ntick 1\n");
  EXPECT_LT(plain.find("desiredSize = 1"), plain.find("p1 fulfilled"));
  const std::string promise = TraceOf(
      "methods write\non write return resolved\nw0 = stream.getWriter()\nrun\nw0.write(\"a\")\ntick 2\nread w0\ntick "
      "1\nread w0\n");
  EXPECT_LT(promise.find("desiredSize = 0"), promise.find("desiredSize = 1"));
}

TEST_P(DriverTest, TheTickModelShortensReturnedPromises) {
  for (const char* model : {"promise-resolve", "promise-resolve-start"}) {
    const std::string trace = TraceOf(
        "ticks " + std::string(model) +
        "\nmethods write\non write return resolved\nw0 = stream.getWriter()\nrun\nw0.write(\"a\")\ntick 1\nread w0\n");
    EXPECT_THAT(trace, HasSubstr("desiredSize = 1")) << model;
  }
  const std::string start =
      "methods start write\non start return resolved\nw0 = stream.getWriter()\nw0.write(\"a\")\ntick 1\nread stream\n";
  const std::string slow = TraceOf(start);
  EXPECT_GT(slow.find("sink.write"), slow.find("locked = true"));
  const std::string fast = TraceOf("ticks promise-resolve-start\n" + start);
  EXPECT_LT(fast.find("sink.write"), fast.find("locked = true"));
}

TEST_P(DriverTest, ThenablesSettleByTheirThen) {
  const std::string trace = TraceOf(R"(methods write
on write return thenable
on then return pending
on getThen {
  w0.write("b")
} return
w0 = stream.getWriter()
run
w0.write("a")
run
reject then r2
run
)");
  EXPECT_THAT(trace, HasSubstr("getThen() #1"));
  EXPECT_THAT(trace, HasSubstr("p1 rejected with r2"));
}

TEST_P(DriverTest, ADetachedBufferIsTheSameChunkAndIsChargedNothingWhenItIsWritten) {
  const std::string trace = TraceOf(R"(byteLimit 8
methods write
w0 = stream.getWriter()
run
w0.write(view(9))
detach view(9)
w0.write(view(9))
run
)");
  EXPECT_THAT(trace, HasSubstr("p1 rejected with RangeError#1"));
  EXPECT_THAT(trace, HasSubstr("sink.write(view(9)) #1"));
  EXPECT_THAT(trace, HasSubstr("p2 fulfilled"));
}

TEST_P(DriverTest, EqualStringsAreOneChunkInEverySpelling) {
  const std::string trace = TraceOf(R"(methods write
highWaterMark 9
w0 = stream.getWriter()
w0.write("abab")
w0.write("ab" * 2)
w0.write("aaa" * 2)
w0.write("" * 3)
run
)");
  EXPECT_THAT(trace, HasSubstr("sink.write(\"ab\" * 2) #1"));
  EXPECT_THAT(trace, HasSubstr("sink.write(\"ab\" * 2) #2"));
  EXPECT_THAT(trace, HasSubstr("sink.write(\"a\" * 6) #3"));
  EXPECT_THAT(trace, HasSubstr("sink.write(\"\") #4"));
}

TEST_P(DriverTest, ACountQueuingStrategyCountsEveryChunkAsOne) {
  const std::string trace = TraceOf(R"(highWaterMark 5
strategy CountQueuingStrategy
methods write
on write return pending
w0 = stream.getWriter()
w0.write(buffer(70))
w0.write(undefined)
w0.write("a" * 9)
read w0
)");
  EXPECT_THAT(trace, HasSubstr("desiredSize = 2"));
  EXPECT_THAT(trace, Not(HasSubstr("strategy.size")));
}

TEST_P(DriverTest, AByteLengthQueuingStrategyGetsByteLengthOfEveryChunk) {
  const auto with = [](std::string_view write) {
    return "highWaterMark 100\nstrategy ByteLengthQueuingStrategy\nw0 = stream.getWriter()\n" + std::string(write) +
           "\nread w0\nrun\n";
  };
  EXPECT_THAT(TraceOf(with("w0.write(buffer(60))")), HasSubstr("desiredSize = 40"));
  EXPECT_THAT(TraceOf(with("w0.write(shared(60))")), HasSubstr("desiredSize = 40"));
  EXPECT_THAT(TraceOf(with("w0.write(view(60))")), HasSubstr("desiredSize = 40"));
  EXPECT_THAT(TraceOf(with("detach view(60)\nw0.write(view(60))")), HasSubstr("desiredSize = 100"));
  for (const char* without : {"w0.write(\"a\" * 60)", "w0.write(number#2)", "w0.write(object)"}) {
    EXPECT_THAT(TraceOf(with(without)), HasSubstr("p1 rejected with RangeError#1")) << without;
  }
  EXPECT_THAT(TraceOf(with("w0.write(undefined)")), HasSubstr("p1 rejected with TypeError#1"));
}

TEST_P(DriverTest, ABuiltInStrategyHandsOnItsHighWaterMarkUnchecked) {
  EXPECT_THAT(TraceOf("highWaterMark -1\nstrategy CountQueuingStrategy\n"), HasSubstr("threw RangeError#1"));
  EXPECT_THAT(TraceOf("strategy ByteLengthQueuingStrategy\nw0 = stream.getWriter()\nread w0\n"),
              HasSubstr("desiredSize = 1"));
}

TEST_P(DriverTest, SnapshotsStandAtStepsAndWhereAuthorCodeBegins) {
  CoreSubject core;
  const Program program = ParseOrDie("methods write\nw0 = stream.getWriter()\nrun\nw0.write(\"a\")\n");
  const Trace trace = RunOn(core, program);
  for (size_t i = 0; i < trace.events.size(); ++i) {
    const EventKind kind = trace.events[i].kind;
    const bool step = kind == EventKind::kOpEnd || kind == EventKind::kConstructEnd || kind == EventKind::kCallBegin ||
                      kind == EventKind::kSettled;
    EXPECT_EQ(trace.SnapshotOf(i) != nullptr, step) << i;
  }
}

TEST_P(DriverTest, RunsDoNotSeeEachOther) {
  CoreSubject core;
  ReferenceModel model;
  Subject& subject = GetParam() ? static_cast<Subject&>(model) : core;
  const char* text =
      "methods start write\non write return pending\nw0 = stream.getWriter()\nw0.write(object#1)\nw0.releaseLock()\nw1 "
      "= stream.getWriter()\n";
  const std::string first = TraceOn(subject, text);
  TraceOn(subject, "methods start\non start throw r1\nw0 = stream.getWriter()\n");
  EXPECT_EQ(TraceOn(subject, text), first);
}

size_t Count(std::string_view text, std::string_view part) {
  size_t count = 0;
  for (size_t i = text.find(part); i != std::string_view::npos; i = text.find(part, i + 1)) ++count;
  return count;
}

TEST_P(DriverTest, TimesRepeatsTheNextOperationOnly) {
  const std::string trace = TraceOf(R"(methods write
on write {
  times 3
  w0.write("b")
} return
w0 = stream.getWriter()
times 65
w0.write("a")
w0.write("c")
times 5
run
times 2
times 4
read w0
times 3
)");
  EXPECT_EQ(Count(trace, "  w0.write(\"a\")\n"), 65u);
  EXPECT_EQ(Count(trace, "w0.write(\"b\")\n"), 3u);
  EXPECT_EQ(Count(trace, "  w0.write(\"c\")\n"), 1u);
  EXPECT_EQ(Count(trace, "sink.write(\"b\")"), 3u);
  EXPECT_EQ(Count(trace, "  run\n"), 2u) << "one of them is the epilogue's";
  EXPECT_EQ(Count(trace, "  read w0\n"), 5u) << "one of them is the epilogue's";
  EXPECT_THAT(trace, Not(HasSubstr("times")));
}

TEST_P(DriverTest, ARunRepeatsALimitedNumberOfOperations) {
  const std::string trace = TraceOf(R"(w0 = stream.getWriter()
times 4096
w0.write("a")
times 4096
w0.write("b")
times 4
w0.write("c")
times 3
w0.write("d")
times 2
w0.write("e")
)");
  EXPECT_EQ(Count(trace, "w0.write(\"a\")\n") + Count(trace, "w0.write(\"b\")\n"), 8192u);
  EXPECT_THAT(trace, HasSubstr("times 4  (skipped: the operations of this run are repeated 8192 times at most)"));
  EXPECT_EQ(Count(trace, "w0.write(\"c\")\n"), 1u);
  EXPECT_EQ(Count(trace, "w0.write(\"d\")\n"), 3u);
  EXPECT_EQ(Count(trace, "w0.write(\"e\")\n"), 1u);
}

TEST_P(DriverTest, LongProgramsHaveAFewSnapshotsAndOneAtTheEndOfEachOperation) {
  CoreSubject core;
  ReferenceModel model;
  Subject& subject = GetParam() ? static_cast<Subject&>(model) : core;
  const Program program =
      ParseOrDie("methods write\nw0 = stream.getWriter()\ntimes 4096\nw0.write(\"a\")\nw0.close()\nrun\n");
  const Trace trace = RunOn(subject, program);
  EXPECT_GT(trace.events.size(), 20'000u);
  EXPECT_LT(trace.snapshots[0].taken.size(), 200u);
  std::vector<uint64_t> queued;
  for (size_t i = 0; i < trace.events.size(); ++i) {
    const bool ends = trace.events[i].kind == EventKind::kOpEnd && trace.events[i].where.script == Where::kMain;
    const bool is_last = i + 1 == trace.events.size() || trace.events[i + 1].where != trace.events[i].where;
    if (!ends || !is_last) continue;
    ASSERT_NE(trace.SnapshotOf(i), nullptr) << i;
    queued.push_back(trace.SnapshotOf(i)->queue_size);
  }
  EXPECT_EQ(queued, (std::vector<uint64_t>{0, 4096, 4097, 0}));
}

TEST_P(DriverTest, AFoldedTracePrintsARepetitionTwice) {
  CoreSubject core;
  ReferenceModel model;
  Subject& subject = GetParam() ? static_cast<Subject&>(model) : core;
  const auto folded = [&](std::string_view text) {
    const Program program = ParseOrDie(text);
    return FoldedTraceText(RunOn(subject, program));
  };
  EXPECT_THAT(folded("w0 = stream.getWriter()\ntimes 100\nw0.write(\"a\")\n"), HasSubstr(R"(
   5  w0.write("a")
   6  -> returned p1
   7  w0.write("a")
   8  -> returned p2
   9  ... 98 times more, each as much further as the second
 205  run)"));
  // Different chunks are not the same repetition.
  const std::string mixed = folded("w0 = stream.getWriter()\ntimes 8\nw0.write(\"a\")\ntimes 9\nw0.write(\"b\")\n");
  EXPECT_THAT(mixed, HasSubstr("... 6 times more"));
  EXPECT_THAT(mixed, HasSubstr("... 7 times more"));
  EXPECT_THAT(folded("w0 = stream.getWriter()\ntimes 7\nw0.write(\"a\")\nw0.abort(r1)\n"), Not(HasSubstr("...")));
}

}  // namespace
}  // namespace sluice::fuzz
