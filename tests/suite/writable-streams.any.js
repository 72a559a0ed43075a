// META: global=window,worker,shadowrealm
'use strict';

// Made by `scripts/mutants --suite`; tests/suite/README.md describes it. Above each test are the steps of the standard that no other test
// here checks: without the test, an implementation that has one of them wrong would pass.

// What happens in a test, in order. `report` calls a method, and records how the promise that it returns is settled. `nameOf` gives a promise
// the first name that it is called by, so that two reads of one promise give the same name.
function record() {
  const events = [];
  const names = new Map();
  const nameOf = (name, promise) => names.get(promise) ?? (names.set(promise, name), name);
  const text = (value) => `${value?.name ?? value}`;
  const report = (name, method) => {
    try {
      const promise = method();
      nameOf(name, promise);
      promise.then(() => events.push(`${name} fulfilled`), (error) => events.push(`${name} rejected: ${text(error)}`));
    } catch (error) { events.push(`${name} threw ${text(error)}`); }
  };
  return { events, report, nameOf, text };
}

// Until all microtasks have run.
const turn = () => new Promise((resolve) => step_timeout(resolve, 0));

// https://streams.spec.whatwg.org/#ws-default-controller-error, step 2: The first error wins
// https://streams.spec.whatwg.org/#set-up-writable-stream-default-writer, step 7.2: It has closed already
// https://streams.spec.whatwg.org/#writable-stream-abort, step 1: Too late: the stream has ended
// and 8 other steps
promise_test(async () => {
  const { events, report, text } = record();

  let controller;
  const stream = new WritableStream({
    start(c) { controller = c; },
    write(chunk) { events.push(`sink.write ${chunk}`); },
    close() { events.push("sink.close"); },
    abort(reason) { events.push(`sink.abort ${text(reason)}`); },
  }, { size() { events.push("size"); return 1; } });
  const writer0 = stream.getWriter();
  report("close 1", () => writer0.close());
  await turn();
  report("write", () => writer0.write("a"));
  report("close 2", () => writer0.close());
  report("abort", () => writer0.abort("r1"));
  controller.error("r2");
  events.push(`locked ${stream.locked}`);
  events.push(`signal ${controller.signal.aborted} ${text(controller.signal.reason)}`);
  writer0.releaseLock();
  const writer1 = new WritableStreamDefaultWriter(stream);
  report("ready", () => writer1.ready);
  report("closed", () => writer1.closed);
  await turn();

  assert_array_equals(events, [
    "sink.close", "close 1 fulfilled", "locked true", "signal false undefined", "write rejected: TypeError",
    "close 2 rejected: TypeError", "abort fulfilled", "ready fulfilled", "closed fulfilled",
  ], 'events should happen in this order');
}, 'close(), then a turn later write(), then close(), then abort(), then controller.error(), then releaseLock(), then new ' +
   'WritableStreamDefaultWriter(): ready is fulfilled');

// https://streams.spec.whatwg.org/#reset-queue, step 2: Drops the references to all chunks
// https://streams.spec.whatwg.org/#writable-stream-add-write-request, step 3: It settles when the sink has taken the chunk
// https://streams.spec.whatwg.org/#writable-stream-add-write-request, step 4: One request for each queued chunk, in order
// and 6 other steps
promise_test(async () => {
  const { events, report } = record();

  let endWrite, writes = 0;
  const stream = new WritableStream({
    write(chunk) {
      events.push(`sink.write ${chunk}`);
      ++writes;
      if (writes === 1) { report("write 1", () => writer.write("b")); }
      if (writes === 2) {
        report("write 2", () => writer.write("c"));
        return new Promise((resolve) => { endWrite = resolve; });
      }
      if (writes === 3) { report("close 1", () => stream.close()); throw "r0"; }
    },
  }, { highWaterMark: 1 });
  await turn();
  const writer = stream.getWriter();
  report("write 3", () => writer.write("a"));
  await turn();
  report("close 2", () => writer.close());
  writer.releaseLock();
  endWrite();
  await turn();

  assert_array_equals(events, [
    "sink.write a", "sink.write b", "write 3 fulfilled", "sink.write c", "write 1 fulfilled",
    "close 1 rejected: TypeError", "write 2 rejected: r0", "close 2 rejected: r0",
  ], 'events should happen in this order');
}, 'write(), then a turn later close(), then releaseLock(), then fulfilling the promise of write(), where write() calls ' +
   'write(), write() calls write() and stays pending and write() calls stream.close() and throws: the sink\'s write() is ' +
   'called with c');

