// The limit on buffered bytes, which is the app's max_buffer_size_mb: a string counts as UTF-8, a buffer or a view its byteLength.
import { outcome, sleep } from './tools.mjs';

const EURO = '\u20ac'; // one character, three bytes

// A chunk of `bytes` bytes. bytes is a multiple of 12.
const KINDS = {
  string: (bytes) => EURO.repeat(bytes / 3),
  bytes: (bytes) => new Uint8Array(bytes),
  view: (bytes) => new Uint16Array(new ArrayBuffer(bytes + 64), 32, bytes / 2), // its buffer is larger
};

function sizeOf(chunk) {
  return typeof chunk === 'string' ? new TextEncoder().encode(chunk).length : chunk.byteLength;
}

export async function byteLimit(parameters, env) {
  const kind = parameters.get('kind') ?? 'string';
  if (!Object.hasOwn(KINDS, kind)) return { ok: false, status: 400, error: `kind is one of ${Object.keys(KINDS).join(', ')}` };
  const limit = env.maxBufferSize;
  const half = Math.floor(limit / 2 / 12) * 12;
  let open;
  const gate = new Promise((resolve) => (open = resolve));
  const received = [];
  const stream = new WritableStream({
    async write(chunk) {
      await gate;
      received.push(sizeOf(chunk));
    },
  });
  const writer = stream.getWriter();
  const fitting = [writer.write(KINDS[kind](half)), writer.write(KINDS[kind](half))];
  const tooMuch = await outcome(writer.write(KINDS[kind](half))); // at once: nothing has been written yet
  const alone = await outcome(writer.write(KINDS[kind](half * 4)));
  open();
  const earlier = await Promise.all(fitting.map(outcome));
  const later = await outcome(writer.write(KINDS[kind](half)));
  const close = await outcome(writer.close());
  return {
    ok:
      tooMuch.state === 'rejected' && tooMuch.reason.startsWith('RangeError') && alone.state === 'rejected' &&
      earlier.every(({ state }) => state === 'fulfilled') && later.state === 'fulfilled' && close.state === 'fulfilled' &&
      received.length === 3 && received.every((size) => size === half),
    kind,
    limit,
    chunkBytes: half,
    tooMuch,
    tooMuchAlone: alone,
    earlier,
    later,
    close,
    received,
  };
}

export async function byteLimitInFlight(parameters, env) {
  const chunk = new Uint8Array(env.maxBufferSize);
  let open;
  const gate = new Promise((resolve) => (open = resolve));
  const stream = new WritableStream({ write: () => gate });
  const writer = stream.getWriter();
  const first = writer.write(chunk);
  await sleep(1); // the sink has it, and the queue is empty
  const whileInFlight = await outcome(writer.write('x'));
  open();
  await first;
  const afterwards = await outcome(writer.write('x'));
  await writer.close();
  return {
    ok: whileInFlight.state === 'rejected' && afterwards.state === 'fulfilled',
    limit: env.maxBufferSize,
    whileInFlight,
    afterwards,
  };
}
