#include "src/runtime/timers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

namespace sluice::runtime {
namespace {

using ::testing::ElementsAre;

class TimersTest : public ::testing::Test {
 protected:
  void Log(std::string text) { log_.push_back(std::move(text)); }
  void RunAll() {
    loop_.Run([] { return true; });
  }

  EventLoop loop_;
  Timers timers_{loop_, [](const Timers::Task& task) { task(); }};
  std::vector<std::string> log_;
};

TEST_F(TimersTest, TheEarlierDueRunsFirst) {
  timers_.Post(20, [&] { Log("20"); }, {});
  timers_.Post(1, [&] { Log("1"); }, {});
  timers_.Post(10, [&] { Log("10"); }, {});
  RunAll();
  EXPECT_THAT(log_, ElementsAre("1", "10", "20"));
}

TEST_F(TimersTest, OfThoseDueTogetherTheFirstSetRunsFirst) {
  for (int i = 0; i < 5; ++i) timers_.Post(0, [&, i] { Log(std::to_string(i)); }, {});
  RunAll();
  EXPECT_THAT(log_, ElementsAre("0", "1", "2", "3", "4"));
}

TEST_F(TimersTest, NoneRunsBeforeItIsDue) {
  const double begin = EventLoop::Now();
  double ran = 0;
  timers_.Post(7.5, [&] { ran = EventLoop::Now(); }, {});
  RunAll();
  EXPECT_GE(ran - begin, 7.5);
}

TEST_F(TimersTest, DelaysThatAreNoDelaysAreZero) {
  timers_.Post(-5, [&] { Log("negative"); }, {});
  timers_.Post(std::nan(""), [&] { Log("nan"); }, {});
  RunAll();
  EXPECT_THAT(log_, ElementsAre("negative", "nan"));
}

TEST_F(TimersTest, OneSetByAnotherRunsAfterThoseThatWereThere) {
  timers_.Post(0,
               [&] {
                 Log("first");
                 timers_.Post(0, [&] { Log("inner"); }, {});
               },
               {});
  timers_.Post(0, [&] { Log("second"); }, {});
  RunAll();
  EXPECT_THAT(log_, ElementsAre("first", "second", "inner"));
}

TEST_F(TimersTest, AChainThatNeverEndsStarvesNobody) {
  bool stopped = false;
  uv_async_t other;
  uv_async_init(loop_.get(), &other, [](uv_async_t* async) { *static_cast<bool*>(async->data) = true; });
  other.data = &stopped;
  uv_unref(reinterpret_cast<uv_handle_t*>(&other));
  uv_async_send(&other);
  Timers::Task again = [&] {
    if (stopped) return;
    timers_.Post(0, again, {});
    // The next is due before this one has ended.
    for (const double begin = EventLoop::Now(); EventLoop::Now() - begin < 0.01;) {
    }
  };
  timers_.Post(0, again, {});
  RunAll();
  EXPECT_TRUE(stopped);
  loop_.Close(other);
}

// Requests of an app would wait for all of them.
TEST_F(TimersTest, ManyThatAreDueLetOtherEventsInBetween) {
  uv_async_t other;
  uv_async_init(loop_.get(), &other,
                [](uv_async_t* async) { static_cast<std::vector<std::string>*>(async->data)->emplace_back("event"); });
  other.data = &log_;
  uv_unref(reinterpret_cast<uv_handle_t*>(&other));
  timers_.Post(0,
               [&] {
                 Log("long");
                 uv_async_send(&other);
                 for (const double begin = EventLoop::Now(); EventLoop::Now() - begin < 60;) {
                 }
               },
               {});
  timers_.Post(0, [&] { Log("next"); }, {});
  RunAll();
  EXPECT_THAT(log_, ElementsAre("long", "event", "next"));
  loop_.Close(other);
}

TEST_F(TimersTest, OneCanCancelAnotherThatIsDue) {
  int32_t second = 0;
  timers_.Post(0, [&] { timers_.Cancel(second); }, {});
  second = timers_.Post(0, [&] { Log("never"); }, {});
  RunAll();
  EXPECT_THAT(log_, ElementsAre());
  EXPECT_EQ(timers_.count(), 0U);
}

TEST_F(TimersTest, AnIntervalRunsUntilItCancelsItself) {
  int count = 0;
  int32_t id = 0;
  id = timers_.Post(1,
                    [&] {
                      if (++count == 3) timers_.Cancel(id);
                    },
                    {.repeats = true});
  RunAll();
  EXPECT_EQ(count, 3);
  EXPECT_EQ(timers_.count(), 0U);
}

TEST_F(TimersTest, ATaskMayCancelAll) {
  timers_.Post(0, [&] { timers_.CancelAll(); }, {.repeats = true});
  timers_.Post(0, [&] { Log("never"); }, {});
  RunAll();
  EXPECT_THAT(log_, ElementsAre());
}

TEST_F(TimersTest, OneThatKeepsNothingAliveDoesNotHoldTheLoop) {
  timers_.Post(1e9, [] {}, {.keeps_alive = false});
  EXPECT_FALSE(loop_.IsAlive());
  const int32_t id = timers_.Post(1e9, [] {}, {});
  EXPECT_TRUE(loop_.IsAlive());
  timers_.Cancel(id);
  EXPECT_FALSE(loop_.IsAlive());
}

TEST_F(TimersTest, OneThatKeepsNothingAliveRunsWhileAnotherHoldsTheLoop) {
  timers_.Post(1, [&] { Log("weak"); }, {.keeps_alive = false});
  timers_.Post(10, [&] { Log("strong"); }, {});
  RunAll();
  EXPECT_THAT(log_, ElementsAre("weak", "strong"));
}

TEST_F(TimersTest, IdsArePositiveAndDifferent) {
  const int32_t first = timers_.Post(0, [] {}, {});
  const int32_t second = timers_.Post(0, [] {}, {});
  EXPECT_GT(first, 0);
  EXPECT_NE(first, second);
  RunAll();
}

TEST_F(TimersTest, CancellingWhatIsNotThereDoesNothing) {
  timers_.Cancel(0);
  timers_.Cancel(-1);
  timers_.Cancel(12345);
  EXPECT_FALSE(loop_.IsAlive());
}

TEST(Timers, PendingOnesAreDroppedWithoutRunning) {
  EventLoop loop;
  const auto held = std::make_shared<int>(1);
  {
    Timers timers(loop, [](const Timers::Task& task) { task(); });
    timers.Post(0, [held] { FAIL(); }, {});
    timers.Post(1e9, [held] { FAIL(); }, {.repeats = true});
    EXPECT_EQ(held.use_count(), 3);
  }
  EXPECT_EQ(held.use_count(), 1);
}

}  // namespace
}  // namespace sluice::runtime
