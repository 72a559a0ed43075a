// What JavaScript makes native code keep is counted, bounded, and gone when nothing refers to it.
#include "src/v8/native_memory.h"

#include "src/runtime/fetch/fetch.h"
#include "tests/runtime/realm_test.h"

namespace sluice::runtime {
namespace {

using ::testing::HasSubstr;

constexpr size_t kLimit = size_t{4} << 20;

class NativeMemoryTest : public RealmTest {
 protected:
  NativeMemoryTest() { Restart({.isolate = {.max_native_bytes = kLimit}, .expose_gc = true}); }

  size_t Used() { return realm().isolate().data().memory()->used(); }
  void CollectGarbage() {
    realm().RunTask([&] { realm().isolate().CollectGarbage(); });
  }
};

TEST(NativeMemory, NothingIsCountedThatIsRefused) {
  binding::NativeMemory memory(100);
  EXPECT_TRUE(memory.Take(60));
  EXPECT_FALSE(memory.Take(41));
  EXPECT_FALSE(memory.Take(SIZE_MAX));
  EXPECT_TRUE(memory.Take(40));
  memory.TakeAnyway(50);
  EXPECT_FALSE(memory.Take(0));
  EXPECT_FALSE(memory.Take(1));
  memory.Return(150);
  EXPECT_EQ(memory.used(), 0u);
  EXPECT_TRUE(binding::NativeMemory(0).Take(SIZE_MAX));
}

// V8 has the bytes of a small typed array on its heap until somebody asks for their buffer, and ends the process when
// that is refused then.
TEST_F(NativeMemoryTest, TheBufferOfASmallTypedArrayIsNeverRefused) {
  EXPECT_EQ(Run(R"js(
    const kept = [], small = Array.from({ length: 1000 }, (_, i) => new Uint8Array(i % 65));
    for (let size = 1 << 26; size >= 1; size >>= 1) {
      try { for (let i = 0; i < 1e3; ++i) kept.push(new ArrayBuffer(size)); } catch {}
    }
    console.log(small.reduce((sum, array) => sum + array.buffer.byteLength, 0));
    for (const Type of [Int8Array, Uint16Array, Float64Array, BigInt64Array]) console.log(new Type(8).buffer.byteLength);
    for (const size of [1, 64, 65, 1e5]) { try { new ArrayBuffer(size); console.log('made'); } catch (e) { console.log(e.name) } })js"),
            "31500\n8\n16\n64\n64\nRangeError\nRangeError\nRangeError\nRangeError\n");
}

TEST_F(NativeMemoryTest, TimersAreCountedAndRefused) {
  EXPECT_EQ(Run("let n = 0; try { for (; n < 1e6; ++n) setTimeout(() => {}, 2 ** 31 - 1, n) } catch (e) { "
                "console.log(e.name, n > 5000, n < 50000); sluice.exit(0) }"),
            "RangeError true true\n");
  Restart({.isolate = {.max_native_bytes = kLimit}});
  const size_t before = Used();
  EXPECT_EQ(Run("for (let n = 0; n < 1e5; ++n) clearTimeout(setTimeout(() => {}, 1e9)); console.log('all')"), "all\n");
  EXPECT_EQ(Used(), before);
}

// As Node does: a signal that nobody can see abort is collected, and its timer with it.
TEST_F(NativeMemoryTest, TimeoutsOfDroppedSignalsAreDropped) {
  EXPECT_EQ(Run("for (let i = 0; i < 1e5; ++i) AbortSignal.timeout(1e12); console.log('all')"), "all\n");
  CollectGarbage();
  EXPECT_EQ(realm().timers().count(), 0u);
  EXPECT_EQ(
      Run("const kept = []; try { for (;;) kept.push(AbortSignal.timeout(1e12)) } catch (e) { console.log(e.name, "
          "kept.length > 1000) }"),
      "RangeError true\n");
  EXPECT_GT(realm().timers().count(), 1000u);
}

TEST_F(NativeMemoryTest, ImportsThatWaitAreCounted) {
  EXPECT_EQ(
      Run("let refused = 0, n = 0; (async () => { const all = []; for (; n < 6500; ++n) all.push(import('./none" +
          std::string(100, 'x') +
          "' + n)); const results = await Promise.allSettled(all);"
          "console.log(results.some((r) => r.reason instanceof RangeError), results.every((r) => r.reason)) })()"),
      "true true\n");
  EXPECT_LT(Used(), kLimit);
}

TEST_F(NativeMemoryTest, BodiesOfRequestsAreCountedUntilTheyAreCollected) {
  const size_t before = Used();
  const auto make = [&](size_t size) {
    bool made = false;
    realm().RunTask([&] {
      const v8::TryCatch caught(isolate());
      v8::Local<v8::Object> request;
      made = NewRequest(realm().context(), {"POST", "http://a/", {}, std::string(size, 'x')}, {}).ToLocal(&request);
    });
    return made;
  };
  EXPECT_TRUE(make(1'000'000));
  EXPECT_GE(Used(), before + 1'000'000);
  EXPECT_FALSE(make(kLimit + 1));
  CollectGarbage();
  EXPECT_LT(Used(), before + 1'000'000);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(make(1'000'000));
}

TEST_F(NativeMemoryTest, ARejectionIsHeldNoLongerThanUntilItIsHandled) {
  EXPECT_EQ(Run("let least = Infinity; for (let i = 0; i < 1e6; ++i) Promise.reject(i).catch(() => {}); gc();"
                "console.log(sluice.memoryUsage().streamBytes < 1e6)"),
            "true\n");
  EXPECT_EQ(TakeErrors(), "");
}

// An app that keeps all of its memory can still read a request, and give some back.
TEST_F(NativeMemoryTest, AFullRealmStillAnswers) {
  EXPECT_EQ(Run(R"js(
    const kept = [];
    for (let size = 1 << 26; size >= 1; size >>= 1) { try { for (let i = 0; i < 1e3; ++i) kept.push(new ArrayBuffer(size)); } catch {} }
    console.log(new URL('http://a/?n=1').searchParams.get('n'), new URLSearchParams('a=1&b=2').size, atob(btoa('text')),
                new Headers({ a: 'b' }).get('a'), structuredClone('x'.length), new TextDecoder().decode(new TextEncoder().encode('x'))))js"),
            "1 2 text b 1 x\n");
  bool made = false;
  realm().RunTask([&] {
    v8::Local<v8::Object> request;
    made = NewRequest(realm().context(), {"POST", "http://a/", {}, ""}, {}).ToLocal(&request);
  });
  EXPECT_TRUE(made);
}

// What was kept in one task may be garbage in the next.
TEST_F(NativeMemoryTest, TheNextTaskHasRoomAgain) {
  RunTask("globalThis.kept = []; try { for (;;) kept.push(AbortSignal.timeout(1e9)) } catch {}");
  RunTask("try { AbortSignal.timeout(1e9); console.log('made') } catch (e) { console.log(e.name); kept = undefined }");
  RunTask("try { AbortSignal.timeout(1e9); console.log('made') } catch (e) { console.log(e.name) }");
  EXPECT_EQ(TakeOutput(), "RangeError\nmade\n");
}

// V8 ends the process for a string that its heap has no room for, where native code makes it: each of these makes one
// that is longer than what is left.
TEST_F(NativeMemoryTest, AStringThatTheHeapHasNoRoomForIsARangeError) {
  constexpr const char* kSources[] = {
      "new URLSearchParams('a=' + 'x'.repeat(8e6) + '&b=' + 'x'.repeat(8e6)).get('a')",
      "new URLSearchParams([['a', '~'.repeat(1e7)]]).toString()",
      "new URL('http://x/' + euros).href",
      "(() => { const url = new URL('http://x/'); url.hash = euros; return url.href })()",
      "btoa(long)",
      "atob('A'.repeat(1.6e7))",
      "new Headers({ ['A'.repeat(1.4e7)]: 'a' })",
      "new TextDecoder().decode(new Uint8Array(3e7))",
      "new TextDecoder('utf-16le').decode(new Uint8Array(3e7).fill(0x41))",
      "new TextDecoder('shift_jis').decode(new Uint8Array(3e7).fill(0x41))",
  };
  for (const std::string source : kSources) {
    SCOPED_TRACE(source);
    Restart({.isolate = {.max_heap_bytes = size_t{24} << 20}});
    EXPECT_EQ(Run("const long = 'x'.repeat(1.2e7), euros = '\\u20ac'.repeat(3e6);"
                  "try { console.log('made', (" +
                  source + ").length) } catch (e) { console.log(e.name) }"),
              "RangeError\n");
    EXPECT_EQ(Run("console.log(new TextDecoder().decode(new Uint8Array(2e6)).length)"), "2000000\n");
  }
}

// A loop that is refused strings does not collect each time, and what was garbage makes room.
TEST_F(NativeMemoryTest, AStringsRoomIsMadeByCollecting) {
  Restart({.isolate = {.max_heap_bytes = size_t{24} << 20}});
  EXPECT_EQ(Run("let sum = 0; const bytes = new Uint8Array(25e5); for (let i = 0; i < 40; ++i) sum += new "
                "TextDecoder().decode(bytes).length;"
                "console.log(sum)"),
            "100000000\n");
}

class CollectionsTest : public NativeMemoryTest {
 protected:
  // How often V8 collects all of its garbage while `source` runs.
  int CollectionsIn(const std::string& source) {
    collections = 0;
    isolate()->AddGCEpilogueCallback([](v8::Isolate*, v8::GCType, v8::GCCallbackFlags) { ++collections; },
                                     v8::kGCTypeMarkSweepCompact);
    EXPECT_EQ(Run(source + "; console.log('done'); sluice.exit(0)"), "done\n") << TakeErrors();
    return collections;
  }
  static int collections;
};
int CollectionsTest::collections = 0;

// One last resort is at most seven collections for V8; 2,000 refusals are eleven last resorts.
TEST_F(CollectionsTest, ALoopThatIsRefusedDoesNotCollectEachTime) {
  const std::string fill = "const kept = []; try { for (;;) kept.push(AbortSignal.timeout(1e9)) } catch {}";
  for (const std::string refused :
       {"AbortSignal.timeout(1e9)", "setTimeout(() => {}, 1e9)", "atob('x'.repeat(4e6))",
        "new TextEncoder().encode('x'.repeat(4e6))", "new URLSearchParams('a&'.repeat(3e5))"}) {
    Restart({.isolate = {.max_native_bytes = kLimit}});
    const int count = refused.size() > 25 ? 300 : 2'000;
    const int collected =
        CollectionsIn(fill + "let refused = 0; for (let i = 0; i < " + std::to_string(count) + "; ++i) { try { " +
                      refused + " } catch (e) { if (e instanceof RangeError) ++refused } } if (refused < " +
                      std::to_string(count / 2) + ") throw refused");
    EXPECT_GT(collected, 0) << refused;
    EXPECT_LT(collected, 100) << refused;
  }
}

// A loop whose garbage is most of the limit is refused nothing.
TEST_F(CollectionsTest, ALoopThatDropsWhatItAllocatesIsNotRefused) {
  CollectionsIn("for (let i = 0; i < 3e5; ++i) AbortSignal.timeout(1e9)");
}

TEST_F(NativeMemoryTest, FilesAreNoLargerThanTheLimit) {
  EXPECT_EQ(realm().max_file_bytes(), kLimit);
  EXPECT_THAT(Run("try { sluice.readTextFile('/proc/self/exe') } catch (e) { console.log(e.message) }"),
              HasSubstr("/proc/self/exe: is larger than 4194304 bytes"));
}

}  // namespace
}  // namespace sluice::runtime
