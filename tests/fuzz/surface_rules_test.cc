// The rules of what JavaScript sees notice bindings with faults; the seeds and random programs break none of them; a
// program leaves nothing to the next one in its realms.
#include "fuzz/surface/surface_rules.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "fuzz/surface/surface_program.h"

namespace sluice::fuzz {
namespace {

SurfaceWorld& Surface() {
  static SurfaceWorld world;
  return world;
}

std::string SurfaceRule(std::string_view text, std::string_view fault) {
  const auto finding = CheckSurface(Surface(), text, fault);
  return finding ? finding->rule : "";
}

// A proxy in place of a method or getter of `name`.prototype: it prints, and is, as the one that it is for.
std::string Wrapped(const std::string& name, const std::string& key, const std::string& apply) {
  return "(() => { const { apply } = Reflect, d = Object.getOwnPropertyDescriptor(" + name + ".prototype, '" + key +
         "'), which = d.get ? 'get' : 'value'; d[which] = new Proxy(d[which], { apply(f, self, args) { " + apply +
         " } }); Object.defineProperty(" + name + ".prototype, '" + key + "', d); })()";
}

constexpr std::string_view kWholeLife =
    "sink 00111110\nstrategy 01200\nstream 00110\nlock 0\nrun\nready 0\nwrite 03\nwrite 01\nrun\nwclose 0\nrun\n";

TEST(SurfaceRulesTest, WrappedMembersThatDoAsBeforeAreNotNoticed) {
  EXPECT_EQ(SurfaceRule(kWholeLife, Wrapped("WritableStreamDefaultWriter", "write", "return apply(f, self, args)")),
            "");
}

TEST(SurfaceRulesTest, NoticePropertiesThatAreNotAsTheTableHasThem) {
  for (const std::string_view fault : {
           "Object.defineProperty(WritableStream.prototype, 'close', { enumerable: false })",
           "Object.defineProperty(WritableStream.prototype.abort, 'length', { value: 1 })",
           "Object.defineProperty(WritableStreamDefaultWriter.prototype.write, 'name', { value: 'w' })",
           "delete CountQueuingStrategy.prototype.size",
           "WritableStreamDefaultController.prototype.extra = 1",
           "Object.defineProperty(AbortSignal.prototype, Symbol.toStringTag, { value: 'Signal' })",
           "Object.defineProperty(globalThis, 'WritableStream', { enumerable: true })",
           "WritableStream.prototype.getWriter = function getWriter() {}",
           "delete DOMException.prototype.code",
       }) {
    EXPECT_EQ(SurfaceRule("run\n", fault), "SURFACE-SHAPE") << fault;
  }
}

TEST(SurfaceRulesTest, NoticeWhatAuthorsSee) {
  const std::string writer = "WritableStreamDefaultWriter";
  struct Case {
    std::string fault;
    std::string program;
  };
  const std::string life(kWholeLife);
  const Case cases[] = {
      {Wrapped(writer, "write", "return apply(f, self, [args[0] === null ? undefined : args[0]])"), life},
      {Wrapped(writer, "write", "const p = apply(f, self, args); p.catch(() => {}); return p"),
       "sink 00222220\nstrategy 01200\nstream 00110\nlock 0\nwrite 00001\nrun\n"},
      {Wrapped(writer, "ready", "return Promise.resolve().then(() => apply(f, self, args))"), life},
      {Wrapped(
           writer, "close",
           "if (!(self instanceof WritableStreamDefaultWriter)) throw new TypeError(); return apply(f, self, args)"),
       life + "wclose 01\n"},
      {Wrapped("WritableStream", "locked",
               "if (Object.getPrototypeOf(self) !== WritableStream.prototype) throw new TypeError(); return apply(f, "
               "self, args)"),
       life + "locked 001\n"},
      {Wrapped("WritableStream", "getWriter", "return new globalThis.WritableStreamDefaultWriter(self)"),
       "stream 0000\npatch 0cy1\nlock 0\n"},
      {Wrapped("WritableStreamDefaultController", "signal", "return new AbortController().signal"),
       life + "signal 0\nsignal 0\n"},
      {Wrapped("CountQueuingStrategy", "size", "return function size() { return 1 }"),
       "strategy 0000\ncount 001\ncountsize 2\ncountsize 2\n"},
      {"(() => { const real = WritableStream; const fake = new Proxy(real, { construct(t, args, n) { args[1]?.size; "
       "return Reflect.construct(t, "
       "args, n) } }); real.prototype.constructor = fake; Object.defineProperty(globalThis, 'WritableStream', { value: "
       "fake }) })()",
       "sink 01111110\nstrategy 01200\nstream 00110\n"},
  };
  for (const Case& each : cases) EXPECT_EQ(SurfaceRule(each.program, each.fault), "SURFACE-SAME") << each.fault;
}

TEST(SurfaceRulesTest, NoticeFaultsOfListenersAndSignals) {
  const std::string signal = "sink 00111110\nstrategy 01200\nstream 00110\nrun\nsignal 0\n";
  const std::string any =
      "Object.defineProperty(AbortSignal, 'any', { value: new Proxy(AbortSignal.any, { apply: (f, self, [[first]]) => ";
  struct Case {
    std::string fault;
    std::string program;
  };
  const Case cases[] = {
      {Wrapped("EventTarget", "removeEventListener", "return undefined"),
       signal + "listen 002\nlisten 102\nsabort 00\n"},
      {Wrapped("EventTarget", "addEventListener", "return apply(f, self, args.slice(0, 2))"),
       signal + "listen 000\nlisten 700\nlisten 700\n"},
      // A listener of `signal` 1, which is aborted before the event.
      {Wrapped("EventTarget", "addEventListener", "return apply(f, self, args.slice(0, 2))"),
       signal + "aborter 0\nasignal 0\nlisten 007\naabort 00\nlisten 700\n"},
      {Wrapped("EventTarget", "addEventListener",
               "return apply(f, self, [args[0], typeof args[1] === 'object' ? args[1].handleEvent : args[1]])"),
       signal + "listen 00d\nsabort 00\n"},
      {Wrapped("AbortController", "abort", "return apply(f, self, [])"),
       "aborter 0\nasignal 0\naabort 03\nlisten 50\n"},
      {any + "first })})", signal + "listen 300\nlisten 012\nsabort 00\n"},
      {any + "new AbortController().signal })})", signal + "listen 300\nlisten 012\nsabort 00\n"},
  };
  for (const Case& each : cases) {
    EXPECT_EQ(SurfaceRule(each.program, each.fault), "SURFACE-SAME") << each.fault;
    EXPECT_EQ(SurfaceRule(each.program, ""), "") << each.program;
  }
}

TEST(SurfaceRulesTest, NoticeWhatAProgramLeavesBehind) {
  const std::string counting =
      "globalThis.made_ = 0; " +
      Wrapped("WritableStream", "getWriter", "if (++globalThis.made_ > 1) throw 'no'; return apply(f, self, args)");
  EXPECT_EQ(SurfaceRule(kWholeLife, counting), "");
  EXPECT_EQ(SurfaceRule(kWholeLife, counting), "SURFACE-CLEAN");
}

TEST(SurfaceRulesTest, EverySeedBreaksNoRule) {
  int seeds = 0;
  for (const auto& entry : std::filesystem::directory_iterator("corpus/api_surface_fuzzer")) {
    std::ifstream file(entry.path());
    const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    const auto finding = CheckSurface(Surface(), text);
    EXPECT_FALSE(finding.has_value()) << entry.path() << "\n" << finding->detail;
    ++seeds;
  }
  EXPECT_GE(seeds, 10);
}

TEST(SurfaceRulesTest, RandomProgramsBreakNoRule) {
  for (uint64_t seed = 1; seed <= 250 && !HasFailure(); ++seed) {
    const auto finding = CheckSurface(Surface(), RandomSurfaceProgram(seed, 4 + seed % 24));
    EXPECT_FALSE(finding.has_value()) << "seed " << seed << "\n" << finding->detail;
  }
}

TEST(SurfaceRulesTest, LogsDependNeitherOnOrderNorOnWhatRanBefore) {
  std::vector<std::vector<std::string>> programs;
  for (uint64_t seed = 1; seed <= 60; ++seed) programs.push_back(SurfaceStatements(RandomSurfaceProgram(seed, 20)));
  std::vector<SurfaceLog> logs;
  for (const auto& program : programs) logs.push_back(Surface().Run(program, SurfaceSide::kReal));
  std::vector<size_t> order(programs.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::shuffle(order.begin(), order.end(), std::mt19937(1));
  for (const size_t i : order) {
    EXPECT_EQ(Surface().Run(programs[i], SurfaceSide::kReal), logs[i]) << i;
    EXPECT_EQ(Surface().RunAlone(programs[i], SurfaceSide::kReal), logs[i]) << i;
  }
}

TEST(SurfaceProgramTest, AnyBytesAreAProgram) {
  std::mt19937 random(1);
  for (int i = 0; i < 60; ++i) {
    std::string bytes;
    for (int n = 0; n < 80; ++n) bytes += static_cast<char>(random() % 4 == 0 ? '\n' : random());
    EXPECT_EQ(SurfaceRule(bytes, ""), "");
  }
}

TEST(SurfaceProgramTest, MutationsChangePrograms) {
  const std::string program = RandomSurfaceProgram(1, 10);
  int changed = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) changed += MutateSurfaceProgram(program, seed) != program ? 1 : 0;
  EXPECT_GT(changed, 80);
  EXPECT_EQ(MutateSurfaceProgram(program, 7), MutateSurfaceProgram(program, 7));
}

}  // namespace
}  // namespace sluice::fuzz
