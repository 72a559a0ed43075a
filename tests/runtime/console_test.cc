#include "src/runtime/console.h"

#include "tests/runtime/realm_test.h"

namespace sluice::runtime {
namespace {

using ::testing::MatchesRegex;

class ConsoleTest : public RealmTest {};

TEST_F(ConsoleTest, ArgumentsAreSeparatedBySpaces) {
  EXPECT_EQ(Run("console.log('a', 1, ['b'], {})"), "a 1 [ 'b' ] {}\n");
  EXPECT_EQ(Run("console.log()"), "\n");
}

TEST_F(ConsoleTest, FormatsTakeTheArgumentsThatFollow) {
  constexpr std::pair<const char*, const char*> kCases[] = {
      {"'%s', 'text'", "text"},
      {"'%s %s', 1, Symbol('x')", "1 Symbol(x)"},
      {"'%s', { toString() { throw 1 } }", "{ toString: [Function: toString] }"},
      {"'%d %d %d', '42', 1.5, {}", "42 1.5 NaN"},
      {"'%i %i %i', 1.9, '-7.5px', 10n", "1 -7 10n"},
      {"'%f %f', '1.5e1x', 'x'", "15 NaN"},
      {"'%o %O', [1], { a: 1 }", "[ 1 ] { a: 1 }"},
      {"'%cstyled%c', 'color: red', ''", "styled"},
      {"'100%% of %s', 'it'", "100% of it"},
      {"'%s and %s', 'one'", "one and %s"},
      {"'%x %s', 'a'", "%x a"},
      {"'%s', 'a', 'b', { c: 1 }", "a b { c: 1 }"},
      {"'%s'", "%s"},
      {"'%%'", "%%"},
      {"'%', 1", "% 1"},
      {"1, '%s', 2", "1 %s 2"},
  };
  for (const auto& [arguments, text] : kCases) {
    EXPECT_EQ(Run(std::string("console.log(") + arguments + ")"), std::string(text) + "\n") << arguments;
  }
}

TEST_F(ConsoleTest, GroupsIndentAllLines) {
  EXPECT_EQ(Run("console.group('g'); console.log('a\\nb'); console.group(); console.log('c');"
                "console.groupEnd(); console.groupEnd(); console.groupEnd(); console.log('d')"),
            "g\n  a\n  b\n    c\nd\n");
}

TEST_F(ConsoleTest, CountsAreKeptByLabel) {
  EXPECT_EQ(Run("console.count(); console.count('x'); console.count(); console.countReset(); console.count()"),
            "default: 1\nx: 1\ndefault: 2\ndefault: 1\n");
  Run("console.countReset('nope')");
  EXPECT_EQ(TakeErrors(), "There is no count 'nope'\n");
}

TEST_F(ConsoleTest, TimersAreKeptByLabel) {
  EXPECT_THAT(Run("console.time('t'); console.timeLog('t', 'extra', 1); console.timeEnd('t')"),
              MatchesRegex("t: [0-9.]+ms extra 1\nt: [0-9.]+ms\n"));
  Run("console.timeEnd('t'); console.time(); console.time()");
  EXPECT_EQ(TakeErrors(), "There is no timer 't'\nThe timer 'default' runs already\n");
}

TEST_F(ConsoleTest, AssertionsPrintWhenTheyFail) {
  EXPECT_EQ(Run("console.assert(true, 'no'); console.assert(0, 'is %d', 1); console.assert()"), "");
  EXPECT_EQ(TakeErrors(), "Assertion failed: is 1\nAssertion failed\n");
}

TEST_F(ConsoleTest, TracesNameTheCallers) {
  Run("function caller() { console.trace('here') } caller()");
  EXPECT_EQ(TakeErrors(), "Trace: here\n    at caller (test.js:1:29)\n    at test.js:1:45\n");
}

TEST_F(ConsoleTest, TablesHaveAColumnForEachProperty) {
  EXPECT_EQ(Run("console.table([{ a: 1, b: '€' }, { a: 2, get c() { throw 1 } }, 5])"),
            "┌─────────┬───┬─────┬────────┐\n"
            "│ (index) │ a │ b   │ Values │\n"
            "├─────────┼───┼─────┼────────┤\n"
            "│ 0       │ 1 │ '€' │        │\n"
            "│ 1       │ 2 │     │        │\n"
            "│ 2       │   │     │ 5      │\n"
            "└─────────┴───┴─────┴────────┘\n");
  EXPECT_EQ(Run("console.table('text')"), "text\n");
}

TEST_F(ConsoleTest, DirHasADepth) {
  EXPECT_EQ(Run("console.dir({ a: { b: { c: 1 } } }, { depth: 1 })"), "{ a: { b: [Object] } }\n");
  EXPECT_EQ(Run("console.dir([[[[[[[[1]]]]]]]], { depth: null })"), "[ [ [ [ [ [ [ [ 1 ] ] ] ] ] ] ] ]\n");
}

TEST_F(ConsoleTest, LabelsThatThrowThrow) {
  Run("console.count({ toString() { throw new Error('label') } })");
  EXPECT_THAT(TakeErrors(), ::testing::HasSubstr("Uncaught Error: label"));
}

}  // namespace
}  // namespace sluice::runtime
