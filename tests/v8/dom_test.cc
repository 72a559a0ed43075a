#include "tests/v8/v8_test.h"

namespace sluice::binding {
namespace {

using DomTest = V8Test;

TEST_F(DomTest, ScriptsRun) {
  EXPECT_EQ(Run("1 + 1"), "2");
  EXPECT_EQ(Run("throw new TypeError('no')"), "throws TypeError: no");
}

}  // namespace
}  // namespace sluice::binding
