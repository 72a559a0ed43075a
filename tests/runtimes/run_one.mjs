// Runs one program of a batch (`sluice-fuzz batch`) and says where its trace parts from that of the core: {name} where they are the same,
// {name, line, expected, found, trace} where they are not.
//
// `runProgram` is fuzz/program/driver.js; `unhandled` gets rejections without a handler as [promise, reason], from whoever knows how
// this runtime tells them.

// How long a program may be stuck before it is given up, in milliseconds: an answer that is given, not a measurement.
const STUCK = 5000;

export async function runOne(example, runProgram, classes, unhandled) {
  const lines = [];
  unhandled.length = 0;
  let timer;
  const stuck = new Promise((resolve) => { timer = setTimeout(() => resolve("stuck"), STUCK); });
  const ended = runProgram(example.program, {
    WritableStream: classes.WritableStream,
    WritableStreamDefaultWriter: classes.WritableStreamDefaultWriter,
    CountQueuingStrategy: classes.CountQueuingStrategy,
    ByteLengthQueuingStrategy: classes.ByteLengthQueuingStrategy,
    createWritableStream: classes.createWritableStream,
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
