// WritableStream and its relatives, as JavaScript sees them.
//
// No decision about a stream is made here: every method calls the core (src/core, through v8_host.cc) and then performs
// its effects, an ordered list in `io`. What is here is what V8 runs far faster in JavaScript than through
// its C++ interface: promises, calls of the author's functions, microtasks, and the queue of chunks, which the collector
// sees because it is JavaScript. It runs as an extension script: its functions print as native code and stand in no
// stack trace.
//
// Nothing here may look up a property that an author can patch. Intrinsics are taken once, before author code runs;
// objects of ours have all their properties as own ones; argument lists are literal arrays for Reflect.apply, which
// reads elements only. Microtasks are reactions to a promise of a hidden realm, whose prototypes no author can reach.
//
// Between the return of a native function and `io[kCount] = 0` no author code may run. If JavaScript is terminated in
// between, the core finds the list unfinished and lets nobody use that stream again.
"use strict";

const TypeError_ = TypeError;
const RangeError_ = RangeError;
const Promise_ = Promise;
const promiseThen = Promise.prototype.then;
const apply = Reflect.apply;
const setPrototypeOf = Object.setPrototypeOf;
const utilityThen = UtilityThen();
const resolved = UtilityResolved();
const io = Io();
const facts = Facts();

// Records are literals, which V8 makes without a call. All their properties are own ones, so that nothing is ever
// looked up on Object.prototype.

// A promise and how to settle it; `resolve` is undefined for one that native code made. A request of write() has its chunk
// with it, and the request that came after it.
function newRecord() {
  return { promise: undefined, resolve: undefined, reject: undefined, chunk: undefined, next: undefined };
}

function newStreamState() {
  return {
    realm: ownRealm,
    page: undefined,  // the native side: a page of streams, and which of them
    index: 0,
    sink: undefined,
    write: undefined,
    close: undefined,
    abort: undefined,
    size: undefined,
    controller: undefined,
    writer: undefined,       // its state
    requestHead: undefined,  // the first record whose promise is not settled
    chunkHead: undefined,    // the first record whose chunk is in [[queue]]
    tail: undefined,
    closeRequest: undefined,  // records
    abortRequest: undefined,
    abortReason: undefined,
    storedError: undefined,
    signal: undefined,
    signalReason: undefined,
    thrown: undefined,  // by size()
    // The promise that the sink's method returned. A stream waits for one at a time.
    sinkResult: undefined,
    sinkRejected: false,
    tickModel: 0,
    react: undefined,  // closures over this state
    callThen: undefined,
    onFulfilled: undefined,
    onRejected: undefined,
  };
}

// A promise of a writer is made when somebody asks for it.
function newWriterState() {
  return {
    realm: ownRealm,
    page: undefined,
    index: 0,
    stream: undefined,  // its state, until the lock is released
    readyView: kPending,
    ready: undefined,  // a record
    readyReason: undefined,
    closedView: kPending,
    closed: undefined,
    closedReason: undefined,
  };
}

// What is made late for an object of this realm: another realm's method may be the first to need it.
const ownRealm = {
  newController(s) { return new WritableStreamDefaultController(token, s); },
  newSignal(s) { return NewSignal(s.page, s.index, s.signalReason); },
  signalAbort(s, reason) { SignalAbort(s.signal, reason); },
  materialize,
};

// ---- Promises

function newPending() {
  let resolve, reject;
  const promise = new Promise_((a, b) => { resolve = a; reject = b; });
  return { promise, resolve, reject, chunk: undefined, next: undefined };
}

function recordOf(promise) {
  const record = newRecord();
  record.promise = promise;
  return record;
}

function resolve(record) {
  if (record.resolve !== undefined) record.resolve();
  else ResolvePromise(record.promise);
}

function reject(record, reason) {
  if (record.reject !== undefined) record.reject(reason);
  else RejectPromise(record.promise, reason);
}

function rejectedPromise(reason) { return new Promise_((resolve, reject) => reject(reason)); }

// One microtask.
function soon(job) { apply(utilityThen, resolved, [job]); }

// A writer's promise: its view, whether it is made, why it is rejected.
function materialize(view, reason) {
  if (view === kRejected) return recordOf(RejectedAndHandled(reason));
  const record = newPending();
  if (view === kFulfilled) record.resolve();
  return record;
}

