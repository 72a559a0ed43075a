// The author of a surface program (surface_program.h): what its statements call. It runs in a realm of its own, which the program
// cannot reach; what it gives to the streams, it makes in the realm A or B.
//
// Everything that can be seen is printed: what is read of a sink and a strategy, what author functions are called with, what methods
// return, throw, and what their promises become.
(function(realms, native, table) {
"use strict";
const {A, B} = realms;
const byName = [A, B];
const at = (list, index) => (list.length === 0 ? undefined : list[index % list.length]);
const isObject = (value) => (typeof value === "object" && value !== null) || typeof value === "function";
const log = native.print;

// ---- Names

const names = new WeakMap();
const counts = {};
function name(object, kind) {
  const number = counts[kind] = (counts[kind] ?? -1) + 1;
  names.set(object, kind + number);
  return object;
}
const known = new Map();
// The things of both realms, which no program has touched yet.
function learn() {
  for (const realm of byName) {
    const {global} = realm;
    realm.interfaces ??= {};
    for (const key
             of ["Object", "Function", "Array", "Promise", "Error", "TypeError", "RangeError", "DOMException", "AbortSignal",
                 "AbortController", "Event", "EventTarget", "Map", ...table.map((each) => each.name)]) {
      const made = realm.interfaces[key] ??= global[key];
      names.set(made, `${realm.name}.${key}`);
      names.set(made.prototype, `${realm.name}.${key}.prototype`);
      known.set(made.prototype, `${key}@${realm.name}`);
      realm.members ??= {};
      realm.members[key] ??= Object.getOwnPropertyDescriptors(made.prototype);
    }
  }
}
function show(value) {
  if (!isObject(value))
    return typeof value === "string" ? JSON.stringify(value) :
        typeof value === "bigint"    ? value + "n" :
        Object.is(value, -0)         ? "-0" :
                                       String(value);
  const found = names.get(value);
  if (found !== undefined) return found;
  if (native.isProxy(value)) return names.get(name(value, "proxy"));
  const prototype = Object.getPrototypeOf(value);
  const kind = known.get(prototype) ??
      (prototype === null            ? "object of null" :
           native.isProxy(prototype) ? "object of a proxy" :
                                       names.get(prototype) ?? "object");
  return names.get(name(value, kind + "#"));
}

// ---- Actions: what author functions do besides. Each runs a bounded number of times.

const actions = [];
let left = 24;
let collections = 1;  // each takes as long as all else
function act(number) {
  const action = number === 0 ? undefined : actions[number];
  if (action === undefined || left === 0) return;
  --left;
  action();
}
const on = (number, action) => {
  actions[number] = action;
};

// ---- The program's things

const sinks = [undefined], strategies = [undefined], streams = [], writers = [], controllers = [], signals = [], promises = [],
      buffers = [], aborters = [];
const values = [undefined, null, 0, "text"];
const pending = [];  // resolving functions
const listeners = [];
const pools = {
  sink: sinks,
  strategy: strategies,
  stream: streams,
  writer: writers,
  controller: controllers,
  signal: signals,
  promise: promises,
  aborter: aborters
};

const then = Promise.prototype.then;  // of this realm
function settled(promise) {
  try {
    Reflect.apply(then, promise, [
      (value) => log(`${show(promise)} fulfilled with ${show(value)}`), (reason) => log(`${show(promise)} rejected with ${show(reason)}`)
    ]);
  } catch (error) { log(`then threw ${show(error)}`); }
}
function keep(value) {
  if (!isObject(value) || native.isProxy(value)) return value;
  const kind = known.get(Object.getPrototypeOf(value))?.split("@")[0];
  const pool = {
    WritableStream: streams,
    WritableStreamDefaultWriter: writers,
    WritableStreamDefaultController: controllers,
    AbortSignal: signals,
    AbortController: aborters,
    Promise: promises
  }[kind];
  if (pool !== undefined && !pool.includes(value)) pool.push(value);
  return value;
}
// One statement of the program.
function step(text, run, observe = false) {
  let result;
  try {
    result = run();
  } catch (error) { return void log(`${text} threw ${show(error)}`); }
  log(`${text} -> ${show(result)}`);
  keep(result);
  if (observe && native.isPromise(result)) settled(result);
  return result;
}

// ---- What author functions give

function thenable(realm, label, then) {
  const made = name(realm.make.object(), "thenable");
  Object.defineProperty(made, "then", {
    get: realm.make.method(() => {
      log(`${show(made)}.then read`);
      return then(made);
    })
  });
  return made;
}
function result(realm, kind, number) {
  const {make} = realm;
  const promise = () => {
    const p = make.promise();
    name(p.promise, "own");
    return p;
  };
  const settling = (how, value) => {
    const p = promise();
    p[how](value);
    return p.promise;
  };
  switch (kind) {
    case 1: return settling("resolve", undefined);
    case 2: return settling("reject", "rejected");
    case 3: {
      const p = promise();
      pending.push(p);
      return p.promise;
    }
    case 4:
      return thenable(realm, number, () => make.method((_, [resolve]) => {
        log("then called");
        act(number);
        resolve(7);
        resolve(8);
      }));
    case 5:
      return thenable(realm, number, () => make.method((_, [, reject]) => {
        log("then called");
        reject("by then");
        throw "late";
      }));
    case 6: throw "thrown";
    case 7: throw make.error();
    case 8:
      return thenable(realm, number, () => {
        throw "by the getter";
      });
    case 9: return thenable(realm, number, () => 3);
    case 10: {  // a promise with a constructor of its own
      const p = settling("resolve", undefined);
      Object.defineProperty(p, "constructor", {
        get: make.method(() => {
          log(`${show(p)}.constructor read`);
          return undefined;
        })
      });
      return p;
    }
    case 11: {  // a promise with a `then` of its own
      const p = settling("resolve", undefined);
      Object.defineProperty(p, "then", {
        get: make.method(() => {
          log(`${show(p)}.then read`);
          return realm.members.Promise.then.value;
        }),
        configurable: true
      });
      return p;
    }
    case 12: throw undefined;
    case 13: {
      const p = settling("resolve", undefined);
      Object.setPrototypeOf(p, null);
      return p;
    }
    case 14:
      return settling("resolve", thenable(realm, number, () => make.method((_, [resolve]) => {
                        log("then called");
                        resolve();
                      })));
    case 15: return thenable(realm, number, () => A.members.Promise.then.value);  // is no promise
    default: return undefined;
  }
}

// ---- Sinks and strategies

// A dictionary, in one of the ways in which authors can make one. `members` are [name, value].
function dictionary(realm, shape, members, kind, action) {
  const {make} = realm;
  const plain = shape === 4 ? make.bare() : make.object();
  const label = kind + (counts[kind] === undefined ? 0 : counts[kind] + 1);
  for (const [key, value] of members) {
    const get = make.method((receiver) => {
      log(`${label}.${key} read${receiver === given ? "" : " of something else"}`);
      act(action);
      if (value === kThrows) throw `by ${key}`;
      return value;
    });
    if (shape === 0 || shape === 3)
      Object.defineProperty(
          plain, key, {value: value === kThrows ? undefined : value, enumerable: true, writable: true, configurable: true});
    else
      Object.defineProperty(plain, key, {get, enumerable: true, configurable: true});
  }
  let given = plain;
  if (shape === 2) {  // inherited
    given = make.object();
    Object.setPrototypeOf(given, plain);
  } else if (shape === 3 || shape === 5) {
    const traps = {};
    for (const trap of Object.getOwnPropertyNames(Reflect)) {
      traps[trap] = (...args) => {
        log(`${label}: trap ${trap} ${typeof args[1] === "string" ? args[1] : ""}`);
        if (trap === "get") act(action);
        return Reflect[trap](...args);
      };
    }
    given = new Proxy(plain, traps);
  }
  return name(given, kind);
}
const kThrows = {
  throws: true
};
const kOdd = [kThrows, null, 1, "function", undefined];
const listen = (realm, number) => {
  const key = `listener${number}`;
  const called = realm.make.method((receiver, [event]) => {
    const {type, target} = event;
    log(`${key} called on ${show(receiver)} with ${type} at ${show(target)} aborted ${target.aborted} reason ${show(target.reason)}`);
    act(number % 8);
  });
  if (number < 12) return name(called, "listener");
  const get = realm.make.method(() => {
    log(`${key}.handleEvent read`);
    return number === 12 ? 1 : called;
  });
  return name(Object.defineProperty(realm.make.object(), "handleEvent", {get}), "listener");
};
// The third argument of addEventListener().
function listenerOptions(number) {
  if (number % 3 === 0) return {once: true};
  if (number % 3 === 1 && number > 6) return {signal: at(signals, number)};
  return number === 5 ? true : undefined;
}

function sink(realm, shape, behaviours, action) {
  const members = [];
  const label = "sink" + (counts.sink === undefined ? 0 : counts.sink + 1);
  ["write", "start", "type", "close", "abort"].forEach((key, i) => {
    const behaviour = behaviours[i];
    if (key === "type") {
      if (behaviour >= 14) members.push([key, [kThrows, "bytes", null, 0][behaviour % 4]]);
      return;
    }
    if (behaviour === 16) return;
    if (behaviour > 16) return void members.push([key, kOdd[(behaviour - 17) % kOdd.length]]);
    members.push([
      key, realm.make.method((receiver, args) => {
        log(`${label}.${key} called on ${show(receiver)} with ${[...args].map(show).join(", ")}`);
        if (key === "start" || key === "write") keep(args[args.length - 1]);
        act(action);
        return result(realm, behaviour, action);
      })
    ]);
  });
  sinks.push(dictionary(realm, shape, members, "sink", action));
}

const valued = (realm, value) => {
  const made = name(realm.make.object(), "number");
  Object.defineProperty(made, "valueOf", {
    value: realm.make.method(() => {
      log(`${show(made)}.valueOf called`);
      if (value === kThrows) throw "by valueOf";
      return value;
    })
  });
  return made;
};
function number(realm, kind) {
  switch (kind) {
    case 0: return 1;
    case 1: return 0;
    case 2: return 3;
    case 3: return Infinity;
    case 4: return NaN;
    case 5: return -1;
    case 6: return "2";
    case 7: return null;
    case 8: return valued(realm, 2);
    case 9: return valued(realm, kThrows);
    case 10: return 1n;
    case 11: return Symbol.iterator;
    case 12: return undefined;
    case 13: return -0;
    case 14: return 0.1;
    case 15: return 1.7e308;
    default: return kThrows;
  }
}
function strategy(realm, shape, mark, size, action) {
  const members = [];
  const label = "strategy" + (counts.strategy === undefined ? 0 : counts.strategy + 1);
  if (size === 17)
    members.push(["size", construct0(realm, "CountQueuingStrategy").size]);
  else if (size === 18)
    members.push(["size", construct0(realm, "ByteLengthQueuingStrategy").size]);
  else if (size > 18)
    members.push(["size", kOdd[(size - 19) % kOdd.length]]);
  else if (size !== 16) {
    members.push([
      "size", realm.make.method((receiver, args) => {
        log(`${label}.size called on ${show(receiver)} with ${[...args].map(show).join(", ")}`);
        act(action);
        const made = number(realm, size);
        if (made === kThrows) throw "by size";
        return made;
      })
    ]);
  }
  if (mark !== 17) members.push(["highWaterMark", number(realm, mark)]);
  strategies.push(dictionary(realm, shape, members, "strategy", action));
}
const construct0 = (realm, key) => new realm.interfaces[key]({highWaterMark: 1});

// ---- Arguments and receivers

function newTarget(realm, made, kind) {
  const other = realm === A ? B : A;
  const {make} = other;
  const f = make.bare();
  switch (kind) {
    case 1: return other.interfaces[made];
    case 2: return name(realm.make.subclass(realm.interfaces[made]), "class");
    case 3: f.prototype = 1; return f;
    case 4: f.prototype = null; return Function.prototype.bind.call(f);
    case 5:
      return Object.defineProperty(Function.prototype.bind.call(f), "prototype", {
        get: make.method(() => {
          log("prototype read");
          return undefined;
        })
      });
    case 6:
      return Object.defineProperty(Function.prototype.bind.call(f), "prototype", {
        get: make.method(() => {
          log("prototype read");
          throw "by prototype";
        })
      });
    case 7:
      f.prototype = undefined;
      return new Proxy(f, {
        get(target, key) {
          log(`prototype trap ${String(key)}`);
          return target[key];
        }
      });
    case 8: f.prototype = name(make.object(), "prototype"); return f;
    case 9: return other.interfaces.Map;
    case 10: f.prototype = 0; return new Proxy(f, {});
    default: return realm.interfaces[made];
  }
}
// Each argument is [pool, index].
function argument([pool, index]) {
  if (pool === "value") return at(values, index);
  if (pool === "wrong")
    return at(
        [undefined, null, 1, "x", A.make.array(), A.make.object(), streams[0], writers[0], A.interfaces.WritableStream.prototype], index);
  return at(pools[pool], index);
}
function receiver([pool, index], odd, realm) {
  const right = at(pools[pool], index);
  const {make} = realm;
  switch (odd) {
    case 1: return undefined;
    case 2: return null;
    case 3: return 1;
    case 4:
      return isObject(right) ? name(
                                   new Proxy(right, {
                                     get() { log("trap"); },
                                     getPrototypeOf() {
                                       log("trap");
                                       return null;
                                     },
                                     has() {
                                       log("trap");
                                       return true;
                                     }
                                   }),
                                   "proxied") :
                               right;
    case 5: return Object.create(isObject(right) ? right : null);
    case 6: return at(streams, index);
    case 7: return at(writers, index);
    case 8: return at(controllers, index);
    case 9: return at(strategies, index);
    case 10: return realm.interfaces.WritableStream.prototype;
    case 11: return make.array();
    case 12: return at(signals, index);
    default: return right;
  }
}

function construct(realm, made, target, args) {
  const given = args.map(argument);
  const text = `new ${realm.name}.${made}(${given.map(show).join(", ")})`;
  const result = step(text, () => Reflect.construct(realm.interfaces[made], given, newTarget(realm, made, target)));
  if (isObject(result) && made.endsWith("Strategy")) strategies.push(result);
  const pool = {WritableStream: streams, WritableStreamDefaultWriter: writers}[made];
  if (isObject(result) && pool !== undefined && !pool.includes(result)) pool.push(result);
}
function call(realm, made, member, pool, index, odd, args, observe) {
  const descriptor = realm.members[made][member];
  const object = receiver([pool, index], odd, realm);
  const given = args.map(argument);
  const text = `${realm.name}.${made}.${member} of ${show(object)} (${given.map(show).join(", ")})`;
  step(text, () => Reflect.apply(descriptor.get ?? descriptor.value, object, given), observe);
}

// A queue so long that the binding treats it as one.
function writes(realm, writer, value, times) {
  for (let i = 0; i < times; ++i) call(realm, "WritableStreamDefaultWriter", "write", "writer", writer, 0, [["value", value]], i === 0);
}

// ---- Memory

function buffer(realm, kind, length, most) {
  let made;
  try {
    if (kind % 3 === 1)
      made = realm.make.buffer("SharedArrayBuffer", length);
    else if (kind % 3 === 2)
      made = realm.make.buffer("ArrayBuffer", length, {maxByteLength: length + most});
    else
      made = realm.make.buffer("ArrayBuffer", length);
  } catch { return; }
  buffers.push(name(made, "buffer"));
  values.push(made);
}
const kViews = [
  "Uint8Array", "Int8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array", "Int32Array", "Uint32Array", "Float32Array", "Float64Array",
  "BigInt64Array", "BigUint64Array", "DataView"
];
function view(realm, kind, index, offset, length) {
  const on = at(buffers, index);
  if (on === undefined) return;
  try {
    values.push(name(realm.make.view(kViews[kind % kViews.length], on, offset * 8, ...(length === 0 ? [] : [length])), "view"));
  } catch {}
}
function change(index, how, amount) {
  const made = at(buffers, index);
  if (made === undefined) return;
  if (how % 3 === 0)
    native.detach(made);
  else if (how % 3 === 1) {
    try {
      made.resize(amount);
    } catch {}
  } else {
    try {
      new Uint8Array(made).fill(amount);
    } catch {}
  }
}
function chunk(realm, kind, amount) {
  const text = ["", "text", "\u00e9", "\u20ac", "\ud83d\ude00", "\ud800", "\udfff", "\ud7ff\ue000", "x"][kind % 10] ?? "";
  if (kind < 10) return void values.push(text.repeat(kind === 8 ? amount * 40 : amount));
  const made = realm.make.object();
  Object.defineProperty(made, "byteLength", {
    get: realm.make.method(() => {
      log("byteLength read");
      return amount;
    })
  });
  values.push(name(
      kind % 2 === 0 ? made : new Proxy(made, {
        get: (t, k, r) => {
          log(`chunk trap ${String(k)}`);
          return Reflect.get(t, k, r);
        }
      }),
      "chunk"));
}

// ---- Signals

function signalStep(how, index, number, realm) {
  const signal = at(signals, index);
  if (signal === undefined) return;
  const {AbortSignal, EventTarget} = realm.members;
  const apply = Reflect.apply;
  switch (how % 8) {
    case 0: {
      const made = listen(realm, number);
      listeners.push(made);
      return void step(
          "addEventListener",
          () => apply(EventTarget.addEventListener.value, signal, ["abort", made, listenerOptions(number)]));
    }
    case 1:
      return void step("removeEventListener", () => apply(EventTarget.removeEventListener.value, signal, ["abort", at(listeners, number)]));
    case 2: return void step("onabort =", () => apply(AbortSignal.onabort.set, signal, [number % 4 === 0 ? null : listen(realm, number)]));
    case 3: {
      const other = number < 13 ? at(signals, number) : argument(["wrong", number]);
      return void step("AbortSignal.any", () => realm.interfaces.AbortSignal.any([signal, other]));
    }
    case 4: return void step("aborted", () => apply(AbortSignal.aborted.get, signal, []));
    case 5: return void step("reason", () => apply(AbortSignal.reason.get, signal, []));
    case 7:
      return void step("dispatchEvent", () => apply(EventTarget.dispatchEvent.value, signal, [new realm.interfaces.Event("abort")]));
    default: return void step("throwIfAborted", () => apply(AbortSignal.throwIfAborted.value, signal, []));
  }
}

// ---- Patches: whatever the binding might look up

const kPlaces = [
  "Object.prototype", "Function.prototype", "Array.prototype", "Promise.prototype", "Promise", "Number.prototype", "String.prototype",
  "Boolean.prototype", "Map.prototype", "WeakMap.prototype", "Reflect", "Object", "globalThis", "WritableStream.prototype",
  "WritableStreamDefaultWriter.prototype", "CountQueuingStrategy.prototype", "AbortSignal.prototype", "Symbol.prototype"
];
const kKeys = [
  "then",
  "constructor",
  Symbol.species,
  "call",
  "apply",
  "bind",
  "get",
  "set",
  "has",
  "push",
  "shift",
  Symbol.iterator,
  "0",
  "length",
  "resolve",
  "reject",
  "defineProperty",
  "Promise",
  "TypeError",
  "RangeError",
  "Reflect",
  "promise",
  "chunk",
  "next",
  "page",
  "index",
  "signal",
  "reason",
  "value",
  "getWriter",
  "size",
  "highWaterMark",
  "write",
  "byteLength",
  "WritableStreamDefaultWriter",
  "WritableStreamDefaultController",
  "AbortController",
  "Object",
  "aborted",
  "once",
  "capture",
  "stream",
  "state"
];
// One property of one place, or all of them.
function patch(realm, place, key, kind) {
  const place_ = kPlaces[place % kPlaces.length];
  let object = realm.global;
  if (place_ !== "globalThis") {
    for (const part of place_.split(".")) object = isObject(object) ? Reflect.getOwnPropertyDescriptor(object, part)?.value : undefined;
  }
  if (isObject(object)) patchKey(realm, object, place_, kKeys[key % kKeys.length], kind);
}
function patchAll(realm, place) {
  for (const key of kKeys.keys()) patch(realm, place, key, 0);
}
function patchKey(realm, object, place, key, kind) {
  const before = Reflect.getOwnPropertyDescriptor(object, key);
  const text = `${realm.name}.${place}.${String(key)}`;
  const get = realm.make.method((receiver) => {
    log(`${text} read`);
    if (kind === 3) act(1);
    if (kind === 1) throw "by a patch";
    if (kind === 2) return undefined;
    return before === undefined ? undefined : before.get !== undefined ? Reflect.apply(before.get, receiver, []) : before.value;
  });
  const set = realm.make.method((receiver, [value]) => {
    log(`${text} set`);
    if (isObject(receiver)) Reflect.defineProperty(receiver, key, {value, writable: true, enumerable: true, configurable: true});
  });
  if (Reflect.defineProperty(object, key, {get, set, configurable: true})) patched.push([object, key, before]);
}
const patched = [];
function unpatch() {
  for (const [object, key, before] of patched.reverse()) {
    if (before === undefined)
      Reflect.deleteProperty(object, key);
    else
      Reflect.defineProperty(object, key, before);
  }
  patched.length = 0;
}
function run() {
  log("-- microtasks");
  native.checkpoint();
}

return {
  stream0: (k, q) => [["sink", k], ["strategy", q]],
  stream1: () => [],
  stream2: (k) => [["sink", k]],
  stream3: (k, q) => [["wrong", k], ["strategy", q]],
  stream4: (k, q) => [["sink", k], ["wrong", q]],
  one0: (pool, index) => [[pool, index]],
  one1: () => [],
  one2: (_, index) => [["wrong", index]],
  one3: (_, index) => [["value", index]],
  one4: (pool, index) => [[pool, index], ["value", index]],
  A,
  B,
  begin: learn,
  on,
  sink,
  strategy,
  construct,
  call,
  writes,
  buffer,
  view,
  change,
  chunk,
  signal: signalStep,
  patch,
  patchAll,
  run,
  // The realms are as they were, for the next program.
  end() {
    run();
    actions.length = 0;
    unpatch();
  },
  settle(index, how) {
    const p = at(pending, index);
    if (p === undefined) return;
    if (how % 2 === 0)
      p.resolve(how === 2 ? 5 : undefined);
    else
      p.reject("settled");
  },
  mutate(index) {
    const c = at(values, index);
    if (isObject(c)) try {
        c[0] = 7;
      } catch {}
  },
  collect() {
    if (collections-- > 0) native.collect();
  },
  // The author forgets its streams, writers, ...
  drop(which) { Object.values(pools)[which % 8].length = 0; },
  // After execution was ended: what is left of the program's things may throw and reject, and must not do worse.
  poke() {
    const wrong = [];
    const attempt = (interface_, key, receiver, args) => {
      const descriptor = A.members[interface_][key];
      try {
        const result = Reflect.apply(descriptor.get ?? descriptor.value, receiver, args);
        if (native.isPromise(result)) native.markAsHandled(result);
      } catch (error) {
        const right = !isObject(error) || /Error|DOMException/.test(known.get(Object.getPrototypeOf(error)) ?? "");
        if (!right) wrong.push(`${key} threw an object that is no error`);
      }
    };
    left = 0;
    unpatch();
    for (const w of writers) {
      for (const key of ["desiredSize", "ready", "closed"]) attempt("WritableStreamDefaultWriter", key, w, []);
      attempt("WritableStreamDefaultWriter", "write", w, ["poked"]);
      attempt("WritableStreamDefaultWriter", "close", w, []);
      attempt("WritableStreamDefaultWriter", "releaseLock", w, []);
    }
    for (const s of streams) {
      attempt("WritableStream", "locked", s, []);
      attempt("WritableStream", "abort", s, ["poked"]);
      attempt("WritableStream", "getWriter", s, []);
    }
    for (const c of controllers) {
      attempt("WritableStreamDefaultController", "signal", c, []);
      attempt("WritableStreamDefaultController", "error", c, ["poked"]);
    }
    return wrong.join("\n");
  },
  // An event of V8's: a promise was rejected and nobody handles it, or somebody does now.
  rejection(kind, promise, reason) { log(`${kind}: ${names.has(promise) ? show(promise) : "a promise"} rejected with ${show(reason)}`); },
};
});
