// A shell for scripts/wpt --runner, made of Node: runs classic scripts, one after the other, in one global.
//
//   scripts/wpt --runner "node --expose-gc tests/wpt/node_runner.mjs"
//
// An adapter for another runtime has to do the same: evaluate each file as a script (not as a module), stop at the first that throws,
// run the event loop until nothing is left in it, and exit with 0, or with something else after an uncaught error or rejection.
import { readFileSync } from "node:fs";
import { runInThisContext } from "node:vm";

for (const filename of process.argv.slice(2)) runInThisContext(readFileSync(filename, "utf8"), { filename });
