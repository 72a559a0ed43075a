#include "fuzz/program/text.h"

#include <gtest/gtest.h>

#include <string>

#include "fuzz/program/language.h"
#include "fuzz/program/mutate.h"

namespace sluice::fuzz {
namespace {

constexpr const char* kEverything = R"(highWaterMark 0.5
byteLimit 18446744073709551615
ticks promise-resolve-start
methods start write close abort size
on start throw r3
on size return NaN
on write {
  controller.error(undefined)
  w3.releaseLock()
} return rejected r2
on signal return -0
on getThen return thenable
on then return resolved
on close return pending
on abort return
w0 = stream.getWriter()
w1 = new WritableStreamDefaultWriter(stream)
w0.write("a\u00e9\"\\\ud83d")
w0.write("" * 1) unobserved
w0.write("ab" * 4294967295)
w0.write(buffer(4294967295)#3)
w0.write(shared(0))
w0.write(view(7))
w0.write(object#2)
w0.write(number#1)
w0.write(undefined)
w0.close() unobserved
w0.abort(undefined)
stream.abort(r0) unobserved
stream.close()
resolve then
reject start r1
run
run 1000
tick 1
read w2
read stream
watch w0.ready
watch w0.closed
closeWithErrorPropagation(w1) unobserved
errorStream(r2)
)";

TextError ErrorOf(std::string_view text) {
  const ParsedProgram parsed = ParseText(text);
  EXPECT_FALSE(parsed.program.has_value()) << text;
  return parsed.error;
}

TEST(TextTest, CanonicalTextPrintsAsItWasRead) {
  const ParsedProgram parsed = ParseText(kEverything);
  ASSERT_TRUE(parsed.program.has_value()) << parsed.error.line << ": " << parsed.error.message;
  std::string expected = kEverything;
  expected.replace(expected.find("\"\" * 1"), 6, "\"\"");
  EXPECT_EQ(PrintText(*parsed.program), expected);
}

TEST(TextTest, RandomProgramsReadBackTheSame) {
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    Random random(seed);
    const Program program = RandomProgram(random, seed % 2 == 0 ? BalancedProfile() : BufferLimitProfile());
    const ParsedProgram parsed = ParseText(PrintText(program));
    ASSERT_TRUE(parsed.program.has_value()) << PrintText(program) << parsed.error.message;
    ASSERT_EQ(*parsed.program, program) << PrintText(program);
  }
}

TEST(TextTest, CommentsSpaceAndCarriageReturnsDoNotMatter) {
  const ParsedProgram parsed =
      ParseText("# why\r\n\r\n  w0   =  stream.getWriter()   # first\r\n\tw0.write(object#1) #last\n");
  ASSERT_TRUE(parsed.program.has_value()) << parsed.error.message;
  EXPECT_EQ(PrintText(*parsed.program), "w0 = stream.getWriter()\nw0.write(object#1)\n");
}

TEST(TextTest, AHashInAStringIsNoComment) {
  const ParsedProgram parsed = ParseText("w0.write(\"a #b\")");
  ASSERT_TRUE(parsed.program.has_value()) << parsed.error.message;
  EXPECT_EQ(parsed.program->ops[0].operands.chunk.unit_count, 4);
}

TEST(TextTest, ErrorsSayWhereAndWhatWasExpected) {
  const TextError error = ErrorOf("w0 = stream.getWriter()\n  w0.write(buffer(-1))\n");
  EXPECT_EQ(error.line, 2);
  EXPECT_EQ(error.column, 12);
  EXPECT_NE(error.message.find("byte length"), std::string::npos) << error.message;
}

TEST(TextTest, AStrategyAndASizeOfTheAuthorsExcludeEachOther) {
  for (const char* text :
       {"strategy CountQueuingStrategy\nmethods write size\n", "methods size\nstrategy CountQueuingStrategy\n"}) {
    EXPECT_EQ(ErrorOf(text).line, 2);
    EXPECT_NE(ErrorOf(text).message.find("leave out"), std::string::npos) << ErrorOf(text).message;
  }
}

TEST(TextTest, MalformedTextIsRefused) {
  for (const char* text : {"w4.close()",
                           "w0.close() now",
                           "w0.abort(r9)",
                           "w0.write(\"abcdefg\")",
                           "w0.write(\"\\u12g4\")",
                           "w0.write(\"a\" * 0)",
                           "run 0",
                           "run 1001",
                           "tick",
                           "resolve size",
                           "highWaterMark inf",
                           "highWaterMark nan",
                           "byteLimit -1",
                           "byteLimit 18446744073709551616",
                           "ticks webid",
                           "ticks webidlx",
                           "methods start, write",
                           "strategy",
                           "strategy CountQueuing",
                           "strategy CountQueuingStrategy 1",
                           "methods size\nstrategy CountQueuingStrategy",
                           "strategy ByteLengthQueuingStrategy\nmethods size",
                           "detach \"a\"",
                           "detach shared(8)",
                           "on sink return",
                           "on write",
                           "on write {",
                           "on write { run",
                           "}",
                           "highWaterMark 1\nhighWaterMark 1",
                           "w0.write(object#4)",
                           "w0.write(\"a)",
                           "\xEF\xBB\xBFrun",
                           "nonsense"}) {
    EXPECT_FALSE(ErrorOf(text).message.empty()) << text;
  }
}

TEST(TextTest, ProgramsOverTheLimitsAreRefused) {
  std::string text;
  for (size_t i = 0; i < kMaxOps; ++i) text += "run\n";
  EXPECT_TRUE(ParseText(text).program.has_value());
  EXPECT_NE(ErrorOf(text + "run\n").message.find("more than 255 operations"), std::string::npos);
  std::string script = "on write {\n";
  for (size_t i = 0; i <= kMaxScriptOps; ++i) script += "read stream\n";
  EXPECT_NE(ErrorOf(script + "} return\n").message.find("more than 15 operations"), std::string::npos);
}

TEST(TextTest, BytesDoNotLookLikeText) {
  EXPECT_TRUE(LooksLikeText("# a comment\n"));
  EXPECT_FALSE(LooksLikeText(""));
  EXPECT_FALSE(LooksLikeText(std::string_view("run\0", 4)));
  EXPECT_FALSE(LooksLikeText("\x01run"));
}

}  // namespace
}  // namespace sluice::fuzz
