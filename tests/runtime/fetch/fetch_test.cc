#include "src/runtime/fetch/fetch.h"

#include "tests/runtime/realm_test.h"

namespace sluice::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

// What C++ does with requests and responses.
class FetchTest : public RealmTest {
 protected:
  // Makes a request, which scripts then have as `request`. What it threw, or "".
  std::string Give(const RequestData& data, const std::string& signal = "") {
    std::string thrown;
    realm().RunTask([&] {
      v8::TryCatch caught(isolate());
      v8::Local<v8::Value> follows;
      if (!signal.empty()) follows = Evaluate(signal).ToLocalChecked();
      v8::Local<v8::Object> request;
      if (!NewRequest(realm().context(), data, follows).ToLocal(&request)) {
        thrown = Utf8(isolate(), caught.Exception()->ToString(realm().context()).ToLocalChecked());
        return;
      }
      realm().context()->Global()->Set(realm().context(), binding::Ascii(isolate(), "request"), request).Check();
    });
    return thrown;
  }

  // Reads the response that `source` is. What that threw, or "".
  std::string Take(std::string_view source, ResponseData& response) {
    std::string thrown;
    realm().RunTask([&] {
      v8::TryCatch caught(isolate());
      const v8::Local<v8::Value> value = Evaluate(source).ToLocalChecked();
      if (ReadResponse(realm().context(), value, response)) return;
      thrown = Utf8(isolate(), caught.Exception()->ToString(realm().context()).ToLocalChecked());
    });
    return thrown;
  }
};

TEST_F(FetchTest, ARequestIsWhatTheServerReceived) {
  EXPECT_EQ(Give({"POST", "http://Example.com:80/a/../b?c#d", {{"X-One", " 1 "}, {"x-one", "2"}, {"Latin", "\xE9"}},
                  std::string("{\"a\": \"\xC3\xBC\"}")}),
            "");
  EXPECT_EQ(Run("console.log(request.method, request.url, [...request.headers], request.bodyUsed);"
                "request.json().then((o) => console.log(o, request.bodyUsed))"),
            "POST http://example.com/b?c#d [ [ 'latin', 'é' ], [ 'x-one', '1, 2' ] ] false\n{ a: 'ü' } true\n");
}

TEST_F(FetchTest, HeadersOfAReceivedRequestAreImmutable) {
  ASSERT_EQ(Give({"GET", "http://a/", {{"a", "b"}}, ""}), "");
  EXPECT_EQ(Run("for (const f of [h => h.set('a', 'c'), h => h.append('a', 'c'), h => h.delete('a')])"
                "try { f(request.headers) } catch (e) { console.log(e.name) }"
                "const copy = new Headers(request.headers); copy.set('a', 'd'); console.log(copy.get('a'));"
                "const made = new Request(request); made.headers.set('a', 'e');"
                "console.log(made.headers.get('a'), request.headers.get('a'))"),
            "TypeError\nTypeError\nTypeError\nd\ne b\n");
}

TEST_F(FetchTest, WhatIsNoRequestIsATypeError) {
  EXPECT_THAT(Give({"GE T", "http://a/", {}, ""}), ::testing::StartsWith("TypeError"));
  EXPECT_THAT(Give({"", "http://a/", {}, ""}), ::testing::StartsWith("TypeError"));
  EXPECT_THAT(Give({"GET", "/a", {}, ""}), ::testing::StartsWith("TypeError"));
  EXPECT_THAT(Give({"GET", "http://a:99999/", {}, ""}), ::testing::StartsWith("TypeError"));
  EXPECT_THAT(Give({"GET", "http://a/", {{"a b", "c"}}, ""}), ::testing::StartsWith("TypeError"));
  EXPECT_THAT(Give({"GET", "http://a/", {{"a", "b\r\nc: d"}}, ""}), ::testing::StartsWith("TypeError"));
  EXPECT_THAT(Give({"GET", "http://a/", {{"a", std::string("b\0c", 3)}}, ""}), ::testing::StartsWith("TypeError"));
}

TEST_F(FetchTest, AReceivedRequestHasTheSignalItWasGiven) {
  Run("var controller = new AbortController()");
  ASSERT_EQ(Give({"GET", "http://a/", {}, ""}, "controller.signal"), "");
  EXPECT_EQ(Run("console.log(request.signal === controller.signal)"), "true\n");
  ASSERT_EQ(Give({"GET", "http://a/", {}, ""}), "");
  EXPECT_EQ(Run("console.log(request.signal instanceof AbortSignal, request.signal.aborted, "
                "request.signal === request.signal)"),
            "true false true\n");
}

