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

// https://console.spec.whatwg.org/#console-namespace
TEST_F(ConsoleTest, ThePrototypeIsAnEmptyObject) {
  EXPECT_EQ(Run("const p = Object.getPrototypeOf(console); console.log(Reflect.ownKeys(p).length, "
                "Object.getPrototypeOf(p) === Object.prototype)"),
            "0 true\n");
}

// Each case is small in memory and would be gigabytes on paper.
TEST_F(ConsoleTest, OneCallPrintsNoMoreThanItsBudget) {
  constexpr const char* kCases[] = {
      // Arrays that are in arrays a hundred times.
      "let x = new Array(100).fill(0); for (let i = 0; i < 4; ++i) x = new Array(100).fill(x); console.log(x)",
      "const s = 'x'.repeat(1e7); console.log(new Array(100).fill(s))",
      "const s = 'x'.repeat(1e7); console.log(...new Array(100).fill(s))",
      "const s = 'x'.repeat(1e7); console.log('%s'.repeat(100), ...new Array(100).fill(s))",
      "const s = 'x'.repeat(1e7); console.log(Object.fromEntries(Array.from({ length: 100 }, (_, i) => [s + i, 1])))",
      "const s = 'x'.repeat(1e7); class A {}; Object.defineProperty(A, 'name', { value: s });"
      "console.log(new Array(100).fill(new A()), A)",
      "const s = 'x'.repeat(1e7); console.log(new Array(100).fill({ [Symbol.toStringTag]: s }))",
      "const s = 'x'.repeat(1e7); console.log(new Array(100).fill(Symbol(s)))",
      "const s = 'x'.repeat(1e7); console.log(new Array(100).fill(new Error(s)))",
      "const e = new Error('\\n'.repeat(3e6)); console.log([[[e]]])",
      "let e = new Error('x'.repeat(1e6)); for (let i = 0; i < 100; ++i) e = new Error('x'.repeat(1e6), { cause: e });"
      "console.dir(e, { depth: null })",
      "const s = new Function('/* ' + 'x'.repeat(1e7) + ' */'); console.log(new Array(100).fill(s))",
      "const b = 2n ** 1000000n; console.log(new Array(100).fill(b))",
      "const m = new Map(Array.from({ length: 200 }, (_, i) => ['x'.repeat(1e5) + i, 1])); console.log([m, m, m])",
      "const o = {}; for (let i = 0; i < 1e5; ++i) o['k' + i] = i; console.log(new Array(100).fill(new "
      "Array(100).fill(o)))",
      "let d = []; for (let i = 0; i < 3000; ++i) d = [d, [d]]; console.dir(d, { depth: Infinity })",
      "console.table(Array.from({ length: 1000 }, (_, i) => ({ ['c' + i]: 'x'.repeat(1e5) })))",
      "console.table(new Array(100).fill({ a: 'x'.repeat(1e7) }))",
      "console.table(new Uint8Array(2 ** 28))",
      "console.table({ ['x'.repeat(1e7)]: 1 })",
      "for (let i = 0; i < 1e5; ++i) console.group(); console.log('a\\n'.repeat(1e6))",
      "console.count('x'.repeat(1e7))",
      "console.log(new Proxy(Array.from({ length: 100 }, () => 'x'.repeat(1e7)), {}))",
      "console.log(new URLSearchParams('a=' + 'x'.repeat(1e7)), new Headers({ a: 'x'.repeat(1e7) }))",
      "console.log({ toString: 1 }, /x/.source.length, new RegExp('x'.repeat(1e7)))",
  };
  for (const char* const source : kCases) {
    Restart({});
    const std::string printed = Run("{" + std::string(source) + "}");
    EXPECT_EQ(TakeErrors(), "") << source;
    EXPECT_GT(printed.size(), 2u) << source;
    EXPECT_LT(printed.size(), 5 * PrintBudget::kCharacters / 2) << source;
  }
}

TEST_F(ConsoleTest, WhatIsCutSaysSo) {
  const std::string note = "... more is not printed: at once, no more than 10000 entries and 4194304 bytes are";
  const std::string graph =
      Run("let x = new Array(100).fill(0); for (let i = 0; i < 4; ++i) x = new Array(100).fill(x);"
          "console.log(x)");
  EXPECT_THAT(graph, ::testing::EndsWith("\n" + note + "\n"));
  EXPECT_THAT(graph, ::testing::HasSubstr("... 99 more items"));
  const std::string text = Run("console.log('x'.repeat(5e6), 'after')");
  EXPECT_THAT(text, ::testing::HasSubstr("xxx... 805696 more characters"));
  EXPECT_THAT(text, ::testing::EndsWith("\n" + note + "\n"));
  // What fits is whole.
  EXPECT_EQ(Run("console.log('x'.repeat(4e6))").size(), 4'000'001u);
  EXPECT_EQ(Run("console.log(Array.from({ length: 99 }, () => new Array(99).fill(1)))").find("more"),
            std::string::npos);
}

TEST_F(ConsoleTest, UncaughtErrorsHaveTheSameBudget) {
  for (const char* const source :
       {"let x = new Array(100).fill(0); for (let i = 0; i < 4; ++i) x = new Array(100).fill(x); throw x",
        "throw new Error('x'.repeat(1e8))", "throw 'x'.repeat(1e8)", "Promise.reject(new Error('x'.repeat(1e8)))",
        "reportError(new AggregateError(new Array(1000).fill(new Error('x'.repeat(1e6)))))",
        "eval('throw 1; /* ' + 'x'.repeat(1e8) + ' */ //# sourceURL=' + 'y'.repeat(1e7))"}) {
    Restart({});
    Run("{" + std::string(source) + "}");
    const std::string errors = TakeErrors();
    EXPECT_THAT(errors, ::testing::AnyOf(::testing::HasSubstr("Uncaught"), ::testing::HasSubstr("rejection")))
        << source;
    EXPECT_LT(errors.size(), 2 * PrintBudget::kCharacters) << source;
  }
}

// Near the end of the stack there are names only.
TEST_F(ConsoleTest, PrintingWhereTheStackIsFullIsCut) {
  EXPECT_THAT(
      Run("let deep = {}; for (let i = 0; i < 1000; ++i) deep = i % 2 ? [deep] : { a: new Map([[deep, 1]]) };"
          "let printed = 0;"
          "function f() { try { f() } catch {} if (printed < 2) { console.dir(deep, { depth: Infinity }); ++printed } }"
          "f()"),
      ::testing::HasSubstr("[Array]"));
  EXPECT_EQ(TakeErrors(), "");
}

TEST_F(ConsoleTest, LabelsAreKeptOnTheHeap) {
  Restart({.expose_gc = true});
  Run("const m = sluice.memoryUsage; gc(); globalThis.before = m(); for (let i = 0; i < 1000; ++i) { "
      "console.count('x'.repeat(1e4) + i); "
      "console.time('y'.repeat(1e4) + i) }");
  EXPECT_EQ(Run("console.log(sluice.memoryUsage().heapUsed - before.heapUsed > 8e6)"), "true\n");
}

}  // namespace
}  // namespace sluice::runtime
