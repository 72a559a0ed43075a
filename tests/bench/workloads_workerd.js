// The end of workloads.js in workerd, whose clock may stand still while JavaScript runs: each request runs a workload once,
// `/a/100000`, and who asks has the clock. `/none/0` does nothing: what asking costs.
// `/h/500000` holds so much, for who looks at the memory of the process.
export default {
  async fetch(request) {
    const [workload, count] = new URL(request.url).pathname.slice(1).split("/");
    try {
      if (workload in holders) await hold(WritableStream, { workload, count: Number(count) });
      else if (workload !== "none") await runWorkload(WritableStream, workload, Number(count));
      return new Response("done");
    } catch (error) {
      return new Response(String(error?.stack ?? error), { status: 500 });
    }
  },
};
