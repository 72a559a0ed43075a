// What modules of a graph say and what becomes of their imports (module_rules.h).
"use strict";

var events = [];
var imports = [];

function log(what, which) { events.push(`${what} ${which}`); }

function failure(which) { return Object.assign(new Error(`of module ${which}`), { which }); }

async function ticks(count) {
  for (let i = 0; i < count; ++i) await null;
}

function imported(which, promise) {
  const record = { which, state: "pending", value: undefined };
  imports.push(record);
  const settle = (state) => (value) => {
    record.state = record.state === "pending" ? state : "settled twice";
    record.value = value;
  };
  promise.then(settle("fulfilled"), settle("rejected"));
  return promise;
}

// A line for each event, and one for each import: "import 2 fulfilled #1 2", the number of what it was settled with and what
// that says of itself.
function summary() {
  const seen = [];
  const lines = [...events];
  for (const { which, state, value } of imports) {
    if (!seen.includes(value)) seen.push(value);
    const says = state === "fulfilled" ? value.value : value?.which ?? value?.name ?? "nothing";
    lines.push(`import ${which} ${state} ${seen.indexOf(value)} ${says}`);
  }
  return lines.join("\n");
}
