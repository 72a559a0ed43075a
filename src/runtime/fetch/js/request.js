// ---- Request. https://fetch.spec.whatwg.org/#request-class

// `signal` is made when somebody asks for it; it follows `source`, a signal or undefined. `abortable`: abortRequest() may
// come.
function newRequestState(method, url, headers) {
  return {
    method, url, headers, headersObject: undefined, body: null, used: false, shared: false, signal: undefined,
    source: undefined, abortable: false,
  };
}

function requestSignal(s) {
  if (s.signal === undefined) {
    s.signal = NewSignal(s.source);
    s.source = undefined;
  }
  return s.signal;
}

// What a request made of this one follows: undefined if that would never abort.
function signalToFollow(s) { return s.abortable ? requestSignal(s) : s.signal ?? s.source; }

// Members in the order in which Web IDL reads them.
function requestInit(init) {
  const what = "Failed to construct 'Request'";
  const result = { body: null, giver: undefined, headers: undefined, method: undefined, signal: undefined };
  requireDictionary(init, what);
  if (init === undefined || init === null) return result;
  const body = init.body;
  // A request as options, new Request(url, request), has a body like any other, though no attribute shows it here.
  if (body === undefined && isRequest(init)) result.giver = stateOfRequest(init);
  result.body = bodyInit(body);
  const headers = init.headers;
  if (headers !== undefined) result.headers = headersInit(headers, what);
  const method = init.method;
  if (method !== undefined) result.method = toByteString(method, what);
  const signal = init.signal;
  if (signal !== undefined) {
    if (signal !== null && !IsAbortSignal(signal)) throw new TypeError_(`${what}: the signal is not an AbortSignal`);
    result.signal = signal;
  }
  return result;
}

function requestUrl(text) {
  const parsed = parseUrl(text, undefined);
  if (parsed.hostStart > parsed.protocolEnd + 2 && (usernameOf(parsed) !== "" || passwordOf(parsed) !== "")) {
    throw new TypeError_(`Failed to construct 'Request': the URL has credentials: ${parsed.href}`);
  }
  return parsed.href;
}

function requestMethod(method) {
  const normalized = RequestMethod(method);
  if (normalized === undefined) throw new TypeError_(`Failed to construct 'Request': '${method}' is no method to use`);
  return normalized;
}

// The constructor's steps. https://fetch.spec.whatwg.org/#dom-request
function constructRequest(input, initArgument) {
  const what = "Failed to construct 'Request'";
  const from = isObject(input) && isRequest(input) ? stateOfRequest(input) : undefined;
  const text = from === undefined ? `${input}` : undefined;
  const init = requestInit(initArgument);
  const s = newRequestState(from === undefined ? "GET" : from.method, from === undefined ? requestUrl(text) : from.url,
                            from === undefined ? newHeaderList("", false) : copyHeaders(from.headers, false));
  if (init.method !== undefined) s.method = requestMethod(init.method);
  if (init.signal === undefined) s.source = from === undefined ? undefined : signalToFollow(from);
  else s.source = init.signal ?? undefined;
  if (init.headers !== undefined) {
    s.headers = newHeaderList("", false);
    fillHeaders(s.headers, init.headers, what);
  }
  // The request whose body this one takes over.
  let giver = init.giver;
  if (giver === undefined || giver.body === null) giver = from;
  if (init.body !== null || giver === undefined || giver.body === null) giver = undefined;
  if ((init.body !== null || giver !== undefined) && (s.method === "GET" || s.method === "HEAD")) {
    throw new TypeError_(`${what}: a ${s.method} request cannot have a body`);
  }
  if (init.body !== null) setBody(s, init.body, undefined);
  if (giver !== undefined) {
    requireUnused(giver, what);
    s.body = giver.body;
    s.shared = giver.shared;
    giver.used = true;
    giver.body = "";
  }
  return s;
}

class Request {
  #state;

  constructor(input, init = undefined) {
    if (input === token) {
      this.#state = init;
      return;
    }
    requireArguments(arguments.length, 1, "Failed to construct 'Request'");
    this.#state = constructRequest(input, init);
  }

  get method() { return this.#state.method; }
  get url() { return this.#state.url; }
  get headers() {
    const s = this.#state;
    return s.headersObject ??= new Headers(token, s.headers);
  }
  get signal() { return requestSignal(this.#state); }
  get bodyUsed() { return this.#state.used; }

  clone() {
    const s = this.#state;
    requireUnused(s, "Request.clone");
    const copy = newRequestState(s.method, s.url, copyHeaders(s.headers, s.headers.immutable));
    shareBody(s, copy);
    copy.source = signalToFollow(s);
    return new Request(token, copy);
  }

  arrayBuffer() { return read(this, stateOfRequest, "Request.arrayBuffer", takeBuffer); }
  bytes() { return read(this, stateOfRequest, "Request.bytes", takeBytes); }
  json() { return read(this, stateOfRequest, "Request.json", takeJson); }
  text() { return read(this, stateOfRequest, "Request.text", takeText); }

  static stateOf(object) { return object.#state; }
  static isOne(value) { return #state in value; }
}
const stateOfRequest = Request.stateOf;
const isRequest = Request.isOne;

// For C++ (fetch.h). The parts of `url` are in `parts`.
function newRequest(method, url, headers, body, signal) {
  last = newParsed(url);
  const s = newRequestState(method, url, newHeaderList(headers, true));
  s.body = body;
  s.signal = signal;
  s.abortable = signal === undefined;
  return new Request(token, s);
}

// Runs author code, if the signal was asked for.
function abortRequest(request, reason) {
  const s = stateOfRequest(request);
  if (s.signal === undefined) s.signal = AbortedSignal(reason);
  else SignalAbort(s.signal, reason);
}
