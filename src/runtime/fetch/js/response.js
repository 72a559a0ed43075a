// ---- Response. https://fetch.spec.whatwg.org/#response-class

function newResponseState(status, statusText, headers) {
  return {
    type: "default", status, statusText, headers, headersObject: undefined, body: null, used: false, shared: false,
  };
}

// Members in the order in which Web IDL reads them.
function responseInit(init, what) {
  const result = { headers: undefined, status: 200, statusText: "" };
  requireDictionary(init, what);
  if (init === undefined || init === null) return result;
  const headers = init.headers;
  if (headers !== undefined) result.headers = headersInit(headers, what);
  const status = init.status;
  if (status !== undefined) result.status = toUnsignedShort(status);
  const statusText = init.statusText;
  if (statusText !== undefined) result.statusText = toByteString(statusText, what);
  return result;
}

function isNullBodyStatus(status) { return status === 204 || status === 205 || status === 304; }

// https://fetch.spec.whatwg.org/#initialize-a-response. `body` is what bodyInit() gave.
function initializeResponse(body, type, init, what) {
  const status = init.status;
  if (status < 200 || status > 599) throw new RangeError_(`${what}: the status ${status} is not from 200 to 599`);
  if (init.statusText !== "" && !IsReasonPhrase(init.statusText)) {
    throw new TypeError_(`${what}: the status text has a control character in it`);
  }
  const s = newResponseState(status, init.statusText, newHeaderList("", false));
  if (init.headers !== undefined) fillHeaders(s.headers, init.headers, what);
  if (body === null) return s;
  if (isNullBodyStatus(status)) throw new TypeError_(`${what}: a response of status ${status} cannot have a body`);
  setBody(s, body, type);
  return s;
}

class Response {
  #state;

  constructor(body = null, init = undefined) {
    if (body === token) {
      this.#state = init;
      return;
    }
    const what = "Failed to construct 'Response'";
    const converted = bodyInit(body);
    this.#state = initializeResponse(converted, undefined, responseInit(init, what), what);
  }

  static error() {
    const s = newResponseState(0, "", newHeaderList("", true));
    s.type = "error";
    return new Response(token, s);
  }

  static redirect(url, status = 302) {
    requireArguments(arguments.length, 1, "Response.redirect");
    const text = `${url}`;
    status = toUnsignedShort(status);
    const href = parseUrl(text, undefined).href;
    if (status !== 301 && status !== 302 && status !== 303 && status !== 307 && status !== 308) {
      throw new RangeError_(`Response.redirect: ${status} is not a status of a redirect (301, 302, 303, 307, 308)`);
    }
    return new Response(token, newResponseState(status, "", newHeaderList(`location\n${href}\n`, true)));
  }

  static json(data, init = undefined) {
    requireArguments(arguments.length, 1, "Response.json");
    const converted = responseInit(init, "Response.json");
    const text = stringifyJson(data);
    if (text === undefined) throw new TypeError_("Response.json: the data cannot be serialized as JSON");
    return new Response(token, initializeResponse(text, "application/json", converted, "Response.json"));
  }

  get type() { return this.#state.type; }
  get url() { return (this.#state, ""); }
  get redirected() { return (this.#state, false); }
  get status() { return this.#state.status; }
  get ok() {
    const status = this.#state.status;
    return status >= 200 && status <= 299;
  }
  get statusText() { return this.#state.statusText; }
  get headers() {
    const s = this.#state;
    return s.headersObject ??= new Headers(token, s.headers);
  }
  get bodyUsed() { return this.#state.used; }

  clone() {
    const s = this.#state;
    requireUnused(s, "Response.clone");
    const copy = newResponseState(s.status, s.statusText, copyHeaders(s.headers, s.headers.immutable));
    copy.type = s.type;
    shareBody(s, copy);
    return new Response(token, copy);
  }

  arrayBuffer() { return read(this, stateOfResponse, "Response.arrayBuffer", takeBuffer); }
  bytes() { return read(this, stateOfResponse, "Response.bytes", takeBytes); }
  json() { return read(this, stateOfResponse, "Response.json", takeJson); }
  text() { return read(this, stateOfResponse, "Response.text", takeText); }

  static stateOf(object) { return object.#state; }
  static isOne(value) { return #state in value; }
}
const stateOfResponse = Response.stateOf;
const isResponse = Response.isOne;

// For C++ (fetch.h).
function readResponse(response) {
  if (!isObject(response) || !isResponse(response)) throw new TypeError_("The handler's result is not a Response");
  const s = stateOfResponse(response);
  if (s.type === "error") throw new TypeError_("The handler's result is an error response");
  if (s.used) throw new TypeError_("The body of the handler's response was used already");
  const body = s.body;
  if (body !== null) {
    s.used = true;
    s.body = "";
  }
  GiveResponse(s.status, s.statusText, textOfHeaders(s.headers), body);
}
