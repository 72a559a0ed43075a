// What driver.js must know of the language, which no compiler sees.
#include "fuzz/program/javascript.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "fuzz/program/language.h"

namespace sluice::fuzz {
namespace {

using testing::HasSubstr;

std::string DriverJs() {
  const std::string script = EmitJavaScript(Program{});
  return script.substr(0, script.find("\nconst program ="));
}

TEST(JavaScriptTest, EveryPortableOperationIsPerformedByTheDriver) {
  const std::string driver = DriverJs();
  for (const Row& row : OpRows()) {
    if (!row.not_portable.empty()) continue;
    EXPECT_THAT(driver, HasSubstr("case \"" + std::string(row.name) + "\":")) << row.pattern;
  }
}

TEST(JavaScriptTest, TheDriverKnowsWhatEveryPortableOperationNeeds) {
  const std::string driver = DriverJs();
  for (const Row& row : OpRows()) {
    if (!row.not_portable.empty()) continue;
    const std::string needs(NeedsNames()[static_cast<int>(row.needs)]);
    EXPECT_THAT(driver, HasSubstr("\n    " + needs + ": (")) << row.pattern;
  }
}

TEST(JavaScriptTest, EveryEndIsKnownToTheDriver) {
  const std::string driver = DriverJs();
  for (const Row& row : EndRows()) EXPECT_THAT(driver, HasSubstr("\"" + std::string(row.name) + "\"")) << row.pattern;
}

TEST(JavaScriptTest, RowsThatAreNotPortableHaveAReasonAndCanBeRemoved) {
  for (const Row& row : OpRows()) {
    Program program;
    program.ops.push_back({static_cast<OpKind>(row.kind), {}});
    Normalize(row, program.ops[0].operands);
    EXPECT_EQ(WhyNotPortable(program).value_or(""), row.not_portable) << row.pattern;
    MakePortable(program);
    EXPECT_EQ(program.ops.empty(), !row.not_portable.empty()) << row.pattern;
  }
}

}  // namespace
}  // namespace sluice::fuzz
