// After testharness.js: prints what happens, a line of JSON each, for scripts/sluice_dev/conformance/wpt.py to read:
//
//   SLUICE-WPT {"kind":"ready"}
//   SLUICE-WPT {"kind":"start","name":"..."}
//   SLUICE-WPT {"kind":"result","name":"...","status":0,"message":null,"stack":null}
//   SLUICE-WPT {"kind":"complete","status":0,"message":null,"stack":null,"count":12}
"use strict";

(() => {
  // As they are before a test can change them.
  const print = console.log.bind(console);
  const stringify = JSON.stringify;
  const text = (value) => (value === null || value === undefined ? null : String(value));
  // A page that is closed has no timers any more.
  const close = globalThis.sluice?.exit ?? globalThis.process?.exit ?? globalThis.Deno?.exit;
  const say = (line) => print("SLUICE-WPT " + stringify(line));

  say({ kind: "ready" });

  const started = new Set();
  let count = 0;

  add_test_state_callback((test) => {
    if (test.phase !== test.phases.STARTED || started.has(test)) return;
    started.add(test);
    say({ kind: "start", name: text(test.name) });
  });
  add_result_callback((test) => {
    ++count;
    say({ kind: "result", name: text(test.name), status: test.status, message: text(test.message), stack: text(test.stack) });
  });
  // A page stays open until its tests are complete, or out of time. A shell need not: a pending AbortSignal.timeout() is nothing that
  // keeps Node alive, say. Impatient: a test that waits for nothing ends the process, however slow the machine is.
  const open = sluiceWpt.impatient ? undefined : setTimeout(() => {}, 10_000);
  add_completion_callback((tests, status) => {
    clearTimeout(open);
    say({ kind: "complete", status: status.status, message: text(status.message), stack: text(status.stack), count });
    if (sluiceWpt.closes) close?.(0);
  });

  // Without it, a file's tests would be complete when its first one is. done.js ends them, as at the end of a worker.
  setup({ explicit_done: true });
})();
