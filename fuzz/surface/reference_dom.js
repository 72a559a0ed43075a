// EventTarget, AbortController and AbortSignal once more, for reference.js: https://dom.spec.whatwg.org, step for step. Events have
// only what author.js reads of them; AbortSignal.timeout() is not here.
(function({brands, native, toInterface, typeError, currentRealm}) {
const isObject = (value) => (typeof value === "object" && value !== null) || typeof value === "function";
const isAborted = (s) => s.reason !== undefined;

function newSignal(realm) {
  const s = {
    of: "AbortSignal",
    object: realm.make.instance("AbortSignal"),
    realm,
    reason: undefined,
    listeners: [],
    handler: undefined,
    algorithms: [],
    isDependent: false,
    sources: new Set(),
    dependents: new Set(),
  };
  brands.set(s.object, s);
  return s;
}

// ---- Listeners

function remove(target, listener) {
  listener.removed = true;
  target.listeners = target.listeners.filter((each) => each !== listener);
}

function call(listener, target, event) {
  const {callback} = listener;
  if (typeof callback === "function") return void Reflect.apply(callback, target.object, [event]);
  if (listener.isHandler) return;
  const method = callback.handleEvent;
  if (typeof method !== "function") throw typeError();
  Reflect.apply(method, callback, [event]);
}

function fire(target, type) {
  const event = {type, target: target.object};
  for (const capture of [true, false]) {
    for (const listener of target.listeners.filter((each) => each.type === type && each.capture === capture)) {
      if (listener.removed) continue;
      if (listener.once) remove(target, listener);
      try {
        call(listener, target, event);
      } catch (error) { native.print(`reported ${typeof error === "string" ? error : "an object"}`); }
    }
  }
}

// https://dom.spec.whatwg.org/#event-flatten-more
function toOptions(value, all) {
  if (!isObject(value)) return {capture: Boolean(value)};
  const options = {capture: Boolean(value.capture)};
  if (!all) return options;
  options.once = Boolean(value.once);
  void value.passive;
  const {signal} = value;
  if (signal !== undefined) options.signal = toInterface(signal, "AbortSignal");
  return options;
}
function toCallback(value) {
  if (value === undefined || value === null) return null;
  if (!isObject(value)) throw typeError();
  return value;
}

// ---- Aborting

// https://dom.spec.whatwg.org/#abortsignal-signal-abort
function signalAbort(s, reason) {
  if (isAborted(s)) return;
  s.reason = reason === undefined ? currentRealm().make.abortError() : reason;
  const aborted = [s];
  for (const dependent of s.dependents) {
    if (isAborted(dependent)) continue;
    dependent.reason = s.reason;
    aborted.push(dependent);
  }
  for (const each of aborted) {
    const algorithms = each.algorithms;
    each.algorithms = [];
    for (const algorithm of algorithms) algorithm();
    fire(each, "abort");
  }
}

// https://dom.spec.whatwg.org/#create-a-dependent-abort-signal
function any(signals) {
  const result = newSignal(currentRealm());
  const aborted = signals.find(isAborted);
  if (aborted !== undefined) {
    result.reason = aborted.reason;
    return result;
  }
  result.isDependent = true;
  for (const signal of signals) {
    for (const source of signal.isDependent ? signal.sources : [signal]) {
      result.sources.add(source);
      source.dependents.add(result);
    }
  }
  return result;
}

const steps = {
  EventTarget: {
    constructor(object) { brands.set(object, {of: "EventTarget", object, listeners: []}); },
    addEventListener(target, [type, given, value]) {
      const listener = {type: String(type), callback: toCallback(given), once: false, ...toOptions(value, true)};
      if ((listener.signal !== undefined && isAborted(listener.signal)) || listener.callback === null) return;
      const same = (each) =>
          !each.isHandler && each.type === listener.type && each.callback === listener.callback && each.capture === listener.capture;
      if (target.listeners.some(same)) return;
      target.listeners.push(listener);
      listener.signal?.algorithms.push(() => remove(target, listener));
    },
    removeEventListener(target, [type, given, value]) {
      const [name, callback, {capture}] = [String(type), toCallback(given), toOptions(value, false)];
      const found = target.listeners.find(
          (each) => !each.isHandler && each.type === name && each.callback === callback && each.capture === capture);
      if (found !== undefined) remove(target, found);
    },
    dispatchEvent(target, [event]) {
      fire(target, event.type);
      return true;
    },
  },
  AbortController: {
    constructor(object) { brands.set(object, {of: "AbortController", signal: newSignal(currentRealm())}); },
    signal: (c) => c.signal.object,
    abort(c, [reason]) { signalAbort(c.signal, reason); },
  },
  AbortSignal: {
    abort(_, [reason]) {
      const s = newSignal(currentRealm());
      signalAbort(s, reason);
      return s.object;
    },
    any: (_, [signals]) => any([...signals].map((each) => toInterface(each, "AbortSignal"))).object,
    aborted: isAborted,
    reason: (s) => s.reason,
    throwIfAborted(s) {
      if (isAborted(s)) throw s.reason;
    },
    onabort: (s) => s.handler?.callback ?? null,
  },
};
// https://html.spec.whatwg.org/#event-handler-idl-attributes
const setters = {
  AbortSignal: {
    onabort(s, [value]) {
      if (!isObject(value)) {
        if (s.handler !== undefined) remove(s, s.handler);
        s.handler = undefined;
      } else if (s.handler !== undefined) {
        s.handler.callback = value;
      } else {
        s.handler = {type: "abort", callback: value, capture: false, once: false, isHandler: true};
        s.listeners.push(s.handler);
      }
    },
  },
};
return {steps, setters, newSignal, signalAbort};
});