TEST_F(FetchTest, ABodyIsBytesNotText) {
  ASSERT_EQ(Give({"PUT", "http://a/", {}, std::string("\0\xFF\x80", 3)}), "");
  EXPECT_EQ(Run("request.clone().bytes().then(console.log); request.clone().text().then(t => console.log(t.length));"
                "request.arrayBuffer().then(b => console.log(b.byteLength))"),
            "Uint8Array(3) [ 0, 255, 128 ]\n3\n3\n");
}

TEST_F(FetchTest, AGetRequestHasNoBody) {
  ASSERT_EQ(Give({"GET", "http://a/", {}, "ignored"}), "");
  EXPECT_EQ(Run("request.text().then(t => console.log(t === '', request.bodyUsed))"), "true false\n");
}

TEST_F(FetchTest, AResponseIsReadWithAllItHas) {
  ResponseData response;
  EXPECT_EQ(Take("new Response('h\\u00e9\\ud800', { status: 418, statusText: 'Teapot', headers: "
                 "[['X-A', '1'], ['x-a', '\\u00ff'], ['Set-Cookie', 'a'], ['Set-Cookie', 'b']] })",
                 response),
            "");
  EXPECT_EQ(response.status, 418);
  EXPECT_EQ(response.status_text, "Teapot");
  EXPECT_EQ(response.body, "h\xC3\xA9\xEF\xBF\xBD");
  EXPECT_THAT(response.headers,
              ElementsAre(Pair("x-a", "1"), Pair("x-a", "\xFF"), Pair("set-cookie", "a"), Pair("set-cookie", "b"),
                          Pair("content-type", "text/plain;charset=UTF-8")));
}

TEST_F(FetchTest, AResponseReplacesWhatWasThere) {
  ResponseData response{.status = 500, .status_text = "x", .headers = {{"a", "b"}}, .body = "c"};
  EXPECT_EQ(Take("new Response()", response), "");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.status_text, "");
  EXPECT_THAT(response.headers, IsEmpty());
  EXPECT_EQ(response.body, "");
}

TEST_F(FetchTest, BytesOfAResponseAreThoseOfItsMaking) {
  ResponseData response;
  EXPECT_EQ(Take("const bytes = new Uint8Array([9, 0, 255, 9]); const r = new Response(bytes.subarray(1, 3));"
                 "bytes.fill(7); r",
                 response),
            "");
  EXPECT_EQ(response.body, std::string("\0\xFF", 2));
  EXPECT_THAT(response.headers, IsEmpty());
}

TEST_F(FetchTest, OnlyAnUnusedResponseCanBeRead) {
  ResponseData response;
  for (const char* source : {"undefined", "'hello'", "({ status: 200 })", "Object.create(Response.prototype)",
                             "Response.error()", "{ const r = new Response('a'); r.text(); r }",
                             "new Proxy(new Response('a'), {})", "new Request('http://a/')"}) {
    EXPECT_THAT(Take(source, response), ::testing::StartsWith("TypeError")) << source;
  }
  EXPECT_EQ(Take("var r = new Response('a')", response), "TypeError: The handler's result is not a Response");
  EXPECT_EQ(Take("r", response), "");
  EXPECT_EQ(Run("console.log(r.bodyUsed)"), "true\n");
  EXPECT_EQ(Take("r", response), "TypeError: The body of the handler's response was used already");
}

TEST_F(FetchTest, NothingPatchedIsLookedUp) {
  Run("const trap = (name) => ({ configurable: true, get() { throw new Error(name) }, set() { throw new Error(name) } });"
      "for (const [name, holder] of Object.entries({ Array, Object, String, Promise, Uint8Array, Function, Map }))"
      "  for (const key of Reflect.ownKeys(holder.prototype)) {"
      "    if (name === 'Object' && key === 'constructor') continue;"
      "    if (Reflect.getOwnPropertyDescriptor(holder.prototype, key).configurable)"
      "      Object.defineProperty(holder.prototype, key, trap(name + '.' + String(key)));"
      "  }"
      "for (const key of ['0', '1', 'value', 'body', 'status', 'name', 'href', 'next'])"
      "  for (const holder of [Object.prototype, Array.prototype]) Object.defineProperty(holder, key, trap(key));");
  TakeErrors();
  ASSERT_EQ(Give({"POST", "http://a/b?c=d", {{"a", "b"}, {"c", "d"}}, "body"}), "");
  ResponseData response;
  EXPECT_EQ(Take("const url = new URL(request.url); url.searchParams.sort(); const h = request.headers;"
                 "const copy = request.clone(); copy.text(); h.get('a'); h.has('c');"
                 "new Response(url.pathname + url.search + h.get('a'), { __proto__: null, status: 201, headers: null ?? undefined, statusText: '' })",
                 response),
            "");
  EXPECT_EQ(response.body, "/b?c=db");
  EXPECT_EQ(response.status, 201);
}

}  // namespace
}  // namespace sluice::runtime
