// Each history rule sees the fault that it is there for: a right trace is changed by hand.
#include "fuzz/oracle/history.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "fuzz/driver/core_subject.h"
#include "fuzz/program/mutate.h"
#include "src/core/byte_limit.h"
#include "tests/fuzz/run_program.h"

namespace sluice::fuzz {
namespace {

using sim::CallKind;
using sim::Value;
using sim::ValueKind;

size_t Find(const Trace& trace, EventKind kind, int nth = 1, const std::function<bool(const Event&)>& is = nullptr) {
  for (size_t i = 0; i < trace.events.size(); ++i) {
    if (trace.events[i].kind == kind && (is == nullptr || is(trace.events[i])) && --nth == 0) return i;
  }
  ADD_FAILURE() << "there is no such event";
  return 0;
}

std::function<bool(const Event&)> IsCall(CallKind kind) {
  return [kind](const Event& event) { return event.code == static_cast<uint8_t>(kind); };
}

// Puts another call of `kind`, begun and ended, in at `at`.
void InsertCall(Trace& trace, size_t at, CallKind kind) {
  Event begin{.kind = EventKind::kCallBegin, .code = static_cast<uint8_t>(kind), .number = 9};
  Event end{.kind = EventKind::kCallEnd, .code = static_cast<uint8_t>(kind), .number = 9};
  trace.events.insert(trace.events.begin() + static_cast<std::ptrdiff_t>(at), {begin, end});
}

void RemoveCall(Trace& trace, CallKind kind, int nth) {
  const size_t begin = Find(trace, EventKind::kCallBegin, nth, IsCall(kind));
  trace.events.erase(trace.events.begin() + static_cast<std::ptrdiff_t>(begin),
                     trace.events.begin() + static_cast<std::ptrdiff_t>(begin) + 2);
}

struct Case {
  const char* rule;
  const char* program;
  std::function<void(Trace&)> fault;
};

const char kTwoWrites[] =
    "methods start write close abort\nw0 = stream.getWriter()\nw0.write(\"a\")\nw0.write(\"b\")\nw0.close()\nrun\n";
const char kPendingWrite[] =
    "methods write\non write return pending\nw0 = stream.getWriter()\nw0.write(\"a\")\nw0.write(\"b\")\nrun\nresolve "
    "write\nrun\n";

std::vector<Case> Cases() {
  return {
      {"H-ORDER", kTwoWrites,
       [](Trace& trace) {
         std::swap(trace.events[Find(trace, EventKind::kCallBegin, 1, IsCall(CallKind::kWrite))].value,
                   trace.events[Find(trace, EventKind::kCallBegin, 2, IsCall(CallKind::kWrite))].value);
       }},
      {"H-ONE-AT-A-TIME", kPendingWrite,
       [](Trace& trace) {
         const size_t end = Find(trace, EventKind::kCallEnd, 1, IsCall(CallKind::kWrite));
         InsertCall(trace, end + 1, CallKind::kWrite);
         trace.events[end + 1].value =
             trace.events[Find(trace, EventKind::kCallBegin, 3, IsCall(CallKind::kWrite))].value;
         RemoveCall(trace, CallKind::kWrite, 3);
       }},
      {"H-START-FIRST", "methods start write\non start return pending\nw0 = stream.getWriter()\nw0.write(\"a\")\nrun\n",
       [](Trace& trace) {
         const size_t op = Find(trace, EventKind::kOpBegin, 2);
         InsertCall(trace, op + 1, CallKind::kWrite);
         trace.events[op + 1].value = Value::Of(ValueKind::kChunk, 0);
       }},
      {"H-ONCE", kTwoWrites,
       [](Trace& trace) { InsertCall(trace, Find(trace, EventKind::kConstructEnd), CallKind::kStart); }},
      {"H-NOTHING-AFTER-CLOSE", kTwoWrites,
       [](Trace& trace) {
         InsertCall(trace, Find(trace, EventKind::kCallEnd, 1, IsCall(CallKind::kClose)) + 1, CallKind::kAbort);
       }},
      {"H-NOTHING-AFTER-ABORT", "methods abort\nrun\nstream.abort(r1)\nrun\n",
       [](Trace& trace) {
         InsertCall(trace, Find(trace, EventKind::kCallEnd, 1, IsCall(CallKind::kAbort)) + 1, CallKind::kClose);
       }},
      {"H-SETTLES-ONCE", kTwoWrites,
       [](Trace& trace) {
         const size_t settled = Find(trace, EventKind::kSettled);
         trace.events.insert(trace.events.begin() + static_cast<std::ptrdiff_t>(settled), trace.events[settled]);
       }},
      {"H-FULFILLED-WAS-WRITTEN", kTwoWrites, [](Trace& trace) { RemoveCall(trace, CallKind::kWrite, 2); }},
      {"H-FULFILL-ORDER", kTwoWrites,
       [](Trace& trace) {
         std::swap(trace.events[Find(trace, EventKind::kSettled, 1)].number,
                   trace.events[Find(trace, EventKind::kSettled, 2)].number);
       }},
      {"H-RANGE-ERROR-NOT-WRITTEN", kTwoWrites,
       [](Trace& trace) {
         Event& settled = trace.events[Find(trace, EventKind::kSettled, 2)];
         settled.thrown = true;
         settled.value = Value::Of(ValueKind::kRangeError, 1);
       }},
      {"H-CLOSED-WAS-CLOSED", kTwoWrites, [](Trace& trace) { RemoveCall(trace, CallKind::kClose, 1); }},
      {"H-LIMIT",
       "byteLimit 64\nmethods write\nhighWaterMark 9\non write return pending\nw0 = "
       "stream.getWriter()\nw0.write(buffer(33))\nw0.write(buffer(31))\nrun\nresolve write\nrun\n",
       [](Trace& trace) { trace.chunks[1].count = 32; }},
      {"H-NOTHING-STUCK", kTwoWrites,
       [](Trace& trace) {
         trace.events.erase(trace.events.begin() + static_cast<std::ptrdiff_t>(Find(trace, EventKind::kSettled, 3)));
       }},
  };
}

TEST(HistoryTest, EveryRuleSeesItsFault) {
  std::set<std::string> covered;
  for (const Case& test : Cases()) {
    CoreSubject core;
    Program program = ParseOrDie(test.program);
    Trace trace = RunOn(core, program);
    HistoryChecker checker;
    EXPECT_FALSE(checker.Check(trace).has_value()) << test.rule << ": the trace is right before the fault";
    test.fault(trace);
    if (std::string(test.rule) == "H-LIMIT") program.ops[2].operands.chunk.count = 32;  // the chunk as the trace has it
    const auto broken = checker.Check(trace);
    ASSERT_TRUE(broken.has_value()) << test.rule;
    EXPECT_STREQ(broken->rule->id, test.rule) << TraceText(trace);
    covered.insert(test.rule);
  }
  for (const HistoryRule& rule : AllHistoryRules()) EXPECT_EQ(covered.count(rule.id), 1u) << rule.id << " has no test";
}

TEST(HistoryTest, ACloseThatFulfillsWhileTheSinksIsPendingOrAfterItFailedIsSeen) {
  CoreSubject core;
  HistoryChecker checker;
  const auto broken = [&](const Program& program, Trace trace) {
    trace.program = &program;
    const auto rule = checker.Check(trace);
    return std::string(rule.has_value() ? rule->rule->id : "none");
  };
  const auto program_with = [](std::string_view settle) {
    return ParseOrDie("methods close\non close return pending\nw0 = stream.getWriter()\nw0.close()\nrun\n" +
                      std::string(settle) + "run\n");
  };
  const Program resolved = program_with("resolve close\n");
  const Trace right = RunOn(core, resolved);
  const Event fulfilled = right.events[Find(right, EventKind::kSettled)];
  EXPECT_EQ(broken(resolved, right), "none");

  const Program rejected = program_with("reject close r1\n");
  EXPECT_EQ(broken(rejected, RunOn(core, rejected)), "none");
  EXPECT_EQ(broken(rejected, right), "H-CLOSED-WAS-CLOSED");

  const Program waiting = program_with("");
  Trace early = RunOn(core, waiting);
  EXPECT_EQ(broken(waiting, early), "none");
  early.events.push_back(fulfilled);
  EXPECT_EQ(broken(waiting, early), "H-CLOSED-WAS-CLOSED");
}

// Detached when it was queued: nothing. Detached later: all of it.
TEST(HistoryTest, TheLimitCountsWhatChunksWereWhenTheyWereQueued) {
  CoreSubject core;
  HistoryChecker checker;
  const auto broken = [&](std::string_view text, uint64_t limit) {
    Program program = ParseOrDie(text);
    const Trace trace = RunOn(core, program);
    program.byteLimit = limit;
    return checker.Check(trace).has_value();
  };
  const char kBefore[] =
      "byteLimit 9\nmethods write\nw0 = stream.getWriter()\ndetach buffer(9)\nw0.write(buffer(9))\nrun\n";
  EXPECT_FALSE(broken(kBefore, 0));
  const char kAfter[] =
      "byteLimit 9\nmethods write\nw0 = stream.getWriter()\nw0.write(buffer(9))\ndetach buffer(9)\nrun\n";
  EXPECT_FALSE(broken(kAfter, 9));
  EXPECT_TRUE(broken(kAfter, 8));
}

TEST(HistoryTest, RightTracesBreakNoRule) {
  CoreSubject core;
  HistoryChecker checker;
  for (uint64_t seed = 0; seed < 3000; ++seed) {
    Random random(seed);
    const Program program = RandomProgram(random, seed % 2 == 0 ? BufferLimitProfile() : ReentrancyProfile());
    const Trace trace = RunOn(core, program);
    const auto broken = checker.Check(trace);
    ASSERT_FALSE(broken.has_value()) << broken->rule->id << " at " << broken->event + 1 << "\n"
                                     << PrintText(program) << TraceText(trace);
  }
}

TEST(HistoryTest, ChargesByDefinitionAgreeWithTheCore) {
  Random random(5);
  for (int i = 0; i < 5000; ++i) {
    sim::Chunk chunk{.kind = sim::ChunkKind::kString,
                     .unit_count = static_cast<uint8_t>(random.Below(7)),
                     .count = static_cast<uint32_t>(random.Below(50) + 1)};
    for (char16_t& unit : chunk.units) {
      constexpr char16_t kBases[] = {0x20, 0x7F, 0x80, 0x7FF, 0x800, 0xD83D, 0xDE00, 0xFFFF};
      unit = kBases[random.Below(8)];
    }
    EXPECT_EQ(ChargeByDefinition(chunk), core::Utf8Length(chunk.units.data(), chunk.unit_count, chunk.count));
  }
}

}  // namespace
}  // namespace sluice::fuzz
