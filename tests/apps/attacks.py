"""Attacks on `sluice serve`: what each is, what its client gets, and the bounds that hold meanwhile. attacks_test.py runs them.

App one is attacked, app two is asked all the time. App three is app one with a time limit that is longer than memory lasts. The `code` of an attack is the body of app one's handler, an async function of
`request`, `url`, and `kept`, an array that outlives the request. An attack without code is what a client does: a function of
clients.py with its name.
"""

from dataclasses import dataclass

LIMIT_MS = 1_000
MEMORY_MB = 64
BODY_MB = 1
IN_FLIGHT_MB = 4
CONNECTIONS = 64
PATIENT_MS = 15_000


@dataclass(frozen=True)
class Attack:
    name: str
    code: str = ""
    gets: tuple[int, ...] = (200,)  # any of these statuses
    body: str = ""  # is in the response
    log: str = ""  # is in the server's log
    seconds: float = LIMIT_MS / 1000 + 1  # until the client has its answer
    again: float = 3.0  # seconds until app one answers again
    others: float = 1.0  # seconds: the longest that app two takes meanwhile
    server_mb: int = 96  # more in the server's own process than before
    app_mb: int = 320  # in app one's process: what app_limits.h says of these limits
    others_get: tuple[int, ...] = (200,)  # any of these, and 200 at least once
    app: str = "one"
    fresh: bool = False  # the app is started afresh afterwards: the attack leaves something behind


