// WritableStream and its relatives once more, for fuzz/surface: Web IDL's binding made from the table of the interfaces, and the
// standard's operations, step for step on plain objects. It shares nothing with src/.
//
// It runs in a realm that no author can reach, so it may use whatever the language has. What authors see (promises, errors,
// objects) it makes with `realm.make`, functions that were taken in each realm before any author code ran.
//
// Where the standard leaves a choice, it chooses as src/v8 says that it does:
// - `prototype` is read from new.target before arguments are converted, as all engines do;
// - a writer's promises, a controller and its signal are of the realm of their stream or writer;
// - writes beyond the byte limit are rejected with a RangeError (src/core/byte_limit.h).
(function(table, native, realms, byteLimit, makeDom) {
let current;                   // the current realm
const brands = new WeakMap();  // object of an author's -> {of: the name of its interface, ...slots}

function within(realm, steps) {
  const before = current;
  current = realm;
  try {
    return steps();
  } finally { current = before; }
}

const isObject = (value) => (typeof value === "object" && value !== null) || typeof value === "function";
const typeError = () => current.make.typeError();
const rangeError = () => current.make.rangeError();

// ---- Promises

// One that authors see, and how to settle it.
class Pending {
  state = "pending";
  #made;
  constructor(made) { this.#made = made; }
  static is(value) { return isObject(value) && #made in value; }
  get promise() { return this.#made.promise; }
  resolve() { this.#made.resolve(); }
  reject(reason) { this.#made.reject(reason); }
}
function newPromise(realm = current) {
  return new Pending(realm.make.promise());
}
function resolve(p) {
  if (p.state !== "pending") return;
  p.state = "fulfilled";
  p.resolve();
}
function reject(p, reason) {
  if (p.state !== "pending") return;
  p.state = "rejected";
  p.reject(reason);
}
// V8 reports a rejection at once: mark first.
function rejectHandled(p, reason) {
  native.markAsHandled(p.promise);
  reject(p, reason);
}
function rejected(reason) {
  const p = newPromise();
  reject(p, reason);
  return p;
}
function resolved() {
  const p = newPromise();
  resolve(p);
  return p;
}
// One that nobody sees. https://webidl.spec.whatwg.org/#a-promise-resolved-with
const internal = (value) => new Promise((fulfil) => fulfil(value));
const internalRejected = (reason) => new Promise((_, fail) => fail(reason));
function upon(promise, stream, fulfilled, failed) {
  promise.then(() => within(stream.realm, fulfilled), (reason) => within(stream.realm, () => failed(reason)));
}

// ---- Conversions. https://webidl.spec.whatwg.org/#js-dictionary

function member(dictionary, name, convert) {
  if (dictionary === undefined || dictionary === null) return undefined;
  const value = dictionary[name];
  return value === undefined ? undefined : convert(value);
}
const toFunction = (value) => {
  if (typeof value !== "function") throw typeError();
  return value;
};
const toNumber = (value) => current.make.number(value);
const toAny = (value) => value;
function toDictionary(value) {
  if (value !== undefined && value !== null && !isObject(value)) throw typeError();
  return value;
}
const parents = Object.fromEntries(table.map(({name, parent}) => [name, parent]));
function toInterface(value, name) {
  const found = isObject(value) ? brands.get(value) : undefined;
  let of = found?.of;
  while (of !== name && of) of = parents[of];
  if (!of) throw typeError();
  return found;
}
function toStrategy(value) {
  const strategy = toDictionary(value);
  const highWaterMark = member(strategy, "highWaterMark", toNumber);
  return {highWaterMark, size: member(strategy, "size", toFunction)};
}

// A callback that returns Promise<undefined>. https://webidl.spec.whatwg.org/#invoke-a-callback-function
function invoke(callback, thisValue, args) {
  let result;
  try {
    result = Reflect.apply(callback, thisValue, args);
  } catch (error) { return internalRejected(error); }
  return internal(result);
}

const dom = makeDom({brands, native, toInterface, typeError, currentRealm: () => current});

// ---- The charge of a chunk

const viewLengths = [
  Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), "byteLength").get,
  Object.getOwnPropertyDescriptor(DataView.prototype, "byteLength").get,
  Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, "byteLength").get,
  Object.getOwnPropertyDescriptor(SharedArrayBuffer.prototype, "byteLength").get
];
function chargeOf(chunk) {
  if (typeof chunk === "string") {
    let bytes = 0;
    for (const character of chunk) {
      const point = character.codePointAt(0);
      bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    }
    return bytes;
  }
  if (!isObject(chunk)) return 64;
  for (const length of viewLengths) {
    try {
      return Reflect.apply(length, chunk, []);
    } catch {}
  }
  // A DataView that is out of bounds has no length: nothing of it is there.
  return ArrayBuffer.isView(chunk) ? 0 : 64;
}

// ---- Streams. https://streams.spec.whatwg.org/#ws-abstract-ops

const isLocked = (s) => s.writer !== undefined;
const closeQueuedOrInFlight = (s) => s.closeRequest !== undefined || s.inFlightCloseRequest !== undefined;
const hasOperationInFlight = (s) => s.inFlightWriteRequest !== undefined || s.inFlightCloseRequest !== undefined;

function constructStream(object, [sink, strategyValue]) {
  if (sink !== undefined && !isObject(sink)) throw typeError();
  const strategy = toStrategy(strategyValue);
  const methods = {};
  for (const name of ["abort", "close", "start", "type", "write"]) methods[name] = member(sink, name, name === "type" ? toAny : toFunction);
  if (methods.type !== undefined) throw rangeError();
  const s = {
    of: "WritableStream",
    realm: current,
    object,
    state: "writable",
    storedError: undefined,
    writer: undefined,
    controller: undefined,
    inFlightWriteRequest: undefined,
    closeRequest: undefined,
    inFlightCloseRequest: undefined,
    pendingAbortRequest: undefined,
    writeRequests: [],
    backpressure: false,
    charged: 0,
  };
  const mark = strategy.highWaterMark === undefined ? 1 : strategy.highWaterMark;
  if (Number.isNaN(mark) || mark < 0) throw rangeError();
  // SetUpWritableStreamDefaultController
  const c = s.controller = {
    of: "WritableStreamDefaultController",
    stream: s,
    queue: [],
    total: 0,
    started: false,
    mark,
    signal: dom.newSignal(s.realm),
    size: strategy.size === undefined ? () => 1 : (chunk) => toNumber(Reflect.apply(strategy.size, undefined, [chunk])),
    write: methods.write === undefined ? () => internal() : (chunk) => invoke(methods.write, sink, [chunk, c.object]),
    close: methods.close === undefined ? () => internal() : () => invoke(methods.close, sink, []),
    abort: methods.abort === undefined ? () => internal() : (reason) => invoke(methods.abort, sink, [reason]),
  };
  c.object = s.realm.make.instance("WritableStreamDefaultController");
  brands.set(c.object, c);
  brands.set(object, s);
  updateBackpressure(s, getBackpressure(c));
  const startResult = methods.start === undefined ? undefined : Reflect.apply(methods.start, sink, [c.object]);
  upon(
      internal(startResult), s,
      () => {
        c.started = true;
        advanceQueue(c);
      },
      (reason) => {
        c.started = true;
        dealWithRejection(s, reason);
      });
}

function abortStream(s, reason) {
  if (s.state === "closed" || s.state === "errored") return resolved();
  within(s.realm, () => dom.signalAbort(s.controller.signal, reason));
  if (s.state === "closed" || s.state === "errored") return resolved();
  if (s.pendingAbortRequest !== undefined) return s.pendingAbortRequest.promise;
  const wasAlreadyErroring = s.state === "erroring";
  const promise = newPromise();
  s.pendingAbortRequest = {promise, reason: wasAlreadyErroring ? undefined : reason, wasAlreadyErroring};
  if (!wasAlreadyErroring) startErroring(s, reason);
  return promise;
}

function closeStream(s) {
  if (s.state === "closed" || s.state === "errored") return rejected(typeError());
  const promise = s.closeRequest = newPromise();
  if (s.writer !== undefined && s.backpressure && s.state === "writable") resolve(s.writer.ready);
  // WritableStreamDefaultControllerClose
  s.controller.queue.push({isClose: true, size: 0});
  advanceQueue(s.controller);
  return promise;
}

function dealWithRejection(s, error) {
  if (s.state === "writable") return startErroring(s, error);
  finishErroring(s);
}

function startErroring(s, reason) {
  s.state = "erroring";
  s.storedError = reason;
  if (s.writer !== undefined) ensureReadyRejected(s.writer, reason);
  if (!hasOperationInFlight(s) && s.controller.started) finishErroring(s);
}

function resetQueue(c) {
  c.queue = [];
  c.total = 0;
  c.stream.charged = 0;
}

function finishErroring(s) {
  s.state = "errored";
  resetQueue(s.controller);
  const requests = s.writeRequests;
  s.writeRequests = [];
  for (const request of requests) reject(request, s.storedError);
  const abort = s.pendingAbortRequest;
  if (abort === undefined) return rejectCloseAndClosed(s);
  s.pendingAbortRequest = undefined;
  if (abort.wasAlreadyErroring) {
    reject(abort.promise, s.storedError);
    return rejectCloseAndClosed(s);
  }
  const promise = s.controller.abort(abort.reason);
  clearAlgorithms(s.controller);
  upon(
      promise, s,
      () => {
        resolve(abort.promise);
        rejectCloseAndClosed(s);
      },
      (reason) => {
        reject(abort.promise, reason);
        rejectCloseAndClosed(s);
      });
}

function rejectCloseAndClosed(s) {
  if (s.closeRequest !== undefined) {
    reject(s.closeRequest, s.storedError);
    s.closeRequest = undefined;
  }
  if (s.writer !== undefined) rejectHandled(s.writer.closed, s.storedError);
}

function updateBackpressure(s, backpressure) {
  if (s.writer !== undefined && backpressure !== s.backpressure) {
    if (backpressure)
      s.writer.ready = newPromise(s.writer.realm);
    else
      resolve(s.writer.ready);
  }
  s.backpressure = backpressure;
}

// ---- The controller

const desiredSizeOf = (c) => c.mark - c.total;
const getBackpressure = (c) => desiredSizeOf(c) <= 0;
function clearAlgorithms(c) { c.write = c.close = c.abort = c.size = undefined; }

function advanceQueue(c) {
  const s = c.stream;
  if (!c.started || s.inFlightWriteRequest !== undefined) return;
  if (s.state === "erroring") return finishErroring(s);
  if (c.queue.length === 0) return;
  if (c.queue[0].isClose)
    processClose(c);
  else
    processWrite(c, c.queue[0].chunk);
}

function dequeue(c) {
  const entry = c.queue.shift();
  c.total = Math.max(c.total - entry.size, 0);
  c.stream.charged -= entry.charge ?? 0;
}

function processClose(c) {
  const s = c.stream;
  s.inFlightCloseRequest = s.closeRequest;
  s.closeRequest = undefined;
  dequeue(c);
  const promise = c.close();
  clearAlgorithms(c);
  upon(
      promise, s,
      () => {
        resolve(s.inFlightCloseRequest);
        s.inFlightCloseRequest = undefined;
        if (s.state === "erroring") {
          s.storedError = undefined;
          if (s.pendingAbortRequest !== undefined) {
            resolve(s.pendingAbortRequest.promise);
            s.pendingAbortRequest = undefined;
          }
        }
        s.state = "closed";
        if (s.writer !== undefined) resolve(s.writer.closed);
      },
      (reason) => {
        reject(s.inFlightCloseRequest, reason);
        s.inFlightCloseRequest = undefined;
        if (s.pendingAbortRequest !== undefined) {
          reject(s.pendingAbortRequest.promise, reason);
          s.pendingAbortRequest = undefined;
        }
        dealWithRejection(s, reason);
      });
}

function processWrite(c, chunk) {
  const s = c.stream;
  s.inFlightWriteRequest = s.writeRequests.shift();
  upon(
      c.write(chunk), s,
      () => {
        resolve(s.inFlightWriteRequest);
        s.inFlightWriteRequest = undefined;
        dequeue(c);
        if (!closeQueuedOrInFlight(s) && s.state === "writable") updateBackpressure(s, getBackpressure(c));
        advanceQueue(c);
      },
      (reason) => {
        if (s.state === "writable") clearAlgorithms(c);
        reject(s.inFlightWriteRequest, reason);
        s.inFlightWriteRequest = undefined;
        dealWithRejection(s, reason);
      });
}

function errorIfNeeded(c, error) {
  if (c.stream.state === "writable") errorController(c, error);
}
function errorController(c, error) {
  clearAlgorithms(c);
  startErroring(c.stream, error);
}

// ---- Writers

function setUpWriter(w, s) {
  if (isLocked(s)) throw typeError();
  w.stream = s;
  s.writer = w;
  w.ready = newPromise(w.realm);
  w.closed = newPromise(w.realm);
  switch (s.state) {
    case "writable":
      if (closeQueuedOrInFlight(s) || !s.backpressure) resolve(w.ready);
      break;
    case "erroring": rejectHandled(w.ready, s.storedError); break;
    case "closed":
      resolve(w.ready);
      resolve(w.closed);
      break;
    default: rejectHandled(w.ready, s.storedError); rejectHandled(w.closed, s.storedError);
  }
}

function constructWriter(object, args) {
  if (args.length < 1) throw typeError();
  const w = {of: "WritableStreamDefaultWriter", realm: current, object};
  setUpWriter(w, toInterface(args[0], "WritableStream"));
  brands.set(object, w);
}

function ensureReadyRejected(w, error) {
  if (w.ready.state !== "pending") w.ready = newPromise(w.realm);
  rejectHandled(w.ready, error);
}

function release(w) {
  const s = w.stream;
  const error = typeError();
  ensureReadyRejected(w, error);
  if (w.closed.state !== "pending") w.closed = newPromise(w.realm);
  rejectHandled(w.closed, error);
  s.writer = undefined;
  w.stream = undefined;
}

function write(w, chunk) {
  const s = w.stream;
  const c = s.controller;
  let size = 1;
  if (c.size !== undefined) {
    try {
      size = c.size(chunk);
    } catch (error) {
      errorIfNeeded(c, error);
      size = 1;
    }
  }
  if (s !== w.stream) return rejected(typeError());
  if (s.state === "errored") return rejected(s.storedError);
  if (closeQueuedOrInFlight(s) || s.state === "closed") return rejected(typeError());
  if (s.state === "erroring") return rejected(s.storedError);
  const charge = chargeOf(chunk);
  if (charge > byteLimit - s.charged) return rejected(rangeError());
  const promise = newPromise();
  s.writeRequests.push(promise);
  // WritableStreamDefaultControllerWrite
  if (Number.isNaN(size) || size < 0 || size === Infinity) {
    errorIfNeeded(c, rangeError());
    return promise;
  }
  c.queue.push({chunk, size, charge, isClose: false});
  c.total += size;
  s.charged += charge;
  if (!closeQueuedOrInFlight(s) && s.state === "writable") updateBackpressure(s, getBackpressure(c));
  advanceQueue(c);
  return promise;
}

// ---- The members, by the names of the table. Each gets the receiver's slots and the arguments.

const steps = {
  WritableStream: {
    constructor: constructStream,
    locked: (s) => isLocked(s),
    abort: (s, [reason]) => isLocked(s) ? rejected(typeError()) : abortStream(s, reason),
    close: (s) => isLocked(s) || closeQueuedOrInFlight(s) ? rejected(typeError()) : closeStream(s),
    getWriter(s) {
      const w = {of: "WritableStreamDefaultWriter", realm: current};
      setUpWriter(w, s);
      w.object = current.make.instance("WritableStreamDefaultWriter");
      brands.set(w.object, w);
      return w.object;
    },
  },
  WritableStreamDefaultWriter: {
    constructor: constructWriter,
    closed: (w) => w.closed,
    desiredSize(w) {
      if (w.stream === undefined) throw typeError();
      if (w.stream.state === "errored" || w.stream.state === "erroring") return null;
      return w.stream.state === "closed" ? 0 : desiredSizeOf(w.stream.controller);
    },
    ready: (w) => w.ready,
    abort: (w, [reason]) => w.stream === undefined ? rejected(typeError()) : abortStream(w.stream, reason),
    close: (w) => w.stream === undefined || closeQueuedOrInFlight(w.stream) ? rejected(typeError()) : closeStream(w.stream),
    releaseLock(w) {
      if (w.stream !== undefined) release(w);
    },
    write: (w, [chunk]) => w.stream === undefined ? rejected(typeError()) : write(w, chunk),
  },
  WritableStreamDefaultController: {
    signal: (c) => c.signal.object,
    error(c, [e]) { errorIfNeeded(c, e); },
  },
  ByteLengthQueuingStrategy: strategySteps("ByteLengthQueuingStrategy"),
  CountQueuingStrategy: strategySteps("CountQueuingStrategy"),
  ...dom.steps,
};

function strategySteps(name) {
  return {
    constructor(object, args) {
      if (args.length < 1) throw typeError();
      const mark = member(toDictionary(args[0]), "highWaterMark", toNumber);
      if (mark === undefined) throw typeError();
      brands.set(object, {of: name, realm: current, mark});
    },
    highWaterMark: (strategy) => strategy.mark,
    // Of the strategy's realm.
    size: (strategy) => strategy.realm.sizes[name],
  };
}

// ---- Web IDL's binding. https://webidl.spec.whatwg.org/#js-interfaces

const visible = (value) => (Pending.is(value) ? value.promise : value);

function memberFunction(realm, name, description, run = steps[name][description.name]) {
  return realm.make.method((receiver, args) => within(realm, () => {
    try {
      const found = description.kind === "static" ? undefined : toInterface(receiver, name);
      if (args.length < description.required) throw typeError();
      return visible(run(found, args));
    } catch (error) {
      if (!description.promise) throw error;
      return rejected(error).promise;
    }
  }));
}
// Of a property of the interface or its prototype.
function memberDescriptor(realm, name, description) {
  const f = memberFunction(realm, name, description);
  if (description.kind !== "attribute") return {value: f, writable: true};
  return {get: f, set: description.readonly ? undefined : memberFunction(realm, name, description, dom.setters[name][description.name])};
}

function interfaceObject(realm, {name, parent, constructs, members}) {
  const target = realm.make.constructor();
  const prototype = realm.prototypes[name] = target.prototype;
  if (parent !== null) Object.setPrototypeOf(prototype, realm.prototypes[parent]);
  Object.defineProperty(target, "name", {value: name, configurable: true});
  for (const description of members) {
    if (steps[name][description.name] === undefined) continue;
    Object.defineProperty(
        description.kind === "static" ? target : prototype, description.name,
        {...memberDescriptor(realm, name, description), enumerable: true, configurable: true});
  }
  Object.defineProperty(prototype, Symbol.toStringTag, {value: name, configurable: true});
  const made = new Proxy(target, {
    apply() { throw realm.make.typeError(); },
    construct: (_, args, newTarget) => within(
        realm,
        () => {
          const own = newTarget.prototype;
          if (!constructs) throw typeError();
          const object = Object.create(isObject(own) ? own : realms[native.functionRealm(newTarget)].prototypes[name]);
          steps[name].constructor(object, args);
          return object;
        }),
  });
  Object.defineProperty(prototype, "constructor", {value: made, writable: true, configurable: true});
  Object.defineProperty(realm.global, name, {value: made, writable: true, configurable: true});
}

for (const realm of Object.values(realms)) {
  realm.prototypes = {};
  realm.sizes = {ByteLengthQueuingStrategy: realm.make.byteLengthSize, CountQueuingStrategy: realm.make.countSize};
  realm.make.instance = (name) => Object.create(realm.prototypes[name]);
  for (const description of table) {
    if (steps[description.name] !== undefined) interfaceObject(realm, description);
  }
}
});