// https://streams.spec.whatwg.org/#dequeue-value, step 5: Its size was added by EnqueueValueWithSize
// https://streams.spec.whatwg.org/#writable-stream-update-backpressure, step 4.2, 4.2.1, 4.2.2: There is room again
// https://streams.spec.whatwg.org/#writable-stream-update-backpressure, step 5: A writer that is acquired later reads it
// and 4 other steps
promise_test(async () => {
  const { events, report, nameOf } = record();

  let endWrite;
  const stream = new WritableStream({
    start() {},
    write(chunk) { events.push(`sink.write ${chunk}`); return new Promise((resolve) => { endWrite = resolve; }); },
  }, { highWaterMark: 1 });
  const writer = stream.getWriter();
  await turn();
  report("write", () => writer.write("a"));
  report("ready", () => writer.ready);
  events.push(`desiredSize ${writer.desiredSize}`);
  events.push(`ready is ${nameOf("the ready of read", writer.ready)}`);
  events.push(`closed is ${nameOf("the closed of read", writer.closed)}`);
  await turn();
  endWrite();
  await turn();

  assert_array_equals(events, [
    "sink.write a", "desiredSize 0", "ready is ready", "closed is the closed of read", "write fulfilled",
    "ready fulfilled",
  ], 'events should happen in this order');
}, 'write(), then a turn later fulfilling the promise of write(), where write() stays pending: ready is fulfilled');

// https://streams.spec.whatwg.org/#dequeue-value, step 6: Rounding may have left less than nothing
// https://streams.spec.whatwg.org/#writable-stream-default-writer-release, step 5: `ready` rejects
// https://streams.spec.whatwg.org/#writable-stream-default-writer-release, step 6: `closed` rejects
// and 1 other step
promise_test(async () => {
  const { events, report } = record();

  let writes = 0;
  const stream = new WritableStream({
    write(chunk) {
      events.push(`sink.write ${chunk}`);
      ++writes;
      if (writes === 1) { report("write 1", () => writer.write("b")); }
      if (writes === 2) { report("ready", () => writer.ready); return new Promise(() => {}); }
    },
  }, { highWaterMark: 1 });
  await turn();
  const writer = stream.getWriter();
  report("write 2", () => writer.write("a"));
  await turn();
  report("closed", () => writer.closed);
  writer.releaseLock();
  await turn();

  assert_array_equals(events, [
    "sink.write a", "sink.write b", "write 2 fulfilled", "ready rejected: TypeError",
    "closed rejected: TypeError",
  ], 'events should happen in this order');
}, 'write(), then a turn later releaseLock(), where write() calls write() and write() stays pending: ready is rejected with ' +
   'TypeError');

// https://streams.spec.whatwg.org/#is-non-negative-number, step 2: NaN is not less than 0
// https://streams.spec.whatwg.org/#set-up-writable-stream-default-controller, step 8: size(), or 1
// https://streams.spec.whatwg.org/#set-up-writable-stream-default-controller-from-underlying-sink, step 9: The host performs abort()
// and 2 other steps
promise_test(async () => {
  const { events, report } = record();

  const stream = new WritableStream({
    start() {},
    write(chunk) { events.push(`sink.write ${chunk}`); },
  }, { size() { events.push("size"); return NaN; } });
  const writer = stream.getWriter();
  await turn();
  report("ready", () => writer.ready);
  report("closed", () => writer.closed);
  report("write 1", () => writer.write("a"));
  await turn();
  report("write 2", () => writer.write("b"));
  await turn();

  assert_array_equals(events, [
    "size", "ready fulfilled", "closed rejected: RangeError", "write 1 rejected: RangeError",
    "write 2 rejected: RangeError",
  ], 'events should happen in this order');
}, 'write(), then a turn later write(), where size() returns NaN: ready is fulfilled, and not before it: the sink\'s write() ' +
   'is called with a');

// https://streams.spec.whatwg.org/#is-non-negative-number, step 3: -0 is not less than 0
// https://streams.spec.whatwg.org/#set-up-writable-stream-default-writer, step 1: A stream has one writer at a time
promise_test(async () => {
  const { events, report, text } = record();

  let writer;
  const stream = new WritableStream({
    write(chunk) { events.push(`sink.write ${chunk}`); },
  }, { highWaterMark: 1, size() {
  events.push("size");
  try { writer = stream.getWriter(); } catch (error) { events.push(`getWriter 1 threw ${text(error)}`); }
  return -1;
} });
  await turn();
  writer = stream.getWriter();
  report("write", () => writer.write("a"));
  await turn();

  assert_array_equals(events, [
    "size", "getWriter 1 threw TypeError", "write rejected: RangeError",
  ], 'events should happen in this order');
}, 'write(), where size() calls getWriter() and returns -1: the promise of write() is rejected with RangeError');

