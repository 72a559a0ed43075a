// DOMException, Event, EventTarget: what the web platform tests do not say, or what a change here would break first.
#include <gmock/gmock.h>

#include "tests/v8/v8_test.h"

namespace sluice::binding {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class DomTest : public V8Test {
 protected:
  // `log` is what a script writes to.
  DomTest() { Run("var log = []; var target = new EventTarget(); const say = (text) => () => { log.push(text); };"); }
  std::string Log() { return Run("log.splice(0).join(' ')"); }
};

// ---- Interfaces

TEST_F(DomTest, InterfaceObjectsInheritFromOneAnother) {
  EXPECT_EQ(Run("Object.getPrototypeOf(AbortSignal) === EventTarget"), "true");
  EXPECT_EQ(Run("Object.getPrototypeOf(CustomEvent.prototype) === Event.prototype"), "true");
  EXPECT_EQ(Run("Object.getPrototypeOf(DOMException.prototype) === Error.prototype"), "true");
  EXPECT_EQ(Run("Object.getPrototypeOf(DOMException) === Function.prototype"), "true");
}

TEST_F(DomTest, ReceiversAreChecked) {
  EXPECT_EQ(Run("EventTarget.prototype.addEventListener.call({}, 'x', null)"), "throws TypeError: Illegal invocation");
  EXPECT_EQ(Run("AbortSignal.prototype.throwIfAborted.call(target)"), "throws TypeError: Illegal invocation");
  EXPECT_EQ(Run("Object.getOwnPropertyDescriptor(Event.prototype, 'type').get.call(new Proxy(new Event('x'), {}))"),
            "throws TypeError: Illegal invocation");
  EXPECT_EQ(Run("Object.create(new AbortController()).signal"), "throws TypeError: Illegal invocation");
}

TEST_F(DomTest, IsTrustedIsTheSameOwnPropertyOfEveryEvent) {
  EXPECT_EQ(Run("var of = (event) => Object.getOwnPropertyDescriptor(event, 'isTrusted');"
                "var d = of(new Event('x')); [d.enumerable, d.configurable, d.set, d.get.name].join()"),
            "true,false,,get isTrusted");
  EXPECT_EQ(Run("of(new Event('x')).get === of(new CustomEvent('x')).get"), "true");
  EXPECT_EQ(Run("'isTrusted' in Event.prototype"), "false");
  EXPECT_EQ(Run("delete new Event('x').isTrusted"), "false");
}

TEST_F(DomTest, PlatformObjectsOfAnotherRealmAreAccepted) {
  const v8::HandleScope handles(isolate());
  const v8::Local<v8::Context> other = NewContext(isolate()).ToLocalChecked();
  context()->Global()->Set(context(), Ascii(isolate(), "other"), other->Global()).Check();
  other->SetSecurityToken(context()->GetSecurityToken());
  EXPECT_EQ(Run("target.addEventListener('x', say('here')); target.dispatchEvent(new other.Event('x'))"), "true");
  EXPECT_EQ(Log(), "here");
  EXPECT_EQ(Run("AbortSignal.any([other.AbortSignal.abort(1)]).reason"), "1");
  EXPECT_EQ(Run("other.AbortSignal.abort().reason instanceof other.DOMException"), "true");
  EXPECT_EQ(Run("AbortSignal.prototype.throwIfAborted.call(other.AbortSignal.abort(7))"), "throws 7");
}

// ---- DOMException

TEST_F(DomTest, DOMExceptionIsAnErrorWithAStack) {
  EXPECT_EQ(Run("var e = new DOMException('why', 'AbortError'); e instanceof Error"), "true");
  EXPECT_EQ(Run("String(e)"), "AbortError: why");
  EXPECT_EQ(Run("Object.prototype.toString.call(e)"), "[object DOMException]");
  EXPECT_THAT(Run("(function here() { return new DOMException('why', 'AbortError').stack })()"),
              StartsWith("AbortError: why\n    at here"));
  EXPECT_EQ(
      Run("var d = Object.getOwnPropertyDescriptor(e, 'stack'); [d.writable, d.enumerable, d.configurable].join()"),
      "true,false,true");
}

TEST_F(DomTest, DOMExceptionsCodeComesFromItsName) {
  EXPECT_EQ(Run("[new DOMException().name, new DOMException().message, new DOMException().code].join('|')"),
            "Error||0");
  EXPECT_EQ(Run("new DOMException('', 'DataCloneError').code"), "25");
  EXPECT_EQ(Run("new DOMException('', 'constructor').code"), "0");
  EXPECT_EQ(Run("DOMException.ABORT_ERR + DOMException.prototype.INDEX_SIZE_ERR"), "21");
}

TEST_F(DomTest, DOMExceptionDoesNotRunWhatAuthorsPutInErrorsPlace) {
  Run("Error.captureStackTrace = say('captured'); Error.prototype.constructor = null;"
      "Object.defineProperty(Object.prototype, 'stack', {set: say('set'), configurable: true});");
  EXPECT_THAT(Run("new DOMException('a').stack"), StartsWith("Error: a\n"));
  EXPECT_EQ(Log(), "");
}

// ---- Event

TEST_F(DomTest, EventsDictionaryIsReadInOrder) {
  Run("var d = new Proxy({}, {get(target, name) { log.push(name); }});"
      "new CustomEvent({toString() { log.push('type'); return 'x'; }}, d);");
  EXPECT_EQ(Log(), "type bubbles cancelable composed detail");
  Run("target.addEventListener('x', null, d)");
  EXPECT_EQ(Log(), "capture once passive signal");
  Run("target.removeEventListener('x', null, d)");
  EXPECT_EQ(Log(), "capture");
}

TEST_F(DomTest, AnEventThatIsBeingDispatchedShowsIt) {
  Run("var event = new Event('x', {cancelable: true});"
      "var show = () => log.push([event.eventPhase, event.currentTarget === target, event.target === target,"
      "                           event.composedPath().length].join());"
      "show(); target.addEventListener('x', () => { show(); event.initEvent('y'); }); target.dispatchEvent(event); "
      "show()");
  EXPECT_EQ(Log(), "0,false,false,0 2,true,true,1 0,false,true,0");
  EXPECT_EQ(Run("event.type"), "x");
}

TEST_F(DomTest, EventsAreCancelledOnlyWhereTheyCanBe) {
  EXPECT_EQ(Run("var e = new Event('x'); e.preventDefault(); e.returnValue = false; e.defaultPrevented"), "false");
  EXPECT_EQ(Run("target.addEventListener('x', e => e.preventDefault());"
                "target.dispatchEvent(new Event('x', {cancelable: true}))"),
            "false");
  EXPECT_EQ(Run("target.addEventListener('p', e => e.preventDefault(), {passive: true});"
                "target.dispatchEvent(new Event('p', {cancelable: true}))"),
            "true");
}

TEST_F(DomTest, TimeStampsGoForwards) {
  EXPECT_EQ(Run("var first = new Event('x').timeStamp; first > 0 && new Event('x').timeStamp >= first"), "true");
}

// ---- Listeners and dispatch

TEST_F(DomTest, CapturingListenersRunFirst) {
  Run("target.addEventListener('x', say('a')); target.addEventListener('x', say('b'), true);"
      "target.addEventListener('x', say('c'), {capture: 1}); target.dispatchEvent(new Event('x'))");
  EXPECT_EQ(Log(), "b c a");
}

TEST_F(DomTest, WhatListenersAddIsNotForThisEvent) {
  Run("target.addEventListener('x', () => { log.push('a'); target.addEventListener('x', say('late')); }, {once: true});"
      "target.dispatchEvent(new Event('x'))");
  EXPECT_EQ(Log(), "a");
  Run("target.dispatchEvent(new Event('x'))");
  EXPECT_EQ(Log(), "late");
}

TEST_F(DomTest, WhatCapturingListenersAddIsForTheOthers) {
  Run("target.addEventListener('x', () => target.addEventListener('x', say('added')), true);"
      "target.dispatchEvent(new Event('x'))");
  EXPECT_EQ(Log(), "added");
}

TEST_F(DomTest, ListenersThatAreRemovedWhileDispatchingDoNotRun) {
  Run("var b = say('b'), c = say('c'), d = say('d');"
      "target.addEventListener('x', () => { target.removeEventListener('x', b); target.removeEventListener('x', c); });"
      "for (const f of [b, c, d]) target.addEventListener('x', f); target.dispatchEvent(new Event('x'))");
  EXPECT_EQ(Log(), "d");
  Run("target.addEventListener('x', b); target.dispatchEvent(new Event('x'))");
  EXPECT_EQ(Log(), "d");
}

TEST_F(DomTest, AListenerIsAddedOnce) {
  Run("var f = say('f'); target.addEventListener('x', f); target.addEventListener('x', f, {once: true});"
      "target.addEventListener('x', f, true); target.dispatchEvent(new Event('x'));"
      "target.removeEventListener('x', f, false); target.dispatchEvent(new Event('x'))");
  EXPECT_EQ(Log(), "f f f");
}

TEST_F(DomTest, HandleEventIsLookedUpEachTime) {
  Run("var o = {handleEvent() { log.push(this === o); this.handleEvent = say('other'); }};"
      "target.addEventListener('x', o); target.dispatchEvent(new Event('x')); target.dispatchEvent(new Event('x'))");
  EXPECT_EQ(Log(), "true other");
}

TEST_F(DomTest, WhatListenersThrowIsReportedAndTheNextRuns) {
  Run("target.addEventListener('x', () => { throw new TypeError('one'); });"
      "target.addEventListener('x', {handleEvent: 1}); target.addEventListener('x', {get handleEvent() { throw 'two'; "
      "}});"
      "target.addEventListener('x', say('next'));");
  EXPECT_EQ(Run("target.dispatchEvent(new Event('x'))"), "true");
  EXPECT_EQ(Log(), "next");
  EXPECT_THAT(embedder().TakeReported(),
              ElementsAre("TypeError: one", "TypeError: EventListener: handleEvent is not a function", "two"));
}

TEST_F(DomTest, AnEventIsNotDispatchedTwiceAtOnce) {
  Run("target.addEventListener('x', (e) => { try { new EventTarget().dispatchEvent(e); }"
      "                                      catch (error) { log.push(error.name, error.code); } });"
      "target.dispatchEvent(new Event('x'))");
  EXPECT_EQ(Log(), "InvalidStateError 11");
  EXPECT_THAT(Run("target.dispatchEvent({type: 'x'})"), StartsWith("throws TypeError: "));
  EXPECT_THAT(Run("target.dispatchEvent()"), StartsWith("throws TypeError: "));
}

TEST_F(DomTest, PropagationStopsBetweenTheRounds) {
  Run("target.addEventListener('x', e => { log.push('capturing'); e.stopPropagation(); }, true);"
      "target.addEventListener('x', say('capturing too'), true); target.addEventListener('x', say('not me'));"
      "var e = new Event('x'); target.dispatchEvent(e)");
  EXPECT_EQ(Log(), "capturing capturing too");
  EXPECT_EQ(Run("e.cancelBubble"), "false");
  Run("target = new EventTarget(); target.addEventListener('x', e => e.stopImmediatePropagation());"
      "target.addEventListener('x', say('not me')); target.dispatchEvent(e)");
  EXPECT_EQ(Log(), "");
}

TEST_F(DomTest, ListenersThatAreNeitherObjectNorNullAreRefused) {
  EXPECT_THAT(Run("target.addEventListener('x', 1)"), StartsWith("throws TypeError: "));
  EXPECT_THAT(Run("target.removeEventListener('x', 'f')"), StartsWith("throws TypeError: "));
  EXPECT_THAT(Run("target.addEventListener('x')"), StartsWith("throws TypeError: "));
  EXPECT_EQ(Run("target.addEventListener('x', null)"), "undefined");
  EXPECT_EQ(Run("target.addEventListener('x', undefined)"), "undefined");
  EXPECT_THAT(Run("target.addEventListener('x', null, {signal: null})"), StartsWith("throws TypeError: "));
}

TEST_F(DomTest, SubclassesHaveListenersOfTheirOwn) {
  Run("class Mine extends EventTarget { constructor() { super(); this.addEventListener('x', this); }"
      "                                 handleEvent(e) { log.push(e.target === this, this.constructor.name); } }"
      "new Mine().dispatchEvent(new (class extends Event {})('x'))");
  EXPECT_EQ(Log(), "true Mine");
}

// ---- Patched built-ins

TEST_F(DomTest, NothingGoesThroughWhatAuthorsPatch) {
  Run(R"(
    var seen = '';
    const see = (text) => function () { seen += text + ';'; };
    const options = {__proto__: null};
    const define = Object.defineProperty, names = Object.getOwnPropertyNames;
    const patched = [Array.prototype, Map.prototype, Set.prototype, WeakRef.prototype, WeakMap.prototype,
                     Function.prototype, String.prototype, Object.prototype];
    for (const object of patched) {
      const methods = names(object);
      for (let i = 0; i < methods.length; ++i) {
        const old = Object.getOwnPropertyDescriptor(object, methods[i]);
        if (old.configurable && typeof old.value === 'function' && methods[i] !== 'constructor')
          define(object, methods[i], {value: see('called ' + methods[i])});
      }
    }
    const inherited = ['next', 'type', 'signal', 'callback', 'then', 'stack', 'message', '0', '1'];
    for (let i = 0; i < inherited.length; ++i)
      define(Object.prototype, inherited[i],
             {__proto__: null, get: see('got ' + inherited[i]), set: see('set ' + inherited[i])});
    'patched';
  )");
  EXPECT_EQ(Run(R"(
    const c = new AbortController(), f = () => {};
    options.signal = c.signal;
    target.addEventListener('x', f, options);
    c.signal.onabort = f;
    const dependent = AbortSignal.timeout(1);
    target.dispatchEvent(new Event('x'));
    c.abort();
    target.removeEventListener('x', f, true);
    AbortSignal.abort();
    new Event('x').composedPath();
    new DOMException('a', 'b');
    seen)"),
            "");
}

}  // namespace
TEST_F(DomTest, TheGlobalObjectIsAnEventTarget) {
  EXPECT_EQ(Run("globalThis instanceof EventTarget && Object.getOwnPropertyNames(globalThis).every((name) =>"
                " !['addEventListener', 'dispatchEvent', 'removeEventListener'].includes(name))"),
            "true");
  EXPECT_EQ(Run("addEventListener('x', (e) => say(e.target === globalThis)()); dispatchEvent(new Event('x'))"), "true");
  EXPECT_EQ(Log(), "true");
  EXPECT_EQ(Run("removeEventListener('x', null)"), "undefined");
  EXPECT_EQ(Run("var later = 1; globalThis.later + later"), "2");
}

