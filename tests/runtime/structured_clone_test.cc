#include "src/runtime/structured_clone.h"

#include "tests/runtime/realm_test.h"

namespace sluice::runtime {
namespace {

class StructuredCloneTest : public RealmTest {
 protected:
  // What structuredClone(`arguments`) throws, as "name: message".
  std::string Thrown(const std::string& arguments) {
    return Run("try { structuredClone(" + arguments + "); console.log('nothing') } catch (e) { console.log(e.name) }");
  }
};

TEST_F(StructuredCloneTest, ValuesAreCopiedDeeply) {
  EXPECT_EQ(Run("const a = { m: new Map([[1, new Set([2])]]), d: new Date(5), r: /x/g, n: 1n, b: new Uint8Array([1]) };"
                "a.self = a; const c = structuredClone(a); a.m.clear(); a.b[0] = 9; console.log(c)"),
            "<ref *1> {\n  m: Map(1) { 1 => Set(1) { 2 } },\n  d: 1970-01-01T00:00:00.005Z,\n  r: /x/g,\n  n: 1n,\n"
            "  b: Uint8Array(1) [ 1 ],\n  self: [Circular *1]\n}\n");
}

TEST_F(StructuredCloneTest, TransferredBuffersAreDetached) {
  EXPECT_EQ(Run("const b = new Uint8Array([1, 2]).buffer; const c = structuredClone({ b, v: new Uint8Array(b, 1) }, { "
                "transfer: [b] });"
                "console.log(b.byteLength, c.v, c.v.buffer === c.b)"),
            "0 Uint8Array(1) [ 2 ] true\n");
}

TEST_F(StructuredCloneTest, TransferMayBeAnyIterable) {
  EXPECT_EQ(
      Run("const b = new ArrayBuffer(1); structuredClone(0, { transfer: new Set([b]) }); console.log(b.byteLength)"),
      "0\n");
}

TEST_F(StructuredCloneTest, SharedMemoryStaysShared) {
  EXPECT_EQ(Run("const s = new SharedArrayBuffer(1); const [c, d] = structuredClone([s, s]);"
                "new Uint8Array(s)[0] = 5; console.log(new Uint8Array(c)[0], c === d, c === s)"),
            "5 true false\n");
}

TEST_F(StructuredCloneTest, WhatCannotBeClonedIsADataCloneError) {
  for (const char* arguments :
       {"() => {}", "Symbol()", "new WeakMap()", "new AbortController()", "new TextEncoder()", "{ a: { b() {} } }",
        "0, { transfer: [new WritableStream()] }", "0, { transfer: [{}] }"}) {
    EXPECT_EQ(Thrown(arguments), "DataCloneError\n") << arguments;
  }
  EXPECT_EQ(Run("const b = new ArrayBuffer(1); try { structuredClone(0, { transfer: [b, b] }) } catch (e) { "
                "console.log(e.name, e instanceof DOMException, b.byteLength) }"),
            "DataCloneError true 1\n");
  EXPECT_EQ(Thrown("0, { transfer: [(() => { const b = new ArrayBuffer(1); structuredClone(0, { transfer: [b] }); "
                   "return b })()] }"),
            "DataCloneError\n");
}

TEST_F(StructuredCloneTest, AFailureDetachesNothing) {
  EXPECT_EQ(Run("const b = new ArrayBuffer(3); try { structuredClone([b, () => {}], { transfer: [b] }) } catch (e) { "
                "console.log(b.byteLength) }"),
            "3\n");
}

TEST_F(StructuredCloneTest, AGetterMayDetachWhatWasToBeTransferred) {
  EXPECT_EQ(
      Run("const b = new ArrayBuffer(3); const evil = { get x() { structuredClone(0, { transfer: [b] }); return 1 } };"
          "try { structuredClone(evil, { transfer: [b] }); console.log('no') } catch (e) { console.log(e.name) }"),
      "DataCloneError\n");
}

TEST_F(StructuredCloneTest, BadArgumentsAreTypeErrors) {
  for (const char* arguments : {"", "0, 1", "0, { transfer: 1 }", "0, { transfer: {} }", "0, { transfer: [1] }"}) {
    EXPECT_EQ(Thrown(arguments), "TypeError\n") << arguments;
  }
  EXPECT_EQ(
      Run("try { structuredClone({ get x() { throw new RangeError('mine') } }) } catch (e) { console.log(e.message) }"),
      "mine\n");
}

TEST_F(StructuredCloneTest, ADomExceptionIsClonedWithItsNameMessageAndStack) {
  EXPECT_EQ(Run(R"js(
    const original = new DOMException('stop', 'AbortError');
    class Mine extends DOMException {}
    const controller = new AbortController();
    controller.abort();
    const { reason, mine } = structuredClone({ reason: controller.signal.reason, mine: new Mine('m', 'DataError') });
    const clone = structuredClone(original);
    console.log(clone !== original, clone instanceof DOMException, clone.name, clone.message, clone.code,
                clone.stack === original.stack, Object.keys(clone).length);
    console.log(reason.name, mine.name, mine.message, mine.constructor === DOMException);
    console.log(structuredClone(new Error('outer', { cause: original })).name);
    const [a, b] = structuredClone([original, original]);
    console.log(a === b))js"),
            "true true AbortError stop 20 true 0\nAbortError DataError m true\nError\ntrue\n");
}

TEST_F(StructuredCloneTest, AnAuthorsDomExceptionIsNotLookedUp) {
  EXPECT_EQ(Run(R"js(
    const Kept = DOMException;
    Object.defineProperty(globalThis, 'DOMException', { get() { console.log('a getter ran'); } });
    for (const value of [() => {}, Symbol(), new TextEncoder()]) {
      try { structuredClone(value); } catch (e) { console.log(e instanceof Kept, e.name); }
    }
    console.log(structuredClone(new Kept('m')).message))js"),
            "true DataCloneError\ntrue DataCloneError\ntrue DataCloneError\nm\n");
}

// A string is serialized as often as it is there.
TEST_F(StructuredCloneTest, WhatIsSerializedIsNoLargerThanTheMemoryLimit) {
  Restart({.isolate = {.max_native_bytes = size_t{32} << 20}});
  EXPECT_EQ(Run("const s = 'x'.repeat(1 << 20); try { structuredClone(new Array(1000).fill(s)); console.log('cloned') }"
                "catch (e) { console.log(e.name) }; console.log(structuredClone([s, s]).length)"),
            "DataCloneError\n2\n");
}

TEST_F(StructuredCloneTest, AnEndlessTransferListEnds) {
  EXPECT_EQ(
      Run("const b = new ArrayBuffer(1); const endless = { [Symbol.iterator]() { return this }, next() { return { "
          "value: b, done: false } } };"
          "try { structuredClone(0, { transfer: endless }) } catch (e) { console.log(e.name) }"),
      "DataCloneError\n");
}

}  // namespace
}  // namespace sluice::runtime
