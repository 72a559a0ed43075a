// src/v8/streams.h: what C++ does with streams and JavaScript cannot.
#include "src/v8/streams.h"

#include "src/v8/stream_page.h"
#include "tests/v8/v8_test.h"

namespace sluice::binding {
namespace {

class StreamsTest : public V8Test {
 protected:
  StreamsTest() {
    Define("newStream", [](const v8::FunctionCallbackInfo<v8::Value>& info) {
      v8::Local<v8::Object> stream;
      const StreamOptions options{.byte_limit = info[2].As<v8::BigInt>()->Uint64Value()};
      if (NewWritableStream(info.GetIsolate()->GetCurrentContext(), info[0], info[1], options).ToLocal(&stream)) {
        info.GetReturnValue().Set(stream);
      }
    });
    Define("errorStream", [](const v8::FunctionCallbackInfo<v8::Value>& info) {
      info.GetReturnValue().Set(
          ErrorStream(info.GetIsolate()->GetCurrentContext(), info[0].As<v8::Object>(), info[1]));
    });
    Define("closeWithErrorPropagation", [](const v8::FunctionCallbackInfo<v8::Value>& info) {
      v8::Local<v8::Promise> promise;
      if (CloseWithErrorPropagation(info.GetIsolate()->GetCurrentContext(), info[0].As<v8::Object>())
              .ToLocal(&promise)) {
        info.GetReturnValue().Set(promise);
      }
    });
    Run("var log = ''; const note = (what) => (value) => { log += what + ':' + value + ' '; };");
  }
  StreamObject* Native(const char* source) {
    const v8::Context::Scope in(context());
    return StreamObjectOf(context(), Evaluate(context(), source).ToLocalChecked());
  }
};

TEST_F(StreamsTest, AStreamHasALimitOfItsOwnAndOthersKeepTheIsolates) {
  Run("var small = newStream({write() { return new Promise(() => {}); }}, undefined, 3n).getWriter();"
      "var large = new WritableStream({write() { return new Promise(() => {}); }}).getWriter();"
      "for (const w of [small, large]) { w.write('abc').catch(note('first')); w.write('d').catch(note('second')); }");
  RunMicrotasks();
  EXPECT_EQ(Run("log"),
            "second:RangeError: The stream may buffer 3 bytes and holds 3 bytes: no room for a chunk of 1 byte ");
}

TEST_F(StreamsTest, ALimitOf64BitsKeepsAllOfThem) {
  const v8::HandleScope handles(isolate());
  EXPECT_EQ(Native("newStream({}, {}, 18446744073709551615n)")->core.controller.byte_limit, ~uint64_t{0});
  EXPECT_EQ(Native("newStream({}, {}, 9007199254740993n)")->core.controller.byte_limit, 9007199254740993u);
}

TEST_F(StreamsTest, StreamsMadeWhileTheConstructorReadsTheSinkHaveTheIsolatesLimit) {
  const v8::HandleScope handles(isolate());
  Run("var inner; newStream({ get write() { inner = new WritableStream(); } }, {}, 1n)");
  EXPECT_EQ(Native("inner")->core.controller.byte_limit, core::kDefaultByteLimit);
}

TEST_F(StreamsTest, WhatTheConstructorThrowsGoesOn) {
  EXPECT_EQ(Run("newStream({start() { throw 'no'; }}, {}, 1n)"), "throws no");
  EXPECT_EQ(Run("newStream(5, {}, 1n)").substr(0, 17), "throws TypeError:");
}

TEST_F(StreamsTest, NoExtraArgumentOfAnAuthorsMakesOptions) {
  const v8::HandleScope handles(isolate());
  EXPECT_EQ(Run("WritableStream.length"), "0");
  EXPECT_EQ(Native("new WritableStream({}, {}, {}, 1n, 0)")->core.controller.byte_limit, core::kDefaultByteLimit);
}

TEST_F(StreamsTest, ErrorStreamErrorsALockedStream) {
  EXPECT_EQ(Run("var s = new WritableStream(); var w = s.getWriter(); w.closed.catch(note('closed'));"
                "errorStream(s, 'why')"),
            "true");
  RunMicrotasks();
  EXPECT_EQ(Run("log"), "closed:why ");
}

TEST_F(StreamsTest, CloseWithErrorPropagationClosesOrTellsTheError) {
  Run("var w = new WritableStream().getWriter();"
      "closeWithErrorPropagation(w).then(note('closed')); closeWithErrorPropagation(w).then(note('closing'));"
      "var s = new WritableStream(); var v = s.getWriter(); errorStream(s, 'why');");
  RunMicrotasks();
  Run("closeWithErrorPropagation(v).catch(note('errored'))");
  RunMicrotasks();
  EXPECT_EQ(Run("log"), "closing:undefined closed:undefined errored:why ");
}

TEST_F(StreamsTest, ASinkMayReleaseTheWriterThatClosesOrAborts) {
  Run("var writers = {}; const sink = {close() { writers.close.releaseLock(); }, abort() { writers.abort.releaseLock(); }};"
      "for (const how of ['close', 'abort']) writers[how] = new WritableStream(sink).getWriter();");
  RunMicrotasks();
  Run("for (const how in writers) writers[how][how]('why').then(note(how), note('rejected'));");
  RunMicrotasks();
  EXPECT_EQ(Run("log"), "close:undefined abort:undefined ");
}

TEST_F(StreamsTest, OnlyStreamsAndControllersHaveANativeSide) {
  const v8::HandleScope handles(isolate());
  EXPECT_EQ(Native("({})"), nullptr);
  EXPECT_EQ(Native("5"), nullptr);
  EXPECT_EQ(Native("var c; var s = new WritableStream({start(x) { c = x; }}); c"), Native("s"));
  EXPECT_NE(Native("s"), nullptr);
}

}  // namespace
}  // namespace sluice::binding
