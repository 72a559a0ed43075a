// Programs with more than one stream.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <span>
#include <string>

#include "fuzz/oracle/finding_report.h"
#include "fuzz/oracle/judge.h"
#include "fuzz/program/bytes.h"
#include "fuzz/program/language.h"
#include "fuzz/program/mutate.h"
#include "fuzz/program/shrink.h"
#include "tests/fuzz/run_program.h"

namespace sluice::fuzz {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kEverything = R"(highWaterMark 3
methods start write
s1 highWaterMark 2
s1 byteLimit 64
s1 ticks promise-resolve
s1 methods start write close abort size
s2 strategy CountQueuingStrategy
s3 methods write
s3 shares sink strategy signal
on s1 write {
  s2.controller.error(r1)
} return pending
on then return resolved
on write return
s1 = new WritableStream()
s2 = new WritableStream()
w0 = s1.getWriter()
w1 = new WritableStreamDefaultWriter(s2)
w0.write(w1)
w0.write(w1.ready) unobserved
w1.write(w3.closed)
s1.abort(r0) unobserved
s2.close()
resolve s1.write
reject s1.start r1
resolve then
read s1
s2.errorStream(r2)
)";

std::span<const uint8_t> AsBytes(const std::string& bytes) {
  return {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
}

TEST(StreamsTest, TextAndBytesKeepEveryStream) {
  const Program program = ParseOrDie(kEverything);
  EXPECT_EQ(PrintText(program), kEverything);
  EXPECT_EQ(PrintText(DecodeBytes(AsBytes(EncodeBytes(program)))), kEverything);
}

TEST(StreamsTest, TheFirstStreamHasTwoNamesInText) {
  const Program program =
      ParseOrDie("s0 highWaterMark 2\non s0 write return\nw0 = s0.getWriter()\ns0.controller.error(r0)\n");
  EXPECT_EQ(PrintText(program), "highWaterMark 2\non write return\nw0 = stream.getWriter()\ncontroller.error(r0)\n");
}

TEST(StreamsTest, WrongNamesAndSettingsAreRefused) {
  for (const char* text : {"s4 = new WritableStream()", "s0 = new WritableStream()", "stream = new WritableStream()",
                           "w0 = s4.getWriter()", "s4 methods write", "shares sink", "s1 shares", "s1 shares stream",
                           "s1 highWaterMark 1\ns1 highWaterMark 1", "on s1 then return", "on s4 write return",
                           "w0.write(w4)", "w0.write(w1.desiredSize)", "s4.controller.error(r0)"}) {
    const ParsedProgram parsed = ParseText(text);
    EXPECT_FALSE(parsed.program.has_value()) << text;
    EXPECT_FALSE(parsed.error.message.empty()) << text;
  }
}

TEST(StreamsTest, TheTraceNamesStreamsAfterTheFirst) {
  CoreSubject core;
  const std::string trace = TraceOn(core, R"(methods write
s1 methods write
on write {
  w1.write("b")
} return
w0 = stream.getWriter()
s1 = new WritableStream()
w1 = s1.getWriter()
run
w0.write("a")
)");
  EXPECT_THAT(trace, HasSubstr("  sink.write(\"a\") #1\n"));
  EXPECT_THAT(trace, HasSubstr("      s1.sink.write(\"b\") #1\n"));
}

TEST(StreamsTest, ANameIsGivenToOneStreamOnly) {
  CoreSubject core;
  const std::string trace =
      TraceOn(core, "s1 = new WritableStream()\ns1 = new WritableStream()\nw0 = s2.getWriter()\n");
  EXPECT_THAT(trace, HasSubstr("s1 = new WritableStream()  (skipped: the name was given to a stream before)"));
  EXPECT_THAT(trace, HasSubstr("w0 = s2.getWriter()  (skipped: there is no stream)"));
}

TEST(StreamsTest, ASharedSinkSeesTheControllerOfItsCaller) {
  CoreSubject core;
  const std::string trace = TraceOn(core, R"(methods start write close
s1 methods abort
s1 shares sink
s1 = new WritableStream()
w0 = stream.getWriter()
w1 = s1.getWriter()
run
w1.write("b")
w0.write("a")
run
w1.close()
)");
  EXPECT_THAT(trace, HasSubstr("s1.sink.start() #2"));
  EXPECT_THAT(trace, HasSubstr("s1.sink.write(\"b\") #1"));
  EXPECT_THAT(trace, HasSubstr(" sink.write(\"a\") #2"));
  EXPECT_THAT(trace, HasSubstr(" sink.close() #1"));  // close() gets no controller
  EXPECT_THAT(trace, Not(HasSubstr("s1.sink.close")));
}

TEST(StreamsTest, SharedScriptsAreForTheCallsOfAllStreams) {
  const std::string text = R"(methods size
s1 shares strategy
on size return 5
on size return 7
w0 = stream.getWriter()
s1 = new WritableStream()
w1 = s1.getWriter()
w0.write("a")
w1.write("b")
read w0
read w1
)";
  CoreSubject core;
  const std::string trace = TraceOn(core, text);
  EXPECT_THAT(trace, HasSubstr("desiredSize = -4"));
  EXPECT_THAT(trace, HasSubstr("desiredSize = -6"));
  EXPECT_FALSE(Judge().Run(ParseOrDie(text)).has_value());
}