// ---- Effects of the core

function valueOf(ref, s, arg, made) {
  switch (ref) {
    case kArgument: return arg;
    case kStoredError: return s.storedError;
    case kAbortReason: return s.abortReason;
    case kMade: return made;
    case kThrown: return s.thrown;
  }
  return undefined;
}

function makeError(kind, reason) {
  if (kind === kMakeTypeError) return new TypeError_(TypeErrorText(reason));
  return new RangeError_(RangeErrorText(reason));
}

// The error that replay() made, and whether author code is to be called next (kCallStart, kCallWrite), for its caller, who
// reads them before anything else runs.
let madeOut, callOut;

function pushRecord(s, record) {
  if (s.tail !== undefined) s.tail.next = record;
  if (s.requestHead === undefined) s.requestHead = record;
  s.tail = record;
}

function newReady(w) {
  w.readyView = kPending;
  w.ready = w.readyReason = undefined;
}

// Performs the effects of the core, in order. `fresh`: the promise that the operation makes, if it is made already; returns it.
function replay(s, arg, fresh) {
  let made;
  callOut = 0;
  // The count is read each time: an embedder's promise hook may have come back in here. Then it is zero, and the stream
  // is broken.
  for (let i = kFirstEffect; i < kFirstEffect + 2 * io[kCount]; i += 2) {
    const effect = io[i] & 0xff;
    const ref = io[i] >> 8;
    switch (effect) {
      case kStoreWrite:
        fresh ??= newPending();
        fresh.chunk = arg;
        pushRecord(s, fresh);
        if (s.chunkHead === undefined) s.chunkHead = s.tail;
        break;
      case kFinishWrite: {
        const record = s.requestHead;
        const next = s.requestHead = s.chunkHead = record.next;
        if (next === undefined) s.tail = undefined;
        record.chunk = undefined;
        resolve(record);
        break;
      }
      case kStoreWriteRequest: pushRecord(s, fresh ??= newPending()); break;
      case kResolveWriteRequest: {
        const record = s.requestHead;
        s.requestHead = record.next;
        resolve(record);
        break;
      }
      case kRejectWriteRequests: {
        const reason = valueOf(ref, s, arg, made);
        for (let n = io[i + 1]; n > 0; --n) {
          const record = s.requestHead;
          s.requestHead = record.next;
          reject(record, reason);
        }
        if (s.requestHead === undefined && s.chunkHead === undefined) s.tail = undefined;
        break;
      }
      case kDropChunks:
        for (let n = io[i + 1]; n > 0; --n) {
          const record = s.chunkHead;
          s.chunkHead = record.next;
          record.chunk = undefined;
        }
        if (s.requestHead === undefined && s.chunkHead === undefined) s.tail = undefined;
        break;
      case kStoreCloseRequest: s.closeRequest = fresh ??= newPending(); break;
      case kResolveCloseRequest: resolve(s.closeRequest); s.closeRequest = undefined; break;
      case kRejectCloseRequest: reject(s.closeRequest, valueOf(ref, s, arg, made)); s.closeRequest = undefined; break;
      case kStoreAbortRequest: s.abortRequest = fresh ??= newPending(); break;
      case kResolveAbortRequest: resolve(s.abortRequest); s.abortRequest = undefined; break;
      case kRejectAbortRequest: reject(s.abortRequest, valueOf(ref, s, arg, made)); s.abortRequest = undefined; break;
      case kStoreStoredError: s.storedError = valueOf(ref, s, arg, made); break;
      case kDropStoredError: s.storedError = undefined; break;
      case kStoreAbortReason: s.abortReason = valueOf(ref, s, arg, made); break;
      case kDropAbortReason: s.abortReason = undefined; break;
      case kSetSignalReason: s.signalReason = valueOf(ref, s, arg, made); break;
      case kNewReady: newReady(s.writer); break;
      case kResolveReady: {
        const w = s.writer;
        w.readyView = kFulfilled;
        if (w.ready !== undefined) resolve(w.ready);
        break;
      }
      case kRejectReady: {
        const w = s.writer;
        const reason = valueOf(ref, s, arg, made);
        w.readyView = kRejected;
        if (w.ready !== undefined) RejectAndMarkHandled(w.ready.promise, reason);
        else w.readyReason = reason;
        break;
      }
      case kNewClosed: {
        const w = s.writer;
        w.closedView = kPending;
        w.closed = w.closedReason = undefined;
        break;
      }
      case kResolveClosed: {
        const w = s.writer;
        w.closedView = kFulfilled;
        if (w.closed !== undefined) resolve(w.closed);
        break;
      }
      case kRejectClosed: {
        const w = s.writer;
        const reason = valueOf(ref, s, arg, made);
        w.closedView = kRejected;
        if (w.closed !== undefined) RejectAndMarkHandled(w.closed.promise, reason);
        else w.closedReason = reason;
        break;
      }
      case kMakeTypeError: case kMakeRangeError: made = madeOut = makeError(effect, ref); break;
      case kClearAlgorithms: s.sink = s.write = s.close = s.abort = s.size = undefined; break;
      case kReactSoon: soon(s.react); break;
      case kCallStart: case kCallWrite: callOut = effect; break;
    }
  }
  io[kCount] = 0;
  return fresh;
}

