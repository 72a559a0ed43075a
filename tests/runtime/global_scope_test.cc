#include "src/runtime/global_scope.h"

#include "tests/runtime/realm_test.h"

namespace sluice::runtime {
namespace {

class GlobalScopeTest : public RealmTest {};

TEST_F(GlobalScopeTest, Base64GoesBothWays) {
  EXPECT_EQ(Run(R"js(
    let all = '';
    for (let i = 0; i < 256; ++i) all += String.fromCharCode(i);
    for (let n = 0; n <= 256; ++n) {
      const part = all.slice(0, n);
      if (atob(btoa(part)) !== part || atob(btoa(part).replace(/=+$/, '')) !== part) console.log('not', n);
    }
    console.log(btoa('a'), btoa('\u00ff\u00fe\u00fd'), btoa(''), btoa(null), atob(' YQ\t=\n= '), atob('YR'), atob(''), atob(12) === '\xd7'))js"),
            "YQ== //79  bnVsbA== a a  true\n");
  // https://infra.spec.whatwg.org/#forgiving-base64-decode
  EXPECT_EQ(Run(R"js(
    for (const bad of ['a', 'abcde', 'ab=', 'ab===', '=', 'abc==', 'abcd=', 'a=b=', 'ab\u00a0c', 'ab-_', '\u0100', 'YQ==YQ==', 'ab\vcd']) {
      try { console.log(bad, atob(bad)); } catch (e) { if (e.name !== 'InvalidCharacterError') console.log(bad, e); }
    }
    try { btoa('\u0100'); } catch (e) { console.log(e.name, e.code) }
    try { btoa(); } catch (e) { console.log(e.name) })js"),
            "InvalidCharacterError 5\nTypeError\n");
}

TEST_F(GlobalScopeTest, PerformanceIsAnEventTargetWithAClass) {
  EXPECT_EQ(Run(R"js(
    console.log(performance instanceof Performance, performance instanceof EventTarget, String(performance));
    const before = performance.now();
    console.log(performance.now() >= before, Math.abs(performance.timeOrigin + before - Date.now()) < 1e4);
    console.log(JSON.stringify(performance) === JSON.stringify({ timeOrigin: performance.timeOrigin }));
    for (const bad of [() => new Performance(), () => performance.now.call({}), () => Performance.prototype.timeOrigin]) {
      try { bad(); console.log('no error'); } catch (e) { console.log(e.name) }
    })js"),
            "true true [object Performance]\ntrue true\ntrue\nTypeError\nTypeError\nTypeError\n");
}

TEST_F(GlobalScopeTest, RandomValuesAreOfIntegersOnly) {
  EXPECT_EQ(
      Run(R"js(
    const bytes = new Uint8Array(1000).subarray(100, 900);
    console.log(crypto.getRandomValues(bytes) === bytes, new Set(bytes).size > 100,
                new Uint8Array(bytes.buffer).subarray(0, 100).every((b) => b === 0));
    const ids = new Set(Array.from({ length: 100 }, () => crypto.randomUUID()));
    console.log(ids.size, [...ids].every((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id)));
    for (const bad of [new Float64Array(1), new DataView(new ArrayBuffer(8)), new Uint8Array(65537), [], new ArrayBuffer(8)]) {
      try { crypto.getRandomValues(bad); console.log('no error'); } catch (e) { console.log(e.name) }
    })js"),
      "true true true\n100 true\nTypeMismatchError\nTypeMismatchError\nQuotaExceededError\nTypeError\nTypeError\n");
}

}  // namespace
}  // namespace sluice::runtime
