#include "tests/runtime/realm_test.h"

namespace sluice::runtime {
namespace {

class HeadersTest : public RealmTest {
 protected:
  // What `source` throws, as its name; "nothing" if it does not.
  std::string Thrown(const std::string& source) {
    return Run("try { " + source + "; console.log('nothing') } catch (e) { console.log(e.name) }");
  }
};

TEST_F(HeadersTest, IterationIsSortedAndCombinedInLowerCase) {
  EXPECT_EQ(Run("const h = new Headers([['B', '1'], ['a', '2'], ['b', '3'], ['Set-Cookie', 'x'], ['set-cookie', 'y']]);"
                "console.log([...h]); console.log([...h.keys()], [...h.values()]); h.forEach((v, k, o) => "
                "console.log(k, v, o === h))"),
            "[\n  [ 'a', '2' ],\n  [ 'b', '1, 3' ],\n  [ 'set-cookie', 'x' ],\n  [ 'set-cookie', 'y' ]\n]\n"
            "[ 'a', 'b', 'set-cookie', 'set-cookie' ] [ '2', '1, 3', 'x', 'y' ]\n"
            "a 2 true\nb 1, 3 true\nset-cookie x true\nset-cookie y true\n");
}

TEST_F(HeadersTest, NamesAreFoundInAnyCase) {
  EXPECT_EQ(
      Run("const h = new Headers({ 'X-One': '1' }); h.append('x-one', '2'); h.append('Two', '3');"
          "console.log(h.get('X-ONE'), h.has('two'), h.get('three'), h.has('three'));"
          "h.set('x-ONE', '4'); h.delete('TWO'); console.log([...h]); h.delete('absent'); console.log([...h].length)"),
      "1, 2 true null false\n[ [ 'x-one', '4' ] ]\n1\n");
}

TEST_F(HeadersTest, SetLeavesOneInTheFirstPlace) {
  EXPECT_EQ(
      Run("const h = new Headers([['set-cookie', 'a'], ['b', '1'], ['set-cookie', 'c']]); h.set('Set-Cookie', 'd');"
          "console.log(h.getSetCookie(), h.get('b'), h.get('set-cookie'))"),
      "[ 'd' ] 1 d\n");
}

TEST_F(HeadersTest, ManyAreFoundAsFewAre) {
  // From the 33rd header on there is an index of names.
  EXPECT_EQ(Run("const h = new Headers(); for (let i = 0; i < 100; ++i) h.append('n' + i % 80, i);"
                "console.log(h.get('N3'), h.get('n40'), h.get('n80'), h.has('n79'), h.has('n81'));"
                "h.set('n3', 'a'); h.set('n40', 'b'); h.set('n81', 'c'); h.append('N81', 'd'); h.delete('n5'); "
                "h.delete('n90');"
                "console.log(h.get('n3'), h.get('n40'), h.get('n81'), h.get('n5'), h.get('n4'), [...h].length);"
                "const copy = new Headers(h); copy.set('n4', 'e'); console.log(copy.get('n4'), h.get('n4'))"),
            "3, 83 40 null true false\na b c, d null 4, 84 80\ne 4, 84\n");
}

TEST_F(HeadersTest, NCallsDoNotTakeNTimesNSteps) {
  // With a step for each header that is there these are ten billion, and the test's time is over.
  EXPECT_EQ(
      Run("const h = new Headers(); for (let i = 0; i < 1e5; ++i) { h.set('n' + i, i); h.get('n' + i); h.delete('m') }"
          "console.log(h.get('n99999'))"),
      "99999\n");
}

TEST_F(HeadersTest, ValuesAreTrimmedAndBytes) {
  EXPECT_EQ(Run("const h = new Headers({ a: ' \\t\\r\\n b c\\t ', empty: '   ', latin: '\\u00ff' });"
                "console.log(JSON.stringify([...h]))"),
            "[[\"a\",\"b c\"],[\"empty\",\"\"],[\"latin\",\"\xC3\xBF\"]]\n");
}

TEST_F(HeadersTest, NothingCanBeInjected) {
  for (const char* value : {"'a\\r\\nb: c'", "'a\\nb'", "'a\\rb'", "'a\\0b'", "'\\u0100'", "'\\u010d'", "'\\u010a'"}) {
    EXPECT_EQ(Thrown(std::string("new Headers({ a: ") + value + " })"), "TypeError\n") << value;
    EXPECT_EQ(Thrown(std::string("new Headers().append('a', ") + value + ")"), "TypeError\n") << value;
    EXPECT_EQ(Thrown(std::string("new Headers().set('a', ") + value + ")"), "TypeError\n") << value;
    EXPECT_EQ(Thrown(std::string("new Response('', { headers: [['a', ") + value + "]] })"), "TypeError\n") << value;
    EXPECT_EQ(Thrown(std::string("new Response('', { statusText: ") + value + " })"), "TypeError\n") << value;
  }
  for (const char* name : {"''", "'a b'", "'a:'", "'a\\n'", "'a\\0'", "'\\u0161'", "'(a)'", "'\\u00e9'", "' a'"}) {
    for (const char* call : {"append(NAME, 'v')", "set(NAME, 'v')", "delete(NAME)", "get(NAME)", "has(NAME)"}) {
      std::string source = std::string("new Headers().") + call;
      source.replace(source.find("NAME"), 4, name);
      EXPECT_EQ(Thrown(source), "TypeError\n") << source;
    }
  }
}

TEST_F(HeadersTest, InitMayBeAnySequenceOrRecord) {
  EXPECT_EQ(Run("console.log(...new Headers(new Map([['a', '1']])), ...new Headers(new Headers({ b: '2' })),"
                "...new Headers([new Set(['c', '3'])]), ...new Headers({ d: 4, __proto__: { e: 5 } }), ...new "
                "Headers(undefined))"),
            "[ 'a', '1' ] [ 'b', '2' ] [ 'c', '3' ] [ 'd', '4' ]\n");
  for (const char* init : {"null", "1", "'a'", "[['a']]", "[['a', 'b', 'c']]", "[[]]", "['ab']", "[1]",
                           "{ a: Symbol() }", "{ [Symbol.iterator]: 1 }", "{ [Symbol()]: 'a' }"}) {
    EXPECT_EQ(Thrown(std::string("new Headers(") + init + ")"), "TypeError\n") << init;
  }
}

TEST_F(HeadersTest, ARecordIsReadInTheOrderOfWebIdl) {
  EXPECT_EQ(
      Run("const log = []; const traced = new Proxy({ a: '1', b: '2' }, {"
          "  get(t, k) { log.push('get ' + String(k)); return t[k] },"
          "  ownKeys(t) { log.push('keys'); return Reflect.ownKeys(t) },"
          "  getOwnPropertyDescriptor(t, k) { log.push('own ' + k); return Reflect.getOwnPropertyDescriptor(t, k) } });"
          "new Headers(traced); console.log(log.join(', '))"),
      "get Symbol(Symbol.iterator), keys, own a, get a, own b, get b\n");
}

TEST_F(HeadersTest, AnIteratorSeesChanges) {
  EXPECT_EQ(Run("const h = new Headers({ a: '1', c: '3' }); const seen = [];"
                "for (const [k] of h) { seen.push(k); if (k === 'a') { h.append('b', '2'); h.delete('c') } } "
                "console.log(seen)"),
            "[ 'a', 'b' ]\n");
}

TEST_F(HeadersTest, TheSurfaceIsThatOfWebIdl) {
  EXPECT_EQ(
      Run("const d = (o, k) => { const { enumerable: e, configurable: c, writable: w } = "
          "Object.getOwnPropertyDescriptor(o, k);"
          "  return [k, e, c, w].map(String).join(' ') };"
          "console.log(d(globalThis, 'Headers'), d(Headers.prototype, 'get'), d(Headers.prototype, Symbol.iterator),"
          "  d(Headers.prototype, Symbol.toStringTag), d(Headers, 'prototype'));"
          "console.log(Headers.length, Headers.prototype.append.length, Headers.prototype.forEach.length, "
          "Headers.name);"
          "console.log(Headers.prototype[Symbol.iterator] === Headers.prototype.entries, String(new Headers()));"
          "const it = Object.getPrototypeOf(new Headers().keys());"
          "console.log(it[Symbol.toStringTag], d(it, 'next'), Object.keys(it), Object.hasOwn(it, 'constructor'));"
          "console.log(String(Headers), Headers.prototype.get.toString())"),
      "Headers false true true get true true true Symbol(Symbol.iterator) false true true "
      "Symbol(Symbol.toStringTag) false true false prototype false false false\n"
      "0 2 1 Headers\ntrue [object Headers]\nHeaders Iterator next true true true [ 'next' ] false\n"
      "function Headers() { [native code] } function get() { [native code] }\n");
}

TEST_F(HeadersTest, AReceiverOfAnotherKindIsATypeError) {
  for (const char* receiver : {"{}", "Headers.prototype", "undefined", "new URLSearchParams()"}) {
    for (const char* call : {"append.call(R, 'a', 'b')", "get.call(R, 'a')", "entries.call(R)", "keys.call(R)",
                             "forEach.call(R, () => {})", "getSetCookie.call(R)", "has.call(R, 'a')"}) {
      std::string source = std::string("Headers.prototype.") + call;
      source.replace(source.find('R'), 1, receiver);
      EXPECT_EQ(Thrown(source), "TypeError\n") << source;
    }
  }
  for (const char* source : {"Headers()", "new Headers().get()", "new Headers().append('a')", "new Headers().forEach()",
                             "new Headers().forEach({})", "new Headers().keys().next.call({})"}) {
    EXPECT_EQ(Thrown(source), "TypeError\n") << source;
  }
}

}  // namespace
}  // namespace sluice::runtime
