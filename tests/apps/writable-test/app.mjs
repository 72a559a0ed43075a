// An app that exercises WritableStream over HTTP. Each path of ENDPOINTS is a test of its own: it says what happened, as JSON,
// and `ok` says whether that is what the standard, and the byte limit, want.
//
//   build/dev/sluice serve tests/apps/streams-writable.json
//   curl http://127.0.0.1:8080/                    the list
//   curl http://127.0.0.1:8080/basic-write
import { abortWithReason, basicWrite, backpressure, controllerError, locking, sequentialWrites } from './streams.mjs';
import { byteLimit, byteLimitInFlight } from './byte_limit.mjs';

const ENDPOINTS = {
  '/basic-write': [basicWrite, 'writes and closes; the sink has seen all of it'],
  '/sequential-writes': [sequentialWrites, 'a slow sink gets chunks in order and one at a time (?count=5&delay=2)'],
  '/backpressure': [backpressure, 'desiredSize and ready tell a producer when to wait (?count=6&highWaterMark=2)'],
  '/abort': [abortWithReason, 'abort(reason) reaches the sink, the signal and all that waits (?reason=because)'],
  '/controller-error': [controllerError, 'controller.error() ends the stream for its writer'],
  '/locking': [locking, 'one writer at a time; releaseLock() lets the next one in'],
  '/byte-limit': [byteLimit, 'a write beyond the limit is rejected, and the stream goes on (?kind=string|bytes|view)'],
  '/byte-limit-in-flight': [byteLimitInFlight, 'a chunk counts until the sink has finished with it'],
};

function json(value, status = 200) {
  return new Response(JSON.stringify(value, null, 2) + '\n', {
    status,
    headers: { 'content-type': 'application/json' },
  });
}

function index(env) {
  const endpoints = Object.entries(ENDPOINTS).map(([path, [, about]]) => ({ path, about }));
  return json({ app: env.name, maxBufferSize: env.maxBufferSize, endpoints });
}

export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return new Response(null, { status: 405, headers: { allow: 'GET, HEAD' } });
    }
    if (url.pathname === '/') return index(env);
    if (!Object.hasOwn(ENDPOINTS, url.pathname)) return json({ error: `there is nothing at ${url.pathname}` }, 404);
    const [test, about] = ENDPOINTS[url.pathname];
    const { status, ...result } = await test(url.searchParams, env);
    return json({ endpoint: url.pathname, about, ...result }, status ?? (result.ok ? 200 : 500));
  },
};
