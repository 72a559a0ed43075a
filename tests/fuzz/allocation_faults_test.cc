// The rule about failed allocations notices subjects with faults.
#include "fuzz/faults/allocation_faults.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <new>
#include <string>

#include "tests/fuzz/run_program.h"

namespace sluice::fuzz {
namespace {

using testing::HasSubstr;

constexpr std::string_view kProgram =
    "methods write close abort\non write return pending\nw0 = "
    "stream.getWriter()\nw0.write(\"a\")\ntimes 100\nw0.write(\"b\")\nrun\n"
    "resolve write\nrun\nw0.abort(r1)\nrun\n";

std::string Broken(const FaultyOperation& fault) {
  uint64_t points = 0;
  const std::string broken = CheckAllocations(ParseOrDie(kProgram), 1000, points, fault).value_or("");
  EXPECT_GT(points, broken.empty() ? 6u : 0u);
  return broken;
}

TEST(AllocationFaultsTest, TheCoreBreaksNoRule) { EXPECT_EQ(Broken({}), ""); }

TEST(AllocationFaultsTest, NoticeWhatAFailedOperationLeavesBehind) {
  bool busy = false;
  EXPECT_THAT(Broken([&busy](const auto& operation) {
                if (busy) return sim::Outcome::Throw(sim::Value::Undefined());
                busy = true;
                const sim::Outcome outcome = operation();
                busy = false;
                return outcome;
              }),
              HasSubstr("the same program has another trace"));
}

TEST(AllocationFaultsTest, NoticeAFailureThatTheCallerDoesNotLearnOf) {
  EXPECT_THAT(Broken([](const auto& operation) {
                try {
                  return operation();
                } catch (const std::bad_alloc&) {
                  return sim::Outcome::Throw(sim::Value::Null());
                }
              }),
              HasSubstr("failed unnoticed"));
}

TEST(AllocationFaultsTest, NoticeWhatOnlyASecondFailureLeavesBehind) {
  bool busy = false;
  const std::string broken = Broken([&busy](const auto& operation) {
    if (busy) return sim::Outcome::Throw(sim::Value::Undefined());
    try {
      return operation();
    } catch (const std::bad_alloc&) {
      try {
        // What cleans up needs memory too.
        const std::string cleanup(100, 'x');
        EXPECT_EQ(cleanup.size(), 100u);
      } catch (const std::bad_alloc&) {
        busy = true;
      }
      throw;
    }
  });
  EXPECT_THAT(broken, HasSubstr("and those after it failed, the same program has another trace"));
}

}  // namespace
}  // namespace sluice::fuzz
