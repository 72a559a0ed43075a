#include "fuzz/lab/in_child.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace sluice::lab {
namespace {

TEST(InChildTest, ReturnsTheResultOfThePredicate) {
  EXPECT_TRUE(HoldsInChild([] { return true; }, 10));
  EXPECT_FALSE(HoldsInChild([] { return false; }, 10));
}

TEST(InChildTest, APredicateThatEndsTheProcessIsFalse) {
  EXPECT_FALSE(HoldsInChild([]() -> bool { std::abort(); }, 10));
  EXPECT_FALSE(HoldsInChild([]() -> bool { std::_Exit(3); }, 10));
  EXPECT_TRUE(HoldsInChild([] { return true; }, 10));
}

TEST(InChildTest, APredicateThatHangsIsFalse) {
  EXPECT_FALSE(HoldsInChild(
      [] {
        for (volatile bool on = true; on;) {
        }
        return true;
      },
      1));
}

TEST(InChildTest, TheParentsMemoryAndOutputAreUntouched) {
  int asked = 0;
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  EXPECT_TRUE(HoldsInChild(
      [&] {
        std::puts("a line");
        std::fflush(stdout);
        std::fputs("another\n", stderr);
        return ++asked == 1;
      },
      10));
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(asked, 0);
}

TEST(InChildTest, AnIgnoredSigchldDoesNotMatter) {
  std::signal(SIGCHLD, SIG_IGN);
  EXPECT_FALSE(HoldsInChild([] { return false; }, 10));
  EXPECT_TRUE(HoldsInChild([] { return true; }, 10));
}

}  // namespace
}  // namespace sluice::lab