TIME = (
    Attack("loop", "for (;;);", (504,), log="was ended"),
    Attack("loop after an await", "await 0; for (;;);", (504,), log="was ended"),
    Attack("loop in a timer", "await new Promise((r) => setTimeout(() => { for (;;); }));", (504,), log="was ended"),
    Attack("loop in a sink", "await new WritableStream({ write() { for (;;); } }).getWriter().write(1);", (504,), log="was ended"),
    Attack("loop in a then of the response", "return { then() { for (;;); } };", (504,), log="was ended"),
    Attack("loop in the headers of the response", "return new Response('', { headers: new Proxy({}, { ownKeys() { for (;;); } }) });", (504,)),
    Attack("loop in a listener of the request's signal", "request.signal.addEventListener('abort', () => { for (;;); }); await new Promise(() => {});",
           (504,), log="was ended", again=4.0),
    Attack("microtasks without end", "(function f() { Promise.resolve().then(f); })(); await new Promise(() => {});", (504,), log="was ended"),
    Attack("never answers", "await new Promise(() => {});", (504,), log="not answered within the time limit"),
    Attack("timers without end", "setInterval(() => { const end = Date.now() + 50; while (Date.now() < end); }); await new Promise(() => {});",
           (504,), fresh=True),
    Attack("regular expression", "return new Response(String(/^(a+)+$/.test('a'.repeat(40) + 'b')));", (504,)),
    Attack("sorting", "const a = Array.from({ length: 2e6 }, (_, i) => (i * 7919) % 1000003); for (;;) a.sort().reverse();", (504, 503)),
    Attack("filling in native code", "for (;;) new Array(3e6).fill(0).indexOf(1);", (504, 503)),
    Attack("long division", "let x = 3n ** 500000n; for (;;) x = (x * x) % (7n ** 600000n);", (504, 503)),
    Attack("copying a string in native code", "for (let s = 'x'.repeat(1e6); ; ) s.split('').join('y').length;", (504, 503)),
    Attack("printing a graph", """let x = new Array(40).fill(0); for (let i = 0; i < 3; ++i) x = new Array(40).fill(x);
           console.log(x); return new Response('printed');""", (200, 504)),
    Attack("printing long strings", "console.log(new Array(40).fill('x'.repeat(1e7))); return new Response('printed');", (200, 503, 504)),
    Attack("throwing a graph", "let x = new Array(40).fill(0); for (let i = 0; i < 3; ++i) x = new Array(40).fill(x); throw x;", (500, 504)),
    Attack("printing in a loop", "for (;;) console.log('x'.repeat(1000));", (504,), log="was ended"),
    Attack("cloning in a loop", "for (let x = [[]]; ; x = [x, 1]) structuredClone(x);", (500, 503, 504)),
    Attack("parsing in a loop", "const text = '[' .repeat(5e5) + ']'.repeat(5e5); for (;;) { try { JSON.parse(text); } catch {} }", (504, 503)),
    Attack("parsing URLs in a loop", "for (;;) new URL('http://x/' + 'a/../'.repeat(1e5));", (504, 503)),
    Attack("decoding in a loop", "const bytes = new Uint8Array(1e7); for (;;) new TextDecoder().decode(bytes);", (504, 503)),
    Attack("Atomics.wait", "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);", (500,), log="TypeError"),
    Attack("many rejections that nobody handles", "for (let i = 0; i < 2e5; ++i) Promise.reject(new Error('nobody ' + i)); return new Response('rejected');",
           (200, 504), fresh=True),
    Attack("rejections of long strings", "for (let i = 0; i < 100; ++i) Promise.reject('x'.repeat(1e7)); return new Response('rejected');", (200, 504), fresh=True),
    Attack("imports of files that are not there", "for (let i = 0; i < 1e5; ++i) import('./none' + i + '.mjs').catch(() => {}); return new Response('asked');",
           (200, 500, 504), fresh=True),
    Attack("timers that are all due at once", "for (let i = 0; i < 300; ++i) setTimeout(() => { const end = Date.now() + 20; while (Date.now() < end); }); return new Response('set');",
           again=0.5, fresh=True),
    Attack("sorting with a comparison that lies", "[...Array(1e4).keys()].sort(() => { for (;;); });", (504,), log="was ended"),
    Attack("joining arrays that are shared", "let a = ['x']; for (let i = 0; i < 40; ++i) a = [a, a]; return new Response(String(a).length);", (504, 503)),
    Attack("growing a big integer", "return new Response(String(3n ** 10000000n).length);", (504, 503)),
    Attack("comparing and normalising long strings", "for (;;) 'x'.repeat(1e7).normalize('NFKD').localeCompare('x'.repeat(1e7) + 'y');", (504, 503)),
    Attack("formats of dates", "for (;;) new Intl.DateTimeFormat('en', { dateStyle: 'full' }).format(0);", (504, 503)),
    Attack("cloning what has a looping getter", "structuredClone({ get a() { for (;;); } });", (504,), log="was ended"),
    Attack("JSON of what has a looping toJSON", "JSON.stringify({ toJSON() { for (;;); } });", (504,), log="was ended"),
    Attack("a stack that loops when it is prepared", "Error.prepareStackTrace = () => { for (;;); }; throw new Error('x');", (504,), fresh=True),
    Attack("a chain of proxies", "let p = {}; for (let i = 0; i < 2e5; ++i) p = new Proxy(p, {}); console.log(p); return new Response(String(Object.keys(p)));", (200, 500, 504)),
    Attack("printing an object with a looping getter", "console.log({ get a() { for (;;); }, get [Symbol.toStringTag]() { for (;;); } }); return new Response('printed');"),
    Attack("printing a table that is too wide", "console.table([Object.fromEntries(Array.from({ length: 1e5 }, (_, i) => ['c' + i, 1]))]); return new Response('printed');", (200, 504)),
    Attack("printing errors in errors", """let e = new Error('x'); for (let i = 0; i < 30; ++i) e = new AggregateError([e, e], 'm', { cause: e });
           console.log(e); throw e;""", (500, 504)),
    Attack("many headers, set and asked for", "const h = new Headers(); for (let i = 0; ; ++i) { h.set('a' + i, 'b'); h.has('zz'); }", (504, 503)),
    Attack("many parameters of a URL", "const u = new URL('http://x/?' + 'a=b&'.repeat(1e5)); for (;;) u.searchParams.append('c', 1);", (500, 503, 504)),
    Attack("a then that loops when it is read", "return { get then() { for (;;); } };", (504,), log="was ended"),
    Attack("a thenable that resolves to itself", "const t = { then(a) { a(t); } }; return t;", (504,), log="was ended"),
    Attack("a status that loops", "return new Response('', { status: { valueOf() { for (;;); } } });", (504,), log="was ended"),
    Attack("filling what says that it is long", "Array.prototype.fill.call({ length: 2 ** 53 - 1 }, 0);", (504, 503)),
    Attack("a generator that resists its end", "function* g() { for (;;) { try { for (;;); } finally { continue; } } } [...g()];", (504,), log="was ended"),
    Attack("a start of WebAssembly that loops", """const bytes = [0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 8, 1, 0, 10, 9, 1, 7, 0, 3, 64, 12, 0, 11, 11];
           await WebAssembly.instantiate(new Uint8Array(bytes));""", (504,), log="was ended"),
    Attack("an exit code that loops", "sluice.exit({ valueOf() { for (;;); } });", (504,), log="was ended"),
    Attack("printing proxies that loop", "console.log(new Proxy({}, { ownKeys() { for (;;); } }), new Map([[new Proxy({}, { get() { for (;;); } }), 1]])); return new Response('printed');",
           (200,), body="printed"),
    Attack("printing empty lines in groups", "for (let i = 0; i < 1e4; ++i) console.group(); for (let i = 0; i < 30; ++i) console.log('\\n'.repeat(1e7)); return new Response('printed');",
           (200, 503, 504), fresh=True),
    Attack("a deep clone", "let a = []; for (let i = 0; i < 1e6; ++i) a = [a]; structuredClone(a); return new Response('cloned');", (200, 500, 503, 504)),
    Attack("a module that never finishes", "await import('./never.mjs');", (504,)),
)

