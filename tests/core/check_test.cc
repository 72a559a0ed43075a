#include "src/core/check.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::core {
namespace {

std::string g_seen;
void Record(const char* operation, const char* what) { g_seen = std::string(operation) + ": " + what; }
void Other(const char*, const char*) { g_seen = "other"; }

class CheckTest : public ::testing::Test {
 protected:
  void SetUp() override {
    g_seen.clear();
    before_ = SetAssertHandler(&Record);
  }
  void TearDown() override { SetAssertHandler(before_); }
  AssertHandler before_ = nullptr;
};

TEST_F(CheckTest, FailedAssertGoesToTheHandlerAndDoesNotEndTheProcess) {
  AssertFailed("Operation", "something holds");
  EXPECT_EQ(g_seen, "Operation: something holds");
}

TEST_F(CheckTest, SettingAHandlerReturnsTheOneBefore) {
  EXPECT_EQ(SetAssertHandler(&Other), &Record);
  AssertFailed("Operation", "what");
  EXPECT_EQ(g_seen, "other");
  EXPECT_EQ(SetAssertHandler(&Record), &Other);
}

TEST_F(CheckTest, MacroReportsOnlyWhatIsFalse) {
  SLUICE_ASSERT(1 + 1 == 2, "Operation", "arithmetic");
  EXPECT_EQ(g_seen, "");
  SLUICE_ASSERT(1 + 1 == 3, "Operation", "arithmetic");
  EXPECT_EQ(g_seen, SLUICE_CHECKS ? "Operation: arithmetic" : "");
}

TEST_F(CheckTest, MacroIsOneStatement) {
  if (g_seen.empty())
    SLUICE_ASSERT(true, "Operation", "what");
  else
    FAIL();
}

TEST(CheckDeathTest, NullRestoresTheDefaultWhichPrintsAndAborts) {
  const AssertHandler before = SetAssertHandler(&Record);
  EXPECT_EQ(SetAssertHandler(nullptr), &Record);
  EXPECT_DEATH(AssertFailed("Operation", "what"), "sluice: assert failed in Operation: what");
  SetAssertHandler(before);
}

}  // namespace
}  // namespace sluice::core
