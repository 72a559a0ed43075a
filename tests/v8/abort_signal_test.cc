// AbortController and AbortSignal: order, dependent signals, what is collected and what is not.
#include "src/v8/dom/abort_signal.h"

#include <gmock/gmock.h>

#include "src/v8/dom/dom.h"
#include "src/v8/dom/dom_data.h"
#include "src/v8/dom/dom_exception.h"
#include "tests/v8/v8_test.h"

namespace sluice::binding {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class AbortSignalTest : public V8Test {
 protected:
  AbortSignalTest() {
    Run("var log = []; const say = (text) => () => { log.push(text); }; var controller = new AbortController();");
  }
  std::string Log() { return Run("log.splice(0).join(' ')"); }
  DomData& dom() { return data().dom(); }

  // Calls `use` with the signal that `expression` gives.
  template <typename Use>
  void With(std::string_view expression, Use use) {
    const v8::HandleScope handles(isolate());
    const v8::Context::Scope entered(context());
    v8::Local<v8::Value> value;
    ASSERT_TRUE(Evaluate(context(), expression).ToLocal(&value));
    ASSERT_TRUE(Implements(value, kAbortSignalInterface));
    use(value.As<v8::Object>());
  }
};

// ---- Aborting

TEST_F(AbortSignalTest, AbortsOnceWithTheFirstReason) {
  Run("controller.signal.onabort = (e) => { log.push(e.type, e.isTrusted, e.bubbles, e.cancelable,"
      "                                            controller.signal.aborted); controller.abort(3); };"
      "controller.abort(1); controller.abort(2);");
  EXPECT_EQ(Log(), "abort true false false true");
  EXPECT_EQ(Run("controller.signal.reason"), "1");
  EXPECT_EQ(Run("controller.signal.throwIfAborted()"), "throws 1");
}

TEST_F(AbortSignalTest, TheDefaultReasonIsAnAbortError) {
  EXPECT_EQ(Run("controller.abort(); const r = controller.signal.reason; [r.name, r instanceof DOMException]"),
            "AbortError,true");
  EXPECT_EQ(Run("AbortSignal.abort(undefined).reason.name"), "AbortError");
  EXPECT_EQ(Run("AbortSignal.abort(null).reason"), "null");
}

TEST_F(AbortSignalTest, ASignalIsTheSameEveryTime) {
  EXPECT_EQ(Run("controller.signal === controller.signal"), "true");
  EXPECT_EQ(Run("new AbortSignal()"), "throws TypeError: Illegal constructor");
}

TEST_F(AbortSignalTest, TheEventHandlerKeepsItsPlaceUntilItIsRemoved) {
  Run("const s = controller.signal; s.addEventListener('abort', say('before')); s.onabort = say('old');"
      "s.addEventListener('abort', say('after')); s.onabort = say('handler'); controller.abort();");
  EXPECT_EQ(Log(), "before handler after");
  Run("controller = new AbortController(); controller.signal.onabort = say('old');"
      "controller.signal.addEventListener('abort', say('listener')); controller.signal.onabort = null;"
      "controller.signal.onabort = say('handler'); controller.abort();");
  EXPECT_EQ(Log(), "listener handler");
}

TEST_F(AbortSignalTest, TheEventHandlerTakesObjectsAndNothingElse) {
  EXPECT_EQ(Run("const s = controller.signal; s.onabort"), "null");
  EXPECT_EQ(Run("s.onabort = 1; s.onabort"), "null");
  EXPECT_EQ(Run("const o = {handleEvent: say('no')}; s.onabort = o; s.onabort === o"), "true");
  EXPECT_EQ(Run("controller.abort(); log.length"), "0");
  EXPECT_THAT(embedder().TakeReported(), IsEmpty());
}

TEST_F(AbortSignalTest, AHandlerThatReturnsFalseCancels) {
  EXPECT_EQ(Run("controller.signal.onabort = () => false;"
                "controller.signal.dispatchEvent(new Event('abort', {cancelable: true}))"),
            "false");
  EXPECT_EQ(Run("controller.signal.aborted"), "false");
}

// ---- Listeners with a signal

TEST_F(AbortSignalTest, AnAbortedSignalRemovesItsListeners) {
  Run("const t = new EventTarget(); t.addEventListener('x', say('x'), {signal: controller.signal});"
      "t.dispatchEvent(new Event('x')); controller.abort(); t.dispatchEvent(new Event('x'));"
      "t.addEventListener('x', say('x'), {signal: controller.signal}); t.dispatchEvent(new Event('x'));");
  EXPECT_EQ(Log(), "x");
}

TEST_F(AbortSignalTest, AbortingRemovesListenersBeforeTheEvent) {
  Run("controller.signal.addEventListener('abort', say('gone'), {signal: controller.signal});"
      "controller.signal.addEventListener('abort', say('stays')); controller.abort();");
  EXPECT_EQ(Log(), "stays");
}

TEST_F(AbortSignalTest, ASignalDoesNotHoldTheTargetsOfItsListeners) {
  Run("for (let i = 0; i < 1000; ++i) new EventTarget().addEventListener('x', say(i), {signal: controller.signal});");
  EXPECT_EQ(dom().weak().size(), 1000u);
  CollectGarbage();
  EXPECT_EQ(dom().weak().size(), 0u);
  Run("controller.abort()");
}

// ---- Dependent signals

TEST_F(AbortSignalTest, DependentSignalsAbortAfterTheirSourceWithItsReason) {
  Run("const a = controller.signal, b = AbortSignal.any([a, a]), c = AbortSignal.any([b, new "
      "AbortController().signal]);"
      "c.onabort = say('c'); b.onabort = () => log.push('b', a.aborted, c.aborted, c.reason === a.reason);"
      "a.onabort = () => log.push('a', b.aborted, c.aborted);"
      "controller.abort();");
  EXPECT_EQ(Log(), "a true true b true true true c");
}

TEST_F(AbortSignalTest, ADependentSignalAbortsOnce) {
  Run("const other = new AbortController(), d = AbortSignal.any([controller.signal, other.signal]);"
      "d.onabort = say('d'); controller.abort('first'); other.abort('second');");
  EXPECT_EQ(Log(), "d");
  EXPECT_EQ(Run("d.reason"), "first");
}

TEST_F(AbortSignalTest, AnyOfAnAbortedSignalIsAborted) {
  EXPECT_EQ(Run("AbortSignal.any([controller.signal, AbortSignal.abort(1), AbortSignal.abort(2)]).reason"), "1");
  EXPECT_EQ(Run("AbortSignal.any([]).aborted"), "false");
}

TEST_F(AbortSignalTest, AnyTakesASequenceOfSignals) {
  EXPECT_EQ(Run("AbortSignal.any(function* () { yield controller.signal; }()).aborted"), "false");
  for (const char* bad : {"", "undefined", "1", "'s'", "{}", "{[Symbol.iterator]: 1}", "{[Symbol.iterator]() {}}",
                          "{[Symbol.iterator]: () => ({})}", "{[Symbol.iterator]: () => ({next() {}})}", "[1]",
                          "[null]", "[{__proto__: AbortSignal.prototype}]"}) {
    EXPECT_THAT(Run("AbortSignal.any(" + std::string(bad) + ")"), StartsWith("throws TypeError: ")) << bad;
  }
  EXPECT_EQ(Run("AbortSignal.any({[Symbol.iterator]: () => ({next() { throw 1; }})})"), "throws 1");
  EXPECT_EQ(Run("AbortSignal.any({[Symbol.iterator]: () => ({next: () => ({get done() { throw 2; }})})})"), "throws 2");
}

TEST_F(AbortSignalTest, ConvertingASequenceDoesNotCloseTheIterator) {
  Run("try { AbortSignal.any({[Symbol.iterator]: () => ({next: () => ({value: 1}), return: say('closed')})}); }"
      "catch { log.push('caught'); }");
  EXPECT_EQ(Log(), "caught");
}

TEST_F(AbortSignalTest, DependentSignalsThatNobodySeesAreCollected) {
  Run("for (let i = 0; i < 1000; ++i) AbortSignal.any([controller.signal, AbortSignal.any([controller.signal])]);");
  EXPECT_GT(dom().weak().size(), 1u);
  CollectGarbage();
  EXPECT_EQ(dom().weak().size(), 1u);  // controller.signal
}

TEST_F(AbortSignalTest, DependentSignalsThatAreListenedToStay) {
  Run("AbortSignal.any([controller.signal]).onabort = say('handler');"
      "AbortSignal.any([controller.signal]).addEventListener('abort', say('listener'));"
      "AbortSignal.any([controller.signal]).addEventListener('other', say('no'));"
      "{ const d = AbortSignal.any([controller.signal]); d.onabort = say('no'); d.onabort = null; }"
      "{ const d = AbortSignal.any([controller.signal]); const f = say('no'); d.addEventListener('abort', f);"
      "  d.removeEventListener('abort', f); }");
  CollectGarbage();
  EXPECT_EQ(dom().weak().size(), 3u);  // the two and their source
  Run("controller.abort()");
  EXPECT_EQ(Log(), "handler listener");
  CollectGarbage();
  EXPECT_EQ(dom().weak().size(), 1u);
}

TEST_F(AbortSignalTest, ADependentSignalGoesWithItsSources) {
  Run("{ const c = new AbortController(); const d = AbortSignal.any([c.signal]);"
      "  d.onabort = () => c; c.signal.onabort = () => d; c.signal.mine = d; }");
  CollectGarbage();
  EXPECT_EQ(dom().weak().size(), 0u);
}

TEST_F(AbortSignalTest, ADependentSignalDoesNotHoldItsSources) {
  Run("var gone = new WeakRef(controller.signal); var d = AbortSignal.any([controller.signal]); d.onabort = say('d');"
      "controller = null;");
  CollectGarbage();
  EXPECT_EQ(Run("gone.deref()"), "undefined");
  EXPECT_EQ(Run("AbortSignal.any([d]).aborted"), "false");
}

TEST_F(AbortSignalTest, ASignalWithListenersThatHoldItIsCollected) {
  Run("{ const c = new AbortController(); c.signal.onabort = () => c; c.signal.c = c;"
      "  c.signal.addEventListener('abort', {c, handleEvent() {}}, {signal: c.signal}); var gone = new WeakRef(c); }");
  CollectGarbage();
  EXPECT_EQ(Run("gone.deref()"), "undefined");
}

// ---- Timeouts

TEST_F(AbortSignalTest, ATimeoutAbortsWithATimeoutError) {
  Run("var s = AbortSignal.timeout(10); s.onabort = (e) => log.push(e.isTrusted, s.reason.name, s.reason.code);");
  embedder().RunTasks(9);
  EXPECT_EQ(Log(), "");
  embedder().RunTasks(10);
  EXPECT_EQ(Log(), "true TimeoutError 23");
}

TEST_F(AbortSignalTest, TimeoutsAreIntegersInRange) {
  for (const char* bad : {"", "NaN", "Infinity", "-1", "2 ** 53", "1n", "Symbol()", "'x'", "{}"}) {
    EXPECT_THAT(Run("AbortSignal.timeout(" + std::string(bad) + ")"), StartsWith("throws TypeError: ")) << bad;
  }
  EXPECT_EQ(embedder().task_count(), 0u);
  EXPECT_EQ(Run("AbortSignal.timeout(-0.9); AbortSignal.timeout(2 ** 53 - 1); AbortSignal.timeout(null)"),
            "[object AbortSignal]");
}

TEST_F(AbortSignalTest, MicrotasksRunBetweenTheListenersOfATimeout) {
  Run("const s = AbortSignal.timeout(1); const f = (n) => () => { log.push(n); Promise.resolve().then(say('after ' + "
      "n)); };"
      "s.addEventListener('abort', f(1)); s.addEventListener('abort', f(2));");
  embedder().RunTasks(1);
  EXPECT_EQ(Log(), "1 after 1 2 after 2");
  Run("controller.signal.addEventListener('abort', f(1)); controller.signal.addEventListener('abort', f(2));"
      "controller.abort()");
  EXPECT_EQ(Log(), "1 2");
}

TEST_F(AbortSignalTest, ATimeoutThatNobodySeesIsCollected) {
  Run("var gone = new WeakRef(AbortSignal.timeout(10));");
  CollectGarbage();
  EXPECT_EQ(Run("gone.deref()"), "undefined");
  embedder().RunTasks(10);
}

TEST_F(AbortSignalTest, ATimeoutThatIsListenedToStays) {
  Run("AbortSignal.timeout(10).onabort = say('timeout');");
  CollectGarbage();
  embedder().RunTasks(10);
  EXPECT_EQ(Log(), "timeout");
  EXPECT_EQ(dom().timeouts()->size(), 0u);
}

TEST_F(AbortSignalTest, ATimeoutStaysForASignalThatDependsOnIt) {
  Run("AbortSignal.any([AbortSignal.any([AbortSignal.timeout(10)]), controller.signal]).onabort = say('dependent');");
  CollectGarbage();
  embedder().RunTasks(10);
  EXPECT_EQ(Log(), "dependent");
  Run("var d = AbortSignal.any([AbortSignal.timeout(20)]);");
  CollectGarbage();
  embedder().RunTasks(20);
  EXPECT_EQ(Run("d.aborted"), "true");
}

TEST_F(AbortSignalTest, ATimeoutGoesWhenWhatDependsOnItIsAborted) {
  Run("{ const t = AbortSignal.timeout(10); var gone = new WeakRef(t);"
      "  AbortSignal.any([t, controller.signal]).onabort = say('dependent'); }");
  CollectGarbage();
  EXPECT_EQ(Run("gone.deref() !== undefined"), "true");
  CollectGarbage();
  Run("controller.abort()");
  EXPECT_EQ(Log(), "dependent");
  CollectGarbage();
  EXPECT_EQ(Run("gone.deref()"), "undefined");
}

TEST_F(AbortSignalTest, TasksThatAreDroppedLetTheirSignalGo) {
  Run("{ const t = AbortSignal.timeout(10); var gone = new WeakRef(t); t.onabort = say('never'); }");
  embedder().DropTasks();
  CollectGarbage();
  EXPECT_EQ(Run("gone.deref()"), "undefined");
}

TEST_F(AbortSignalTest, TasksMayOutliveTheIsolate) {
  Run("AbortSignal.timeout(10).onabort = say('never'); AbortSignal.timeout(20);");
  DestroyIsolate();
  embedder().RunTasks(10);
  embedder().DropTasks();
}

class NoTimersTest : public V8Test {
 protected:
  NoTimersTest() { data().options().embedder = nullptr; }
};

TEST_F(NoTimersTest, TimeoutsThrowAndExceptionsAreDropped) {
  EXPECT_THAT(Run("AbortSignal.timeout(1)"), StartsWith("throws NotSupportedError: "));
  EXPECT_EQ(Run("const t = new EventTarget(); t.addEventListener('x', () => { throw 1; });"
                "t.dispatchEvent(new Event('x'))"),
            "true");
}

// ---- From C++

TEST_F(AbortSignalTest, NativeCodeAbortsSignals) {
  Run("var signal = controller.signal; signal.onabort = (e) => { log.push(e.target === signal); throw 'late'; };");
  With("signal", [&](v8::Local<v8::Object> signal) {
    EXPECT_FALSE(IsAborted(signal));
    EXPECT_TRUE(AbortReason(signal)->IsUndefined());
    SignalAbort(context(), signal, v8::Undefined(isolate()));
    EXPECT_TRUE(IsAborted(signal));
    EXPECT_TRUE(Implements(AbortReason(signal), kDomExceptionInterface));
    SignalAbort(context(), signal, v8::Integer::New(isolate(), 1));
    EXPECT_TRUE(AbortReason(signal)->IsObject());
  });
  EXPECT_EQ(Log(), "true");
  EXPECT_THAT(embedder().TakeReported(), ElementsAre("late"));
}

TEST_F(AbortSignalTest, NativeSignalsAreLikeOthers) {
  const v8::HandleScope handles(isolate());
  const v8::Context::Scope entered(context());
  v8::Local<v8::Object> signal;
  ASSERT_TRUE(NewAbortSignal(context()).ToLocal(&signal));
  EXPECT_FALSE(IsAborted(signal));
  context()->Global()->Set(context(), Ascii(isolate(), "signal"), signal).Check();
  EXPECT_EQ(Run("signal.constructor === AbortSignal && signal.onabort"), "null");
  ASSERT_TRUE(NewAbortedSignal(context(), Ascii(isolate(), "why")).ToLocal(&signal));
  context()->Global()->Set(context(), Ascii(isolate(), "signal"), signal).Check();
  EXPECT_EQ(Run("signal.reason"), "why");
}

TEST_F(AbortSignalTest, ATimeoutWhoseSignalIsCollectedIsCancelled) {
  Run("for (let i = 0; i < 100; ++i) AbortSignal.timeout(1e9); var kept = AbortSignal.timeout(1e9);"
      "AbortSignal.timeout(10).onabort = say('listened to')");
  EXPECT_EQ(embedder().task_count(), 102u);
  CollectGarbage();
  EXPECT_EQ(embedder().task_count(), 2u);
  EXPECT_EQ(dom().timeouts()->size(), 2u);
  embedder().RunTasks(10);
  EXPECT_EQ(Log(), "listened to");
  Run("kept = undefined");
  CollectGarbage();
  EXPECT_EQ(embedder().task_count(), 0u);
}

TEST_F(AbortSignalTest, TheSameSourceManyTimesIsOneSource) {
  EXPECT_EQ(Run("function* same() { for (let i = 0; i < 1e5; ++i) yield controller.signal }"
                "const s = AbortSignal.any(same()); s.onabort = say('once'); controller.abort(); s.aborted"),
            "true");
  EXPECT_EQ(Log(), "once");
}

}  // namespace
}  // namespace sluice::binding
