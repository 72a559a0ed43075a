// Runs a batch of programs (`sluice-fuzz batch`) on the WritableStream of whatever runtime this is, and writes what run_one.mjs says of
// each, one JSON object a line.
//
//   runner.mjs DRIVER_JS BATCH_JSONL [POLYFILL_MJS]
import { readFileSync, writeSync } from "node:fs";
import { runOne } from "./run_one.mjs";

const [driverFile, batchFile, polyfill] = globalThis.Deno?.args ?? process.argv.slice(2);
const classes = polyfill === undefined ? globalThis : await import(polyfill);
const runProgram = new Function(readFileSync(driverFile, "utf8") + "\nreturn runProgram;")();

const unhandled = [];
process.on("unhandledRejection", (reason, promise) => unhandled.push([promise, reason]));
process.on("uncaughtException", () => {});

for (const line of readFileSync(batchFile, "utf8").split("\n")) {
  if (line === "") continue;
  writeSync(1, JSON.stringify(await runOne(JSON.parse(line), runProgram, classes, unhandled)) + "\n");
}
process.exit(0);
