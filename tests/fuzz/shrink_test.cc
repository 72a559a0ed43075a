#include "fuzz/program/shrink.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "fuzz/program/mutate.h"
#include "fuzz/program/text.h"

namespace sluice::fuzz {
namespace {

bool Has(const Program& program, OpKind kind) {
  return std::any_of(program.ops.begin(), program.ops.end(), [kind](const Op& op) { return op.kind == kind; });
}

TEST(ShrinkTest, OnlyWhatIsNeededRemains) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    Random random(seed);
    const Program program = RandomProgram(random, BalancedProfile());
    const auto still = [](const Program& p) { return Has(p, OpKind::kWrite) && Has(p, OpKind::kRun); };
    if (!still(program)) continue;
    const Program small = Shrink(program, still);
    EXPECT_TRUE(still(small));
    EXPECT_EQ(small.ops.size(), 2u) << PrintText(small);
    EXPECT_TRUE(small.scripts.empty());
    EXPECT_EQ(small.methods, 0);
  }
}

TEST(ShrinkTest, StepByStepIsTheSame) {
  const auto still = [](const Program& p) { return Has(p, OpKind::kWrite) || p.highWaterMark.has_value(); };
  for (uint64_t seed = 0; seed < 100; ++seed) {
    Random random(seed);
    const Program program = RandomProgram(random, BalancedProfile());
    if (!still(program)) continue;
    Shrinker shrinker(program);
    while (const Program* candidate = shrinker.Next()) {
      EXPECT_NE(*candidate, shrinker.program());
      if (still(*candidate)) shrinker.Accept();
    }
    EXPECT_EQ(shrinker.program(), Shrink(program, still));
    EXPECT_EQ(shrinker.Next(), nullptr);
  }
}

TEST(ShrinkTest, OperandsBecomeSimple) {
  const ParsedProgram parsed = ParseText("highWaterMark 17\nw3.write(buffer(77)#2) unobserved\nw2.abort(r3)\n");
  const Program small = Shrink(*parsed.program, [](const Program& p) {
    return p.highWaterMark.has_value() && p.ops.size() == 2 && p.ops[1].operands.reason != kNoReason;
  });
  EXPECT_EQ(PrintText(small), "highWaterMark 0\nw0.write(\"a\")\nw0.abort(r0)\n");
}

TEST(ShrinkTest, AChunkThatIsDetachedStaysTheOneThatIsWritten) {
  const ParsedProgram parsed = ParseText("w0.write(view(77)#2)\ndetach view(77)#2\nw0.write(object)\n");
  const Program small = Shrink(*parsed.program, [](const Program& p) {
    return p.ops.size() == 3 && p.ops[0].operands.chunk == p.ops[1].operands.chunk;
  });
  EXPECT_EQ(PrintText(small), "w0.write(buffer(1))\ndetach buffer(1)\nw0.write(\"a\")\n");
}

TEST(ShrinkTest, ScriptsShrinkToo) {
  const ParsedProgram parsed = ParseText("on write {\nw0.close()\nw1.abort(r2)\nrun\n} throw r3\non size return 2\n");
  const Program small = Shrink(*parsed.program, [](const Program& p) {
    return std::any_of(p.scripts.begin(), p.scripts.end(), [](const Script& script) {
      return std::any_of(script.ops.begin(), script.ops.end(), [](const Op& op) { return op.kind == OpKind::kAbort; });
    });
  });
  EXPECT_EQ(PrintText(small), "on write {\n  w0.abort(r0)\n} return\n");
}

TEST(ShrinkTest, BatchesOfEverySizeGiveTheSame) {
  const auto still = [](const Program& p) { return Has(p, OpKind::kWrite) && Has(p, OpKind::kAbort); };
  size_t compared = 0;
  for (uint64_t seed = 0; seed < 400; ++seed) {
    Random random(seed);
    const Program program = RandomProgram(random, BalancedProfile());
    if (!still(program)) continue;
    ++compared;
    const Program small = Shrink(program, still);
    for (const size_t batch : {1u, 2u, 7u, 1000u}) {
      size_t most = 0;
      const Program same = ShrinkInBatches(program, batch, [&](std::span<const Program> candidates) {
        most = std::max(most, candidates.size());
        return static_cast<size_t>(std::find_if(candidates.begin(), candidates.end(), still) - candidates.begin());
      });
      EXPECT_TRUE(same == small) << PrintText(same) << "\n" << PrintText(small);
      EXPECT_LE(most, batch);
    }
  }
  EXPECT_GT(compared, 10u);
}

TEST(ShrinkTest, BytesShrinkToThoseThatMatter) {
  const std::string text = "some bytes before\x01XY\xFFsome bytes behind";
  for (const size_t batch : {1u, 5u}) {
    const auto small = ShrinkBytes({text.begin(), text.end()}, batch, [](std::span<const std::vector<uint8_t>> all) {
      size_t first = 0;
      while (first < all.size() && std::count(all[first].begin(), all[first].end(), 'X') == 0) ++first;
      return first;
    });
    EXPECT_EQ(std::string(small.begin(), small.end()), "X");
  }
}

TEST(ShrinkTest, TheLeastNumberOfRepetitionsIsFoundSoon) {
  const auto repeats = [](const Program& program, uint32_t least) {
    const std::vector<Op>& ops = program.scripts.empty() ? program.ops : program.scripts[0].ops;
    return std::any_of(ops.begin(), ops.end(),
                       [least](const Op& op) { return op.kind == OpKind::kTimes && op.operands.count >= least; });
  };
  for (const uint32_t least : {1u, 2u, 63u, 64u, 65u, 1000u, 1025u, 2731u, 4095u, 4096u}) {
    const ParsedProgram parsed = ParseText("w0 = stream.getWriter()\ntimes 4096\nw0.write(\"a\")\nrun\n");
    int tried = 0;
    const Program small = Shrink(*parsed.program, [&](const Program& program) {
      ++tried;
      return repeats(program, least);
    });
    EXPECT_EQ(PrintText(small), "times " + std::to_string(least) + "\n");
    EXPECT_LT(tried, 1500) << least;
  }
  const ParsedProgram parsed = ParseText("on write {\n  times 4096\n  w0.write(\"a\")\n} return\n");
  EXPECT_EQ(
      PrintText(Shrink(*parsed.program,
                       [&](const Program& program) { return !program.scripts.empty() && repeats(program, 513); })),
      "on write {\n  times 513\n} return\n");
}

}  // namespace
}  // namespace sluice::fuzz