TEST(StreamsTest, WritersAreNumberedByFirstAppearance) {
  const std::string text =
      "s1 = new WritableStream()\nw0 = stream.getWriter()\nw3 = stream.getWriter()\nw1 = s1.getWriter()\n"
      "run\nw0.write(w1)\nw0.write(w1.closed)\n";
  const Program program = ParseOrDie("methods write\n" + text);
  Judge judge;
  EXPECT_FALSE(judge.Run(program).has_value());
  EXPECT_THAT(TraceText(judge.core_trace()), HasSubstr("sink.write(writer#1) #1"));
}

TEST(StreamsTest, CoreAndModelAgreeOnProgramsWithSeveralStreams) {
  int several = 0;
  Judge judge;
  for (uint64_t seed = 0; seed < 3000; ++seed) {
    Random random(seed);
    Program program = RandomProgram(random, seed % 2 == 0 ? BalancedProfile() : ReentrancyProfile());
    if (LastStream(program) == 0) continue;
    ++several;
    const auto finding = judge.Run(program);
    ASSERT_FALSE(finding.has_value()) << FindingReport(judge, finding);
  }
  EXPECT_GT(several, 500);
}

TEST(StreamsTest, AStreamThatDoesNotMatterGoes) {
  const auto has = [](const Program& p, OpKind kind) {
    return std::any_of(p.ops.begin(), p.ops.end(),
                       [kind](const Op& op) { return op.kind == kind && op.operands.stream == 1; });
  };
  const auto writes_to_another = [&](const Program& p) {
    return has(p, OpKind::kConstruct) && has(p, OpKind::kGetWriter);
  };
  const Program program = ParseOrDie(kEverything);
  const Program small = Shrink(program, writes_to_another);
  EXPECT_EQ(PrintText(small), "s1 = new WritableStream()\nw0 = s1.getWriter()\n");
}

TEST(StreamsTest, ALaterNameBecomesTheFirstThatIsFree) {
  const Program program = ParseOrDie("s3 methods write\ns3 = new WritableStream()\nw0 = s3.getWriter()\n");
  const Program small = Shrink(program, [](const Program& p) {
    const size_t last = LastStream(p);
    return p.ops.size() == 2 && last > 0 && p.ops[1].operands.stream == last && p.settings(last).has(Method::kWrite);
  });
  EXPECT_EQ(PrintText(small), "s1 methods write\ns1 = new WritableStream()\nw0 = s1.getWriter()\n");
}

// ---- Mix-ups: each is right for one stream, and was invisible while programs had one.

// Everything that a method does to a writer's stream happens to the stream that was made last.
class ClosesTheLastStream : public CoreSubject {
  sim::Outcome Perform(const SubjectCall& call) override {
    if (call.method != SubjectMethod::kStreamClose) return CoreSubject::Perform(call);
    SubjectCall other = call;
    for (other.stream = kStreamCount - 1; other.stream > 0 && State(other.stream) == nullptr;) --other.stream;
    return CoreSubject::Perform(other);
  }
};

// A chunk is charged to the first stream.
class ChargesTheFirstStream : public CoreSubject {
  sim::Outcome Perform(const SubjectCall& call) override {
    const sim::Outcome outcome = CoreSubject::Perform(call);
    const core::WritableStream* const other = State(1);
    if (call.method == SubjectMethod::kWrite && other != nullptr && !other->controller.queue.empty()) {
      State(0)->controller.charged_bytes += 1;
    }
    return outcome;
  }
};

constexpr const char* kTwoStreams = R"(methods write
s1 methods write
w0 = stream.getWriter()
s1 = new WritableStream()
w1 = s1.getWriter()
run
w1.write("a")
w0.releaseLock()
stream.close()
run
)";

TEST(StreamsTest, AMixUpOfStreamsIsFound) {
  EXPECT_FALSE(Judge().Run(ParseOrDie(kTwoStreams)).has_value());
  EXPECT_TRUE(Judge(std::make_unique<ClosesTheLastStream>()).Run(ParseOrDie(kTwoStreams)).has_value());
  Judge judge(std::make_unique<ChargesTheFirstStream>());
  const auto finding = judge.Run(ParseOrDie(kTwoStreams));
  ASSERT_TRUE(finding.has_value());
  EXPECT_EQ(finding->identity(), "invariant/I-BYTES-SUM");
  EXPECT_EQ(finding->stream, 0u);
}

// The second stream's state is what nobody sees: its snapshots are compared all the same.
class LiesAboutTheSecondStream : public CoreSubject {
  bool TakeSnapshot(uint32_t stream, core::Snapshot& snapshot) override {
    const bool taken = CoreSubject::TakeSnapshot(stream, snapshot);
    if (stream == 1) snapshot.backpressure = !snapshot.backpressure;
    return taken;
  }
};

TEST(StreamsTest, EveryStreamsSlotsAreCompared) {
  Judge judge(std::make_unique<LiesAboutTheSecondStream>());
  const Program program = ParseOrDie(kTwoStreams);
  const auto finding = judge.Run(program);
  ASSERT_TRUE(finding.has_value());
  EXPECT_EQ(finding->stream, 1u);
  EXPECT_THAT(FindingReport(judge, finding), HasSubstr("Slots of s1 that changed there"));
}

}  // namespace
}  // namespace sluice::fuzz