MEMORY = (
    Attack("objects", "for (const all = []; ; ) all.push({ all });", (503,), log="its memory limit of 64 MB is exhausted", seconds=PATIENT_MS / 1000 + 1, app="three"),
    Attack("a map", "for (let map = new Map(), i = 0; ; ++i) map.set(i, {});", (503,), log="its memory limit", seconds=PATIENT_MS / 1000 + 1, app="three"),
    Attack("strings", "for (const all = []; ; ) all.push(JSON.stringify('x'.repeat(1e6) + all.length));", (503,), seconds=PATIENT_MS / 1000 + 1, app="three"),
    Attack("the longest array", "return new Response(String('x'.repeat(2 ** 28).split('').length));", (503,), seconds=PATIENT_MS / 1000 + 1, app="three"),
    Attack("filled arrays", "for (const all = []; ; ) all.push(new Array(1e6).fill(0));", (503,), seconds=PATIENT_MS / 1000 + 1, app="three"),
    Attack("buffers", "for (;;) kept.push(new ArrayBuffer(1e6));", (500,), log="RangeError", fresh=True),
    Attack("shared buffers", "for (;;) kept.push(new SharedArrayBuffer(1e6));", (500, 503), fresh=True),
    Attack("the buffer of a small array at the limit", """for (let size = 1 << 26; size >= 1; size >>= 1) { try { for (;;) kept.push(new ArrayBuffer(size)); } catch {} }
           return new Response(String(new Uint8Array(8).buffer.byteLength));""", (200, 500, 503), seconds=PATIENT_MS / 1000 + 1, app="three", fresh=True),
    Attack("WebAssembly memory", """const bytes = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]); new WebAssembly.Module(bytes);
           for (;;) { const m = new WebAssembly.Memory({ initial: 1000 }); new Uint8Array(m.buffer).fill(1); kept.push(m); }""", (500, 503, 504), seconds=PATIENT_MS / 1000 + 1, app="three", fresh=True),
    Attack("WebAssembly memory beyond the limit", """const errors = [];
           try { new WebAssembly.Memory({ initial: 1025 }); } catch (e) { errors.push(e.name); }
           const m = new WebAssembly.Memory({ initial: 1 }); try { m.grow(1024); } catch (e) { errors.push(e.name); }
           return new Response(errors.join());""", (200,), body="RangeError,RangeError"),
    Attack("a loop that is refused memory", """for (let size = 1 << 26; size >= 64; size >>= 1) { try { for (;;) kept.push(new ArrayBuffer(size)); } catch {} }
           let refused = 0; for (let i = 0; i < 30000; ++i) { try { setTimeout(() => {}, 1e9); } catch { ++refused; } } return new Response(`refused ${refused > 10000}`);""",
           (200,), body="refused true", seconds=PATIENT_MS / 1000 + 1, app="three", fresh=True),
    Attack("timers", "for (let i = 0; i < 1e6; ++i) setTimeout(() => {}, 2 ** 31 - 1); return new Response('kept');", (200, 500, 503, 504), seconds=PATIENT_MS / 1000 + 1, app="three", fresh=True),
    Attack("signals' timeouts", "for (let i = 0; i < 1e6; ++i) AbortSignal.timeout(1e9); return new Response('kept');", (200, 500, 503, 504), seconds=PATIENT_MS / 1000 + 1, app="three", fresh=True),
    Attack("labels of the console", "for (let i = 0; ; ++i) console.count('x'.repeat(1e5) + i);", (500, 503, 504), seconds=PATIENT_MS / 1000 + 1, app="three", fresh=True),
    Attack("groups of the console", "for (let i = 0; i < 1e6; ++i) console.group(); console.log('deep'); return new Response('grouped');",
           (200, 500, 503, 504), fresh=True),
    Attack("clones", "for (;;) kept.push(structuredClone(new Array(1e5).fill('xyz')));", (500, 503, 504), seconds=PATIENT_MS / 1000 + 1, app="three", fresh=True),
    Attack("URLs", "for (let i = 0; ; ++i) kept.push(new URL('http://x/' + 'a'.repeat(1e5) + i));", (500, 503, 504), seconds=PATIENT_MS / 1000 + 1, app="three", fresh=True),
    Attack("headers", "for (let i = 0; ; ++i) kept.push(new Headers({ a: 'x'.repeat(1e5) + i }));", (500, 503, 504), seconds=PATIENT_MS / 1000 + 1, app="three", fresh=True),
    Attack("queues of dead streams", """for (let i = 0; i < 31; ++i) {
             const writer = new WritableStream({ write: () => new Promise(() => {}) }, { highWaterMark: 1e9 }).getWriter();
             for (let j = 0; j < 20000; ++j) writer.write('').catch(() => {});
           }
           kept.push(new WritableStream()); return new Response('kept');""", (200, 503, 504), fresh=True),
    Attack("a body that is too long to send", "return new Response('x'.repeat(5e8));", (500, 503), seconds=PATIENT_MS / 1000 + 1, app="three"),
    Attack("a body that is longer than what may be in flight", "return new Response('x'.repeat(5e6));", (500,), log="max_in_flight_mb"),
    Attack("a head that is too long to send", "return new Response('', { headers: { a: 'x'.repeat(2e6) } });", (500,), log="the head of a response"),
    Attack("a byte limit of Infinity", """const writer = sluice.createWritableStream({ write: () => new Promise(() => {}) }, {}, { byteLimit: Infinity }).getWriter();
           try { for (let i = 0; i < 3; ++i) { const p = writer.write(new Uint8Array(6e5)); if (i) await Promise.race([p, 0]); } await writer.write(new Uint8Array(6e5)); }
           catch (error) { return new Response(String(error)); }""", (200,), body="RangeError: The stream may buffer 1048576 bytes"),
    Attack("many streams that are nearly full", """const errors = []; kept.push(errors);
           for (let i = 0; i < 10; ++i) {
             const writer = new WritableStream({ write: () => new Promise(() => {}) }).getWriter(); kept.push(writer);
             writer.write(new Uint8Array(9e5)).catch((error) => errors.push(String(error)));
           }
           await new Promise((r) => setTimeout(r, 1)); return new Response(errors.length + errors[0]);""", (200,), body="RangeError: The streams of this app may buffer 3145728 bytes together (max_total_buffer_size_mb)", fresh=True),
    Attack("bodies of requests, kept", "kept.push(await request.arrayBuffer()); return new Response('kept');"),
)

