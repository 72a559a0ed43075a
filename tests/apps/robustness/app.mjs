// An app that misbehaves in every way that a server has to survive. Not for anybody to imitate.
const never = new Promise(() => {});
const kept = []; // across requests
let aborted = [];

const pump = (stream, chunks) => {
  const writer = stream.getWriter();
  for (let i = 0; i < chunks; ++i) writer.write(`chunk ${i} `.repeat(100)).catch(() => {});
};

const ENDPOINTS = {
  '/hello': () => new Response('hello'),
  '/throw': () => {
    throw new Error('thrown on purpose');
  },
  '/reject': async () => {
    await 0;
    throw new TypeError('rejected on purpose');
  },
  '/no-response': () => 42,
  '/nothing': () => undefined,
  '/used-response': () => (kept[0] ??= new Response('once')),
  '/loop': () => {
    for (;;);
  },
  '/loop-later': () => new Promise((resolve) => setTimeout(() => { for (;;); }, 1)),
  '/loop-in-microtask': async () => {
    await 0;
    for (;;);
  },
  '/loop-in-sink': async () => {
    await new WritableStream({ write() { for (;;); } }).getWriter().write(1);
  },
  '/heap-objects': () => {
    for (const all = []; ; ) all.push({ all });
  },
  '/heap-array': () => new Response(String(new Array(2e7).fill(0).map((_, i) => ({ i })).length)),
  '/heap-string': () => {
    for (const all = []; ; ) all.push(JSON.stringify('x'.repeat(1e6) + all.length));
  },
  '/heap-map': () => {
    for (let map = new Map(), i = 0; ; ++i) map.set(i, i);
  },
  '/heap-later': () => new Promise(() => setTimeout(() => { for (const all = []; ; ) all.push([all]); })),
  '/buffers': () => {
    const all = [];
    try {
      for (;;) all.push(new Uint8Array(1e7));
    } catch (error) {
      return new Response(`${error.name} after ${all.length}`);
    }
  },
  // Buffers that native code makes.
  '/encoded': () => {
    const text = 'x'.repeat(1e7);
    const all = [];
    try {
      for (;;) all.push(new TextEncoder().encode(text));
    } catch (error) {
      return new Response(`${error.name} after ${all.length}`);
    }
  },
  '/bodies': async () => {
    const text = 'x'.repeat(1e7);
    const all = [];
    try {
      for (;;) all.push(await new Response(text).bytes());
    } catch (error) {
      return new Response(`${error.name} after ${all.length}`);
    }
  },
  '/recurse': () => {
    const f = () => f() + 1;
    return new Response(f());
  },
  '/never': () => never,
  '/never-aware': (request) =>
    new Promise((resolve, reject) => {
      request.signal.addEventListener('abort', () => {
        aborted.push(String(request.signal.reason));
        reject(request.signal.reason);
      });
    }),
  '/aborted': () => Response.json(aborted.splice(0)),
  '/pending-writes': () => {
    pump(new WritableStream({ write: () => new Promise(() => {}) }), 100);
    return new Response('left 100 writes pending');
  },
  '/never-writing': () => {
    pump(new WritableStream({ write: () => new Promise(() => {}) }), 100);
    return new Promise(() => {});
  },
  '/unhandled': () => {
    Promise.reject(new Error('nobody handles this'));
    return new Response('rejected beside');
  },
  '/later-error': () => {
    setTimeout(() => {
      throw new Error('nobody catches this');
    });
    return new Response('throws later');
  },
  '/exit': () => sluice.exit(3),
  '/slow': async (request, url) => {
    await new Promise((resolve) => setTimeout(resolve, Number(url.searchParams.get('ms') ?? 50)));
    return new Response('slow');
  },
  '/big': (request, url) => new Response('0123456789abcdef'.repeat(Number(url.searchParams.get('kb') ?? 1024) * 64)),
  '/print': (request, url) => {
    const line = 'x'.repeat(99);
    for (let i = Number(url.searchParams.get('kb')) * 10; i > 0; --i) console.log(line);
    return new Response('printed');
  },
  '/echo': async (request) =>
    Response.json({ method: request.method, url: request.url, headers: [...request.headers], body: await request.text() }),
  '/headers': () =>
    new Response('framed', {
      status: 201,
      statusText: 'Made',
      headers: [['x-one', '1'], ['set-cookie', 'a=1'], ['set-cookie', 'b=2'], ['content-length', '3'],
        ['transfer-encoding', 'chunked'], ['connection', 'close']],
    }),
  '/no-content': () => new Response(null, { status: 204 }),
  '/limit': (request, url, env) => Response.json(env),
  // As much as fits is buffered; then nothing more.
  '/fill': async (request, url, env) => {
    const writer = new WritableStream({ write: () => new Promise(() => {}) }).getWriter();
    let bytes = 0;
    let refused = null;
    while (refused === null) {
      const write = writer.write(new Uint8Array(1024)).catch((error) => (refused = String(error)));
      await Promise.race([write, new Promise((resolve) => setTimeout(resolve))]);
      if (refused === null) bytes += 1024;
    }
    return Response.json({ bytes, refused });
  },
  '/writes': async (request, url) => {
    const count = Number(url.searchParams.get('count') ?? 1000);
    let bytes = 0;
    const writer = new WritableStream({ write: (chunk) => void (bytes += chunk.length) }).getWriter();
    for (let i = 0; i < count; ++i) writer.write('0123456789');
    await writer.close();
    return new Response(String(bytes));
  },
};

export default {
  fetch(request, env) {
    const url = new URL(request.url);
    const path = url.pathname.replace(/^\/(one|two|three|four)(?=\/)/, '');
    return Object.hasOwn(ENDPOINTS, path) ? ENDPOINTS[path](request, url, env) : new Response('no such way\n', { status: 404 });
  },
};
