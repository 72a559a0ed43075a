// Runs one program on any WritableStream and writes its trace, line for line as `sluice-fuzz trace` does.
//
// `program` is made by fuzz/program/javascript.cc. `realm` is what is tested and what the host offers:
//   WritableStream, WritableStreamDefaultWriter, CountQueuingStrategy, ByteLengthQueuingStrategy
//                       the classes under test
//   createWritableStream(sink, strategy, {byteLimit, tickModel})
//                       makes a stream with options of its own; only programs that have such options need it
//   print(line)         writes one line
//   drained()           a promise that is fulfilled once the microtask queue has been empty
//   detach(buffer)      transfers an ArrayBuffer elsewhere; without it, structuredClone() does
//   unhandled           promises that were rejected without a handler, as [promise, reason], in order; may be undefined
//   mostLines           of a trace; what comes after them is left out. May be undefined
//   hasNoSignal         true where controllers have no signal: it is not read then
// Only what any runtime has is used, so that the same text runs everywhere.
async function runProgram(program, realm) {
  const lines = [];
  let depth = 0;
  const emit = (text) => { if (!(lines.length >= realm.mostLines)) lines.push("  ".repeat(depth) + text); };
  const begin = (text) => { emit(text); ++depth; };
  const end = (text) => { --depth; emit("-> " + text); };

  // Names by first appearance.
  const promiseNames = new Map();
  const errorNames = { TypeError: new Map(), RangeError: new Map(), AbortError: new Map() };
  const nameIn = (map, value) => {
    if (!map.has(value)) map.set(value, map.size + 1);
    return map.get(value);
  };
  const writerNames = new Map();  // of those that are chunks
  const promiseName = (promise) => "p" + nameIn(promiseNames, promise);
  const reasons = [0, 1, 2, 3].map((n) => ({ reason: "r" + n }));
  const reasonOf = (r) => (r < reasons.length ? reasons[r] : undefined);
  const thenables = new Map();
  const chunks = program.chunks.map(makeChunk);
  const detached = new Set();

  function makeChunk(chunk) {
    switch (chunk.kind) {
      case "string": return String.fromCharCode(...chunk.units).repeat(chunk.count);
      case "buffer": return new ArrayBuffer(chunk.count);
      case "shared": return new SharedArrayBuffer(chunk.count);
      case "view": return new Uint8Array(chunk.count);
      case "object": return { chunk: chunk.text };
      case "number": return chunk.tag;
      default: return undefined;
    }
  }

  // What the author has of a writer is what it is when it is written, and gets its name then; the other chunks are made once.
  function chunkOf(index) {
    const { kind, tag } = program.chunks[index];
    if (kind !== "writer" && kind !== "ready" && kind !== "closed") return chunks[index];
    const value = kind === "writer" ? writers[tag] : writers[tag]?.[kind];
    if (value !== undefined) nameIn(kind === "writer" ? writerNames : promiseNames, value);
    return value;
  }

  function errorKind(value) {
    if (value instanceof TypeError) return "TypeError";
    if (value instanceof RangeError) return "RangeError";
    if (value !== null && typeof value === "object" && value.name === "AbortError") return "AbortError";
    // Another realm's errors.
    if (value !== null && typeof value === "object" && value.name in errorNames) return value.name;
    return undefined;
  }

  function text(value, isChunk) {
    if (value === undefined) return "undefined";
    if (writerNames.has(value)) return "writer#" + nameIn(writerNames, value);
    if (isChunk) {
      const index = chunks.findIndex((chunk) => Object.is(chunk, value));
      if (index >= 0) return program.chunks[index].text;
    }
    if (value === null) return "null";
    if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
    if (typeof value === "boolean") return String(value);
    if (reasons.includes(value)) return value.reason;
    if (promiseNames.has(value)) return promiseName(value);
    if (thenables.has(value)) return "thenable#" + thenables.get(value);
    const kind = errorKind(value);
    if (kind !== undefined) return kind + "#" + nameIn(errorNames[kind], value);
    if (value instanceof Promise || (typeof value === "object" && typeof value.then === "function")) return promiseName(value);
    return "something else: " + String(value).split("\n")[0];
  }

  // ---- The author's functions
  // Of each stream: how often its functions were called, what they returned and nobody settled yet, and what the author has of it.
  const streams = program.streams.map((settings) => ({
    settings, calls: {}, pending: { start: [], write: [], close: [], abort: [], then: [] },
    named: false, stream: undefined, controller: undefined, sink: undefined, strategy: undefined, listeners: [],
  }));
  const constructing = [];     // the streams that are being constructed, the innermost last
  const signals = new Map();   // by signal: its stream
  const prefix = (stream) => (stream === 0 ? "" : `s${stream}.`);
  const callText = {
    start: "sink.start", size: "strategy.size", write: "sink.write", close: "sink.close", abort: "sink.abort",
    signal: "signal abort listener", getThen: "getThen", then: "then",
  };
  let callDepth = 0;
  const writers = [undefined, undefined, undefined, undefined];

  // `owner`: whose function it is; `caller`: the stream that calls it, as far as the author can tell.
  function call(kind, owner, caller, argument, resolvers) {
    const { calls } = streams[owner];
    const number = (calls[kind] = (calls[kind] ?? 0) + 1);
    const shown = kind === "size" || kind === "write" ? text(argument, true) : kind === "abort" ? text(argument) : "";
    ++callDepth;
    begin(prefix(caller) + callText[kind] + "(" + shown + ") #" + number);
    const script = program.scripts.filter((s) => s.call === kind && s.stream === owner)[number - 1];
    if (script !== undefined) performScript(script.ops);
    const outcome = endCall(kind, owner, script?.end, resolvers);
    --callDepth;
    end((outcome.thrown ? "threw " : "returned ") + text(outcome.value));
    if (outcome.thrown) throw outcome.value;
    return outcome.value;
  }

  function endCall(kind, owner, how, resolvers) {
    if (how === undefined) {
      if (kind === "then") resolvers.resolve();
      return { value: kind === "size" ? 1 : undefined };
    }
    const reason = reasonOf(how.reason);
    switch (how.kind) {
      case "return": return { value: undefined };
      case "number": return { value: Number(how.number) };
      case "throw": return { thrown: true, value: reason };
      case "thenable": {
        if (kind === "then") return { value: undefined };
        const thenable = {
          get then() {
            const value = call("getThen", 0, 0);
            return typeof value === "number" ? value : (resolve, reject) => call("then", 0, 0, undefined, { resolve, reject });
          },
        };
        thenables.set(thenable, thenables.size);
        return { value: thenable };
      }
    }
    if (kind === "then") {
      if (how.kind === "resolved") resolvers.resolve();
      if (how.kind === "rejected") resolvers.reject(reason);
      if (how.kind === "pending") streams[0].pending.then.push(resolvers);
      return { value: undefined };
    }
    let resolvers2;
    const promise = new Promise((resolve, reject) => { resolvers2 = { resolve, reject }; });
    promiseName(promise);
    if (how.kind === "resolved") resolvers2.resolve();
    if (how.kind === "rejected") resolvers2.reject(reason);
    if (how.kind === "pending") streams[owner].pending[kind]?.push(resolvers2);
    return { value: promise };
  }

  // ---- Operations
  const observed = new Set();
  function watch(promise) {
    if (observed.has(promise)) return;
    observed.add(promise);
    promise.then((value) => emit(promiseName(promise) + " fulfilled with " + text(value)),
                 (reason) => emit(promiseName(promise) + " rejected with " + text(reason)));
  }

  function promiseResult(promise, op) {
    if (!op.unobserved) watch(promise);
    return promise;
  }

  // By the words of fuzz/program/language.cc.
  const isMet = {
    nothing: () => true,
    stream: (op) => streams[op.stream].stream !== undefined,
    newName: (op) => !streams[op.stream].named,
    writer: (op) => writers[op.writer] !== undefined,
    controller: (op) => streams[op.stream].controller !== undefined,
    controllerOrStream: (op) => streams[op.stream].controller !== undefined || streams[op.stream].stream !== undefined,
    pending: (op) => streams[op.stream].pending[op.source].length > 0,
    emptyStack: () => callDepth === 0,
    repeats: (op) => op.count - 1 <= repeatsLeft,
  };
  let repeatsLeft = program.mostRepeats;

  function skipped(op) { return isMet[op.needs](op) ? undefined : program.unmet[op.needs]; }

  function property(name, read) {
    let shown;
    try { shown = " = " + text(read()); } catch (error) { shown = " threw " + text(error); }
    emit(name + shown);
  }

  // A promise that a property holds.
  function promiseProperty(name, promise) { emit(name + " = " + promiseName(promise)); }

  function detach(chunk) {
    const buffer = chunk instanceof ArrayBuffer ? chunk : chunk.buffer;
    if (detached.has(buffer)) return;
    detached.add(buffer);
    if (realm.detach !== undefined) realm.detach(buffer); else structuredClone(buffer, { transfer: [buffer] });
  }

  function perform(op) {
    const writer = writers[op.writer];
    const { stream, controller, pending } = streams[op.stream ?? 0];
    switch (op.kind) {
      case "constructStream": construct(op.stream); return undefined;
      case "getWriter": writers[op.writer] = stream.getWriter(); return undefined;
      case "constructWriter": writers[op.writer] = new realm.WritableStreamDefaultWriter(stream); return undefined;
      case "write": return promiseResult(writer.write(chunkOf(op.chunk)), op);
      case "close": return promiseResult(writer.close(), op);
      case "abort": return promiseResult(writer.abort(reasonOf(op.reason)), op);
      case "releaseLock": writer.releaseLock(); return undefined;
      case "streamAbort": return promiseResult(stream.abort(reasonOf(op.reason)), op);
      case "streamClose": return promiseResult(stream.close(), op);
      case "error": controller.error(reasonOf(op.reason)); return undefined;
      case "resolve": pending[op.source].shift().resolve(); return undefined;
      case "reject": pending[op.source].shift().reject(reasonOf(op.reason)); return undefined;
      case "readWriter":
        property("desiredSize", () => writer.desiredSize);
        promiseProperty("ready", writer.ready);
        promiseProperty("closed", writer.closed);
        return undefined;
      case "readStream":
        if (stream !== undefined) property("locked", () => stream.locked);
        if (controller !== undefined && !realm.hasNoSignal) {
          property("signal.aborted", () => controller.signal.aborted);
          property("signal.reason", () => controller.signal.reason);
        }
        return undefined;
      case "times": return undefined;  // timesOf
      case "detach": detach(chunks[op.chunk]); return undefined;
      case "watchReady": return promiseResult(writer.ready, { unobserved: false });
      case "watchClosed": return promiseResult(writer.closed, { unobserved: false });
    }
    throw new Error("this operation cannot be expressed in JavaScript: " + op.text);
  }

  function performSync(op) {
    const why = skipped(op);
    if (why !== undefined) return emit(op.text + "  (skipped: " + why + ")");
    begin(op.text);
    ++callDepth;
    let shown;
    try {
      const value = perform(op);
      if (value !== undefined) promiseName(value);
      shown = value === undefined ? "done" : "returned " + promiseName(value);
    } catch (error) {
      shown = "threw " + text(error);
    }
    --callDepth;
    end(shown);
  }

  // How often "times" lets the next operation be performed.
  function timesOf(op) {
    if (skipped(op) !== undefined) {
      performSync(op);
      return 1;
    }
    repeatsLeft -= op.count - 1;
    return op.count;
  }

  function performScript(ops) {
    let times = 1;
    for (const op of ops) {
      if (op.kind === "times") {
        times = timesOf(op);
        continue;
      }
      if (op.needs === "emptyStack") times = 1;
      for (; times > 1; --times) performSync(op);
      performSync(op);
    }
  }

  // ---- The streams
  // A built-in strategy must be given a highWaterMark; of one without, only the size function is used.
  function makeStrategy(index, settings) {
    const highWaterMark = Number(settings.highWaterMark);
    if (settings.strategy !== undefined) {
      const builtIn = new realm[settings.strategy]({ highWaterMark });
      return settings.highWaterMark !== undefined ? builtIn : { size: builtIn.size };
    }
    const strategy = {};
    if (settings.highWaterMark !== undefined) strategy.highWaterMark = highWaterMark;
    if (settings.methods.includes("size")) strategy.size = (chunk) => call("size", index, index, chunk);
    return strategy;
  }

  function makeStream(settings, sink, strategy) {
    if (settings.byteLimit === undefined && settings.tickModel === undefined) return new realm.WritableStream(sink, strategy);
    const byteLimit = settings.byteLimit === undefined ? Infinity : BigInt(settings.byteLimit);
    return realm.createWritableStream(sink, strategy, { byteLimit, tickModel: settings.tickModel });
  }

  // `write` gets the controller of the stream that calls it. Where `start` did not, the stream is the sink's own.
  function streamOf(controller, owner) {
    const known = streams.findIndex((s) => s.controller === controller);
    if (known >= 0) return known;
    streams[owner].controller = controller;
    return owner;
  }

  // Listeners are functions of the stream whose signal they are on, unless two streams share them.
  function listen(owner, controller) {
    const listeners = program.scripts.filter((s) => s.call === "signal" && s.stream === owner).length;
    for (let i = 0; i < listeners; ++i) {
      signals.set(controller.signal, constructing[constructing.length - 1]);
      streams[owner].listeners[i] ??= (event) => {
        try { call("signal", owner, signals.get(event.target)); }
        catch (error) { emit("the listener's exception was reported: " + text(error)); }
      };
      controller.signal.addEventListener("abort", streams[owner].listeners[i]);
    }
  }

  function makeSink(index, settings) {
    const has = (method) => settings.methods.includes(method);
    const sink = {};
    if (has("start")) {
      sink.start = (controller) => {
        const starting = constructing[constructing.length - 1];
        streams[starting].controller = controller;
        listen(settings.shares.includes("signal") ? 0 : index, controller);
        return call("start", index, starting);
      };
    }
    if (has("write")) {
      sink.write = (chunk, controller) => call("write", index, streamOf(controller, index), chunk);
    }
    if (has("close")) sink.close = () => call("close", index, index);
    if (has("abort")) sink.abort = (reason) => call("abort", index, index, reason);
    return sink;
  }

  function construct(index) {
    const of = streams[index];
    const { shares } = of.settings;
    of.named = true;
    of.sink = shares.includes("sink") ? streams[0].sink : makeSink(index, of.settings);
    of.strategy = shares.includes("strategy") ? streams[0].strategy : makeStrategy(index, of.settings);
    constructing.push(index);
    try { of.stream = makeStream(of.settings, of.sink, of.strategy); } finally { constructing.pop(); }
  }

  begin("new WritableStream(sink, strategy)");
  ++callDepth;
  let made = "made the stream";
  try { construct(0); } catch (error) { made = "threw " + text(error); }
  --callDepth;
  end(made);
  let times = 1;
  for (const op of [...program.ops, ...program.epilogue.map((op) => ({ ...op, epilogue: true }))]) {
    if (op.epilogue && op.kind === "readWriter" && writers[op.writer] === undefined) continue;
    if (op.epilogue && op.kind === "readStream" && !streams[op.stream].named) continue;
    if (op.kind === "times") {
      times = timesOf(op);
      continue;
    }
    if (op.needs !== "emptyStack") {
      for (; times > 1; --times) performSync(op);
      performSync(op);
      continue;
    }
    times = 1;
    // Awaited here and not in a function of its own, whose return would cost microtasks.
    begin(op.text);
    switch (op.kind) {
      case "tick":
        for (let i = 0; i < op.count; ++i) await undefined;
        break;
      case "run":
        await realm.drained();
        for (const [promise, reason] of realm.unhandled?.splice(0) ?? []) {
          emit("unhandled rejection of " + promiseName(promise) + ": " + text(reason));
        }
        break;
      default:
        throw new Error("this operation cannot be expressed in JavaScript: " + op.text);
    }
    end("done");
  }
  lines.forEach((line, index) => realm.print(String(index + 1).padStart(4) + "  " + line));
}
