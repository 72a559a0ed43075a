#include "fuzz/explore/walker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "fuzz/program/bytes.h"
#include "fuzz/program/text.h"
#include "tests/fuzz/explore/spaces.h"

namespace sluice::fuzz {
namespace {

// The state at the end of the operations of `program`, as any program is run.
std::vector<uint8_t> StateAfter(const Program& program, uint32_t configuration, bool& skipped) {
  CoreSubject subject;
  Driver driver;
  Trace trace;
  CanonicalState state;
  driver.Begin(program, subject, {.snapshots = false}, trace);
  for (const Op& op : program.ops) driver.Perform(op);
  skipped = std::any_of(trace.events.begin(), trace.events.end(),
                        [](const Event& event) { return event.kind == EventKind::kSkipped; });
  state.Describe(configuration, subject, driver.author(), trace.chunks);
  return {state.bytes().begin(), state.bytes().end()};
}

// Each edge of each state of a space: the walker goes along it from a copy of the state, the program from the
// beginning.
void ExpectEdgesToBePrograms(const Space& space) {
  Explorer explorer({.space = space, .judge = false});
  ASSERT_EQ(explorer.Run(GoOn), Explorer::Outcome::kClosed);
  const auto walker = explorer.NewWalker();
  for (uint32_t state = 0; state < explorer.table().size(); state += 7) {
    explorer.GoTo(state, *walker);
    walker->ForEachEdge([&] {
      const Program program = walker->program();
      bool skipped = false;
      const std::vector<uint8_t> expected(walker->state().bytes().begin(), walker->state().bytes().end());
      ASSERT_EQ(StateAfter(program, walker->configuration(), skipped), expected) << PrintText(program);
      ASSERT_FALSE(skipped) << PrintText(program);
    });
    if (::testing::Test::HasFatalFailure()) return;
  }
}

TEST(WalkerTest, AnEdgeIsTheLastOperationOfAnOrdinaryProgram) {
  ExpectEdgesToBePrograms(SmallSpace());
  ExpectEdgesToBePrograms(FullSink());
}

TEST(WalkerTest, AnEdgeWithTwoOperationsInsideAndThenablesIsAProgram) {
  ExpectEdgesToBePrograms(Space({{"deep",
                                  {.queue = 1, .writers = 1, .inside = 2, .thenables = true},
                                  {.sinks = {2}, .sizes = {false}, .highWaterMarks = {0}}}}));
}

TEST(WalkerTest, AnEdgeOfTwoStreamsIsAProgram) {
  ExpectEdgesToBePrograms(PairSpace());
  ExpectEdgesToBePrograms(ActingPairSpace());
  // A listener on a signal, which the path calls or not.
  ExpectEdgesToBePrograms(Space({{"listeners",
                                  {.queue = 1, .writers = 1, .reentry = 1, .checkpoints = true},
                                  {.sinks = {0}, .sizes = {false}, .seconds = {SecondStream{.methods = 1}}}}}));
}

TEST(WalkerTest, TheSinkOfEachStreamActsOnTheOther) {
  const Space space = ActingPairSpace();
  std::array<bool, 2> acts{};
  Explorer explorer({.space = space, .judge = false, .on_edge = [&](const Program& program) {
                       for (const Script& script : program.scripts) {
                         for (const Op& op : script.ops) acts[script.stream] |= op.operands.stream != script.stream;
                       }
                     }});
  ASSERT_EQ(explorer.Run(GoOn), Explorer::Outcome::kClosed);
  EXPECT_TRUE(acts[0]);
  EXPECT_TRUE(acts[1]);
}

TEST(WalkerTest, ProgramsSurviveTheirTextAndBytes) {
  const Space space = FullSink(true);
  Explorer explorer({.space = space, .judge = false});
  ASSERT_EQ(explorer.Run(GoOn), Explorer::Outcome::kClosed);
  const auto walker = explorer.NewWalker();
  for (uint32_t state = 1; state < explorer.table().size(); state += 97) {
    explorer.GoTo(state, *walker);
    const Program& program = walker->program();
    const std::string bytes = EncodeBytes(program);
    EXPECT_TRUE(DecodeBytes({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}) == program)
        << PrintText(program);
  }
}

// Otherwise it could not be seen which of two reasons the core keeps, or the order of chunks.
TEST(WalkerTest, ReasonsAndChunksOfAnOperationAreNewInItsState) {
  const Space space = FullSink();
  Explorer explorer({.space = space, .judge = false, .wanted = [](Walker& walker) {
                       return walker.subject().host().stream(0).controller.queue.size() == 2;
                     }});
  ASSERT_EQ(explorer.Run(GoOn), Explorer::Outcome::kWanted);
  const auto walker = explorer.NewWalker();
  const Program program = explorer.wanted_program();
  std::vector<sim::Chunk> chunks;
  const auto collect = [&chunks](const std::vector<Op>& ops) {
    for (const Op& op : ops) {
      if (op.kind == OpKind::kWrite) chunks.push_back(op.operands.chunk);
    }
  };
  collect(program.ops);
  for (const Script& script : program.scripts) collect(script.ops);
  ASSERT_EQ(chunks.size(), 2u);
  EXPECT_FALSE(chunks[0] == chunks[1]);
}

TEST(WalkerTest, ThereIsNoEdgeThatTheStateDoesNotHave) {
  const Space space = SmallSpace();
  Walker walker(space, std::make_unique<CoreSubject>(), std::make_unique<CoreSubject>());
  walker.GoToRoot();
  const std::vector<uint8_t> construct{0}, no_such{200};
  EXPECT_TRUE(walker.Go(construct));
  EXPECT_FALSE(walker.Go(no_such));
}

}  // namespace
}  // namespace sluice::fuzz
