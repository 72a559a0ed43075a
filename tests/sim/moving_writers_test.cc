#include "src/sim/moving_writers.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <set>

#if defined(__SANITIZE_ADDRESS__)
#define SLUICE_TEST_POISON 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SLUICE_TEST_POISON 1
#endif
#endif
#ifdef SLUICE_TEST_POISON
#include <sanitizer/asan_interface.h>
#endif

namespace sluice::sim {
namespace {

using Writer = MovingWriters::Writer;

void ExpectPoisoned([[maybe_unused]] const Writer* writer) {
#ifdef SLUICE_TEST_POISON
  EXPECT_TRUE(__asan_address_is_poisoned(writer));
  EXPECT_TRUE(__asan_address_is_poisoned(reinterpret_cast<const char*>(writer + 1) - 1));
#endif
}

void AddNamed(MovingWriters& writers, uint64_t count) {
  for (uint64_t i = 0; i < count; ++i) {
    writers.Add();
    writers[writers.size() - 1].stream = {writers.size()};
  }
}

void ExpectNamed(const MovingWriters& writers, size_t count) {
  ASSERT_EQ(writers.size(), count);
  for (size_t i = 0; i < count; ++i) EXPECT_EQ(writers[i].stream.name, i + 1);
}

TEST(MovingWritersTest, WritersKeepWhatTheyHold) {
  for (const uint64_t count : {0, 1, 2, 3, 500, 1023, 1024, 1025, 3000}) {
    MovingWriters writers;
    for (int moves = 0; moves < 5; ++moves) writers.Move();
    AddNamed(writers, count);
    for (int moves = 0; moves < 9; ++moves) {
      writers.Move();
      ExpectNamed(writers, count);
    }
    AddNamed(writers, 3);
    ExpectNamed(writers, count + 3);
  }
}

TEST(MovingWritersTest, AReferenceFromBeforeAMoveIsPoisoned) {
  MovingWriters writers;
  AddNamed(writers, 2);
  for (int moves = 0; moves < 3000; ++moves) {
    const Writer* const first = &writers[0];
    const Writer* const second = &writers[1];
    writers.Move();
    ASSERT_NE(&writers[0], first);
    ExpectPoisoned(first);
    ExpectPoisoned(second);
  }
}

TEST(MovingWritersTest, ACellIsUsedAgainOnlyAfterAllOthers) {
  MovingWriters writers;
  AddNamed(writers, 1);
  std::set<const Writer*> cells;
  while (cells.insert(&writers[0]).second) writers.Move();
  EXPECT_GE(cells.size(), 2000u);
}

TEST(MovingWritersTest, ClearedWritersArePoisoned) {
  MovingWriters writers;
  AddNamed(writers, 2);
  const Writer* const first = &writers[0];
  writers.Clear();
  EXPECT_EQ(writers.size(), 0u);
  ExpectPoisoned(first);
  AddNamed(writers, 2);
  ExpectNamed(writers, 2);
}

TEST(MovingWritersDeathTest, AWriterThatDoesNotExistAborts) {
  MovingWriters writers;
  AddNamed(writers, 2);
  EXPECT_DEATH(writers[2], "");
  EXPECT_DEATH(writers[~size_t{0}], "");
}

TEST(MovingWritersTest, ACopyHoldsTheSameElsewhere) {
  MovingWriters writers;
  AddNamed(writers, 3);
  writers.Move();
  MovingWriters copy;
  AddNamed(copy, 7);
  copy = writers;
  ExpectNamed(copy, 3);
  EXPECT_TRUE(copy == writers);
  copy.Move();
  EXPECT_TRUE(copy == writers);
  copy[2].stream = {9};
  EXPECT_FALSE(copy == writers);
  ExpectNamed(writers, 3);
  copy = MovingWriters();
  EXPECT_EQ(copy.size(), 0u);
  EXPECT_FALSE(copy == writers);
}

}  // namespace
}  // namespace sluice::sim
