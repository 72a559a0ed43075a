// What all streams of an isolate buffer together is bounded, and given back when a chunk is done or its stream is gone.
#include <string>

#include "tests/v8/v8_test.h"

namespace sluice::binding {
namespace {

class TotalByteLimitTest : public V8Test {
 protected:
  TotalByteLimitTest() : TotalByteLimitTest(Options{.stream = {.byte_limit = 700}, .total_byte_limit = 1000}) {}
  explicit TotalByteLimitTest(const Options& options) : V8Test(options) {
    Run(R"(
      var errors = [], settle = [];
      // A writer whose sink finishes nothing before `settle` is called.
      function writer() { return new WritableStream({ write: () => new Promise((...both) => settle.push(both)) }).getWriter(); }
      function write(to, bytes) { to.write(new Uint8Array(bytes)).catch((error) => errors.push(String(error))); }
      function taken() { return errors.splice(0).join('\n'); }
      var a = writer(), b = writer(), c = writer();)");
    RunMicrotasks();
  }
  // The errors of `source` and its microtasks.
  std::string Errors(const std::string& source) {
    Run(source);
    RunMicrotasks();
    return Run("taken()");
  }
  uint64_t Charged() { return data().live().charged_bytes; }
};

TEST_F(TotalByteLimitTest, SumOverAllStreamsIsBounded) {
  EXPECT_EQ(Errors("write(a, 600); write(b, 300)"), "");
  EXPECT_EQ(
      Errors("write(c, 101)"),
      "RangeError: The streams of this app may buffer 1000 bytes together and hold 900 bytes: no room for a chunk "
      "of 101 bytes");
  EXPECT_EQ(Charged(), 900u);
  // The stream that was refused goes on, up to the last byte.
  EXPECT_EQ(Errors("write(c, 100)"), "");
  EXPECT_EQ(Charged(), 1000u);
  EXPECT_EQ(Errors("write(c, 0)"), "");
  EXPECT_NE(Errors("write(c, 1)"), "");
}

TEST_F(TotalByteLimitTest, TheLimitOfOneStreamIsReportedAsThat) {
  EXPECT_EQ(Errors("write(a, 600); write(a, 101)"),
            "RangeError: The stream may buffer 700 bytes and holds 600 bytes: no room for a chunk of 101 bytes");
}

TEST_F(TotalByteLimitTest, WhatASinkHasFinishedWithIsGivenBack) {
  EXPECT_EQ(Errors("write(a, 600); write(b, 400)"), "");
  EXPECT_NE(Errors("write(c, 400)"), "");
  Errors("settle[0][0]()");
  EXPECT_EQ(Charged(), 400u);
  EXPECT_EQ(Errors("write(c, 600)"), "");
}

TEST_F(TotalByteLimitTest, WhatAnErrorDropsIsGivenBack) {
  EXPECT_EQ(Errors("write(a, 100); write(a, 200); write(b, 50)"), "");
  Errors("settle[0][1](new Error('sink'))");
  EXPECT_EQ(Charged(), 50u);
  EXPECT_EQ(Errors("write(c, 650)"), "");
}

TEST_F(TotalByteLimitTest, WhatAnAbortDropsIsGivenBack) {
  EXPECT_EQ(Errors("write(a, 100); write(a, 500); write(b, 50)"), "");
  Errors("a.abort().catch(() => {}); settle[0][0]()");
  EXPECT_EQ(Charged(), 50u);
}

TEST_F(TotalByteLimitTest, StreamsThatDieGiveTheirChargeBackHoweverSmall) {
  EXPECT_EQ(Errors("for (let i = 0; i < 100; ++i) write(writer(), 10)"), "");
  EXPECT_EQ(Charged(), 1000u);
  Run("settle.length = 0");
  CollectGarbage();
  EXPECT_EQ(Charged(), 0u);
}

class LargeTotalByteLimitTest : public TotalByteLimitTest {
 protected:
  LargeTotalByteLimitTest()
      : TotalByteLimitTest(Options{
            .stream = {.byte_limit = 1'000'000}, .total_byte_limit = 1'000'000, .total_byte_limit_name = "the_key"}) {}
};

TEST_F(LargeTotalByteLimitTest, MessageNamesTheEmbeddersKey) {
  EXPECT_EQ(Errors("write(a, 600000); write(b, 600000)"),
            "RangeError: The streams of this app may buffer 1000000 bytes together (the_key) and hold 600000 bytes: no "
            "room for a chunk of 600000 bytes");
}

TEST_F(LargeTotalByteLimitTest, StreamsThatDieGiveTheirChargeBack) {
  EXPECT_EQ(Errors("for (let i = 0; i < 10; ++i) write(writer(), 90000)"), "");
  EXPECT_EQ(Charged(), 900'000u);
  Run("settle.length = 0");
  CollectGarbage();
  EXPECT_EQ(Charged(), 0u);
}

// Nobody collected garbage: being refused does.
TEST_F(LargeTotalByteLimitTest, TasksThatDropTheirStreamsAreNotRefused) {
  for (int i = 0; i < 100; ++i) EXPECT_EQ(Errors("settle.length = 0; write(writer(), 300000)"), "") << i;
}

TEST_F(LargeTotalByteLimitTest, LoopThatIsRefusedDoesNotCollectEachTime) {
  static int collections;
  collections = 0;
  isolate()->AddGCEpilogueCallback([](v8::Isolate*, v8::GCType, v8::GCCallbackFlags) { ++collections; },
                                   v8::kGCTypeMarkSweepCompact);
  EXPECT_NE(Errors("write(a, 900000); const chunk = new Uint8Array(200000);"
                   "for (let i = 0; i < 1000; ++i) b.write(chunk).catch((error) => errors.push(error))"),
            "");
  EXPECT_LT(collections, 20);
}

class UnlimitedStreamsTest : public TotalByteLimitTest {
 protected:
  UnlimitedStreamsTest() : TotalByteLimitTest(Options{.stream = {.byte_limit = {}}, .total_byte_limit = 1000}) {}
};

TEST_F(UnlimitedStreamsTest, StreamsWithoutALimitOfTheirOwnAreTheEmbedders) { EXPECT_EQ(Errors("write(a, 5000)"), ""); }

}  // namespace
}  // namespace sluice::binding
