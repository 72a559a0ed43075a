#include "fuzz/lab/in_child.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <optional>

namespace sluice::lab {
namespace {

TEST(InChildTest, ReturnsTheResult) {
  EXPECT_EQ(RunInChild([] { return 0; }), 0);
  EXPECT_EQ(RunInChild([] { return 2; }), 2);
}

TEST(InChildTest, WhatEndsTheProcessHasNoResult) {
  EXPECT_EQ(RunInChild([]() -> int { std::abort(); }), std::nullopt);
  EXPECT_EQ(RunInChild([]() -> int { std::_Exit(1); }), std::nullopt) << "as a sanitizer does";
  EXPECT_EQ(RunInChild([] { return 0; }), 0);
}

TEST(InChildTest, WhatHangsHasNoResultAndTheLimitIsForEachCandidate) {
  const auto busy = [](double seconds) {
    const std::clock_t end = std::clock() + static_cast<std::clock_t>(seconds * CLOCKS_PER_SEC);
    while (std::clock() < end) {
    }
  };
  EXPECT_EQ(RunInChild([&] {
              LimitProcessorTime(1);
              busy(5);
              return 0;
            }),
            std::nullopt);
  EXPECT_EQ(RunInChild([&] {
              for (int candidate = 0; candidate < 3; ++candidate) {
                LimitProcessorTime(1);
                busy(0.5);
              }
              return 0;
            }),
            0);
}

TEST(InChildTest, TheParentsMemoryIsUntouchedAndErrorsAreDropped) {
  int asked = 0;
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  EXPECT_EQ(RunInChild([&] {
              std::puts("a line");
              std::fputs("another\n", stderr);
              return ++asked;
            }),
            1);
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "a line\n");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(asked, 0);
}

TEST(InChildTest, AnIgnoredSigchldDoesNotMatter) {
  std::signal(SIGCHLD, SIG_IGN);
  EXPECT_EQ(RunInChild([] { return 1; }), 1);
}

}  // namespace
}  // namespace sluice::lab