// Looking at all of them for each would take minutes.
TEST_F(DomTest, ManyListenersAreAddedRemovedAndCalled) {
  EXPECT_EQ(Run(R"js({
    const target = new EventTarget(), n = 200000, functions = [];
    let called = 0;
    for (let i = 0; i < n; ++i) functions.push(() => { ++called; });
    for (const f of functions) target.addEventListener('e', f);
    for (const f of functions) target.addEventListener('e', f);  // is there already
    for (let i = 0; i < n; ++i) target.addEventListener('type ' + i % 1000, functions[0], i % 2 === 0);
    target.dispatchEvent(new Event('e'));
    const first = called;
    for (let i = n - 1; i >= 0; i -= 2) target.removeEventListener('e', functions[i]);  // from the end
    for (let i = 0; i < 10; i += 2) target.removeEventListener('e', functions[i]);
    target.removeEventListener('e', functions[0], true);  // another one, which is not there
    target.dispatchEvent(new Event('e'));
    const second = called - first;
    target.addEventListener('e', functions[1]);
    target.addEventListener('e', functions[1], true);
    target.dispatchEvent(new Event('e'));
    [first, second, called - first - second].join() })js"),
            "200000,99995,99997");
}

TEST_F(DomTest, ListenersKeepTheirOrderHoweverMany) {
  EXPECT_EQ(Run(R"js({
    const target = new EventTarget(), log = [], functions = [];
    for (let i = 0; i < 40; ++i) {
      functions.push(() => log.push(i));
      target.addEventListener('e', functions[i], { once: i % 3 === 0 });
    }
    for (let i = 0; i < 40; i += 5) target.removeEventListener('e', functions[i]);
    target.addEventListener('e', functions[5]);
    target.dispatchEvent(new Event('e'));
    const all = log.splice(0).join();
    target.dispatchEvent(new Event('e'));
    all + ' ' + log.filter((i) => i % 3 === 0).join() })js"),
            "1,2,3,4,6,7,8,9,11,12,13,14,16,17,18,19,21,22,23,24,26,27,28,29,31,32,33,34,36,37,38,39,5 ");
}

}  // namespace sluice::binding