// https://streams.spec.whatwg.org/#set-up-writable-stream-default-writer, step 6.3: `closed` waits until the stream has errored
// https://streams.spec.whatwg.org/#writable-stream-start-erroring, step 9: Finishes now, unless start() or the sink is still running
// No step: shared by several
promise_test(async () => {
  const { events, report } = record();

  let controller, endWrite;
  const stream = new WritableStream({
    start(c) { controller = c; },
    write(chunk) { events.push(`sink.write ${chunk}`); return new Promise((resolve) => { endWrite = resolve; }); },
  });
  const writer0 = stream.getWriter();
  await turn();
  report("write", () => writer0.write("a"));
  controller.error("r1");
  writer0.releaseLock();
  const writer1 = stream.getWriter();
  report("ready", () => writer1.ready);
  report("closed", () => writer1.closed);
  await turn();
  endWrite();
  await turn();

  assert_array_equals(events, [
    "sink.write a", "ready rejected: r1", "write fulfilled", "closed rejected: r1",
  ], 'events should happen in this order');
}, 'write(), then controller.error(), then releaseLock(), then getWriter(), then a turn later fulfilling the promise of ' +
   'write(), where write() stays pending: ready is rejected with r1');

// https://streams.spec.whatwg.org/#set-up-writable-stream-default-writer, step 8.5, 8.6: Also marked as handled
// https://streams.spec.whatwg.org/#writable-stream-default-writer-get-desired-size, step 3: null: the stream fails
// No step: shared by several
promise_test(async () => {
  const { events, report, nameOf, text } = record();

  let controller;
  const stream = new WritableStream({
    start(c) { controller = c; },
    write(chunk) { events.push(`sink.write ${chunk}`); },
    close() { events.push("sink.close"); },
    abort(reason) { events.push(`sink.abort ${text(reason)}`); },
  }, { size() { events.push("size"); return 1; } });
  const writer0 = stream.getWriter();
  await turn();
  controller.error("r1");
  report("write", () => writer0.write("a"));
  report("close", () => writer0.close());
  report("abort", () => writer0.abort("r2"));
  events.push(`desiredSize ${writer0.desiredSize}`);
  events.push(`ready is ${nameOf("the ready of read", writer0.ready)}`);
  events.push(`closed is ${nameOf("the closed of read", writer0.closed)}`);
  writer0.releaseLock();
  const writer1 = new WritableStreamDefaultWriter(stream);
  report("ready", () => writer1.ready);
  report("closed", () => writer1.closed);
  await turn();

  assert_array_equals(events, [
    "desiredSize null", "ready is the ready of read", "closed is the closed of read", "write rejected: r1",
    "close rejected: TypeError", "abort fulfilled", "ready rejected: r1", "closed rejected: r1",
  ], 'events should happen in this order');
}, 'controller.error(), then write(), then close(), then abort(), then releaseLock(), then new ' +
   'WritableStreamDefaultWriter(): ready is rejected with r1');

// https://streams.spec.whatwg.org/#writable-stream-abort, step 1: Too late: the stream has ended
// https://streams.spec.whatwg.org/#writable-stream-abort, step 8: The stream was failing before
// https://streams.spec.whatwg.org/#writable-stream-abort, step 8.1: So the sink is not aborted
// and 3 other steps
promise_test(async () => {
  const { events, report } = record();

  let controller, endStart;
  const stream = new WritableStream({
    start(c) { controller = c; controller.error("r0"); return new Promise((_, reject) => { endStart = reject; }); },
  }, { highWaterMark: 0 });
  await turn();
  report("abort", () => stream.abort("r1"));
  report("close", () => stream.close());
  endStart("r2");
  await turn();

  assert_array_equals(events, [
    "abort rejected: r0", "close rejected: r0",
  ], 'events should happen in this order');
}, 'stream.abort(), then stream.close(), then rejecting the promise of start(), where start() calls controller.error() and ' +
   'stays pending: the promise of abort() is rejected with r0');