ENDS = (
    Attack("sluice.exit()", "sluice.exit();", (503,), log="it ended itself"),
    Attack("sluice.exit() in a timer", "setTimeout(() => sluice.exit(), 1); await new Promise(() => {});", (503,), log="it ended itself"),
    Attack("a label that is too long", "new TextDecoder('x'.repeat(2 ** 29 - 24));", (500, 503), seconds=PATIENT_MS / 1000 + 1, app="three"),
    Attack("a message that is too long", "throw new Error('x'.repeat(2 ** 29 - 24));", (500, 503), seconds=PATIENT_MS / 1000 + 1, app="three"),
    Attack("recursion", "const f = () => f() + 1; return new Response(f());", (500,), log="RangeError"),
    Attack("printing at the end of the stack", """let deep = {}; for (let i = 0; i < 1000; ++i) deep = i % 2 ? [deep] : { a: new Map([[deep, 1]]) };
           let printed = 0; (function f() { try { f(); } catch {} if (printed < 2) { ++printed; console.dir(deep, { depth: Infinity }); } })();
           return new Response('printed');""", (200, 500, 503, 504)),
    Attack("a cycle of modules that fails", "await import('./cycle-a.mjs').catch(() => {}); await import('./cycle-b.mjs'); return new Response('imported');", (200, 500, 503)),
    Attack("a rejection that nobody handles", "Promise.reject(new Error('nobody')); return new Response('rejected');", (200,), body="rejected", log="nobody"),
    Attack("an error in a timer", "setTimeout(() => { throw new Error('nobody'); }); await new Promise((r) => setTimeout(r, 5)); return new Response('threw');",
           (200,), body="threw", log="nobody"),
    Attack("throwing a proxy", "throw new Proxy({}, { get() { for (;;); }, getPrototypeOf() { for (;;); } });", (500,)),
    Attack("throwing what has a looping stack", "throw { get stack() { for (;;); }, toString() { for (;;); } };", (500,)),
    Attack("patched promises", "Promise.prototype.then = () => { for (;;); }; await 0; return new Response('patched');", (200, 504), fresh=True),
    Attack("patched classes", """Object.defineProperty(Response.prototype, 'status', { get() { for (;;); } }); Array.prototype[Symbol.iterator] = () => { for (;;); };
           Object.prototype.then = undefined; return new Response('patched');""", (200, 504), fresh=True),
    Attack("the server's function by stack frames", """Error.prepareStackTrace = (error, frames) => frames; const frames = new Error().stack; Error.prepareStackTrace = undefined;
           const found = frames.map((f) => f.getFunction()).filter((f) => typeof f === 'function' && String(f).includes('respond'));
           const self = frames.map((f) => f.getThis()).filter((x) => x !== undefined && x !== globalThis);
           return new Response(`${found.length} found`);""", (200,), body="0 found"),
    Attack("the server's function by its caller", """const f = new Function('g', 'return f.caller; function f() {}; ');
           const sloppy = new Function('return arguments.callee.caller'); let caller = null; try { caller = sloppy(); } catch {}
           return new Response(typeof caller === 'function' && String(caller).includes('respond') ? 'found' : 'hidden');""", (200,), body="hidden"),
    Attack("an answer after the time is over", """await new Promise((r) => setTimeout(r, 1100)); return new Response('late');""", (504,)),
    Attack("a response twice", "return (kept[0] ??= new Response('once'));", (200,), fresh=True),
    Attack("setters on Object.prototype", """for (const key of ['status', 'headers', 'body', 'signal', 'then', 'url', 'get', 'set', 'value', 'done', 'length', '0'])
             Object.defineProperty(Object.prototype, key, { configurable: true, set(value) { kept.push(value); }, get() {} });
           return new Response(`${kept.length} seen`);""", (200, 500), fresh=True),
    Attack("the server's function by a patched then", """const seen = []; const then = Promise.prototype.then;
           Promise.prototype.then = function (...all) { seen.push(...all); return then.apply(this, all); };
           await new Promise((r) => setTimeout(r, 5)); Promise.prototype.then = then;
           return new Response(`${seen.filter((f) => typeof f === 'function' && !String(f).includes('native code')).length} seen`);""",
           (200,), body="0 seen", fresh=True),
    Attack("globals that are frozen and deleted", """const all = globalThis, { Object, Response } = all;
           for (const name of Object.getOwnPropertyNames(all)) {
             try { Object.freeze(all[name]); Object.freeze(all[name].prototype); } catch {} try { delete all[name]; } catch {} }
           Object.freeze(all); return new Response('made');""", (200,), body="made", fresh=True),
    Attack("a proxy of a response", "return new Proxy(new Response('x'), {});", (500,), log="TypeError"),
    Attack("no response", "return 42;", (500,), log="TypeError"),
)

