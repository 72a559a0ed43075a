#include "tests/runtime/realm_test.h"

namespace sluice::runtime {
namespace {

class RequestResponseTest : public RealmTest {
 protected:
  std::string Thrown(const std::string& source) {
    return Run("try { " + source + "; console.log('nothing') } catch (e) { console.log(e.name) }");
  }
};

TEST_F(RequestResponseTest, EachKindOfBodyHasItsBytesAndType) {
  EXPECT_EQ(
      Run("const bodies = ['h\\u00e9', new URLSearchParams({ a: 'b c' }), new Uint8Array([104, 105]).buffer,"
          "  new Uint16Array([0x6968]), new DataView(new Uint8Array([120, 104, 105]).buffer, 1), 12, { toString: () => "
          "'obj' }, ''];"
          "(async () => { for (const body of bodies) { const r = new Response(body);"
          "  console.log(r.headers.get('content-type'), await r.clone().text(), [...await r.bytes()].length) } })()"),
      "text/plain;charset=UTF-8 h\xC3\xA9 3\napplication/x-www-form-urlencoded;charset=UTF-8 a=b+c 5\nnull hi 2\nnull "
      "hi "
      "2\nnull hi 2\ntext/plain;charset=UTF-8 12 2\ntext/plain;charset=UTF-8 obj 3\ntext/plain;charset=UTF-8  0\n");
}

TEST_F(RequestResponseTest, ABodyIsUsedOnce) {
  EXPECT_EQ(Run("(async () => { for (const make of [() => new Response('{}'), () => new Request('http://a', { method: "
                "'PUT', body: '{}' })])"
                "  for (const how of ['text', 'json', 'arrayBuffer', 'bytes']) { const r = make();"
                "    const before = r.bodyUsed; await r[how](); const names = [];"
                "    for (const again of ['text', 'json', 'arrayBuffer', 'bytes']) await r[again]().catch(e => "
                "names.push(e.name));"
                "    try { r.clone() } catch (e) { names.push(e.name) }"
                "    console.log(before, r.bodyUsed, names.join()) } })()"),
            [] {
              std::string lines;
              for (int i = 0; i < 8; ++i) lines += "false true TypeError,TypeError,TypeError,TypeError,TypeError\n";
              return lines;
            }());
}

TEST_F(RequestResponseTest, NoBodyIsNeverUsed) {
  EXPECT_EQ(Run("(async () => { const r = new Response(); console.log(await r.text() === '', await r.text() === '', "
                "r.bodyUsed,"
                "  (await r.arrayBuffer()).byteLength); await r.json().catch(e => console.log(e.name)) })()"),
            "true true false 0\nSyntaxError\n");
}

TEST_F(RequestResponseTest, ClonesHaveBodiesAndHeadersOfTheirOwn) {
  EXPECT_EQ(
      Run("(async () => { const r = new Response(new Uint8Array([1, 2])); const c = r.clone(); c.headers.set('a', 'b');"
          "  const x = await r.bytes(); x[0] = 9; console.log(await c.bytes(), r.headers.has('a'), c.bodyUsed);"
          "  const q = new Request('http://a', { method: 'POST', body: new Uint8Array([3]) }); const d = q.clone();"
          "  (await d.bytes())[0] = 9; console.log(await q.bytes()) })()"),
      "Uint8Array(2) [ 1, 2 ] false true\nUint8Array(1) [ 3 ]\n");
}

TEST_F(RequestResponseTest, TextIsDecodedAsUtf8WithoutAByteOrderMark) {
  EXPECT_EQ(
      Run("(async () => { const t = async (b) => { const s = await new Response(b).text(); return s.length + ':' + "
          "s.charCodeAt(0) };"
          "  console.log(await t('\\ufeffa'), await t('\\ud800'), await t(new Uint8Array([0xef, 0xbb, 0xbf, 97])),"
          "    await t(new Uint8Array([0xff])), await t('\\u00ff'), await new Response('\\ufeff{}').json()) })()"),
      "1:97 1:65533 1:97 1:65533 1:255 {}\n");
}

TEST_F(RequestResponseTest, AResponseIsWhatItsInitSays) {
  EXPECT_EQ(Run("const r = new Response('x', { status: 404, statusText: 'Gone', headers: { 'Content-Type': 'a/b' } });"
                "console.log(r.status, r.ok, r.statusText, r.type, JSON.stringify(r.url), r.redirected, "
                "r.headers.get('content-type'),"
                "  r.headers === r.headers, new Response(null, { status: 204 }).ok, new Response('', { status: 65536 + "
                "200 }).status)"),
            "404 false Gone default \"\" false a/b true true 200\n");
}

TEST_F(RequestResponseTest, BadResponsesThrow) {
  for (const char* status : {"0", "99", "100", "101", "199", "600", "65535", "NaN", "-1", "'x'", "null"}) {
    EXPECT_EQ(Thrown(std::string("new Response('', { status: ") + status + " })"), "RangeError\n") << status;
  }
  for (const char* status : {"204", "205", "304"}) {
    EXPECT_EQ(Thrown(std::string("new Response('', { status: ") + status + " })"), "TypeError\n") << status;
    EXPECT_EQ(Thrown(std::string("new Response(null, { status: ") + status + " })"), "nothing\n") << status;
  }
  for (const char* source :
       {"Response('')", "new Response('', 1)", "new Response(Symbol())", "new Response('', { status: 200n })",
        "new Response('', { headers: 1 })", "Response.json(undefined)", "Response.json(() => {})", "Response.json()",
        "Response.redirect('/relative')", "Response.redirect()", "{ const a = []; a[0] = a; Response.json(a) }"}) {
    EXPECT_EQ(Thrown(source), "TypeError\n") << source;
  }
}

TEST_F(RequestResponseTest, StaticResponses) {
  EXPECT_EQ(
      Run("(async () => { const j = Response.json({ a: [1] }, { status: 201, headers: { b: 'c' } });"
          "  console.log(j.status, [...j.headers], await j.text());"
          "  console.log(Response.json(1, { headers: { 'content-type': 'x/y' } }).headers.get('content-type'));"
          "  const e = Response.error(); console.log(e.type, e.status, e.ok, [...e.headers]);"
          "  for (const f of [() => Response.redirect('http://a/\\u00e9'), () => Response.redirect('http://a', 308),"
          "    () => Response.redirect('http://a', 200)])"
          "    try { const r = f(); console.log(r.status, r.headers.get('location')) } catch (e) { console.log(e.name) "
          "}"
          "  try { Response.redirect('http://a').headers.set('a', 'b') } catch (e) { console.log(e.name) } })()"),
      "201 [ [ 'b', 'c' ], [ 'content-type', 'application/json' ] ] {\"a\":[1]}\nx/y\nerror 0 false []\n"
      "302 http://a/%C3%A9\n308 http://a/\nRangeError\nTypeError\n");
}

TEST_F(RequestResponseTest, MethodsAreNormalizedAsTheStandardSays) {
  EXPECT_EQ(Run("console.log(...['get', 'Post', 'pUT', 'delete', 'head', 'options', 'patch', 'Mine', 'PROPFIND']"
                ".map(method => new Request('http://a', { method }).method), new Request('http://a').method)"),
            "GET POST PUT DELETE HEAD OPTIONS patch Mine PROPFIND GET\n");
  for (const char* method : {"''", "'a b'", "'a\\n'", "'connect'", "'TRACE'", "'Track'", "'\\u0161'"}) {
    EXPECT_EQ(Thrown(std::string("new Request('http://a', { method: ") + method + " })"), "TypeError\n") << method;
  }
}

TEST_F(RequestResponseTest, BadRequestsThrow) {
  for (const char* source :
       {"Request('http://a')", "new Request()", "new Request('/a')", "new Request('http://u:p@a')",
        "new Request('http://u@a')", "new Request('http://a', 1)", "new Request('http://a', { body: 'x' })",
        "new Request('http://a', { method: 'head', body: '' })", "new Request('http://a', { signal: {} })",
        "new Request('http://a', { signal: 1 })", "new Request(Symbol())",
        "{ const q = new Request('http://a', { method: 'PUT', body: 'x' }); q.text(); new Request(q) }",
        "new Request(new Request('http://a', { method: 'PUT', body: 'x' }), { method: 'GET' })"}) {
    EXPECT_EQ(Thrown(source), "TypeError\n") << source;
  }
}

TEST_F(RequestResponseTest, ARequestOfARequestTakesItsBody) {
  EXPECT_EQ(Run("(async () => { const a = new Request('http://a/b', { method: 'PUT', body: 'x', headers: { c: 'd' } });"
                "  const b = new Request(a, { headers: { e: 'f' } });"
                "  console.log(a.bodyUsed, b.method, b.url, [...b.headers], await b.text());"
                "  const c = new Request(a, { body: 'y' }); console.log(await c.text(), [...c.headers]);"
                "  const d = new Request(new URL('http://z/')); console.log(d.url) })()"),
            "true PUT http://a/b [ [ 'e', 'f' ] ] x\ny [ [ 'c', 'd' ], [ 'content-type', 'text/plain;charset=UTF-8' ] "
            "]\nhttp://z/\n");
}

TEST_F(RequestResponseTest, ARequestFollowsTheSignalItWasGiven) {
  EXPECT_EQ(
      Run("const c = new AbortController(); const q = new Request('http://a', { signal: c.signal }); const late = "
          "q.clone();"
          "const again = new Request(q); const none = new Request(q, { signal: null });"
          "console.log(q.signal !== c.signal, q.signal === q.signal); q.signal.onabort = () => console.log('told');"
          "c.abort('why'); console.log(q.signal.reason, late.signal.reason, again.signal.aborted, "
          "none.signal.aborted)"),
      "true true\ntold\nwhy why true false\n");
}

TEST_F(RequestResponseTest, PromisesRejectWhereOthersThrow) {
  EXPECT_EQ(
      Run("for (const c of [Request, Response]) for (const how of ['text', 'json', 'arrayBuffer', 'bytes'])"
          "  for (const receiver of [{}, undefined, c.prototype, c === Request ? new Response() : new "
          "Request('http://a')])"
          "    c.prototype[how].call(receiver).then(() => console.log('no'), e => { if (e.name !== 'TypeError') "
          "console.log(e) });"
          "for (const [c, names] of [[Request, ['method', 'url', 'headers', 'signal', 'bodyUsed']], [Response, "
          "['status', 'ok', 'url', 'type',"
          "  'redirected', 'statusText', 'headers', 'bodyUsed']]]) for (const name of names)"
          "  try { c.prototype[name]; console.log(name) } catch (e) { if (e.name !== 'TypeError') console.log(e) }"),
      "");
}

TEST_F(RequestResponseTest, TheSurfaceIsThatOfWebIdl) {
  EXPECT_EQ(Run("console.log(Request.length, Response.length, Object.keys(Response).join(), "
                "Object.keys(Request.prototype).join());"
                "console.log(String(new Request('http://a')), String(new Response()), Response.redirect.length, "
                "Response.json.length)"),
            "1 0 error,redirect,json method,url,headers,signal,bodyUsed,clone,arrayBuffer,bytes,json,text\n"
            "[object Request] [object Response] 1 1\n");
}

// https://fetch.spec.whatwg.org/#dom-request: a Request has every member of a RequestInit.
TEST_F(RequestResponseTest, ARequestAsOptionsGivesItsBody) {
  EXPECT_EQ(Run(R"js((async () => {
    const received = new Request('https://a/', { method: 'POST', headers: { 'content-type': 'text/x' }, body: 'payload' });
    const sent = new Request('https://b/', received);
    console.log(sent.url, sent.method, sent.headers.get('content-type'), await sent.text(), received.bodyUsed);
    try { new Request('https://c/', received) } catch (e) { console.log(e.name) }
    const bytes = new Request('https://a/', { method: 'PUT', body: new Uint8Array([1, 2]) });
    const other = new Request('https://b/', { method: 'PUT', body: 'unused' });
    console.log((await new Request(other, bytes).bytes()).length, other.bodyUsed, bytes.bodyUsed);
    console.log(await new Request('https://b/', new Request('https://a/')).text() === '');
    class Own extends Request { get body() { return 'own' } }
    console.log(await new Request('https://b/', new Own('https://a/', { method: 'POST', body: 'hidden' })).text());
  })())js"),
            "https://b/ POST text/x payload true\nTypeError\n2 false true\ntrue\nown\n");
}

}  // namespace
}  // namespace sluice::runtime
