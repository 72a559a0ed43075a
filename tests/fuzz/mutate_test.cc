#include "fuzz/program/mutate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <string>

#include "fuzz/program/language.h"
#include "fuzz/program/text.h"

namespace sluice::fuzz {
namespace {

TEST(MutateTest, TheSameSeedGivesTheSameProgram) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Random a(seed);
    Random b(seed);
    EXPECT_EQ(RandomProgram(a, BalancedProfile()), RandomProgram(b, BalancedProfile()));
  }
}

TEST(MutateTest, EveryOperationAndEveryEndIsReached) {
  std::set<OpKind> ops;
  std::set<EndKind> ends;
  std::set<sim::CallKind> calls;
  for (uint64_t seed = 0; seed < 500; ++seed) {
    Random random(seed);
    const Program program = RandomProgram(random, BalancedProfile());
    for (const Op& op : program.ops) ops.insert(op.kind);
    for (const Script& script : program.scripts) {
      ends.insert(script.end.kind);
      calls.insert(script.call);
    }
  }
  EXPECT_EQ(ops.size(), static_cast<size_t>(kOpKindCount));
  EXPECT_EQ(ends.size(), static_cast<size_t>(kEndKindCount));
  EXPECT_EQ(calls.size(), static_cast<size_t>(sim::kCallKindCount));
}

TEST(MutateTest, EveryStrategyIsReachedAndExcludesASizeOfTheAuthors) {
  std::set<sim::Strategy> strategies;
  for (const Profile& profile : {BalancedProfile(), ReentrancyProfile(), BufferLimitProfile()}) {
    Random random(11);
    Program program;
    for (int i = 0; i < 3000; ++i) {
      Mutate(program, random, profile);
      if (i % 50 == 0) program = CrossOver(program, RandomProgram(random, profile), random);
      strategies.insert(program.strategy);
      ASSERT_TRUE(program.strategy == sim::Strategy::kAuthor || !program.has(Method::kSize));
    }
  }
  EXPECT_EQ(strategies.size(), static_cast<size_t>(sim::kStrategyCount));
}

TEST(MutateTest, EdgesOfNumbersCountsAndUnitsAreTaken) {
  std::set<double> numbers;
  std::set<uint64_t> counts;
  std::set<uint64_t> limits;
  std::set<char16_t> units;
  for (uint64_t seed = 0; seed < 20000; ++seed) {
    Random random(seed);
    const Program program = RandomProgram(random, BufferLimitProfile());
    if (program.highWaterMark) numbers.insert(*program.highWaterMark);
    if (program.byteLimit) limits.insert(*program.byteLimit);
    for (const Op& op : program.ops) {
      if (op.kind != OpKind::kWrite) continue;
      counts.insert(op.operands.chunk.count);
      const auto& chunk = op.operands.chunk;
      units.insert(chunk.units.begin(), chunk.units.begin() + chunk.unit_count);
    }
    for (const Script& script : program.scripts) {
      if (script.end.kind == EndKind::kReturnNumber) numbers.insert(script.end.operands.number);
    }
  }
  for (const double base : {0x1p31, 0x1p32, 0x1p53}) {
    EXPECT_TRUE(numbers.contains(base - 1)) << base;
    EXPECT_TRUE(numbers.contains(std::nextafter(base, 0))) << base;
    EXPECT_TRUE(numbers.contains(base)) << base;
  }
  EXPECT_TRUE(numbers.contains(std::numeric_limits<double>::denorm_min()));
  EXPECT_TRUE(numbers.contains(std::nextafter(std::numeric_limits<double>::min(), 0)));
  for (const uint64_t count :
       {0x7FFFFFFFu, 0x80000000u, 0x80000001u, 0x55555555u, 0x55555556u, 0x40000000u, 0x3FFFFFFFu}) {
    EXPECT_TRUE(counts.contains(count)) << count;
  }
  for (const int bits : {31, 32, 53, 63}) {
    EXPECT_TRUE(limits.contains((uint64_t{1} << bits) - 1)) << bits;
    EXPECT_TRUE(limits.contains(uint64_t{1} << bits)) << bits;
  }
  for (const int unit : {0xD7FF, 0xD800, 0xDBFF, 0xDC00, 0xDFFF, 0xE000})
    EXPECT_TRUE(units.contains(static_cast<char16_t>(unit))) << unit;
}