LANGUAGE = (
    Attack("an async generator without end", "async function* g() { for (;;) yield 1; } for await (const x of g());", (504,), log="was ended"),
    Attack("a storm of imports", "for (let i = 0; ; ++i) import('data:text/javascript,' + i).catch(() => {});", (504, 503), fresh=True),
    Attack("finalizers that loop", """const registry = new FinalizationRegistry(() => { for (;;); }); kept.push(registry);
           for (let i = 0; i < 1e5; ++i) registry.register({}, i); new ArrayBuffer(5e7); await new Promise((r) => setTimeout(r, 100)); return new Response('registered');""",
           (200, 500, 504), fresh=True),
    Attack("weak references", "for (;;) kept.push(new WeakRef({}));", (503,), seconds=PATIENT_MS / 1000 + 1, app="three"),
    Attack("a chain of weak keys", """let key = {}; const map = new WeakMap(); kept.push(map, key);
           for (let i = 0; i < 3e5; ++i) { const next = {}; map.set(key, next); key = next; } return new Response('chained');""",
           (200, 503, 504), fresh=True),
    Attack("symbols that stay", "for (let i = 0; ; ++i) Symbol.for('x'.repeat(1e4) + i);", (503, 504), seconds=PATIENT_MS / 1000 + 1, app="three"),
    Attack("waiting for memory that nobody wakes", "await Atomics.waitAsync(new Int32Array(new SharedArrayBuffer(4)), 0, 0).value;", (504, 500)),
    Attack("an error with a looping stack", "const e = new Error('x'); Object.defineProperty(e, 'stack', { get() { for (;;); } }); throw e;", (500,)),
    Attack("an error with a stack without end", "Error.stackTraceLimit = Infinity; const f = () => f() + 1; f();", (500, 503, 504), fresh=True),
    Attack("a long chain of causes", "let e; for (let i = 0; i < 1e5; ++i) e = new Error('x', { cause: e }); throw e;", (500, 503, 504)),
    Attack("a class with a looping tag", """console.log(class { static get [Symbol.toStringTag]() { for (;;); } }, new (class { get [Symbol.toStringTag]() { for (;;); } })());
           return new Response('printed');""", (200,), body="printed"),
    Attack("a class with a looping species", "class A extends Array { static get [Symbol.species]() { for (;;); } } new A(1, 2).map((x) => x);", (504,), log="was ended"),
    Attack("printing functions in functions", """let f = () => {}; for (let i = 0; i < 1e5; ++i) { const g = () => {}; g.f = f; f = g; }
           console.dir(f, { depth: Infinity }); return new Response('printed');""", (200,), body="printed"),
    Attack("printing the global object", "Object.defineProperty(globalThis, 'looping', { get() { for (;;); }, enumerable: true }); console.log(globalThis); return new Response('printed');",
           (200,), body="printed", fresh=True),
    Attack("printing a large view", "console.log(new BigInt64Array(1e6), [new Uint8Array(1e6)]); return new Response('printed');", (200,), body="printed"),
    Attack("a buffer twice in a transfer list", "const b = new ArrayBuffer(8); structuredClone(b, { transfer: [b, b] });", (500,), log="DataCloneError"),
    Attack("a transfer list without end", "structuredClone(0, { transfer: { *[Symbol.iterator]() { for (;;) yield new ArrayBuffer(8); } } });", (500, 503, 504), fresh=True),
    Attack("a buffer that can grow", "return new Response(String(new ArrayBuffer(8, { maxByteLength: 2 ** 40 }).byteLength));", (200, 500)),
    Attack("words of a language without spaces", "const s = new Intl.Segmenter('th', { granularity: 'word' }); for (;;) [...s.segment('\u0e01'.repeat(1e5))];", (504, 503)),
    Attack("dates of another calendar", "for (;;) new Date(8.64e15).toLocaleString('ar-u-ca-islamic');", (504, 503)),
    Attack("a replacement that grows", "return new Response(String('x'.repeat(1e5).replace(/x/g, '$`').length));", (500, 503, 504)),
    Attack("a regular expression that is large when compiled", "return new Response(String(new RegExp('(?:a{0,1000}){0,1000}').test('a')));", (200, 500, 503, 504)),
    Attack("a function of ten million statements", "return new Response(String(new Function('a;'.repeat(1e7))));", (200, 500, 503, 504)),
    Attack("brackets in brackets", "new Function('return ' + '['.repeat(1e5) + ']'.repeat(1e5));", (500,), log="Error"),
    Attack("spreading what says that it is long", "return new Response(String([].concat({ length: 2 ** 53 - 1, [Symbol.isConcatSpreadable]: true }).length));", (200, 500, 503, 504)),
    Attack("a loop in WebAssembly", """const bytes = [0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0, 10, 9, 1, 7, 0, 3, 64, 12, 0, 11, 11];
           new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(bytes))).exports.f();""", (504,), log="was ended"),
    Attack("listeners that add listeners", """const target = new EventTarget(); const add = () => target.addEventListener('a', () => add());
           add(); for (;;) target.dispatchEvent(new Event('a'));""", (504, 503), fresh=True),
    Attack("signals of signals", "for (let s = new AbortController().signal; ; ) { s = AbortSignal.any([s, s, s]); kept.push(s); }", (500, 503, 504), fresh=True),
    Attack("a module of many imports", "await import('./many.mjs');", (500, 503, 504), fresh=True),
    Attack("a module of another type", "await new AsyncFunction(\"return import('./own.mjs', { assert: { type: 'json' } })\")();", (500,)),
    Attack("text in base 64 that is long", "return new Response(String(atob('A'.repeat(2 ** 28)).length + btoa('A'.repeat(2 ** 27)).length));", (200, 500, 503, 504)),
    Attack("tables of the console in a loop", "for (;;) console.table(new Array(1e4).fill({ a: 1, b: [1, 2] }));", (504, 503)),
    Attack("timers of the console", "for (let i = 0; ; ++i) console.time('x'.repeat(1e5) + i);", (500, 503, 504), fresh=True),
    Attack("a response whose clones stay", "const r = new Response('x'.repeat(1e6)); for (;;) kept.push(r.clone(), new Uint8Array(await r.clone().arrayBuffer()));", (500, 503, 504),
           seconds=PATIENT_MS / 1000 + 1, app="three", fresh=True),
)

