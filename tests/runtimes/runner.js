// What follows fuzz/program/driver.js in the one script that scripts/diff gives to a runtime: runs programs on the WritableStream of
// whatever runtime this is, and prints a JSON object a line. The first line says what the runtime offers; then one a program,
// {name, lines} where lines is its trace, {name, lines, stopped} where it did not come to its end, and {name, lines, missing} where
// the runtime lacks what the program needs beside streams.
//
// A runtime must have WritableStream (or get it from a library), promises, and console.log or print. What else it has is used:
// setTimeout, unhandled rejections, AbortSignal, structuredClone.

const STUCK_MS = 5000;  // a program that waits longer is given up
const MOST_LINES = 100000;  // and one whose trace is longer (`times` repeats 8,192 operations at most)
const MOST_TICKS = 500;  // of a runtime without setTimeout, which drains the microtask queue by waiting so often

const hasTimers = typeof setTimeout === "function";

// Twice: some runtimes report unhandled rejections only in the next task.
function drained() {
  if (typeof setImmediate === "function") return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  if (hasTimers) return new Promise((resolve) => setTimeout(() => setTimeout(resolve)));
  return (async () => { for (let i = 0; i < MOST_TICKS; ++i) await undefined; })();
}

// Rejections without a handler, as [promise, reason]; undefined where the runtime does not report them.
function collectUnhandled(classes) {
  const unhandled = [];
  const add = (promise, reason) => unhandled.push([promise, reason]);
  if (typeof sluice === "object") {
    sluice.onUnhandledRejection(add);
  } else if (typeof process === "object" && typeof process.on === "function") {
    process.on("unhandledRejection", (reason, promise) => add(promise, reason));
    process.on("uncaughtException", () => {});
  } else if (typeof addEventListener === "function") {
    addEventListener("unhandledrejection", (event) => { event.preventDefault(); add(event.promise, event.reason); });
  } else {
    return undefined;
  }
  return unhandled;
}

function offersSignal(classes) {
  let signal;
  try { new classes.WritableStream({ start(controller) { signal = controller.signal; } }); } catch {}
  return signal !== undefined;
}

// Why a program cannot run here, which is no fault of its streams.
function whatIsMissing(program, offers) {
  const has = (kind) => program.ops.some((op) => op.kind === kind) || program.scripts.some((script) => script.ops.some((op) => op.kind === kind));
  if (!offers.signal && program.scripts.some((script) => script.call === "signal")) return "controller.signal";
  if (!offers.detach && has("detach")) return "structuredClone";
  if (typeof SharedArrayBuffer !== "function" && program.chunks.some((chunk) => chunk.kind === "shared")) return "SharedArrayBuffer";
  return undefined;
}

// The names of a module's exports differ; these are the standard's.
function streamClasses(source) {
  const writer = source.WritableStreamDefaultWriter ?? new source.WritableStream().getWriter().constructor;
  return {
    WritableStream: source.WritableStream,
    WritableStreamDefaultWriter: writer,
    CountQueuingStrategy: source.CountQueuingStrategy ?? globalThis.CountQueuingStrategy,
    ByteLengthQueuingStrategy: source.ByteLengthQueuingStrategy ?? globalThis.ByteLengthQueuingStrategy,
    // Streams with a byte limit or a tick model: only `sluice run` makes them.
    createWritableStream: source === globalThis ? globalThis.sluice?.createWritableStream : undefined,
  };
}

async function runOne(example, classes, unhandled, offers) {
  const missing = whatIsMissing(example.program, offers);
  if (missing !== undefined) return { name: example.name, lines: [], missing };
  const lines = [];
  unhandled?.splice(0);
  const host = { ...classes, print: (line) => lines.push(line), drained, unhandled, mostLines: MOST_LINES, hasNoSignal: !offers.signal };
  const ended = runProgram(example.program, host).then(() => undefined, (error) => "the driver failed: " + error);
  let stopped;
  if (hasTimers) {
    let timer;
    const stuck = new Promise((resolve) => { timer = setTimeout(() => resolve("it waits for something that never comes"), STUCK_MS); });
    stopped = await Promise.race([ended, stuck]);
    clearTimeout(timer);
  } else {
    stopped = await ended;
  }
  if (lines.length >= MOST_LINES) stopped ??= "it floods its trace: more than " + MOST_LINES + " lines";
  return stopped === undefined ? { name: example.name, lines } : { name: example.name, lines, stopped };
}

async function runAll(examples, source, writeLine) {
  const classes = streamClasses(source);
  const unhandled = collectUnhandled(classes);
  const offers = { unhandled: unhandled !== undefined, signal: offersSignal(classes), detach: typeof structuredClone === "function" };
  writeLine(JSON.stringify({ hello: true, offers }));
  for (const example of examples) writeLine(JSON.stringify(await runOne(example, classes, unhandled, offers)));
  writeLine(JSON.stringify({ bye: true }));
}
