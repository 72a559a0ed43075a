#include "src/runtime/module_loader.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/runtime/realm_test.h"

namespace sluice::runtime {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

class ModuleLoaderTest : public RealmTest {
 protected:
  ModuleLoaderTest() {
    std::string pattern = ::testing::TempDir() + "/modules.XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~ModuleLoaderTest() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return folder_ + "/" + name; }
  void File(const std::string& name, const std::string& text) { std::ofstream(Path(name)) << text; }
  // What import() of the file comes to: "fulfilled", or "rejected: " and the error.
  std::string Import(const std::string& name) {
    const std::string printed = Run("import(" + Quoted(Path(name)) +
                                    ").then(() => console.log('fulfilled'), (e) => console.log(`rejected: ${e}`))");
    return printed.empty() ? "nothing" : printed.substr(0, printed.size() - 1);
  }
  static std::string Quoted(const std::string& text) { return "'" + text + "'"; }

  std::string folder_;
};

// The root of the cycle is "errored" for V8, and those that had finished are "evaluated".
TEST_F(ModuleLoaderTest, AFinishedMemberOfAFailedCycleIsRejectedWithItsError) {
  File("first.mjs", "import './middle.mjs';");
  File("middle.mjs", "import './last.mjs'; await 0; throw new Error('middle');");
  File("last.mjs", "import './middle.mjs'; export const done = true;");
  File("other.mjs", "import './last.mjs';");
  EXPECT_EQ(Import("first.mjs"), "rejected: Error: middle");
  EXPECT_EQ(Import("last.mjs"), "rejected: Error: middle");
  EXPECT_EQ(Import("middle.mjs"), "rejected: Error: middle");
  EXPECT_EQ(Import("other.mjs"), "rejected: Error: middle");
  EXPECT_EQ(Import("last.mjs"), "rejected: Error: middle");
}

TEST_F(ModuleLoaderTest, WhatHadFinishedOutsideOfAFailedCycleIsFulfilled) {
  File("leaf.mjs", "export const done = true;");
  File("a.mjs", "import './leaf.mjs'; import './b.mjs'; await 0; throw new Error('a');");
  File("b.mjs", "import './a.mjs';");
  EXPECT_EQ(Import("b.mjs"), "rejected: Error: a");
  EXPECT_EQ(Import("leaf.mjs"), "fulfilled");
  EXPECT_EQ(Import("a.mjs"), "rejected: Error: a");
}

// V8 leaves a module whose evaluation was terminated in the middle of it for ever.
TEST_F(ModuleLoaderTest, AModuleWhoseEvaluationWasInterruptedIsRejected) {
  File("endless.mjs", "import './leaf.mjs'; console.log('begun'); for (;;) {}");
  File("leaf.mjs", "");
  File("importer.mjs", "import './endless.mjs';");
  std::thread interrupting([&] {
    while (!HasPrinted("begun") || !realm().Interrupt()) std::this_thread::yield();
  });
  RunTask("import(" + Quoted(Path("endless.mjs")) + ").catch(() => {})");
  realm().RunLoop();
  interrupting.join();
  TakeOutput();
  TakeErrors();
  for (const char* const name : {"endless.mjs", "importer.mjs"}) {
    EXPECT_THAT(Import(name), HasSubstr("endless.mjs: its evaluation was interrupted")) << name;
  }
  EXPECT_EQ(Import("leaf.mjs"), "fulfilled");
}

TEST_F(ModuleLoaderTest, NoPatchedPromiseStandsBetweenAnImportAndItsModule) {
  File("a.mjs", "export const x = 1;");
  EXPECT_EQ(Run("const then = Promise.prototype.then; Promise.prototype.then = null;"
                "Object.defineProperty(Promise.prototype, 'constructor', { get() { throw new Error('looked up') } });"
                "const p = import(" +
                Quoted(Path("a.mjs")) +
                ");"
                "Object.defineProperty(p, 'constructor', { value: Promise });"
                "then.call(p, (m) => console.log(m.x))"),
            "1\n");
}

TEST_F(ModuleLoaderTest, OnlyRegularFilesAreImported) {
  File("a.js", "");
  ASSERT_EQ(mkfifo(Path("pipe.mjs").c_str(), 0600), 0);
  EXPECT_THAT(Import("pipe.mjs"), EndsWith("pipe.mjs: is not a regular file"));
  EXPECT_THAT(Import(""), EndsWith(": is a folder, not a file"));
  EXPECT_THAT(Import("../../../../../../../../dev/zero"), EndsWith("/dev/zero: is not a regular file"));
  EXPECT_THAT(Import("a.js%00.mjs"), EndsWith("a.js\\0.mjs: a file's name cannot contain NUL"));
  EXPECT_THAT(Import(std::string(100'000, 'x')), HasSubstr("it is too long"));
  EXPECT_EQ(Import("a.js"), "fulfilled");
}

TEST_F(ModuleLoaderTest, ADeepChainOfModulesSettles) {
  constexpr int kDepth = 3000;
  for (int i = 0; i < kDepth; ++i) {
    File(std::to_string(i) + ".mjs", i + 1 < kDepth ? "import './" + std::to_string(i + 1) + ".mjs';" : "await 0;");
  }
  EXPECT_THAT(Import("0.mjs"), ::testing::AnyOf("fulfilled", HasSubstr("RangeError")));
}

}  // namespace
}  // namespace sluice::runtime
