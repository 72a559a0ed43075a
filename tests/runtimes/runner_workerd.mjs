// runner.mjs for workerd, which reads no files and has no command line: scripts/sluice_dev/runtimes/diff.py puts the driver and the batch beside it
// as modules, and asks for the lines with one request.
import batch from "batch.jsonl";
import { runProgram } from "driver.mjs";
import { runOne } from "run_one.mjs";

const unhandled = [];
addEventListener("unhandledrejection", (event) => unhandled.push([event.promise, event.reason]));

export default {
  async fetch() {
    let lines = "";
    for (const line of batch.split("\n")) {
      if (line !== "") lines += JSON.stringify(await runOne(JSON.parse(line), runProgram, globalThis, unhandled)) + "\n";
    }
    return new Response(lines);
  },
};