// The end of every operation: `result` is what its native function returned, a promise or a code.
function finish(result, s, arg) {
  if (typeof result === "object") {
    replay(s, arg, recordOf(result));
    return result;
  }
  if (result === 0 && io[kCount] === 1) {
    // The commonest single effects.
    const effect = io[kFirstEffect];
    if (effect === kCallWrite) {
      io[kCount] = 0;
      return callWrite(s);
    }
    if (effect === kReactSoon) {
      soon(s.react);
      io[kCount] = 0;
      return undefined;
    }
  }
  const fresh = replay(s, arg, undefined);
  const made = madeOut;
  if (made !== undefined) madeOut = undefined;
  if (callOut === kCallWrite) callWrite(s);
  switch (result & 0xff) {
    case 0: return undefined;
    case kReturnFresh: return fresh !== undefined ? fresh.promise : rejectedPromise(brokenError(0));
    case kReturnResolved: return new Promise_((resolve) => resolve());
    case kReturnRejected: return rejectedPromise(valueOf(result >> 8, s, arg, made));
    case kReturnAbortRequest: return s.abortRequest.promise;
    case kThrow: throw valueOf(result >> 8, s, arg, made);
    case kReturnBroken: return rejectedPromise(brokenError(result >> 8));
    case kThrowBroken: throw brokenError(result >> 8);
  }
}

function brokenError(overflow) {
  return overflow === 0 ? new TypeError_("An operation of this stream was interrupted")
                        : new RangeError_("Maximum call stack size exceeded");
}

// ---- The author's functions

function callWrite(s) {
  let result;
  try {
    if (s.controller === undefined) {
      s.controller =
          s.realm === ownRealm ? new WritableStreamDefaultController(token, s) : s.realm.newController(s);
    }
    result = apply(s.write, s.sink, [s.chunkHead.chunk, s.controller]);
  } catch (error) {
    return rejectSink(s, error);
  }
  resolveSink(s, result, s.tickModel !== kTickModelWebIdl);
}

// From the core, in the middle of an operation: first its effects so far. These return the promise that the
// operation makes, if it was made.
function callClose(s, arg) {
  const fresh = replay(s, arg, undefined);
  callSinkMethod(s, s.close, []);
  return fresh?.promise;
}

function callAbort(s, arg) {
  const fresh = replay(s, arg, undefined);
  callSinkMethod(s, s.abort, [s.abortReason]);
  return fresh?.promise;
}

function callSinkMethod(s, method, args) {
  let result;
  try { result = apply(method, s.sink, args); } catch (error) { return rejectSink(s, error); }
  resolveSink(s, result, s.tickModel !== kTickModelWebIdl);
}

// A number; after a throw undefined, or null if undefined was thrown: the core has no name for an undefined value.
// There are no effects yet.
function callSize(s, chunk) {
  try {
    return +apply(s.size, undefined, [chunk]);
  } catch (error) {
    s.thrown = error;
    return error === undefined ? null : undefined;
  }
}

function signalAbort(s, arg) {
  replay(s, arg, undefined);
  s.realm.signalAbort(s, arg);
}

