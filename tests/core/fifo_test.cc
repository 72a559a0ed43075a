#include "src/core/fifo.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <utility>
#include <vector>

namespace sluice::core {
namespace {

using Numbers = Fifo<uint64_t>;

std::vector<uint64_t> Entries(const Numbers& fifo) { return {fifo.begin(), fifo.end()}; }

Numbers Of(std::vector<uint64_t> entries) {
  Numbers fifo;
  for (const uint64_t entry : entries) fifo.push_back(entry);
  return fifo;
}

TEST(Fifo, NewListOwnsNoMemory) {
  const Numbers fifo;
  EXPECT_TRUE(fifo.empty());
  EXPECT_EQ(fifo.size(), 0u);
  EXPECT_EQ(fifo.allocated_bytes(), 0u);
  EXPECT_EQ(fifo.begin(), fifo.end());
}

TEST(Fifo, FirstInIsFirstOut) {
  Numbers fifo;
  uint64_t pushed = 0;
  uint64_t popped = 0;
  // Two in, one out; then all out.
  for (int i = 0; i < 1000; ++i) {
    fifo.push_back(pushed++);
    fifo.push_back(pushed++);
    ASSERT_EQ(fifo.front(), popped++);
    fifo.pop_front();
    ASSERT_EQ(fifo.back(), pushed - 1);
    ASSERT_EQ(fifo.size(), pushed - popped);
  }
  for (; !fifo.empty(); fifo.pop_front()) ASSERT_EQ(fifo.front(), popped++);
  EXPECT_EQ(popped, pushed);
}

TEST(Fifo, IterationIsInOrderOverLiveEntries) {
  Numbers fifo = Of({1, 2, 3, 4, 5, 6});
  fifo.pop_front();
  fifo.pop_front();
  EXPECT_EQ(Entries(fifo), (std::vector<uint64_t>{3, 4, 5, 6}));
}

TEST(Fifo, PushOfAnEntryOfTheSameListSurvivesGrowth) {
  Numbers fifo = Of({7, 8, 9, 10});
  for (int i = 0; i < 100; ++i) fifo.push_back(fifo.front());
  EXPECT_EQ(fifo.size(), 104u);
  EXPECT_EQ(fifo.back(), 7u);
}

TEST(Fifo, PushOfAnEntryOfTheSameListSurvivesSliding) {
  Numbers fifo = Of({1, 2, 3, 4});
  fifo.pop_front();
  fifo.pop_front();
  fifo.push_back(fifo.back());
  EXPECT_EQ(Entries(fifo), (std::vector<uint64_t>{3, 4, 4}));
}

TEST(Fifo, CopyHoldsTheLiveEntriesOnly) {
  Numbers fifo;
  for (uint64_t i = 0; i < 1000; ++i) fifo.push_back(i);
  for (int i = 0; i < 997; ++i) fifo.pop_front();
  const Numbers copy = fifo;
  EXPECT_EQ(Entries(copy), (std::vector<uint64_t>{997, 998, 999}));
  EXPECT_EQ(copy.allocated_bytes(), 3 * sizeof(uint64_t));
}

TEST(Fifo, TwoEntriesTakeNoMemoryOfTheirOwn) {
  Numbers fifo = Of({1, 2});
  EXPECT_EQ(fifo.allocated_bytes(), 0u);
  Numbers other = Of({3, 4, 5, 6, 7});
  fifo.swap(other);
  EXPECT_EQ(Entries(fifo), (std::vector<uint64_t>{3, 4, 5, 6, 7}));
  EXPECT_EQ(Entries(other), (std::vector<uint64_t>{1, 2}));
  other.push_back(8);
  EXPECT_EQ(Entries(other), (std::vector<uint64_t>{1, 2, 8}));
}

TEST(Fifo, CopyIsIndependent) {
  Numbers fifo = Of({1, 2, 3});
  Numbers copy = fifo;
  copy.pop_front();
  copy.push_back(4);
  EXPECT_EQ(Entries(fifo), (std::vector<uint64_t>{1, 2, 3}));
  EXPECT_EQ(Entries(copy), (std::vector<uint64_t>{2, 3, 4}));
}

TEST(Fifo, CopyOfAnEmptiedListOwnsNoMemory) {
  Numbers fifo = Of({1});
  fifo.pop_front();
  const Numbers copy = fifo;
  EXPECT_EQ(copy.allocated_bytes(), 0u);
}

TEST(Fifo, MoveLeavesNothingBehind) {
  Numbers fifo = Of({1, 2, 3});
  const Numbers moved = std::move(fifo);
  EXPECT_EQ(Entries(moved), (std::vector<uint64_t>{1, 2, 3}));
  EXPECT_TRUE(fifo.empty());  // NOLINT(bugprone-use-after-move): that is what is tested
  EXPECT_EQ(fifo.allocated_bytes(), 0u);
  fifo.push_back(9);
  EXPECT_EQ(Entries(fifo), (std::vector<uint64_t>{9}));
}

TEST(Fifo, MoveAssignmentReplaces) {
  Numbers fifo = Of({1, 2, 3});
  fifo = Of({4, 5});
  EXPECT_EQ(Entries(fifo), (std::vector<uint64_t>{4, 5}));
}

TEST(Fifo, SelfAssignmentKeepsTheEntries) {
  Numbers fifo = Of({1, 2, 3});
  fifo.pop_front();
  Numbers& same = fifo;
  fifo = same;
  EXPECT_EQ(Entries(fifo), (std::vector<uint64_t>{2, 3}));
  fifo = std::move(same);
  EXPECT_EQ(Entries(fifo), (std::vector<uint64_t>{2, 3}));
}

TEST(Fifo, EqualityIsOfLiveEntriesInOrder) {
  Numbers popped = Of({0, 1, 2});
  popped.pop_front();
  EXPECT_EQ(popped, Of({1, 2}));
  EXPECT_NE(popped, Of({2, 1}));
  EXPECT_NE(popped, Of({1}));
  EXPECT_NE(popped, Of({1, 2, 3}));
  EXPECT_EQ(Numbers(), Of({}));
}

TEST(Fifo, AMillionPushesAndPopsOfAShortListStaySmall) {
  Numbers fifo;
  size_t largest = 0;
  for (uint64_t i = 0; i < 1'000'000; ++i) {
    fifo.push_back(i);
    if (i >= 10) fifo.pop_front();
    largest = std::max(largest, fifo.allocated_bytes());
  }
  EXPECT_EQ(fifo.size(), 10u);
  EXPECT_LE(largest, 64 * sizeof(uint64_t));
}

TEST(Fifo, MemoryIsLinearInTheEntries) {
  Numbers fifo;
  for (uint64_t i = 0; i < 1'000'000; ++i) {
    fifo.push_back(i);
    ASSERT_LE(fifo.allocated_bytes(), (2 * fifo.size() + 8) * sizeof(uint64_t));
  }
  for (uint64_t i = 0; i < 1'000'000; ++i, fifo.pop_front()) ASSERT_EQ(fifo.front(), i);
}

// The moves of entries, seen as changes of the first entry's address, are paid for by pushes: they double.
TEST(Fifo, EntriesAreMovedALogarithmicNumberOfTimes) {
  Numbers fifo;
  int moves = 0;
  const uint64_t* first = nullptr;
  for (uint64_t i = 0; i < 1'000'000; ++i) {
    fifo.push_back(i);
    moves += fifo.begin() != first ? 1 : 0;
    first = fifo.begin();
  }
  EXPECT_LE(moves, 20);
}

TEST(Fifo, ADrainedPeakGivesItsMemoryBack) {
  Numbers fifo;
  for (uint64_t i = 0; i < 1'000'000; ++i) fifo.push_back(i);
  for (uint64_t i = 0; i < 1'000'000; ++i) {
    ASSERT_EQ(fifo.front(), i);
    fifo.pop_front();
    ASSERT_LE(fifo.allocated_bytes(), std::max<size_t>(16, 4 * fifo.size()) * sizeof(uint64_t));
  }
  EXPECT_TRUE(fifo.empty());
}

// Whatever is pushed and popped: the entries that were moved, seen as changes of their address, are paid for.
TEST(Fifo, MovesArePaidForByPushesAndPops) {
  for (const size_t high : {3u, 17u, 40u, 1000u, 30000u}) {
    for (const size_t low : {size_t{0}, high / 5, high / 2, high - 2}) {
      Numbers fifo;
      size_t operations = 0;
      size_t moved = 0;
      const auto count = [&](const uint64_t* expected) {
        ++operations;
        if (fifo.begin() != expected) moved += fifo.size();
      };
      for (int times = 0; times < 20; ++times) {
        while (fifo.size() < high) {
          const uint64_t* first = fifo.begin();
          fifo.push_back(operations);
          count(first);
        }
        while (fifo.size() > low) {
          const uint64_t* second = fifo.size() > 1 ? fifo.begin() + 1 : fifo.begin();
          fifo.pop_front();
          count(second);
        }
      }
      EXPECT_LE(moved, 3 * operations) << "between " << low << " and " << high;
    }
  }
}

// A short queue that fills and empties all the time does not ask for memory each time.
TEST(Fifo, AShortListKeepsItsMemory) {
  Numbers fifo;
  const auto fill_and_empty = [&fifo] {
    for (uint64_t i = 0; i < 10; ++i) fifo.push_back(i);
    while (!fifo.empty()) fifo.pop_front();
  };
  fill_and_empty();
  const size_t bytes = fifo.allocated_bytes();
  EXPECT_GT(bytes, 0u);
  fill_and_empty();
  EXPECT_EQ(fifo.allocated_bytes(), bytes);
}

TEST(Fifo, ClearGivesTheMemoryBack) {
  Numbers fifo = Of({1, 2, 3});
  fifo.clear();
  EXPECT_TRUE(fifo.empty());
  EXPECT_EQ(fifo.allocated_bytes(), 0u);
  fifo.push_back(4);
  EXPECT_EQ(Entries(fifo), (std::vector<uint64_t>{4}));
}

#ifdef SLUICE_FIFO_POISON

constexpr char kCaught[] = "use-after-poison|heap-use-after-free";

uint64_t Read(const uint64_t& entry) { return *const_cast<const volatile uint64_t*>(&entry); }

TEST(FifoDeathTest, ReadingAPoppedEntryIsCaught) {
  Numbers fifo = Of({1, 2, 3});
  const uint64_t& kept = fifo.front();
  fifo.pop_front();
  EXPECT_DEATH(Read(kept), kCaught);
}

TEST(FifoDeathTest, ReadingTheLastPoppedEntryIsCaught) {
  Numbers fifo = Of({1});
  const uint64_t& kept = fifo.front();
  fifo.pop_front();
  EXPECT_DEATH(Read(kept), kCaught);
}

// Emptying poisons nothing but the last entry, since the others were poisoned when they were popped or never used.
TEST(FifoDeathTest, AllButTheLiveEntriesArePoisoned) {
  Numbers fifo;
  const uint64_t* first = nullptr;
  const auto check = [&] {
    if (fifo.begin() + fifo.size() < first) return;
    for (const uint64_t& entry : fifo) ASSERT_EQ(__asan_address_is_poisoned(&entry), 0);
  };
  // The capacity is 8 from the third push to the last.
  constexpr int kCapacity = 8;
  for (uint64_t i = 0; i < kCapacity; ++i) fifo.push_back(i);
  while (!fifo.empty()) fifo.pop_front();
  for (int round = 0; round < 3; ++round) {
    for (uint64_t i = 0; i < kCapacity; ++i) {
      fifo.push_back(i);
      if (first == nullptr) first = fifo.begin();
      check();
      for (const uint64_t* entry = fifo.end(); entry < first + kCapacity; ++entry)
        ASSERT_EQ(__asan_address_is_poisoned(entry), 1);
    }
    for (const uint64_t* entry = first; entry < first + kCapacity; ++entry) {
      fifo.pop_front();
      check();
      for (const uint64_t* popped = first; popped <= entry; ++popped) ASSERT_EQ(__asan_address_is_poisoned(popped), 1);
    }
    ASSERT_EQ(fifo.allocated_bytes(), kCapacity * sizeof(uint64_t));
  }
}

TEST(FifoDeathTest, ReadingAnEntryInsideTheObjectThatMovedAwayIsCaught) {
  Numbers fifo = Of({1, 2});
  const uint64_t& kept = fifo.front();
  fifo.push_back(3);
  EXPECT_DEATH(Read(kept), kCaught);
}

TEST(FifoDeathTest, ReadingAClearedEntryInsideTheObjectIsCaught) {
  Numbers fifo = Of({1});
  const uint64_t& kept = fifo.front();
  fifo.clear();
  EXPECT_DEATH(Read(kept), kCaught);
}

TEST(FifoDeathTest, ReadingAnEntryThatWasGivenBackIsCaught) {
  Numbers fifo;
  for (uint64_t i = 0; i < 32; ++i) fifo.push_back(i);
  const uint64_t& kept = fifo.back();
  for (int i = 0; i < 24; ++i) fifo.pop_front();
  EXPECT_DEATH(Read(kept), kCaught);
}

TEST(FifoDeathTest, ReadingAClearedEntryIsCaught) {
  Numbers fifo = Of({1, 2, 3});
  const uint64_t& kept = fifo.back();
  fifo.clear();
  EXPECT_DEATH(Read(kept), kCaught);
}

TEST(FifoDeathTest, ReadingAnEntryThatSlidAwayIsCaught) {
  Numbers fifo = Of({1, 2, 3, 4, 5, 6, 7, 8});
  const uint64_t& kept = fifo.back();
  for (int i = 0; i < 4; ++i) fifo.pop_front();
  fifo.push_back(9);
  EXPECT_DEATH(Read(kept), kCaught);
}

TEST(FifoDeathTest, ReadingAnEntryThatMovedAwayIsCaught) {
  Numbers fifo = Of({1, 2, 3, 4, 5, 6, 7, 8});
  const uint64_t& kept = fifo.front();
  fifo.push_back(9);
  EXPECT_DEATH(Read(kept), kCaught);
}

TEST(FifoDeathTest, ReadingPastTheLastEntryIsCaught) {
  Numbers fifo = Of({1, 2, 3});
  EXPECT_DEATH(Read(*fifo.end()), kCaught);
}

#endif  // SLUICE_FIFO_POISON

}  // namespace
}  // namespace sluice::core
