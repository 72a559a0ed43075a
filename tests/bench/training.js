// What scripts/release counts: the workloads of workloads.js, which is run before this in the same script scope, and the ways that
// streams end when something goes wrong. The optimiser then knows which branches are taken and which host is asked.

async function endings(WritableStream, count) {
  for (let i = 0; i < count; ++i) {
    const aborted = new WritableStream({ write() {}, abort() {} }, { highWaterMark: 4, size: () => 1 }).getWriter();
    aborted.write(i).catch(() => {});
    aborted.closed.catch(() => {});
    await aborted.abort(i);
    aborted.releaseLock();

    let controller;
    const errored = new WritableStream({ start(c) { controller = c; }, close() {} }, new CountQueuingStrategy({ highWaterMark: 2 }));
    const writer = errored.getWriter();
    await writer.ready;
    writer.write(i).catch(() => {});
    controller.error(i);
    await writer.closed.catch(() => {});

    await new WritableStream({ async write() { throw i; } }).getWriter().write(i).catch(() => {});
    await new WritableStream({ async close() {} }).close();
  }
}

(async () => {
  for (let round = 0; round < 3; ++round) {
    for (const [workload, count] of Object.entries({ a: 100_000, b: 100_000, c: 100_000, d: 100_000, e: 50_000 })) {
      await runWorkload(WritableStream, workload, count);
    }
    await endings(WritableStream, 2_000);
  }
})();
