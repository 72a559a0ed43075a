// What testharness.js gives to the suite, for runtimes that do not load it. scripts/suite puts the suite after it, then `await runTests(print)`.
const tests = [];
const promise_test = (body, name) => tests.push({ name, body, failure: null });
const step_timeout = (callback, milliseconds) => setTimeout(callback, milliseconds);

function assert_array_equals(actual, expected) {
  if (JSON.stringify(actual) !== JSON.stringify(expected)) throw new Error(`${JSON.stringify(actual)}`);
}

// Prints a line of JSON for each test: its name, and what it saw instead or why it failed; null if it passed.
async function runTests(print) {
  let running;
  const unhandled = (error) => { running.failure ??= `unhandled rejection: ${error?.message ?? error}`; };
  if (globalThis.process?.on) globalThis.process.on("unhandledRejection", unhandled);
  else globalThis.addEventListener?.("unhandledrejection", (event) => { event.preventDefault(); unhandled(event.reason); });
  for (running of tests) {
    try {
      await running.body();
    } catch (error) {
      running.failure = `${error?.message ?? error}`;
    }
    print(JSON.stringify({ name: running.name, failure: running.failure }));
  }
}