FILES = (
    Attack("reading a file elsewhere", "return new Response(sluice.readTextFile('/etc/passwd'));", (500,), log="/etc/passwd"),
    Attack("reading by a relative path", "return new Response(sluice.readTextFile('../secret.mjs'));", (500,), log="secret"),
    Attack("reading standard input", "return new Response(sluice.readTextFile('-'));", (500,)),
    Attack("reading the process' environment", "return new Response(sluice.readTextFile('/proc/self/environ'));", (500,), log="environ"),
    Attack("reading a device", "return new Response(sluice.readTextFile('/dev/zero'));", (500,), log="/dev/zero"),
    Attack("reading a pipe", "return new Response(sluice.readTextFile('pipe.mjs'));", (500,), log="pipe.mjs"),
    Attack("reading through a link", "return new Response(sluice.readTextFile('link.mjs'));", (500,), log="link.mjs"),
    Attack("importing a file elsewhere", "await import('../secret.mjs');", (500,), log="secret.mjs"),
    Attack("importing through a link", "await import('./link.mjs');", (500,), log="link.mjs"),
    Attack("importing a pipe", "await import('./pipe.mjs');", (500,), log="pipe.mjs"),
    Attack("importing a device", "await import('/dev/zero');", (500,), log="/dev/zero"),
    Attack("importing a name with NUL", "await import('./own.mjs%00.txt');", (500,)),
    Attack("importing data", "await import('data:text/javascript,export default 1');", (500,)),
    Attack("a file of its own", "return new Response((await import('./own.mjs')).own + sluice.readTextFile('own.mjs').length);", (200,), body="own"),
)

