// setTimeout and its like, as scripts see them.
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/runtime/realm_test.h"

namespace sluice::runtime {
namespace {

class ScriptTimersTest : public RealmTest {};

TEST_F(ScriptTimersTest, ClearingEveryIdStopsTimersOnly) {
  const std::string file = ::testing::TempDir() + "/imported." + std::to_string(getpid()) + ".mjs";
  std::ofstream(file) << "export const x = 1;";
  EXPECT_EQ(Run("AbortSignal.timeout(5).onabort = () => console.log('aborted');"
                "import('" +
                file +
                "').then((m) => console.log('imported', m.x));"
                "setTimeout(() => console.log('never'), 1); setInterval(() => console.log('never'), 1);"
                "for (let id = setTimeout(() => {}, 0) + 100; id > -100; --id) clearTimeout(id), clearInterval(id);"
                "setTimeout(() => {}, 20)"),
            "imported 1\naborted\n");
  std::filesystem::remove(file);
}

TEST_F(ScriptTimersTest, IdsAreThoseOfScriptsAlone) {
  EXPECT_EQ(Run("const a = setTimeout(() => {}); AbortSignal.timeout(1); import('./none').catch(() => {});"
                "const b = setInterval(() => clearInterval(b)); console.log(a, b, setTimeout(() => {}))"),
            "1 2 3\n");
}

TEST_F(ScriptTimersTest, WhatIsNoIdClearsNothing) {
  EXPECT_EQ(Run("setTimeout(() => console.log('ran'));"
                "for (const id of [0, -1, NaN, 'foo', null, undefined, {}, [], 1e10, 2 ** 32 + 2]) clearTimeout(id);"
                "clearTimeout(); clearTimeout('7')"),
            "ran\n");
}

TEST_F(ScriptTimersTest, ATimerMayClearAnotherThatIsDueToo) {
  EXPECT_EQ(Run("const other = {}; setTimeout(() => clearTimeout(other.id), 2);"
                "other.id = setTimeout(() => console.log('never'), 2);"
                "const t = setInterval(function (...a) { console.log(this === globalThis, a.join()); clearTimeout(t) "
                "}, 1, 1, 2)"),
            "true 1,2\n");
}

}  // namespace
}  // namespace sluice::runtime
