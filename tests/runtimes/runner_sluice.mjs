// runner.mjs for `sluice run`, which has no node:fs. Its arguments come after `--`.
//
//   sluice run runner_sluice.mjs -- DRIVER_JS BATCH_JSONL [POLYFILL_MJS]
import { runOne } from "./run_one.mjs";

const [driverFile, batchFile, polyfill] = sluice.args;
const classes = polyfill === undefined ? globalThis : await import(polyfill);
const runProgram = new Function(sluice.readTextFile(driverFile) + "\nreturn runProgram;")();

const unhandled = [];
sluice.onUnhandledRejection((promise, reason) => unhandled.push([promise, reason]));
const realm = polyfill === undefined ? { ...classesOf(classes), createWritableStream: sluice.createWritableStream } : classes;

function classesOf({ WritableStream, WritableStreamDefaultWriter, CountQueuingStrategy, ByteLengthQueuingStrategy }) {
  return { WritableStream, WritableStreamDefaultWriter, CountQueuingStrategy, ByteLengthQueuingStrategy };
}

for (const line of sluice.readTextFile(batchFile).split("\n")) {
  if (line !== "") sluice.print(JSON.stringify(await runOne(JSON.parse(line), runProgram, realm, unhandled)));
}