FRAMING = (
    Attack("a header with a line break", "return new Response('', { headers: { a: 'b\\r\\nc: d' } });", (500,), log="TypeError"),
    Attack("a status text with a line break", "return new Response('', { statusText: 'a\\r\\nb: c' });", (500,), log="TypeError"),
    Attack("205 with a length", "return new Response(null, { status: 205, headers: { 'content-length': '5' } });", (205,)),
    Attack("204 with a length and chunks", "return new Response(null, { status: 204, headers: { 'content-length': '5', 'transfer-encoding': 'chunked' } });", (204,)),
    Attack("another length", "return new Response('abc', { headers: { 'content-length': '9' } });", (200,), body="abc"),
    Attack("another connection", "return new Response('abc', { headers: { connection: 'upgrade', upgrade: 'x', trailer: 'y' } });", (200,), body="abc"),
)

CLIENTS = (
    Attack("kill -9 in mid-request", gets=(503,), log="signal 9"),
    Attack("kill -9 under load", gets=(503,), log="signal 9", seconds=20),
    Attack("kill -9 of the app again and again", gets=(200,), seconds=20, again=12.0),
    Attack("kill -STOP for a moment in a loop", gets=(504,), log="was ended", seconds=4),
    Attack("requests in the pipe while the app dies", gets=(200,), log="it ended itself", seconds=5),
    Attack("a protocol to change to", gets=(200,)),
    Attack("kill -STOP", gets=(504,), log="does not respond", again=6.0),
    Attack("a body that is longer than the app takes", gets=(413,)),
    Attack("chunks that are longer than the app takes", gets=(413,)),
    Attack("bodies that together are too long", gets=(503,), seconds=10),
    Attack("bodies for an app that is busy", gets=(504, 503), seconds=20),
    Attack("half a body, and gone", gets=(200,)),
    # A client that has connected and not asked yet is silent, too: on a busy machine it may be one of those that make room.
    Attack("silent connections", gets=(200,), others_get=(0, 200), seconds=10),
    Attack("more connections than there may be", gets=(503,), others_get=(200, 503), seconds=10),
    Attack("a head that does not end", gets=(431,)),
    Attack("two lengths", gets=(400,)),
    Attack("a length and chunks", gets=(400,)),
    Attack("control characters in the target", gets=(400,)),
    Attack("bytes beyond ASCII in the target", gets=(200, 400, 404)),
    Attack("thousands of requests at once", gets=(200,), seconds=20, others=2.0),
    Attack("responses that nobody reads", gets=(200, 503), seconds=10),
    Attack("resets in the middle of a response", gets=(200,), seconds=10),
)

ATTACKS = (*TIME, *MEMORY, *ENDS, *LANGUAGE, *FILES, *FRAMING, *CLIENTS)
