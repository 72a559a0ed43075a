// QuickJS as a runtime for scripts/diff --command: `node quickjs.mjs FILE.mjs` runs a module in it. It has promises and print() here, and
// nothing else: no timers, no AbortController. The package quickjs-emscripten is found from the current folder.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(process.cwd() + "/");
const { getQuickJS } = require("quickjs-emscripten");
const quickjs = await getQuickJS();
const runtime = quickjs.newRuntime();
runtime.setModuleLoader((name) => readFileSync(name, "utf8"));
const context = runtime.newContext();

const print = context.newFunction("print", (text) => { process.stdout.write(context.getString(text) + "\n"); });
context.setProp(context.global, "print", print);
print.dispose();

const fail = (error) => {
  console.error(context.dump(error));
  process.exit(1);
};
const file = process.argv[2];
const result = context.evalCode(readFileSync(file, "utf8"), file, { type: "module" });
if (result.error) fail(result.error);
while (runtime.hasPendingJob()) {
  const jobs = runtime.executePendingJobs();
  if (jobs.error) fail(jobs.error);
}
const promise = context.getPromiseState(result.value);
if (promise.type === "rejected") fail(promise.error);
process.exit(0);
