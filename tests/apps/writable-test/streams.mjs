// What the standard says of a WritableStream: https://streams.spec.whatwg.org/#ws
import { isDeeplyEqual, number, outcome, sleep, words } from './tools.mjs';

export async function basicWrite() {
  const written = [];
  let closed = 0;
  const stream = new WritableStream({
    write(chunk) {
      written.push(chunk);
    },
    close() {
      ++closed;
    },
  });
  const writer = stream.getWriter();
  await writer.ready;
  const writes = await Promise.all([outcome(writer.write('hello')), outcome(writer.write(' ')), outcome(writer.write('world'))]);
  const close = await outcome(writer.close());
  const afterwards = await outcome(writer.write('late'));
  return {
    ok: isDeeplyEqual([written.join(''), closed, writes, close, afterwards.state],
      ['hello world', 1, Array(3).fill({ state: 'fulfilled' }), { state: 'fulfilled' }, 'rejected']),
    written,
    closed,
    writes,
    close,
    writeAfterClose: afterwards,
    closedPromise: await outcome(writer.closed),
  };
}

export async function sequentialWrites(parameters) {
  const count = number(parameters, 'count', 5, 1, 1000);
  const delay = number(parameters, 'delay', 2, 0, 1000);
  const events = [];
  let atOnce = 0;
  let most = 0;
  const stream = new WritableStream({
    async write(chunk) {
      most = Math.max(most, ++atOnce);
      events.push(`begin ${chunk}`);
      await sleep(delay);
      events.push(`end ${chunk}`);
      --atOnce;
    },
  });
  const writer = stream.getWriter();
  const settled = [];
  for (let i = 0; i < count; ++i) writer.write(i).then(() => settled.push(i)); // none is waited for
  await writer.close();
  const order = Array.from({ length: count }, (_, i) => i);
  const expected = order.flatMap((i) => [`begin ${i}`, `end ${i}`]);
  return { ok: isDeeplyEqual([events, settled, most], [expected, order, 1]), count, delay, atOnce: most, events, settled };
}

export async function backpressure(parameters) {
  const count = number(parameters, 'count', 6, 1, 1000);
  const highWaterMark = number(parameters, 'highWaterMark', 2, 1, 1000);
  const written = [];
  let queued = 0;
  let mostQueued = 0;
  const stream = new WritableStream(
    {
      async write(chunk) {
        await sleep(1);
        --queued;
        written.push(chunk);
      },
    },
    new CountQueuingStrategy({ highWaterMark }),
  );
  const writer = stream.getWriter();
  const desiredSizes = [];
  let waits = 0;
  for (let i = 0; i < count; ++i) {
    if (writer.desiredSize <= 0) ++waits;
    await writer.ready;
    desiredSizes.push(writer.desiredSize);
    mostQueued = Math.max(mostQueued, ++queued);
    writer.write(i);
  }
  const afterLastWrite = writer.desiredSize;
  await writer.close();
  return {
    ok:
      written.length === count && mostQueued <= highWaterMark && desiredSizes.every((size) => size > 0) &&
      waits === Math.max(0, count - highWaterMark) && desiredSizes[0] === highWaterMark && writer.desiredSize === 0,
    count,
    highWaterMark,
    desiredSizes,
    afterLastWrite,
    afterClose: writer.desiredSize,
    waits,
    mostQueued,
    written: written.length,
  };
}

export async function abortWithReason(parameters) {
  const reason = new Error(parameters.get('reason') ?? 'because');
  const seen = { sink: null, signal: null };
  const stream = new WritableStream(
    {
      start(controller) {
        controller.signal.addEventListener('abort', () => {
          seen.signal = words(controller.signal.reason);
        });
      },
      write: () => sleep(2),
      abort(why) {
        seen.sink = words(why);
      },
    },
    { highWaterMark: 10 },
  );
  const writer = stream.getWriter();
  const waiting = [writer.write('in flight'), writer.write('queued'), writer.closed].map(outcome);
  await sleep(0); // the first write is with the sink now
  const abort = await outcome(writer.abort(reason));
  const [inFlight, queued, closed] = await Promise.all(waiting);
  const same = words(reason);
  return {
    ok: isDeeplyEqual(
      [seen, abort.state, inFlight.state, queued, closed],
      [{ sink: same, signal: same }, 'fulfilled', 'fulfilled', { state: 'rejected', reason: same }, { state: 'rejected', reason: same }],
    ),
    reason: same,
    seen,
    abort,
    inFlight,
    queued,
    closed,
    afterwards: await outcome(writer.write('late')),
  };
}

export async function controllerError() {
  const reason = new TypeError('the sink is broken');
  let controller;
  const stream = new WritableStream({
    start(given) {
      controller = given;
    },
    write(chunk) {
      if (chunk === 'poison') controller.error(reason);
    },
  });
  const writer = stream.getWriter();
  const good = await outcome(writer.write('good'));
  const poison = await outcome(writer.write('poison'));
  const after = await outcome(writer.write('after'));
  const closed = await outcome(writer.closed);
  const failure = { state: 'rejected', reason: words(reason) };
  return {
    ok: isDeeplyEqual([good, poison, after, closed, writer.desiredSize], [{ state: 'fulfilled' }, { state: 'fulfilled' }, failure, failure, null]),
    good,
    poison,
    after,
    closed,
    desiredSize: writer.desiredSize,
  };
}

export async function locking() {
  const written = [];
  const stream = new WritableStream({ write: (chunk) => void written.push(chunk) });
  const locked = [stream.locked];
  const first = stream.getWriter();
  locked.push(stream.locked);
  let second;
  try {
    stream.getWriter();
  } catch (error) {
    second = words(error);
  }
  const abortWhileLocked = await outcome(stream.abort());
  await first.write('first');
  first.releaseLock();
  locked.push(stream.locked);
  const released = await outcome(first.write('nobody'));
  const closed = await outcome(first.closed);
  const next = stream.getWriter();
  locked.push(stream.locked);
  await next.write('second');
  await next.close();
  return {
    ok:
      isDeeplyEqual(locked, [false, true, false, true]) && second?.startsWith('TypeError') &&
      abortWhileLocked.state === 'rejected' && released.state === 'rejected' && closed.state === 'rejected' &&
      isDeeplyEqual(written, ['first', 'second']),
    locked,
    secondGetWriter: second,
    abortWhileLocked,
    writeAfterRelease: released,
    closedAfterRelease: closed,
    written,
  };
}
