// The author's side of fuzz/v8/v8_subject.cc, as an author would write it. Its value is a function that performs an operation
// and returns [whether it threw, what it returned or threw].
//
// `call(kind, ...)` is the author's function of that kind, which the driver plays. The other functions are what JavaScript cannot
// do (src/v8/streams.h).
(function (kinds, call, newStream, errorStream, closeWithErrorPropagation) {
  const { start, size, write, close, abort, signal, getThen, then } = kinds;

  // A built-in strategy must be given a highWaterMark; of one without, only the size function is used.
  function makeStrategy({ highWaterMark, strategy, hasSize }) {
    if (strategy !== undefined) {
      const builtIn = new globalThis[strategy]({ highWaterMark: highWaterMark ?? 1 });
      return highWaterMark !== undefined ? builtIn : { size: builtIn.size };
    }
    const made = {};
    if (highWaterMark !== undefined) made.highWaterMark = highWaterMark;
    if (hasSize) made.size = (chunk) => call(size, chunk);
    return made;
  }

  function makeSink(has) {
    const sink = {};
    if (has.start) {
      sink.start = (controller) => {
        for (let i = 0; i < has.listeners; ++i) controller.signal.addEventListener("abort", () => call(signal));
        return call(start, undefined, controller);
      };
    }
    if (has.write) sink.write = (chunk, controller) => call(write, chunk, controller);
    if (has.close) sink.close = () => call(close);
    if (has.abort) sink.abort = (reason) => call(abort, reason);
    return sink;
  }

  const operations = {
    construct: (options) => newStream(makeSink(options), makeStrategy(options)),
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
          const value = call(getThen, thenable);
          return typeof value === "number" ? value : (resolve, reject) => call(then, thenable, resolve, reject);
        },
      };
      return thenable;
    },
    observe: (promise, settled) => {
      promise.then((value) => settled(true, value), (reason) => settled(false, reason));
    },
  };
  return (name, target, argument) => {
    try { return [false, operations[name](target, argument)]; } catch (error) { return [true, error]; }
  };
});
