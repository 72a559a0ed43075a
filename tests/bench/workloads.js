// What scripts/bench measures in every runtime: the same text, with no imports and no top-level `await`, so that it is a classic
// script as well as a module. scripts/sluice_dev/bench/javascript.py puts a last line behind it that calls `measure`, or, for workerd,
// workloads_workerd.js.
//
// The sinks count what reaches them, and a workload fails when something is missing: what was refused would look fast.

const workloads = {
  // Writes that are not awaited, then close. Also `f`, with other counts.
  async a(WritableStream, count) {
    let written = 0;
    const writer = new WritableStream({ write() { ++written; } }).getWriter();
    for (let i = 0; i < count; ++i) writer.write(i);
    await writer.close();
    return written;
  },

  // Each write awaited.
  async b(WritableStream, count) {
    let written = 0;
    const writer = new WritableStream({ write() { ++written; } }).getWriter();
    for (let i = 0; i < count; ++i) await writer.write(i);
    await writer.close();
    return written;
  },

  // As a producer that respects backpressure does it.
  async c(WritableStream, count) {
    let written = 0;
    const writer = new WritableStream({ write() { ++written; } }, { highWaterMark: 16 }).getWriter();
    for (let i = 0; i < count; ++i) {
      await writer.ready;
      writer.write(i);
    }
    await writer.close();
    return written;
  },

  // The whole life of a stream, one after the other.
  async d(WritableStream, count) {
    let written = 0;
    for (let i = 0; i < count; ++i) {
      const writer = new WritableStream({ write() { ++written; } }).getWriter();
      writer.write(i);
      await writer.close();
    }
    return written;
  },

  // As `a`, with a sink that returns promises.
  async e(WritableStream, count) {
    let written = 0;
    const writer = new WritableStream({ async write() { ++written; } }).getWriter();
    for (let i = 0; i < count; ++i) writer.write(i);
    await writer.close();
    return written;
  },
};
workloads.f = workloads.a;

// What is kept alive while memory is read, by a function that makes `count` of it.
const holders = {
  // Streams with a sink and a writer, started.
  async g(WritableStream, count) {
    const held = [];
    for (let i = 0; i < count; ++i) held.push(new WritableStream({ write() {} }).getWriter());
    return held;
  },

  // Writes queued behind one that never ends; the program keeps none of their promises.
  async h(WritableStream, count) {
    const writer = new WritableStream({ write() { return new Promise(() => {}); } }).getWriter();
    for (let i = 0; i < count; ++i) writer.write(i);
    return writer;
  },
};

function now() { return globalThis.performance?.now ? performance.now() : Date.now(); }

// Lets everything that is due happen. Without timers, a thousand microtasks come near it.
async function turn() {
  if (globalThis.setTimeout) return new Promise((resolve) => { setTimeout(resolve, 0); });
  for (let i = 0; i < 1000; ++i) await undefined;
}

async function runWorkload(WritableStream, workload, count) {
  const written = await workloads[workload](WritableStream, count);
  if (written !== count) throw new Error(`${written} of ${count} writes reached the sink`);
}

// The bytes that live objects have, in the engine's heap and, as the runtime tells it, beside it.
function bytesInUse() {
  const usage = globalThis.sluice?.memoryUsage ? sluice.memoryUsage() : process.memoryUsage();
  return usage.heapUsed + usage.external;
}

async function collectGarbage() {
  for (let i = 0; i < 4; ++i) {
    await turn();
    if (globalThis.Bun) Bun.gc(true);
    else gc();
  }
}

// Runs it again and again, as often and as long as `least` says, but stops when `most` milliseconds are over: what is quadratic
// would take minutes. How often and, of that, for how many milliseconds.
async function repeat(WritableStream, workload, count, { runs, milliseconds }, most) {
  let done = 0;
  let spent = 0;
  while ((done < runs || spent < milliseconds) && spent < most) {
    const before = now();
    await runWorkload(WritableStream, workload, count);
    spent += now() - before;
    ++done;
    await turn();
  }
  return { done, spent };
}

async function measureSpeed(WritableStream, { workload, count, warmup, measured, most }) {
  await repeat(WritableStream, workload, warmup.count, warmup, most);
  const { done, spent } = await repeat(WritableStream, workload, count, measured, most);
  return (done * count) / spent;  // a thousand a second
}

async function measureMemory(WritableStream, { workload, count, warmup }) {
  for (let i = 0; i < warmup.runs; ++i) await holders[workload](WritableStream, warmup.count);
  await collectGarbage();
  const before = bytesInUse();
  const held = await holders[workload](WritableStream, count);
  await collectGarbage();
  const after = bytesInUse();
  if (!held) throw new Error("nothing is held");  // read here, so that it lives until here
  return (after - before) / count;
}

// For who looks at the memory of the process from outside.
async function hold(WritableStream, { workload, count }) {
  const held = await holders[workload](WritableStream, count);
  await turn();
  return held ? count : 0;
}

// Measures what `order` says and prints it: thousands of operations a second, bytes each, or how many are held.
async function measure(WritableStream, order) {
  let result;
  try {
    const work = order.memory === "resident" ? hold : order.memory === "told" ? measureMemory : measureSpeed;
    result = { value: await work(WritableStream, order) };
  } catch (error) {
    result = { error: String(error?.stack ?? error) };
  }
  const line = `sluice-bench: ${JSON.stringify(result)} :end`;
  if (globalThis.console) console.log(line);
  else print(line);
}
