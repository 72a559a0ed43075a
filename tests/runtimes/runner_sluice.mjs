// runner.mjs for `sluice run`, which has no node:fs. Its arguments come after `--`.
//
//   sluice run runner_sluice.mjs -- DRIVER_JS BATCH_JSONL [POLYFILL_MJS]
import { runOne } from "./run_one.mjs";

const [driverFile, batchFile, polyfill] = sluice.args;
// Streams with a byte limit or a tick model are Sluice's own.
const own = Object.assign(Object.create(globalThis), { createWritableStream: sluice.createWritableStream });
const classes = polyfill === undefined ? own : await import(polyfill);
const runProgram = new Function(sluice.readTextFile(driverFile) + "\nreturn runProgram;")();

const unhandled = [];
sluice.onUnhandledRejection((promise, reason) => unhandled.push([promise, reason]));

for (const line of sluice.readTextFile(batchFile).split("\n")) {
  if (line !== "") sluice.print(JSON.stringify(await runOne(JSON.parse(line), runProgram, classes, unhandled)));
}