// https://streams.spec.whatwg.org/#writable-stream-abort, step 2: Listeners run here and may change anything
// https://streams.spec.whatwg.org/#writable-stream-abort, step 4: A listener has ended the stream
promise_test(async () => {
  const { events, report, text } = record();

  let controller;
  const stream = new WritableStream({
    start(c) {
      controller = c;
      c.signal.addEventListener("abort", () => { events.push("signal aborted"); controller.error("r2"); });
    },
    abort(reason) { events.push(`sink.abort ${text(reason)}`); },
  });
  const writer = stream.getWriter();
  await turn();
  report("abort", () => writer.abort("r1"));
  report("closed", () => writer.closed);
  await turn();

  assert_array_equals(events, [
    "signal aborted", "abort fulfilled", "closed rejected: r2",
  ], 'events should happen in this order');
}, 'abort(), where signal() calls controller.error(): the signal\'s listener runs');

// No step: shared by several
promise_test(async () => {
  const { events, report } = record();

  let endClose;
  const stream = new WritableStream({
    start() {},
    close() { events.push("sink.close"); return new Promise((resolve) => { endClose = resolve; }); },
  });
  await turn();
  report("close 1", () => stream.close());
  report("close 2", () => stream.close());
  const writer = stream.getWriter();
  report("closed", () => writer.closed);
  await turn();
  endClose();
  await turn();
  writer.releaseLock();
  report("close 3", () => stream.close());
  await turn();

  assert_array_equals(events, [
    "sink.close", "close 2 rejected: TypeError", "close 1 fulfilled", "closed fulfilled",
    "close 3 rejected: TypeError",
  ], 'events should happen in this order');
}, 'stream.close(), then stream.close(), then getWriter(), then a turn later fulfilling the promise of close(), then a turn ' +
   'later releaseLock(), then stream.close(), where close() stays pending: the promise of close() 2 is rejected with ' +
   'TypeError');

// https://streams.spec.whatwg.org/#writable-stream-finish-in-flight-close, step 6: It failed while the sink closed
// https://streams.spec.whatwg.org/#writable-stream-finish-in-flight-close, step 6.2: An abort() waits for the close
// https://streams.spec.whatwg.org/#writable-stream-finish-in-flight-close, step 6.2.1: The close has done its work
// and 2 other steps
promise_test(async () => {
  const { events, report, nameOf } = record();

  const stream = new WritableStream({
    close() { events.push("sink.close"); report("abort", () => stream.abort("r0")); },
  }, { highWaterMark: 1 });
  await turn();
  report("close", () => stream.close());
  await turn();
  const writer = stream.getWriter();
  events.push(`desiredSize ${writer.desiredSize}`);
  events.push(`ready is ${nameOf("the ready of read", writer.ready)}`);
  events.push(`closed is ${nameOf("the closed of read", writer.closed)}`);
  await turn();

  assert_array_equals(events, [
    "sink.close", "close fulfilled", "abort fulfilled", "desiredSize 0", "ready is the ready of read",
    "closed is the closed of read",
  ], 'events should happen in this order');
}, 'stream.close(), then a turn later getWriter(), where close() calls stream.abort(): the promise of abort() is fulfilled');

// https://streams.spec.whatwg.org/#writable-stream-finish-in-flight-close-with-error, step 2: close() failed
// https://streams.spec.whatwg.org/#writable-stream-finish-in-flight-close-with-error, step 3: Nothing is in flight
// https://streams.spec.whatwg.org/#writable-stream-finish-in-flight-close-with-error, step 6: The stream fails
promise_test(async () => {
  const { events, report } = record();

  let endClose;
  const stream = new WritableStream({
    start() {},
    close() { events.push("sink.close"); return new Promise((_, reject) => { endClose = reject; }); },
  });
  const writer0 = stream.getWriter();
  await turn();
  report("close", () => writer0.close());
  writer0.releaseLock();
  const writer1 = stream.getWriter();
  report("closed", () => writer1.closed);
  await turn();
  endClose("r1");
  await turn();

  assert_array_equals(events, [
    "sink.close", "close rejected: r1", "closed rejected: r1",
  ], 'events should happen in this order');
}, 'close(), then releaseLock(), then getWriter(), then a turn later rejecting the promise of close(), where close() stays ' +
   'pending: the promise of close() is rejected with r1');

// https://streams.spec.whatwg.org/#writable-stream-finish-in-flight-close-with-error, step 5.2: Nothing is pending
// https://streams.spec.whatwg.org/#writable-stream-mark-close-request-in-flight, step 4: It is no longer queued
promise_test(async () => {
  const { events, report } = record();

  const stream = new WritableStream({
    close() { events.push("sink.close"); report("abort", () => stream.abort("r0")); throw "r1"; },
  }, { highWaterMark: 0 });
  await turn();
  const writer = stream.getWriter();
  writer.releaseLock();
  report("close", () => stream.close());
  await turn();

  assert_array_equals(events, [
    "sink.close", "close rejected: r1", "abort rejected: r1",
  ], 'events should happen in this order');
}, 'releaseLock(), then stream.close(), where close() calls stream.abort() and throws: the sink\'s close() is called');

