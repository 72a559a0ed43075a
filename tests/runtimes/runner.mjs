// Runs a batch of programs (`sluice batch`) on the WritableStream of whatever runtime this is, and says where its traces part from
// those of the core: one JSON object a line, {name} where they are the same, {name, line, expected, found} where they are not.
//
//   runner.mjs DRIVER_JS BATCH_JSONL [POLYFILL_MJS]
import { readFileSync, writeSync } from "node:fs";

const [driverFile, batchFile, polyfill] = globalThis.Deno?.args ?? process.argv.slice(2);
const classes = polyfill === undefined ? globalThis : await import(polyfill);
const runProgram = new Function(readFileSync(driverFile, "utf8") + "\nreturn runProgram;")();

const unhandled = [];
process.on("unhandledRejection", (reason, promise) => unhandled.push([promise, reason]));
process.on("uncaughtException", () => {});

// How long a program may be stuck before it is given up, in milliseconds: an answer that is given, not a measurement.
const STUCK = 5000;

async function runOne(example) {
  const lines = [];
  unhandled.length = 0;
  let timer;
  const stuck = new Promise((resolve) => { timer = setTimeout(() => resolve("stuck"), STUCK); });
  const ended = runProgram(example.program, {
    WritableStream: classes.WritableStream,
    WritableStreamDefaultWriter: classes.WritableStreamDefaultWriter,
    CountQueuingStrategy: classes.CountQueuingStrategy,
    ByteLengthQueuingStrategy: classes.ByteLengthQueuingStrategy,
    print: (line) => lines.push(line),
    drained: () => new Promise((resolve) => setTimeout(() => setTimeout(resolve))),
    unhandled,
  }).then(() => "ended", (error) => "the driver failed: " + error);
  const how = await Promise.race([ended, stuck]);
  clearTimeout(timer);
  if (how !== "ended") lines.push("(" + how + ")");
  const expected = example.trace.trimEnd().split("\n");
  for (let line = 0; line < Math.max(expected.length, lines.length); ++line) {
    if (expected[line] === lines[line]) continue;
    return { name: example.name, line: line + 1, expected: expected[line] ?? "(ended)", found: lines[line] ?? "(ended)", trace: lines };
  }
  return { name: example.name };
}

for (const line of readFileSync(batchFile, "utf8").split("\n")) {
  if (line === "") continue;
  writeSync(1, JSON.stringify(await runOne(JSON.parse(line))) + "\n");
}
process.exit(0);