// Each edge in so many of 20,000 programs at least: about half of what was counted.
TEST(MutateTest, EdgesAreTakenOften) {
  std::map<std::string, int> programs;
  for (uint64_t seed = 0; seed < 20000; ++seed) {
    Random random(seed);
    const Program program = RandomProgram(random, BufferLimitProfile());
    std::set<std::string> edges;
    const auto add_number = [&](double number) {
      if (number == 0 && std::signbit(number)) edges.insert("-0");
      if (std::fpclassify(number) == FP_SUBNORMAL) edges.insert("denormal");
      for (const double base : {0x1p31, 0x1p32, 0x1p53}) {
        if (std::fabs(number - base) <= 2) edges.insert("number near " + NumberText(base));
      }
    };
    if (program.highWaterMark) add_number(*program.highWaterMark);
    for (const Script& script : program.scripts) {
      if (script.end.kind == EndKind::kReturnNumber) add_number(script.end.operands.number);
    }
    for (const int bits : {31, 32, 53}) {
      const uint64_t base = uint64_t{1} << bits;
      if (program.byteLimit && *program.byteLimit + 1 - base <= 2) edges.insert("limit near 2^" + std::to_string(bits));
    }
    for (const Op& op : program.ops) {
      if (op.kind != OpKind::kWrite) continue;
      const uint32_t count = op.operands.chunk.count;
      if (count + 1u - 0x80000000u <= 2) edges.insert("count near 2^31");
      if (count >= 0xFFFFFFFEu) edges.insert("count near 2^32");
    }
    for (const std::string& edge : edges) ++programs[edge];
  }
  for (const char* edge :
       {"-0", "denormal", "number near 2147483648", "number near 4294967296", "number near 9007199254740992",
        "limit near 2^31", "limit near 2^32", "limit near 2^53", "count near 2^31", "count near 2^32"}) {
    EXPECT_GT(programs[edge], 200) << edge;
    RecordProperty(edge, programs[edge]);
  }
}

TEST(MutateTest, DetachedChunksAreWrittenToo) {
  int both = 0;
  for (uint64_t seed = 0; seed < 1000; ++seed) {
    Random random(seed);
    const Program program = RandomProgram(random, BufferLimitProfile());
    for (const Op& detach : program.ops) {
      if (detach.kind != OpKind::kDetach) continue;
      both += std::any_of(program.ops.begin(), program.ops.end(), [&](const Op& op) {
        return op.kind == OpKind::kWrite && op.operands.chunk == detach.operands.chunk;
      });
    }
  }
  EXPECT_GT(both, 50);
}

TEST(MutateTest, StringsOfEveryLengthAreReachedAndPairsInThem) {
  std::set<int> lengths;
  std::set<int> lengths_with_pair;
  for (uint64_t seed = 0; seed < 3000; ++seed) {
    Random random(seed);
    for (const Op& op : RandomProgram(random, BalancedProfile()).ops) {
      const sim::Chunk& chunk = op.operands.chunk;
      if (op.kind != OpKind::kWrite || chunk.kind != sim::ChunkKind::kString) continue;
      lengths.insert(chunk.unit_count);
      for (int i = 1; i < chunk.unit_count; ++i) {
        const bool pair = (chunk.units[i - 1] & 0xFC00) == 0xD800 && (chunk.units[i] & 0xFC00) == 0xDC00;
        if (pair) lengths_with_pair.insert(chunk.unit_count);
      }
    }
  }
  EXPECT_EQ(lengths, (std::set<int>{0, 1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(lengths_with_pair, (std::set<int>{2, 3, 4, 5, 6}));
}

TEST(MutateTest, ProgramsNeverOutgrowTheLanguage) {
  Random random(1);
  Program program;
  for (int i = 0; i < 20000; ++i) {
    Mutate(program, random, ReentrancyProfile());
    if (i % 50 == 0) program = CrossOver(program, RandomProgram(random, BalancedProfile()), random);
    ASSERT_LE(program.ops.size(), kMaxOps);
    ASSERT_LE(program.scripts.size(), kMaxScripts);
    for (const Script& script : program.scripts) ASSERT_LE(script.ops.size(), kMaxScriptOps);
  }
}

TEST(MutateTest, CrossOverBeginsLikeTheFirstAndEndsLikeTheSecond) {
  Program a;
  a.ops.assign(10, {OpKind::kRun, {}});
  Program b;
  b.ops.assign(10, {OpKind::kReadStream, {}});
  bool mixed = false;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    Random random(seed);
    const Program child = CrossOver(a, b, random);
    bool in_b = false;
    for (const Op& op : child.ops) {
      in_b |= op.kind == OpKind::kReadStream;
      ASSERT_EQ(op.kind, in_b ? OpKind::kReadStream : OpKind::kRun);
    }
    mixed |= !child.ops.empty() && child.ops.front().kind == OpKind::kRun && in_b;
  }
  EXPECT_TRUE(mixed);
}

TEST(MutateTest, RepetitionsTakeThePowersOfTwoAndTheirNeighbours) {
  std::set<uint32_t> times;
  size_t programs = 0;
  uint64_t repeated = 0;
  for (uint64_t seed = 0; seed < 20000; ++seed) {
    Random random(seed);
    const Program program = RandomProgram(random, BufferLimitProfile());
    bool repeats = false;
    for (const Op& op : program.ops) {
      if (op.kind != OpKind::kTimes) continue;
      times.insert(op.operands.count);
      repeated += op.operands.count;
      repeats = true;
    }
    programs += repeats ? 1 : 0;
  }
  for (uint32_t power = 1; power <= kMaxTimes; power *= 2) {
    EXPECT_EQ(times.count(power), 1u) << power;
    if (power > 1) EXPECT_EQ(times.count(power - 1), 1u) << power;
    if (power < kMaxTimes) EXPECT_EQ(times.count(power + 1), 1u) << power;
  }
  EXPECT_GT(programs, 2000u);
  EXPECT_LT(repeated / programs, 300u) << "long programs are rare, or they would take all of the time";
}

}  // namespace
}  // namespace sluice::fuzz
