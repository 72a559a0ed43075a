#include "fuzz/explore/state_predicate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fuzz/explore/spaces.h"

namespace sluice::fuzz {
namespace {

using ::testing::HasSubstr;

TEST(StatePredicateTest, TheShortestProgramToAStateIsFound) {
  StatePredicate predicate;
  ASSERT_EQ(predicate.Parse("state=closed, writers=1,microtasks=0"), "");
  Explorer explorer({.space = Space({{"small", {}, {.sinks = {0}, .sizes = {false}}}}),
                     .judge = false,
                     .wanted = [&](Walker& walker) { return predicate.Holds(walker); }});
  ASSERT_EQ(explorer.Run(GoOn), Explorer::Outcome::kWanted);
  // A writer, the microtask of start, a close and its microtask.
  EXPECT_EQ(explorer.wanted_program().ops.size(), 4u);
}

TEST(StatePredicateTest, EachStreamHasItsSlots) {
  StatePredicate predicate;
  ASSERT_EQ(predicate.Parse("state=writable, s1.state=errored"), "");
  EXPECT_THAT(StatePredicate().Parse("s1.colour=red"), HasSubstr("backpressure"));
  EXPECT_THAT(StatePredicate().Parse("s1.microtasks=0"), HasSubstr("backpressure"));
  Explorer explorer(
      {.space = PairSpace(), .judge = false, .wanted = [&](Walker& walker) { return predicate.Holds(walker); }});
  ASSERT_EQ(explorer.Run(GoOn), Explorer::Outcome::kWanted);
  const Program program = explorer.wanted_program();
  EXPECT_EQ(LastStream(program), 1u);
  EXPECT_EQ(program.ops.back().operands.stream, 1u);
}

TEST(StatePredicateTest, WhatAStateDoesNotHaveIsAnErrorThatListsWhatItHas) {
  StatePredicate predicate;
  EXPECT_THAT(predicate.Parse("colour=red"), HasSubstr("backpressure"));
  EXPECT_THAT(predicate.Parse("state"), HasSubstr("NAME=VALUE"));
  EXPECT_THAT(predicate.Parse(" "), HasSubstr("NAME=VALUE"));
}

}  // namespace
}  // namespace sluice::fuzz
