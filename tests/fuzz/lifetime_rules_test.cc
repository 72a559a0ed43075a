// The rules of lifetimes notice bindings with faults; every kind of fault, at each of the first points of each seed,
// breaks none.
#include "fuzz/surface/lifetime_rules.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "fuzz/surface/surface_program.h"
#include "src/v8/v8_host.h"

namespace sluice::fuzz {
namespace {

SurfaceWorld& World() {
  static SurfaceWorld world;
  return world;
}

std::string TextOf(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

constexpr std::string_view kLife =
    "sink 00111110\nstrategy 01200\nstream 00110\nlock 0\nrun\nready 0\nwrite 03\nwrite 01\nrun\ndesired 0\nwclose "
    "0\nrun\n";

std::string Rule(const std::string& point, const std::string& fault) {
  const auto finding = CheckLifetime(World(), point + "\n" + std::string(kLife), fault);
  return finding ? finding->rule : "";
}

std::string InWrite(const std::string& statements) {
  return "(() => { const p = WritableStreamDefaultWriter.prototype, f = p.write; p.write = { write(x) { " + statements +
         " } }.write; })()";
}

TEST(LifetimeRulesTest, NoticeWhatIsKeptAlive) {
  EXPECT_EQ(Rule("fault collect 3", ""), "");
  EXPECT_EQ(Rule("fault collect 3",
                 "globalThis.kept_ = []; " + InWrite("kept_.push(this); return Reflect.apply(f, this, [x])")),
            "LIFE-ZERO");
  EXPECT_EQ(Rule("fault terminate 2",
                 "globalThis.kept_ = []; " + InWrite("kept_.push(this); return Reflect.apply(f, this, [x])")),
            "LIFE-ZERO");
}

// Only then is there a weak handle for the stream, and memory of its queue to give back.
TEST(LifetimeRulesTest, AProgramCanHaveAQueueOfMoreThanAKilobyte) {
  const auto memory_with = [](const std::string& writes) {
    const std::string program = "sink 00311110\nstream 00110\nlock 0\nrun\n" + writes + "\n";
    World().Run(SurfaceStatements(program), SurfaceSide::kReal);
    const int64_t bytes = World().live().external_bytes;
    EXPECT_EQ(World().WhatLives(), "");
    return bytes;
  };
  EXPECT_GT(memory_with("writes 03b"), memory_with("write 03") + 1024);
}

TEST(LifetimeRulesTest, NoticeThatGarbageWasCollected) {
  const std::string weak =
      "let ref_; " + InWrite("ref_ = new WeakRef({}); return Reflect.apply(f, this, [x])") +
      "; (() => { const p = WritableStreamDefaultWriter.prototype, f = p.close; p.close = { close() { if "
      "(ref_?.deref() === undefined) throw 'gone'; return Reflect.apply(f, this, []) } }.close; })()";
  EXPECT_EQ(Rule("fault collect 1", weak), "");
  std::string found;
  for (int at = 1; at < 40 && found.empty(); ++at) found = Rule("fault collect " + std::to_string(at), weak);
  EXPECT_EQ(found, "LIFE-SEEN");
}

TEST(LifetimeRulesTest, NoticeWhatTerminationLeavesBehind) {
  const std::string busy =
      "let busy_ = false; " + InWrite(
                                  "if (busy_) throw 'busy'; busy_ = true; const p = Reflect.apply(f, this, [x]); "
                                  "busy_ = false; return p");
  EXPECT_EQ(Rule("fault terminate 90", busy), "");
  std::string found;
  for (int at = 1; at < 40 && found.empty(); ++at) found = Rule("fault terminate " + std::to_string(at), busy);
  EXPECT_EQ(found, "LIFE-HEALTH");
}

TEST(LifetimeRulesTest, NoticeAnswersThatAreNoErrors) {
  EXPECT_EQ(Rule("fault terminate 12", InWrite("if (x === 'poked') throw {}; return Reflect.apply(f, this, [x])")),
            "LIFE-ANSWER");
}

TEST(LifetimeRulesTest, NoticeAnswersOfDetachedRealmsThatAreNoErrors) {
  EXPECT_EQ(Rule("fault detach 2", ""), "");
  EXPECT_EQ(Rule("fault detach 2", InWrite("if (x === 'poked') throw {}; return Reflect.apply(f, this, [x])")),
            "LIFE-ANSWER");
}

TEST(LifetimeRulesTest, NoticeMemoryThatADisposedIsolateIsStillCountedFor) {
  const auto rule = [](const NativeFault& fault) {
    const auto finding = CheckLifetime(World(), "fault dispose 3\n" + std::string(kLife), "", fault);
    return finding ? finding->rule : "";
  };
  EXPECT_EQ(rule({}), "");
  EXPECT_EQ(rule([](SurfaceWorld& world) { ASSERT_TRUE(world.isolate().data().memory()->Take(8)); }), "LIFE-MEMORY");
}

#if SLUICE_CHECKS
TEST(LifetimeRulesTest, NoticeAHandleThatIsUsedForAnotherEntry) {
  // A page whose handle is of an earlier generation, as after its memory was freed and used again.
  const auto use = [](int generations) {
    return [generations](SurfaceWorld& world) {
      v8::Isolate* const isolate = world.isolate().get();
      const v8::Isolate::Scope entered(isolate);
      const v8::HandleScope handles(isolate);
      const v8::Context::Scope in(v8::Context::New(isolate));
      auto& pages = world.isolate().data().host().Pages<binding::StreamObject>();
      auto* const page = binding::Page<binding::StreamObject>::Of(pages.PageWithRoom().ToLocalChecked());
      page->at(page->Take() - generations * binding::Page<binding::StreamObject>::kSize);
    };
  };
  const auto rule = [](const NativeFault& fault) {
    const auto finding = CheckLifetime(World(), "fault collect 3\n" + std::string(kLife), "", fault);
    return finding ? finding->rule : "";
  };
  EXPECT_EQ(rule(use(0)), "");
  EXPECT_EQ(rule(use(1)), "LIFE-ASSERT");
}
#endif

TEST(LifetimeRulesTest, EverySeedBreaksNoRule) {
  for (const auto& entry : std::filesystem::directory_iterator("corpus/lifetime_fuzzer")) {
    const auto finding = CheckLifetime(World(), TextOf(entry.path()));
    EXPECT_FALSE(finding.has_value()) << entry.path() << "\n" << finding->rule << "\n" << finding->detail;
  }
}

// A sample of what `scripts/faults` does.
TEST(LifetimeRulesTest, FirstPointsOfASeedBreakNoRule) {
  uint64_t points[kLifetimeFaults] = {};
  const auto finding = CheckEveryPoint(World(), TextOf("corpus/lifetime_fuzzer/collect-in-two-realms.txt"), 6, points);
  EXPECT_FALSE(finding.has_value()) << finding->rule << "\n" << finding->detail;
  for (int kind = 0; kind < kLifetimeFaults; ++kind) {
    EXPECT_GE(points[kind], 6u) << NameOf(static_cast<LifetimeFault>(kind));
  }
}

}  // namespace
}  // namespace sluice::fuzz
