#include "src/runtime/inspect.h"

#include "src/runtime/inspect_text.h"
#include "tests/runtime/realm_test.h"

namespace sluice::runtime {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class InspectTest : public RealmTest {};

TEST_F(InspectTest, ValuesAreWrittenAsTheyAreKnown) {
  constexpr std::pair<const char*, const char*> kCases[] = {
      {"undefined", "undefined"},
      {"null", "null"},
      {"-0", "-0"},
      {"0.1", "0.1"},
      {"10n", "10n"},
      {"Symbol('s')", "Symbol(s)"},
      {"Symbol()", "Symbol()"},
      {"'text'", "'text'"},
      {"\"it's\"", "\"it's\""},
      {"'a\\n\\x07'", "'a\\n\\x07'"},
      {"({})", "{}"},
      {"({ a: 1, 'b-c': 2, 3: 4, [Symbol('k')]: 5 })", "{ 3: 4, a: 1, 'b-c': 2, [Symbol(k)]: 5 }"},
      {"Object.create(null)", "[Object: null prototype] {}"},
      {"new Headers({ b: '1', A: '2' })", "Headers(2) { 'a' => '2', 'b' => '1' }"},
      {"new URLSearchParams('a=1&a=2')", "URLSearchParams(2) { 'a' => '1', 'a' => '2' }"},
      {"new Request('http://a/', { method: 'PUT' })",
       "Request {\n  method: 'PUT',\n  url: 'http://a/',\n  headers: Headers(0) {},\n  bodyUsed: false\n}"},
      {"new (class Mine extends Response {})(null, { status: 204 })",
       "Mine [Response] {\n  status: 204,\n  statusText: '',\n  ok: true,\n  type: 'default',\n"
       "  headers: Headers(0) {},\n  bodyUsed: false\n}"},
      {"new URL('http://u@a:1/b?c#d')",
       "URL {\n  href: 'http://u@a:1/b?c#d',\n  origin: 'http://a:1',\n  protocol: 'http:',\n  username: 'u',\n"
       "  password: '',\n  host: 'a:1',\n  hostname: 'a',\n  port: '1',\n  pathname: '/b',\n  search: '?c',\n"
       "  searchParams: URLSearchParams(1) { 'c' => '' },\n  hash: '#d'\n}"},
      {"Object.create(URL.prototype)", "URL {}"},
      {"new (class Point { constructor() { this.x = 1 } })", "Point { x: 1 }"},
      {"new (class extends Map {})", "Map(0) {}"},
      {"({ [Symbol.toStringTag]: 'Tag' })", "Object [Tag] { [Symbol(Symbol.toStringTag)]: 'Tag' }"},
      {"[1, 'a', [2]]", "[ 1, 'a', [ 2 ] ]"},
      {"[]", "[]"},
      {"[1, , , 4]", "[ 1, <2 empty items>, 4 ]"},
      {"(() => { const a = []; a[4e9] = 1; return a })()", "[ <4000000000 empty items>, 1 ]"},
      {"Object.assign([1], { extra: 2 })", "[ 1, extra: 2 ]"},
      {"new (class Stack extends Array {})(2)", "Stack(2) [ <2 empty items> ]"},
      {"(function () { return arguments })(1, 2)", "[Arguments] [ 1, 2 ]"},
      {"new Map([[1, { a: 2 }]])", "Map(1) { 1 => { a: 2 } }"},
      {"new Set(['x'])", "Set(1) { 'x' }"},
      {"new Map([[1, 2]]).entries()", "[Map Iterator] { 1 => 2 }"},
      {"new WeakSet()", "WeakSet { <items unknown> }"},
      {"Promise.resolve(1)", "Promise { 1 }"},
      {"new Promise(() => {})", "Promise { <pending> }"},
      {"(() => { const p = Promise.reject(2); p.catch(() => {}); return p })()", "Promise { <rejected> 2 }"},
      {"new Uint8Array([1, 2])", "Uint8Array(2) [ 1, 2 ]"},
      {"new BigInt64Array(1)", "BigInt64Array(1) [ 0n ]"},
      {"new Uint8Array([1, 255]).buffer", "ArrayBuffer { [Contents]: <01 ff>, byteLength: 2 }"},
      {"(() => { const b = new ArrayBuffer(1); structuredClone(b, { transfer: [b] }); return b })()",
       "ArrayBuffer { (detached), [Contents]: <>, byteLength: 0 }"},
      {"function f() {}; f", "[Function: f]"},
      {"() => {}", "[Function (anonymous)]"},
      {"async () => {}", "[AsyncFunction (anonymous)]"},
      {"(class A extends Map {})", "[class A extends Map]"},
      {"(class {})", "[class (anonymous)]"},
      {"new Date(0)", "1970-01-01T00:00:00.000Z"},
      {"new Date(NaN)", "Invalid Date"},
      {"/a\\/b/giu", "/a\\/b/giu"},
      {"new Number(-0)", "[Number: -0]"},
      {"new String('s')", "[String: 's']"},
      {"Object(Symbol('s'))", "[Symbol: Symbol(s)]"},
      {"globalThis.self === globalThis", "true"},
      {"new WritableStream()", "WritableStream {}"},
  };
  for (const auto& [source, text] : kCases) EXPECT_EQ(Inspected(source), text) << source;
}

TEST_F(InspectTest, GettersAreNamedAndNotRun) {
  EXPECT_EQ(Inspected("({ get a() { throw 1 }, set b(x) {}, get c() { throw 2 }, set c(x) {} })"),
            "{ a: [Getter], b: [Setter], c: [Getter/Setter] }");
  EXPECT_EQ(Inspected("Object.defineProperty([0], 0, { get() { throw 1 } })"), "[ [Getter] ]");
  EXPECT_EQ(Inspected("new (class { static get name() { throw 1 } })"), "{}");
}

TEST_F(InspectTest, ProxiesAreTheirTargetsAndTheirTrapsAreNotRun) {
  RunTask("globalThis.traps = new Proxy({}, { get() { throw new Error('a trap ran') } })");
  EXPECT_EQ(Inspected("new Proxy({ a: 1 }, traps)"), "{ a: 1 }");
  EXPECT_EQ(Inspected("new Proxy([1], traps)"), "[ 1 ]");
  EXPECT_EQ(Inspected("new Proxy(new Proxy(function f() {}, {}), traps)"), "[Function: f]");
  EXPECT_EQ(Inspected("Object.create(new Proxy({}, traps))"), "[Object: null prototype] {}");
  EXPECT_EQ(Inspected("(() => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy })()"),
            "<Revoked Proxy>");
  EXPECT_EQ(TakeErrors(), "");
}

TEST_F(InspectTest, PollutedPrototypesDoNotMatter) {
  RunTask(
      "Object.prototype.get = function () { throw 1 }; Object.prototype.value = 2; Object.prototype.enumerable = 3");
  EXPECT_EQ(Inspected("({ get a() { return 1 } })"), "{ a: [Getter] }");
  EXPECT_EQ(Inspected("({ b: 1 })"), "{ b: 1 }");
}

TEST_F(InspectTest, CyclesAreNumbered) {
  EXPECT_EQ(Inspected("(() => { const a = { b: {} }; a.b.a = a; a.b.b = a.b; return a })()"),
            "<ref *1> { b: <ref *2> { a: [Circular *1], b: [Circular *2] } }");
  EXPECT_EQ(Inspected("(() => { const shared = {}; return [shared, shared] })()"), "[ {}, {} ]");
}

TEST_F(InspectTest, WhatIsTooDeepOrTooMuchIsCounted) {
  EXPECT_EQ(Inspected("({ a: { b: { c: [1], d: new Map, e: new (class X {}) } } })", {.depth = 1}),
            "{ a: { b: [Object] } }");
  EXPECT_EQ(Inspected("[[[1]]]", {.depth = 1}), "[ [ [Array] ] ]");
  EXPECT_EQ(Inspected("[1, 2, 3, 4]", {.max_entries = 2}), "[ 1, 2, ... 2 more items ]");
  EXPECT_EQ(Inspected("({ a: 1, b: 2, c: 3 })", {.max_entries = 2}), "{ a: 1, b: 2, ... 1 more property }");
  EXPECT_EQ(Inspected("new Set([1, 2])", {.max_entries = 1}), "Set(2) { 1, ... 1 more item }");
  EXPECT_EQ(Inspected("'abcdef'", {.max_string = 3}), "'abc'... 3 more characters");
}

TEST_F(InspectTest, ErrorsHaveTheirStackAndTheirCause) {
  EXPECT_EQ(Inspected("new TypeError('no')"), "TypeError: no\n    at test.js:1:1");
  EXPECT_EQ(Inspected("new (class MyError extends Error { constructor() { super('m'); this.code = 5 } })"),
            "MyError: m\n    at test.js:1:1 { code: 5 }");
  const std::string text = Inspected("new Error('outer', { cause: new RangeError('inner') })");
  EXPECT_THAT(text,
              StartsWith("Error: outer\n    at test.js:1:1 {\n  [cause]: RangeError: inner\n      at test.js:1:29"));
  EXPECT_THAT(Inspected("new AggregateError([new Error('one')], 'all')"), HasSubstr("[errors]: [\n    Error: one\n"));
  EXPECT_EQ(Inspected("(() => { const e = new Error('m'); e.stack = undefined; return e })()"), "[Error: m]");
  EXPECT_THAT(Inspected("new DOMException('m', 'AbortError')"), StartsWith("AbortError: m\n    at "));
}

TEST_F(InspectTest, LongObjectsHaveALineForEachEntry) {
  EXPECT_EQ(Inspected("({ first: 'x'.repeat(40), second: 'y'.repeat(40) })"),
            "{\n  first: '" + std::string(40, 'x') + "',\n  second: '" + std::string(40, 'y') + "'\n}");
  const std::string numbers = Inspected("Array.from({ length: 60 }, (_, i) => i)");
  EXPECT_THAT(numbers, StartsWith("[\n  0, 1, 2, 3, 4"));
  EXPECT_THAT(numbers, EndsWith("59\n]"));
}

TEST_F(InspectTest, EverythingGlobalCanBePrinted) {
  const std::string printed =
      Run("for (const key of Object.getOwnPropertyNames(globalThis)) console.log(globalThis[key], "
          "globalThis[key]?.prototype);"
          "console.log(globalThis); console.log('done')");
  EXPECT_THAT(printed, HasSubstr("[Function: WritableStream]"));
  EXPECT_THAT(printed, EndsWith("done\n"));
  EXPECT_EQ(TakeErrors(), "");
}

TEST(InspectText, QuotesAreThoseThatNeedNoEscape) {
  EXPECT_EQ(Quote("a", 99), "'a'");
  EXPECT_EQ(Quote("it's", 99), "\"it's\"");
  EXPECT_EQ(Quote("'\"", 99), "`'\"`");
  EXPECT_EQ(Quote("'\"`", 99), "'\\'\"`'");
  EXPECT_EQ(Quote("'\"${", 99), "'\\'\"${'");
  EXPECT_EQ(Quote("\\\t\x7F", 99), "'\\\\\\t\\x7F'");
}

TEST(InspectText, StringsAreNeverCutInsideACharacter) {
  EXPECT_EQ(Quote("a\xE2\x82\xAC\xE2\x82\xAC", 3), "'a'... 2 more characters");
  EXPECT_EQ(Quote("a\xE2\x82\xAC\xE2\x82\xAC", 4), "'a\xE2\x82\xAC'... 1 more character");
}

TEST(InspectText, DatesAreIso) {
  EXPECT_EQ(IsoDate(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(IsoDate(-1), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(IsoDate(951782400123), "2000-02-29T00:00:00.123Z");
  EXPECT_EQ(IsoDate(8.64e15), "+275760-09-13T00:00:00.000Z");
  EXPECT_EQ(IsoDate(-8.64e15), "-271821-04-20T00:00:00.000Z");
}

}  // namespace
}  // namespace sluice::runtime
