#include "fuzz/lab/in_child.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace sluice::lab {
namespace {

TEST(InChildTest, ItIsWhatTheQuestionReturns) {
  EXPECT_TRUE(HoldsInChild([] { return true; }, 10));
  EXPECT_FALSE(HoldsInChild([] { return false; }, 10));
}

TEST(InChildTest, WhatEndsTheProcessDoesNotHold) {
  EXPECT_FALSE(HoldsInChild([]() -> bool { std::abort(); }, 10));
  EXPECT_FALSE(HoldsInChild([]() -> bool { std::_Exit(3); }, 10));
  EXPECT_TRUE(HoldsInChild([] { return true; }, 10));
}

TEST(InChildTest, WhatDoesNotEndDoesNotHold) {
  EXPECT_FALSE(HoldsInChild(
      [] {
        for (volatile bool on = true; on;) {
        }
        return true;
      },
      1));
}

TEST(InChildTest, NothingIsChangedOrPrinted) {
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

TEST(InChildTest, ItDoesNotMatterThatChildrenWereIgnored) {
  std::signal(SIGCHLD, SIG_IGN);
  EXPECT_FALSE(HoldsInChild([] { return false; }, 10));
  EXPECT_TRUE(HoldsInChild([] { return true; }, 10));
}

}  // namespace
}  // namespace sluice::lab