// ---- The promise of a sink's method
//
// Its result becomes a promise by Web IDL's rules: a new promise, resolved with the result. No author sees that promise,
// so it is not made; microtasks take its ticks.
//   https://webidl.spec.whatwg.org/#js-promise  https://tc39.es/ecma262/#sec-promise-resolve-functions

function resolveSink(s, value, itself) {
  if (typeof value !== "object" ? typeof value !== "function" : value === null) return soon(s.react);
  if (itself && IsPromise(value) && waitForPromiseItself(s, value)) return;
  let then;
  try { then = value.then; } catch (error) { return rejectSink(s, error); }
  if (typeof then !== "function") return soon(s.react);
  if (then !== promiseThen) return callOtherThen(s, value, then);
  // NewPromiseResolveThenableJob: a microtask calls `then`.
  if (s.callThen === undefined) makeReactions(s);
  s.sinkResult = value;
  soon(s.callThen);
}

function rejectSink(s, reason) {
  s.sinkRejected = true;
  s.sinkResult = reason;
  soon(s.react);
}

function makeReactions(s) {
  // A promise that has settled settles ours, which takes our reaction one tick more. What it was fulfilled with may
  // have become a thenable.
  s.onFulfilled = (value) => { resolveSink(s, value, false); };
  s.onRejected = (reason) => { rejectSink(s, reason); };
  s.callThen = () => {
    const promise = s.sinkResult;
    s.sinkResult = undefined;
    try { apply(promiseThen, promise, [s.onFulfilled, s.onRejected]); } catch (error) { rejectSink(s, error); }
  };
}

// Not the realm's own `then`: it gets resolving functions, of a promise that nobody else sees.
function callOtherThen(s, thenable, then) {
  let resolve, reject;
  const promise = new Promise_((a, b) => { resolve = a; reject = b; });
  // So that no species is looked up on it.
  setPrototypeOf(promise, null);
  apply(utilityThen, promise, [s.react, (reason) => {
    s.sinkRejected = true;
    s.sinkResult = reason;
    s.react();
  }]);
  soon(() => {
    try { apply(then, thenable, [resolve, reject]); } catch (error) { reject(error); }
  });
}

// The tick models of browsers: Promise.resolve(value). https://tc39.es/ecma262/#sec-promise-resolve
function waitForPromiseItself(s, promise) {
  try {
    if (promise.constructor !== Promise_) return false;
    apply(promiseThen, promise, [s.react, (reason) => {
      s.sinkRejected = true;
      s.sinkResult = reason;
      s.react();
    }]);
  } catch (error) {
    rejectSink(s, error);
  }
  return true;
}

// The core's reaction to it.
function reactionOf(s) {
  return () => {
    if (!s.sinkRejected) return void finish(Fulfilled(s.page, s.index, s), s, undefined);
    const reason = s.sinkResult;
    s.sinkRejected = false;
    s.sinkResult = undefined;
    finish(Rejected(s.page, s.index, s, reason), s, reason);
  };
}

// ---- Web IDL

const token = newRecord();  // what no author has

function isObject(value) { return typeof value === "object" ? value !== null : typeof value === "function"; }

function notCallable(name) { return new TypeError_("Failed to construct 'WritableStream': " + name + " is not a function"); }

// Where new.target has no prototype object, Web IDL wants that of the interface in new.target's realm; JavaScript has
// given Object.prototype of that realm. https://webidl.spec.whatwg.org/#js-platform-objects
function inherit(object, newTarget, which) {
  const prototype = PrototypeInstead(object, newTarget, which);
  if (prototype !== undefined) setPrototypeOf(object, prototype);
}

function illegal() { return new TypeError_("Illegal invocation"); }
function requireArgument(count, name) {
  if (count === 0) throw new TypeError_("Failed to construct '" + name + "': 1 argument required, but only 0 present");
}