// https://streams.spec.whatwg.org/#set-up-writable-stream-default-controller, step 9: The queue is full at this size
// https://streams.spec.whatwg.org/#writable-stream-default-writer-get-desired-size, step 3: null: the stream fails
// No step: shared by several
promise_test(async () => {
  const { events, report, nameOf, text } = record();

  let endWrite;
  const stream = new WritableStream({
    start() {},
    write(chunk) { events.push(`sink.write ${chunk}`); return new Promise((resolve) => { endWrite = resolve; }); },
    abort(reason) { events.push(`sink.abort ${text(reason)}`); },
  }, { highWaterMark: 5 });
  const writer = stream.getWriter();
  await turn();
  report("write", () => writer.write("a"));
  events.push(`desiredSize ${writer.desiredSize}`);
  events.push(`ready is ${nameOf("the ready of read 1", writer.ready)}`);
  events.push(`closed is ${nameOf("the closed of read 1", writer.closed)}`);
  report("abort", () => writer.abort("r1"));
  events.push(`desiredSize ${writer.desiredSize}`);
  events.push(`ready is ${nameOf("the ready of read 2", writer.ready)}`);
  events.push(`closed is ${nameOf("the closed of read 2", writer.closed)}`);
  endWrite();
  await turn();

  assert_array_equals(events, [
    "sink.write a", "desiredSize 4", "ready is the ready of read 1", "closed is the closed of read 1",
    "desiredSize null", "ready is the ready of read 2", "closed is the closed of read 1", "sink.abort r1",
    "write fulfilled", "abort fulfilled",
  ], 'events should happen in this order');
}, 'write(), then abort(), then fulfilling the promise of write(), where write() stays pending: ready is the promise of read ' +
   '2');

// https://streams.spec.whatwg.org/#writable-stream-finish-erroring, step 13.2, 14.2: `closed` and a queued close get the error
// https://streams.spec.whatwg.org/#writable-stream-default-controller-process-write, step 5.1: The sink is not called again
promise_test(async () => {
  const { events, report, text } = record();

  let endWrite;
  const stream = new WritableStream({
    start() {},
    write(chunk) { events.push(`sink.write ${chunk}`); return new Promise((_, reject) => { endWrite = reject; }); },
    abort(reason) { events.push(`sink.abort ${text(reason)}`); },
  });
  const writer = stream.getWriter();
  await turn();
  report("write", () => writer.write("a"));
  report("abort", () => writer.abort("r1"));
  endWrite("r2");
  await turn();
  report("closed", () => writer.closed);
  await turn();

  assert_array_equals(events, [
    "sink.write a", "sink.abort r1", "write rejected: r2", "abort fulfilled", "closed rejected: r1",
  ], 'events should happen in this order');
}, 'write(), then abort(), then rejecting the promise of write(), where write() stays pending: closed is rejected with r1');

// https://streams.spec.whatwg.org/#ws-default-controller-private-abort, step 2: The sink is not called again
promise_test(async () => {
  const { events, report, text } = record();

  let endAbort;
  const stream = new WritableStream({
    start() {},
    write(chunk) { events.push(`sink.write ${chunk}`); },
    abort(reason) {
      events.push(`sink.abort ${text(reason)}`);
      return new Promise((resolve) => { endAbort = resolve; });
    },
  }, { size() { events.push("size"); return 1; } });
  const writer = stream.getWriter();
  await turn();
  report("abort", () => writer.abort("r1"));
  report("write", () => writer.write("b"));
  endAbort();
  await turn();

  assert_array_equals(events, [
    "sink.abort r1", "write rejected: r1", "abort fulfilled",
  ], 'events should happen in this order');
}, 'abort(), then write(), then fulfilling the promise of abort(), where abort() stays pending: the promise of write() is ' +
   'rejected with r1, and not before it: size() is called');

// https://streams.spec.whatwg.org/#set-up-writable-stream-default-controller, step 18.2: An abort need not wait for start() any longer
promise_test(async () => {
  const { events, report } = record();

  let endStart;
  const stream = new WritableStream({
    start() { return new Promise((_, reject) => { endStart = reject; }); },
  }, { highWaterMark: 0 });
  await turn();
  report("close", () => stream.close());
  endStart("r0");
  await turn();

  assert_array_equals(events, ["close rejected: r0"], 'events should happen in this order');
}, 'stream.close(), then rejecting the promise of start(), where start() stays pending: the promise of close() is rejected ' +
   'with r0');
