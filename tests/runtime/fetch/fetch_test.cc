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

  std::string TouchedProperties() {
    std::string touched;
    realm().RunTask([&] { touched = Utf8(isolate(), Evaluate("touched").ToLocalChecked().As<v8::String>()); });
    return touched;
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
  EXPECT_EQ(Give({"POST",
                  "http://Example.com:80/a/../b?c#d",
                  {{"X-One", " 1 "}, {"x-one", "2"}, {"Latin", "\xE9"}},
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

TEST_F(FetchTest, AbortingARequestAbortsItsSignalAndThoseThatFollow) {
  const auto abort = [&] {
    realm().RunTask([&] {
      const v8::Local<v8::Value> request = Evaluate("request").ToLocalChecked();
      EXPECT_TRUE(AbortRequest(realm().context(), request.As<v8::Object>(), Evaluate("'gone'").ToLocalChecked()));
    });
  };
  ASSERT_EQ(Give({"GET", "http://a/", {}, ""}), "");
  Run("request.signal.onabort = () => console.log('told'); var copy = request.clone(), made = new Request(request)");
  abort();
  EXPECT_EQ(Run("console.log(request.signal.reason, copy.signal.reason, made.signal.reason)"),
            "told\ngone gone gone\n");
  // Whose signal nobody has asked for before.
  ASSERT_EQ(Give({"GET", "http://a/", {}, ""}), "");
  Run("copy = request.clone()");
  abort();
  abort();
  EXPECT_EQ(Run("console.log(request.signal.reason, copy.signal.reason, request.clone().signal.reason)"),
            "gone gone gone\n");
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
  EXPECT_THAT(response.headers, ElementsAre(Pair("x-a", "1"), Pair("x-a", "\xFF"), Pair("set-cookie", "a"),
                                            Pair("set-cookie", "b"), Pair("content-type", "text/plain;charset=UTF-8")));
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

// Whatever an author can patch is patched; the getters tell and go on. Only then are the classes used, through
// functions that were taken before.
TEST_F(FetchTest, NothingPatchedIsLookedUp) {
  ASSERT_EQ(Run(R"JS(
    var touched = "";
    const apply = Reflect.apply, define = Object.defineProperty;
    const saved = {};
    for (const made of [Headers, Request, Response, URL, URLSearchParams]) {
      const methods = saved[made.name] = { __proto__: null };
      for (const key of Reflect.ownKeys(made.prototype)) {
        const { value, get, set } = Reflect.getOwnPropertyDescriptor(made.prototype, key);
        methods[key] = value; methods["get " + String(key)] = get; methods["set " + String(key)] = set;
      }
    }
    const { Headers: H, Request: Q, Response: R, URL: U, URLSearchParams: P } = saved;
    const { json, redirect, error } = Response;
    const HeadersIterator = Object.getPrototypeOf(new Headers().keys());
    const classes = [Headers, Request, Response, URL, URLSearchParams];
    const [Headers_, Request_, Response_, URL_, Params_] = classes;
    const patched = [];
    for (const name of ["Array", "Object", "String", "Promise", "Uint8Array", "ArrayBuffer", "Function", "Map", "RegExp",
                        "Number", "Symbol", "JSON", "Reflect", "AbortSignal", "Iterator"]) {
      if (globalThis[name] === undefined) continue;
      patched.push([name, globalThis[name]]);
      if (globalThis[name].prototype) patched.push([name + ".prototype", globalThis[name].prototype]);
    }
    for (const made of classes) patched.push([made.name, made], [made.name + ".prototype", made.prototype]);
    patched.push(["%IteratorPrototype%", Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()))],
                 ["%ArrayIteratorPrototype%", Object.getPrototypeOf([][Symbol.iterator]())],
                 ["%TypedArray%.prototype", Object.getPrototypeOf(Uint8Array.prototype)],
                 ["HeadersIterator", HeadersIterator]);
    const traps = [];
    for (const [name, holder] of patched) {
      for (const key of Reflect.ownKeys(holder)) {
        const { value, get, configurable } = Reflect.getOwnPropertyDescriptor(holder, key);
        if (configurable && (name !== "Function.prototype" || typeof key === "symbol" || key !== "caller"))
          traps.push([holder, key, `${name}.${String(key)} `, value, get]);
      }
    }
    for (const key of ["0", "1", "2", "3", "text", "list", "sorted", "immutable", "body", "used", "shared", "href", "port",
                       "status", "type", "source", "enumerable", "get", "done", "next"])
      for (const name of ["Object", "Array"]) traps.push([globalThis[name].prototype, key, `${name}.${key} `]);
    // A class with loops over arrays cannot be used from here on.
    const count = traps.length;
    for (let i = 0; i < count; ++i) {
      const trap = traps[i], holder = trap[0], key = trap[1], name = trap[2], value = trap[3], get = trap[4];
      define(holder, key, { __proto__: null, configurable: true,
        get() { touched += name; return get === undefined ? value : apply(get, this, []); },
        set() { touched += "set " + name; } });
    }
    touched = "";
  )JS"),
            "");
  ASSERT_EQ(TakeErrors(), "");
  Run("'abc'.slice(1)");
  ASSERT_EQ(TouchedProperties(), "String.prototype.slice ");
  Run("touched = ''");
  ASSERT_EQ(Give({"POST", "http://a/b?c=d", {{"a", "b"}, {"c", "d"}}, "body"}), "");
  ResponseData response;
  EXPECT_EQ(Take(R"JS(
    const url = new URL_(apply(Q["get url"], request, []));
    for (const key in U) {
      if (key[0] === "g" && key[4] !== "S") apply(U[key] ?? (() => {}), url, []);
      if (key[0] === "s" && key[4] === "h" && U[key] !== undefined) apply(U[key], url, ["http://x/y?z=1#w"]);
    }
    const params = apply(U["get searchParams"], url, []);
    apply(P.append, params, ["b", "2"]); apply(P.set, params, ["a", "1"]); apply(P.sort, params, []);
    apply(P.delete, params, ["b"]); apply(P.get, params, ["a"]); apply(P.has, params, ["a"]);
    apply(P.getAll, params, ["a"]); apply(P.toString, params, []); apply(P.forEach, params, [() => {}]);
    new Params_({ __proto__: null, q: "1" });
    const h = apply(Q["get headers"], request, []);
    apply(H.get, h, ["a"]); apply(H.has, h, ["a"]); apply(H.getSetCookie, h, []); apply(H.forEach, h, [() => {}]);
    const own = new Headers_({ __proto__: null, "X-Y": "1", "set-cookie": "a=b" });
    apply(H.append, own, ["x-y", "2"]); apply(H.set, own, ["z", "2"]); apply(H.delete, own, ["z"]);
    apply(H.keys, own, []);
    const copy = apply(Q.clone, request, []);
    apply(Q.text, copy, []);
    apply(Q["get signal"], copy, []);
    new Request_(request, { __proto__: null, method: "PUT", headers: { __proto__: null, a: "b" }, body: null,
                            signal: null });
    apply(R.text, apply(R.clone, new Response_("x"), []), []);
    apply(redirect, Response_, ["http://a/"]); apply(error, Response_, []);
    apply(json, Response_, ["text", { __proto__: null, status: 200 }]);
    new Response_(apply(U["get pathname"], url, []) + apply(U["get search"], url, []),
                  { __proto__: null, status: 201, headers: { __proto__: null, "x-y": "1" } });
  )JS",
                 response),
            "");
  EXPECT_EQ(response.body, "/y?a=1&z=1");
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(TouchedProperties(), "");
}

}  // namespace
}  // namespace sluice::runtime