// What newStream() hands to the constructor. No author has one.
class OwnOptions {
  #byteLimit;
  #tickModel;
  constructor(byteLimit, tickModel) {
    this.#byteLimit = byteLimit;
    this.#tickModel = tickModel;
  }
  static construct(options, s, flags, mark) {
    if (!isObject(options) || !(#byteLimit in options)) return Construct(s, flags, mark);
    return Construct(s, flags, mark, options.#byteLimit, options.#tickModel);
  }
}
const constructWith = OwnOptions.construct;

// The constructor's steps. They are a function of their own because V8 inlines small constructors.
function construct(s, underlyingSink, strategy, options) {
  if (underlyingSink !== undefined && !isObject(underlyingSink)) {
    throw new TypeError_("Failed to construct 'WritableStream': the underlying sink is not an object");
  }
  let flags = 0, mark, start;
  if (strategy !== undefined && strategy !== null) {
    if (!isObject(strategy)) throw new TypeError_("Failed to construct 'WritableStream': the strategy is not an object");
    mark = strategy.highWaterMark;
    if (mark !== undefined) mark = +mark;
    const size = strategy.size;
    if (size !== undefined && typeof size !== "function") throw notCallable("size");
    // The realm's own count size function returns 1, as the default does.
    if (size !== undefined && size !== countSize) {
      s.size = size;
      flags |= kHasSize;
    }
  }
  if (underlyingSink !== undefined) {
    s.sink = underlyingSink;
    const abort = underlyingSink.abort;
    if (abort !== undefined) {
      if (typeof abort !== "function") throw notCallable("abort");
      s.abort = abort;
      flags |= kHasAbort;
    }
    const close = underlyingSink.close;
    if (close !== undefined) {
      if (typeof close !== "function") throw notCallable("close");
      s.close = close;
      flags |= kHasClose;
    }
    start = underlyingSink.start;
    if (start !== undefined) {
      if (typeof start !== "function") throw notCallable("start");
      flags |= kHasStart;
    }
    if (underlyingSink.type !== undefined) flags |= kHasType;
    const write = underlyingSink.write;
    if (write !== undefined) {
      if (typeof write !== "function") throw notCallable("write");
      s.write = write;
      flags |= kHasWrite;
    }
  }
  s.react = reactionOf(s);
  s.page = options === undefined ? Construct(s, flags, mark) : constructWith(options, s, flags, mark);
  s.index = io[kIndex];
  s.tickModel = io[kTickModel];
  finish(io[kResult], s, undefined);
  if (start !== undefined) {
    s.controller = new WritableStreamDefaultController(token, s);
    resolveSink(s, apply(start, underlyingSink, [s.controller]), s.tickModel === kTickModelPromiseResolveStart);
  }
}

class WritableStream {
  #state;

  constructor(underlyingSink = undefined, strategy = undefined, options = undefined) {
    if (new.target !== WritableStream) inherit(this, new.target, kStream);
    construct(this.#state = newStreamState(), underlyingSink, strategy, options);
  }

  get locked() {
    const s = typeof this === "object" && this !== null && #state in this ? this.#state : foreignState(this, kStream);
    if (s === undefined) throw illegal();
    return Locked(s.page, s.index);
  }

  abort(reason = undefined) {
    const s = typeof this === "object" && this !== null && #state in this ? this.#state : foreignState(this, kStream);
    if (s === undefined) return rejectedPromise(illegal());
    return finish(StreamAbort(s.page, s.index, s, reason), s, reason);
  }

  close() {
    const s = typeof this === "object" && this !== null && #state in this ? this.#state : foreignState(this, kStream);
    if (s === undefined) return rejectedPromise(illegal());
    return finish(StreamClose(s.page, s.index, s), s, undefined);
  }

  getWriter() {
    const s = typeof this === "object" && this !== null && #state in this ? this.#state : foreignState(this, kStream);
    if (s === undefined) throw illegal();
    return new WritableStreamDefaultWriter(token, s);
  }

  static stateOf(object) { return #state in object ? object.#state : undefined; }
}

function streamArgument(stream, count) {
  requireArgument(count, "WritableStreamDefaultWriter");
  const s = streamState(stream);
  if (s !== undefined) return s;
  throw new TypeError_("Failed to construct 'WritableStreamDefaultWriter': the argument is not a WritableStream");
}

function constructWriter(s) {
  const w = newWriterState();
  w.page = NewWriter(s.page, s.index);
  w.index = io[kIndex];
  const result = io[kResult];
  if (result === 0) {
    s.writer = w;
    w.stream = s;
  }
  finish(result, s, undefined);
  return w;
}

class WritableStreamDefaultWriter {
  #state;

  // `state` is a stream's, for getWriter().
  constructor(stream, state = undefined) {
    if (new.target !== WritableStreamDefaultWriter) inherit(this, new.target, kWriter);
    this.#state = constructWriter(stream === token ? state : streamArgument(stream, arguments.length));
  }

  get closed() {
    const w = typeof this === "object" && this !== null && #state in this ? this.#state : foreignState(this, kWriter);
    if (w === undefined) return rejectedPromise(illegal());
    return (w.closed ??= w.realm.materialize(w.closedView, w.closedReason)).promise;
  }

  get desiredSize() {
    const w = typeof this === "object" && this !== null && #state in this ? this.#state : foreignState(this, kWriter);
    if (w === undefined) throw illegal();
    const result = DesiredSize(w.page, w.index);
    if (result === kReturnNumber) return facts[0];
    if (result === kReturnNull) return null;
    return finish(result, undefined, undefined);
  }

  get ready() {
    const w = typeof this === "object" && this !== null && #state in this ? this.#state : foreignState(this, kWriter);
    if (w === undefined) return rejectedPromise(illegal());
    return (w.ready ??= w.realm.materialize(w.readyView, w.readyReason)).promise;
  }

  abort(reason = undefined) {
    const w = typeof this === "object" && this !== null && #state in this ? this.#state : foreignState(this, kWriter);
    if (w === undefined) return rejectedPromise(illegal());
    const s = w.stream;  // of which the sink may release the writer meanwhile
    return finish(WriterAbort(w.page, w.index, s, reason), s, reason);
  }

  close() {
    const w = typeof this === "object" && this !== null && #state in this ? this.#state : foreignState(this, kWriter);
    if (w === undefined) return rejectedPromise(illegal());
    const s = w.stream;
    return finish(WriterClose(w.page, w.index, s), s, undefined);
  }

  releaseLock() {
    const w = typeof this === "object" && this !== null && #state in this ? this.#state : foreignState(this, kWriter);
    if (w === undefined) throw illegal();
    const s = w.stream;
    const result = ReleaseLock(w.page, w.index);
    finish(result, s, undefined);
    if (s === undefined) return;
    s.writer = undefined;
    w.stream = undefined;
  }

  write(chunk = undefined) {
    const w = typeof this === "object" && this !== null && #state in this ? this.#state : foreignState(this, kWriter);
    if (w === undefined) return rejectedPromise(illegal());
    const s = w.stream;
    const result = Write(w.page, w.index, s, chunk);
    // A chunk that waits in the queue, which may have filled it.
    const count = io[kCount];
    if (result === kReturnFresh && io[kFirstEffect] === kStoreWrite &&
        (count === 1 || (count === 2 && io[kFirstEffect + 2] === kNewReady))) {
      const record = newPending();
      record.chunk = chunk;
      pushRecord(s, record);
      if (s.chunkHead === undefined) s.chunkHead = record;
      if (count === 2) newReady(s.writer);
      io[kCount] = 0;
      return record.promise;
    }
    return finish(result, s, chunk);
  }

  static stateOf(object) { return #state in object ? object.#state : undefined; }
}

class WritableStreamDefaultController {
  #state;

  constructor(secret = undefined, state = undefined) {
    if (secret !== token) throw new TypeError_("Illegal constructor");
    this.#state = state;
  }

  get signal() {
    const s = typeof this === "object" && this !== null && #state in this ? this.#state : foreignState(this, kController);
    if (s === undefined) throw illegal();
    if (s.signal === undefined) {
      s.signal = s.realm.newSignal(s);
      s.signalReason = undefined;
    }
    return s.signal;
  }

  error(e = undefined) {
    const s = typeof this === "object" && this !== null && #state in this ? this.#state : foreignState(this, kController);
    if (s === undefined) throw illegal();
    finish(ControllerError(s.page, s.index, s, e), s, e);
  }

  static stateOf(object) { return #state in object ? object.#state : undefined; }
}

function markOf(init, count, name) {
  requireArgument(count, name);
  if (init !== undefined && init !== null && !isObject(init)) {
    throw new TypeError_("Failed to construct '" + name + "': the argument is not an object");
  }
  const mark = init === undefined || init === null ? undefined : init.highWaterMark;
  if (mark === undefined) throw new TypeError_("Failed to construct '" + name + "': highWaterMark is required");
  return +mark;
}

// https://streams.spec.whatwg.org/#blqs-class
const byteLengthSize = { size(chunk) { return chunk.byteLength; } }.size;

class ByteLengthQueuingStrategy {
  #mark;
  #size = byteLengthSize;
  constructor(init) {
    if (new.target !== ByteLengthQueuingStrategy) inherit(this, new.target, kByteLengthStrategy);
    this.#mark = markOf(init, arguments.length, "ByteLengthQueuingStrategy");
  }
  get highWaterMark() { return strategyState(ByteLengthQueuingStrategy, kByteLengthStrategy, this, 0); }
  get size() { return strategyState(ByteLengthQueuingStrategy, kByteLengthStrategy, this, 1); }
  static stateOf(object) { return #mark in object ? [object.#mark, object.#size] : undefined; }
}

// https://streams.spec.whatwg.org/#cqs-class
const countSize = { size() { return 1; } }.size;

class CountQueuingStrategy {
  #mark;
  #size = countSize;
  constructor(init) {
    if (new.target !== CountQueuingStrategy) inherit(this, new.target, kCountStrategy);
    this.#mark = markOf(init, arguments.length, "CountQueuingStrategy");
  }
  get highWaterMark() { return strategyState(CountQueuingStrategy, kCountStrategy, this, 0); }
  get size() { return strategyState(CountQueuingStrategy, kCountStrategy, this, 1); }
  static stateOf(object) { return #mark in object ? [object.#mark, object.#size] : undefined; }
}

// ---- Brands. An object of another realm of this isolate is one of ours, too: native code asks the other realms.

const stateOfStream = WritableStream.stateOf;
const stateOfWriter = WritableStreamDefaultWriter.stateOf;
const stateOfController = WritableStreamDefaultController.stateOf;
const stateOfByteLengthStrategy = ByteLengthQueuingStrategy.stateOf;
const stateOfCountStrategy = CountQueuingStrategy.stateOf;

function foreignState(object, which) { return isObject(object) ? StateInOtherRealm(object, which) : undefined; }
function streamState(object) {
  return isObject(object) ? stateOfStream(object) ?? StateInOtherRealm(object, kStream) : undefined;
}
function strategyState(interface_, which, object, field) {
  const stateOf = which === kCountStrategy ? stateOfCountStrategy : stateOfByteLengthStrategy;
  const state = isObject(object) ? stateOf(object) ?? StateInOtherRealm(object, which) : undefined;
  if (state === undefined) throw illegal();
  return state[field];
}

// ---- For C++ (src/v8/streams.h)

// With options of its own. `byteLimit` is a BigInt, or null for none.
function newStream(sink, strategy, byteLimit, tickModel) {
  return new WritableStream(sink, strategy, new OwnOptions(byteLimit, tickModel));
}

function errorStream(stream, e) {
  const s = streamState(stream);
  finish(ErrorStream(s.page, s.index, s, e), s, e);
}

function closeWithErrorPropagation(writer) {
  const w = stateOfWriter(writer) ?? foreignState(writer, kWriter);
  const s = w.stream;
  return finish(CloseWithErrorPropagation(w.page, w.index, s), s, undefined);
}

// ---- Exposure. https://webidl.spec.whatwg.org/#es-interfaces

for (const made of [WritableStream, WritableStreamDefaultWriter, WritableStreamDefaultController,
                    ByteLengthQueuingStrategy, CountQueuingStrategy]) {
  delete made.stateOf;
  for (const key of Reflect.ownKeys(made.prototype)) {
    if (key !== "constructor") Object.defineProperty(made.prototype, key, { enumerable: true });
  }
  Object.defineProperty(made.prototype, Symbol.toStringTag, { value: made.name, configurable: true });
  Object.defineProperty(globalThis, made.name, { value: made, writable: true, configurable: true });
}

Publish(callSize, callClose, callAbort, signalAbort, newStream, errorStream, closeWithErrorPropagation,
        [stateOfStream, stateOfWriter, stateOfController, stateOfByteLengthStrategy, stateOfCountStrategy],
        [WritableStream.prototype, WritableStreamDefaultWriter.prototype, WritableStreamDefaultController.prototype,
         ByteLengthQueuingStrategy.prototype, CountQueuingStrategy.prototype, Object.prototype]);
