// The author's side of fuzz/v8/v8_subject.cc, as an author would write it. Its value is a function that performs an operation
// and returns [whether it threw, what it returned or threw].
//
// `call(kind, stream, ...)` is the author's function of that kind, which the driver plays; `settled` is what it sees of promises. The others
// are what JavaScript cannot do (src/v8/streams.h); newStream returns [exception] where the constructor throws.
(function (kinds, call, settled, newStream, errorStream, closeWithErrorPropagation) {
  const { start, size, write, close, abort, signal, getThen, then } = kinds;

  // Of the streams of one program: what the first one has, the streams that are being constructed, and whose signals there are.
  let first = {};
  const constructing = [];
  let signals = new Map();

  // A built-in strategy must be given a highWaterMark; of one without, only the size function is used.
  function makeStrategy({ stream, highWaterMark, strategy, hasSize }) {
    if (strategy !== undefined) {
      const builtIn = new globalThis[strategy]({ highWaterMark: highWaterMark ?? 1 });
      return highWaterMark !== undefined ? builtIn : { size: builtIn.size };
    }
    const made = {};
    if (highWaterMark !== undefined) made.highWaterMark = highWaterMark;
    if (hasSize) made.size = (chunk) => call(size, stream, chunk);
    return made;
  }

  function makeSink(has) {
    const { stream } = has;
    const sink = {};
    const listeners = has.sharesSignal ? first.listeners : has.ownListeners;
    if (has.start) {
      sink.start = (controller) => {
        const starting = constructing[constructing.length - 1];
        if (has.listeners > 0) signals.set(controller.signal, starting);
        for (let i = 0; i < has.listeners; ++i) {
          listeners[i] ??= (event) => call(signal, signals.get(event.target));
          controller.signal.addEventListener("abort", listeners[i]);
        }
        return call(start, starting, undefined, controller);
      };
    }
    if (has.write) sink.write = (chunk, controller) => call(write, stream, chunk, controller);
    if (has.close) sink.close = () => call(close, stream);
    if (has.abort) sink.abort = (reason) => call(abort, stream, reason);
    return sink;
  }

  function construct(has) {
    has.ownListeners = [];
    if (has.stream === 0) {
      signals = new Map();
      constructing.length = 0;
      first = { listeners: has.ownListeners };
    }
    const sink = has.sharesSink ? first.sink : makeSink(has);
    const strategy = has.sharesStrategy ? first.strategy : makeStrategy(has);
    if (has.stream === 0) Object.assign(first, { sink, strategy });
    constructing.push(has.stream);
    const made = newStream(sink, strategy);
    constructing.pop();
    if (Array.isArray(made)) throw made[0];
    return made;
  }

  const operations = {
    construct,
    locked: (stream) => stream.locked,
    streamAbort: (stream, reason) => stream.abort(reason),
    streamClose: (stream) => stream.close(),
    getWriter: (stream) => stream.getWriter(),
    constructWriter: (stream) => new WritableStreamDefaultWriter(stream),
    closed: (writer) => writer.closed,
    ready: (writer) => writer.ready,
    desiredSize: (writer) => writer.desiredSize,
    writerAbort: (writer, reason) => writer.abort(reason),
    writerClose: (writer) => writer.close(),
    releaseLock: (writer) => writer.releaseLock(),
    write: (writer, chunk) => writer.write(chunk),
    controllerError: (controller, error) => controller.error(error),
    signalAborted: (controller) => controller.signal.aborted,
    signalReason: (controller) => controller.signal.reason,
    errorStream: (stream, error) => errorStream(stream, error),
    closeWithErrorPropagation: (writer) => closeWithErrorPropagation(writer),
    object: () => ({}),
    repeat: (units, count) => units.repeat(count),
    // An array buffer for a string that is too long for this engine: with the string's bytes and, like a string, no byteLength.
    standIn: (buffer) => Object.defineProperty(buffer, "byteLength", { value: undefined }),
    thenable: () => {
      const thenable = {
        get then() {
          const value = call(getThen, 0, thenable);
          return typeof value === "number" ? value : (resolve, reject) => call(then, 0, thenable, resolve, reject);
        },
      };
      return thenable;
    },
    observe: (promise, id) => {
      promise.then((value) => settled(id, true, value), (reason) => settled(id, false, reason));
    },
  };
  return (name, target, argument) => {
    try { return [false, operations[name](target, argument)]; } catch (error) { return [true, error]; }
  };
});
