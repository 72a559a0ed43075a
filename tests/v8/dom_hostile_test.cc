// Author code that ends execution, fills the stack or comes back in where it can hurt: JavaScript exceptions or a clean
// end, and an isolate that still works.
#include <gmock/gmock.h>

#include "src/v8/dom/dom_data.h"
#include "tests/v8/v8_test.h"

namespace sluice::binding {
namespace {

using ::testing::IsEmpty;
using ::testing::StartsWith;

class DomHostileTest : public V8Test {
 protected:
  DomHostileTest() {
    Define("tick", Tick, this);
    Run("var log = []; const say = (text) => () => { log.push(text); };");
  }
  DomData& dom() { return data().dom(); }
  std::string Log() { return Run("log.splice(0).join(' ')"); }
  // The call of tick() that ends execution, from 1.
  void TerminateAt(int tick) { terminate_at_ = tick, ticks_ = 0; }
  bool terminated() const { return ticks_ >= terminate_at_; }

 private:
  static void Tick(const Info& info) {
    auto* const self = static_cast<DomHostileTest*>(info.Data().As<v8::External>()->Value());
    if (++self->ticks_ == self->terminate_at_) info.GetIsolate()->TerminateExecution();
  }
  int terminate_at_ = 0;
  int ticks_ = 0;
};

// Author code everywhere where the DOM calls it. It goes on after tick() until V8 looks, so that native code runs with
// the end already asked for.
constexpr const char* kEverything = R"(
  (function () {
    const noted = (f) => { tick(); const value = f(); tick(); return value; };
    const controllers = [1, 2, 3].map(() => new AbortController());
    const dictionary = (members) => new Proxy(members, {get: (target, name) => noted(() => target[name])});
    const target = new EventTarget();
    const any = AbortSignal.any({[Symbol.iterator]: () => noted(() => {
      let i = 0;
      return {next: () => noted(() => ({
        get done() { return noted(() => i == controllers.length); },
        get value() { return noted(() => controllers[i++].signal); }
      }))};
    })});
    const timeout = AbortSignal.timeout({valueOf: () => noted(() => 5)});
    for (const signal of [any, timeout, ...controllers.map((c) => c.signal), AbortSignal.any([any, timeout])]) {
      target.addEventListener({toString: () => noted(() => 'x')}, () => noted(() => target),
                              dictionary({signal, once: true, passive: false, capture: true}));
      target.addEventListener('x', () => noted(() => target), dictionary({signal}));
      signal.onabort = () => noted(() => { target.dispatchEvent(new Event('x')); });
      signal.addEventListener('abort', {get handleEvent() { return noted(() => () => noted(() => { throw 1; })); }});
    }
    target.dispatchEvent(new CustomEvent('x', dictionary({bubbles: true, detail: 1})));
    controllers[1].abort();
    new DOMException({toString: () => noted(() => 'message')}, {toString: () => noted(() => 'name')});
    globalThis.kept = [controllers, any, target];
    tick();
    return 'done';
  })())";

TEST_F(DomHostileTest, ExecutionCanEndAnywhere) {
  int tick = 0;
  std::string result;
  do {
    TerminateAt(++tick);
    result = Run(kEverything);
    EXPECT_TRUE(result == "done" || result == "terminated") << tick << ": " << result;
    embedder().RunTasks(5);
    EXPECT_EQ(dom().native_calls(), 0) << tick;
    EXPECT_FALSE(isolate()->IsExecutionTerminating()) << tick;
    EXPECT_EQ(Run("{ const c = new AbortController(); c.signal.onabort = say('works'); c.abort(); }"), "undefined")
        << tick;
    EXPECT_EQ(Log(), "works") << tick;
  } while (terminated());
  EXPECT_EQ(result, "done");
  EXPECT_GT(tick, 150);
  Run("kept = null");
  CollectGarbage();
  CollectGarbage();
  EXPECT_EQ(dom().weak().size(), 0u);
  EXPECT_EQ(dom().timeouts()->size(), 0u);
}

TEST_F(DomHostileTest, TheEndIsNotCaughtAndNoListenerRunsAfterIt) {
  TerminateAt(1);
  EXPECT_EQ(
      Run("var event = new Event('x'), t = new EventTarget();"
          "t.addEventListener('x', () => { tick(); for (;;); }, {once: true}); t.addEventListener('x', say('next'));"
          "try { t.dispatchEvent(event); log.push('after'); } catch { log.push('caught'); }"
          "finally { log.push('finally'); }"),
      "terminated");
  EXPECT_EQ(Log(), "");
  EXPECT_THAT(embedder().TakeReported(), IsEmpty());
  EXPECT_EQ(Run("event.eventPhase + String(event.currentTarget)"), "0null");
  EXPECT_EQ(Run("t.dispatchEvent(event)"), "true");
  EXPECT_EQ(Log(), "next");
}

TEST_F(DomHostileTest, ASignalIsAbortedThoughItsListenersEndExecution) {
  TerminateAt(1);
  EXPECT_EQ(Run("var c = new AbortController(), d = AbortSignal.any([c.signal]); d.onabort = say('dependent');"
                "c.signal.onabort = () => { tick(); for (;;); }; c.abort('why');"),
            "terminated");
  EXPECT_EQ(Run("[c.signal.reason, d.reason].join()"), "why,why");
  EXPECT_EQ(Log(), "");
}

// ---- The stack

TEST_F(DomHostileTest, NativeFunctionsThatCallOneAnotherForeverStop) {
  // No JavaScript function is on the stack: each controller is the listener of the one before.
  EXPECT_EQ(Run("const chain = Array.from({length: 100000}, () => new AbortController());"
                "for (const c of chain) c.handleEvent = AbortController.prototype.abort;"
                "for (let i = 1; i < chain.length; ++i) chain[i - 1].signal.addEventListener('abort', chain[i]);"
                "chain[0].abort();"
                "chain[0].signal.aborted && !chain[chain.length - 1].signal.aborted"),
            "true");
  EXPECT_EQ(embedder().TakeReported().size(), 1u);
}

TEST_F(DomHostileTest, BoundDispatchThatCallsItselfForeverStops) {
  EXPECT_EQ(Run("const targets = Array.from({length: 100000}, () => new EventTarget());"
                "for (let i = 1; i < targets.length; ++i)"
                "  targets[i - 1].addEventListener('x', targets[i].dispatchEvent.bind(targets[i], new Event('x')));"
                "targets[0].dispatchEvent(new Event('x'))"),
            "true");
  EXPECT_EQ(embedder().TakeReported().size(), 1u);
}

TEST_F(DomHostileTest, RecursionThroughTheDomIsARangeErrorOfTheDeepestListener) {
  Run("let depth = 0; const t = new EventTarget();"
      "t.addEventListener('x', () => { ++depth; t.dispatchEvent(new Event('x')); }); t.dispatchEvent(new Event('x'))");
  EXPECT_EQ(Run("depth > 10"), "true");
  EXPECT_EQ(embedder().TakeReported().size(), 1u);
  EXPECT_THAT(Run("(function f() { AbortSignal.abort(); AbortSignal.any([AbortSignal.timeout(1)]).onabort = f;"
                  "                new DOMException('a', 'b'); f(); })()"),
              StartsWith("throws RangeError: "));
  EXPECT_EQ(Run("(function f() { const c = new AbortController(); c.signal.onabort = f; c.abort(); })()"), "undefined");
  EXPECT_EQ(embedder().TakeReported().size(), 1u);
}

TEST_F(DomHostileTest, LongListsDoNotRecurse) {
  EXPECT_EQ(Run("const t = new EventTarget(), c = new AbortController(); let last = c.signal, n = 0;"
                "const f = () => { ++n; };"
                "for (let i = 0; i < 20000; ++i) { last = AbortSignal.any([last, last]); last.onabort = f; }"
                "for (let i = 0; i < 2000; ++i) t.addEventListener('x', () => f(), {signal: last});"
                "t.dispatchEvent(new Event('x')); c.abort(); t.dispatchEvent(new Event('x')); n"),
            "22000");
  CollectGarbage();
}

// ---- Coming back in

TEST_F(DomHostileTest, ASignalThatIsAbortedWhileOptionsAreReadAddsNoListener) {
  Run("const t = new EventTarget(), c = new AbortController();"
      "t.addEventListener('x', say('no'), {get signal() { c.abort(); return c.signal; }});"
      "t.dispatchEvent(new Event('x'))");
  EXPECT_EQ(Log(), "");
}

TEST_F(DomHostileTest, AListenerThatIsAddedWhileItsOptionsAreReadIsNotAddedTwice) {
  Run("const t = new EventTarget(), f = say('f');"
      "t.addEventListener('x', f, {get once() { t.addEventListener('x', f); }}); t.dispatchEvent(new Event('x'))");
  EXPECT_EQ(Log(), "f");
}

TEST_F(DomHostileTest, AnEventKeepsItsTypeWhileItIsDispatched) {
  Run("const t = new EventTarget(), e = new Event('x');"
      "t.addEventListener('x', () => { e.initEvent({toString() { log.push('converted'); return 'y'; }}); });"
      "t.addEventListener('x', () => log.push(e.type)); t.dispatchEvent(e);");
  EXPECT_EQ(Log(), "converted x");
}

TEST_F(DomHostileTest, ASignalsListenersMayDoEverythingToItWhileItAborts) {
  Run("const c = new AbortController(), s = c.signal, f = say('f');"
      "s.onabort = () => { c.abort(); s.onabort = null; s.removeEventListener('abort', f); AbortSignal.any([s]);"
      "                    s.addEventListener('abort', say('late')); gc(); s.dispatchEvent(new Event('abort')); };"
      "s.addEventListener('abort', f); s.addEventListener('abort', say('stays')); c.abort(); gc();");
  EXPECT_EQ(Log(), "stays late stays");
}

TEST_F(DomHostileTest, IteratorsMayAbortWhatTheyGave) {
  EXPECT_EQ(Run("const a = new AbortController(), b = new AbortController();"
                "AbortSignal.any(function* () { yield a.signal; a.abort('early'); yield b.signal; }()).reason"),
            "early");
}

TEST_F(DomHostileTest, RevokedProxiesAreListenersThatThrow) {
  EXPECT_EQ(Run("const t = new EventTarget(), p = Proxy.revocable(() => {}, {}), q = Proxy.revocable({}, {});"
                "t.addEventListener('x', p.proxy); t.addEventListener('x', q.proxy); p.revoke(); q.revoke();"
                "t.dispatchEvent(new Event('x'))"),
            "true");
  EXPECT_EQ(embedder().TakeReported().size(), 2u);
  EXPECT_THAT(Run("AbortSignal.any(q.proxy)"), StartsWith("throws TypeError: "));
  EXPECT_THAT(Run("new Event('x', q.proxy)"), StartsWith("throws TypeError: "));
}

TEST_F(DomHostileTest, ObjectsThatOnlyLookLikeSignalsAreRefused) {
  for (const char* fake : {"Object.create(AbortSignal.prototype)", "new Proxy(new AbortController().signal, {})",
                           "new ArrayBuffer(8)", "new Uint8Array(8)", "Promise.resolve()", "new EventTarget()",
                           "new AbortController()", "globalThis", "AbortSignal", "new DOMException()"}) {
    EXPECT_THAT(Run("AbortSignal.any([" + std::string(fake) + "])"), StartsWith("throws TypeError: ")) << fake;
    EXPECT_THAT(Run("new EventTarget().dispatchEvent(" + std::string(fake) + ")"), StartsWith("throws TypeError: "))
        << fake;
    EXPECT_EQ(Run("AbortSignal.prototype.throwIfAborted.call(" + std::string(fake) + ")"),
              "throws TypeError: Illegal invocation")
        << fake;
  }
}

}  // namespace
}  // namespace sluice::binding
