// What must hold of Headers, Request and Response (fetch_rules.h), for any steps: a literal model of the Fetch Standard on
// plain values is compared with all objects after each step. https://fetch.spec.whatwg.org/
"use strict";

// What the model throws where the standard throws an error of this class.
class Refusal {
  constructor(kind) { this.kind = kind; }
}
function refuseUnless(condition, kind = TypeError) { if (!condition) throw new Refusal(kind); }

// ---- Header lists. https://fetch.spec.whatwg.org/#terminology-headers

function isByteString(text) { return [...text].every((c) => c.codePointAt(0) <= 0xff); }
function isName(text) { return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text); }
function isValue(text) { return !/[\0\n\r]/.test(text); }
function normalized(value) { return value.replace(/^[\t\n\r ]+/, "").replace(/[\t\n\r ]+$/, ""); }
function lowerCase(text) { return text.replace(/[A-Z]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 32)); }
function isSame(a, b) { return JSON.stringify(a) === JSON.stringify(b); }

class ModelHeaders {
  constructor(pairs = [], immutable = false) {
    this.list = pairs.map(([name, value]) => [name, value]);
    this.immutable = immutable;
  }

  static filled(pairs) {
    const headers = new ModelHeaders();
    refuseUnless(pairs.every((pair) => pair.length === 2 && pair.every(isByteString)));
    for (const [name, value] of pairs) headers.append(name, value);
    return headers;
  }

  requireName(name) {
    refuseUnless(isByteString(name) && isName(name) && !this.immutable);
    return lowerCase(name);
  }
  requireValue(value) {
    refuseUnless(isByteString(value) && isValue(normalized(value)));
    return normalized(value);
  }

  append(name, value) { this.list.push([this.requireName(name), this.requireValue(value)]); }
  delete(name) {
    const wanted = this.requireName(name);
    this.list = this.list.filter((pair) => pair[0] !== wanted);
  }
  set(name, value) {
    const pair = [this.requireName(name), this.requireValue(value)];
    const first = this.list.findIndex((each) => each[0] === pair[0]);
    if (first < 0) this.list.push(pair);
    else this.list = this.list.filter((each, i) => i <= first || each[0] !== pair[0]).map((each, i) => (i === first ? pair : each));
  }
  values(name) { return this.list.filter((pair) => pair[0] === lowerCase(name)).map((pair) => pair[1]); }
  get(name) { return this.values(name).length === 0 ? null : this.values(name).join(", "); }

  // https://fetch.spec.whatwg.org/#concept-header-list-sort-and-combine
  sorted() {
    const names = [...new Set(this.list.map((pair) => pair[0]))].sort();
    return names.flatMap((name) => (name === "set-cookie" ? this.values(name).map((value) => [name, value]) : [[name, this.get(name)]]));
  }
}

// ---- Bodies. https://fetch.spec.whatwg.org/#body-mixin

function utf8(text) {
  const scalars = text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd");
  const escaped = encodeURIComponent(scalars).replace(/%(..)/g, (_, digits) => String.fromCharCode(parseInt(digits, 16)));
  return [...escaped].map((c) => c.charCodeAt(0));
}

// What a reader gives of these bytes, as text that can be compared; or refuses.
const kReaders = {
  text: (bytes) => new TextDecoder().decode(new Uint8Array(bytes)),
  arrayBuffer: (bytes) => `ArrayBuffer ${bytes}`,
  bytes: (bytes) => `Uint8Array ${bytes}`,
  json(bytes) {
    try {
      return JSON.stringify(JSON.parse(kReaders.text(bytes)));
    } catch {
      throw new Refusal(SyntaxError);
    }
  },
};

// The same of what a reader gave. Its buffer is overwritten then: it is nobody else's.
const kShown = {
  text: (value) => value,
  json: (value) => JSON.stringify(value),
  arrayBuffer: (value) => taken(value.constructor.name, new Uint8Array(value)),
  bytes: (value) => taken(value.constructor.name, value),
};
function taken(name, bytes) {
  const text = `${name} ${bytes}`;
  bytes.fill(0x21);
  return text;
}

// ---- What steps build up: options of the next constructor, as they are given to it (`real`) and for the model.

function newOptions() { return { real: {}, body: undefined, type: undefined, headers: undefined, overwrite: () => {}, follows: undefined }; }

function setBody(options, value, bytes, type, overwrite = () => {}) {
  Object.assign(options, { body: bytes, type, overwrite });
  options.real.body = value;
}

function textBody(options, text) { setBody(options, text, utf8(text), "text/plain;charset=UTF-8"); }
function bytesBody(options, text) {
  const bytes = new Uint8Array([0x3c, ...utf8(text), 0x3e]);
  setBody(options, bytes.subarray(1, -1), utf8(text), undefined, () => bytes.fill(0x2a));
}
function bufferBody(options, text) {
  const bytes = new Uint8Array(utf8(text));
  setBody(options, bytes.buffer, utf8(text), undefined, () => bytes.fill(0x2a));
}
function queryBody(options, text) {
  const query = new URLSearchParams(text);
  setBody(options, query, utf8(`${query}`), "application/x-www-form-urlencoded;charset=UTF-8", () => query.append("later", ""));
}

function giveBody(message, bytes, type) {
  message.body = bytes;
  if (type !== undefined && message.headers.get("content-type") === null) message.headers.list.push(["content-type", type]);
}

// ---- Constructors

const kForbidden = ["CONNECT", "TRACE", "TRACK"];
const kUsual = ["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"];

function modelMethod(method) {
  const upper = method.toUpperCase();
  refuseUnless(isName(method) && !kForbidden.includes(upper));
  return kUsual.includes(upper) ? upper : method;
}

function parsedUrl(text) {
  try {
    return new URL(text);
  } catch {
    throw new Refusal(TypeError);
  }
}

function modelRequestUrl(text) {
  const url = parsedUrl(text);
  refuseUnless(url.username === "" && url.password === "");
  return url.href;
}

// https://fetch.spec.whatwg.org/#dom-request; `from` is the model of a request, or the text of a URL.
function modelRequest(from, options) {
  const { method, signal } = options.real;
  const isText = typeof from === "string";
  const made = { kind: "request", url: isText ? modelRequestUrl(from) : from.url, method: isText ? "GET" : from.method, used: false, body: null };
  if (method !== undefined) made.method = modelMethod(method);
  if (options.headers !== undefined) made.headers = ModelHeaders.filled(options.headers);
  else made.headers = new ModelHeaders(isText ? [] : from.headers.list);
  made.follows = signal === undefined && !isText ? from.follows : options.follows;
  const given = options.body ?? null;
  const taken = given === null && !isText ? from.body : null;
  refuseUnless((given === null && taken === null) || (made.method !== "GET" && made.method !== "HEAD"));
  if (given !== null) giveBody(made, given, options.type);
  if (taken !== null) {
    refuseUnless(!from.used);
    made.body = taken;
    from.used = true;
  }
  return made;
}

// https://webidl.spec.whatwg.org/#es-unsigned-short
function unsignedShort(text) {
  const number = Math.trunc(Number(text));
  return Number.isFinite(number) ? ((number % 65536) + 65536) % 65536 : 0;
}

// What converting the options gives, before anything is done with them.
function modelResponseInit(options) {
  const { status = "200", statusText = "" } = options.real;
  const pairs = options.headers ?? [];
  refuseUnless(isByteString(statusText) && pairs.every((pair) => pair.length === 2 && pair.every(isByteString)));
  return { status: unsignedShort(status), statusText, pairs };
}

// https://fetch.spec.whatwg.org/#initialize-a-response
function modelResponse(body, type, options) {
  const { status, statusText, pairs } = modelResponseInit(options);
  refuseUnless(status >= 200 && status <= 599, RangeError);
  refuseUnless(!/[^\t\x20-\x7e\x80-\xff]/.test(statusText));
  const made = { kind: "response", type: "default", status, statusText, headers: ModelHeaders.filled(pairs), body: null, used: false };
  if (body === null) return made;
  refuseUnless(![204, 205, 304].includes(status));
  giveBody(made, body, type);
  return made;
}

// https://fetch.spec.whatwg.org/#dom-response-redirect
function modelRedirect(text, status) {
  const headers = new ModelHeaders([["location", parsedUrl(text).href]], true);
  refuseUnless([301, 302, 303, 307, 308].includes(status), RangeError);
  return { kind: "response", type: "default", status, statusText: "", headers, body: null, used: false };
}

function modelClone(message) {
  refuseUnless(!message.used);
  return { ...message, headers: new ModelHeaders(message.headers.list, message.headers.immutable) };
}

// ---- The world of an input

const world = { headers: [], messages: [], controllers: [], options: newOptions(), reads: [], broken: undefined };

function report(rule, detail) { world.broken ??= `${rule}\n${detail}`; }
function lastOf(list) { return list[list.length - 1]; }
function shown(error) { return error instanceof Error ? `${error.name}: ${error.message}` : `${error}`; }

// Does the same to the model and to the real thing: both succeed, or both refuse with an error of the same class.
function both(what, ofModel, ofReal) {
  let refusal;
  let expected;
  try {
    expected = ofModel();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    refusal = error;
  }
  try {
    const value = ofReal();
    if (refusal !== undefined) report("FETCH-LENIENT", `${what}: ${refusal.kind.name} expected`);
    else return [expected, value];
  } catch (error) {
    if (refusal === undefined) report("FETCH-STRICT", `${what}: ${shown(error)}`);
    else if (error?.constructor !== refusal.kind) report("FETCH-ERROR", `${what}: ${shown(error)}, ${refusal.kind.name} expected`);
  }
  return undefined;
}

function keepHeaders(made) { if (made !== undefined) world.headers.push({ model: made[0], real: made[1] }); }
function keepMessage(made) {
  world.options.overwrite();
  world.options = newOptions();
  if (made === undefined) return;
  const [model, real] = made;
  world.messages.push({ model, real, headers: real.headers });
  world.headers.push({ model: model.headers, real: real.headers });
}

function pairsOf(text) {
  const parts = text.split("|");
  const pairs = [];
  for (let i = 0; i < parts.length; i += 2) pairs.push(parts.slice(i, i + 2));
  return pairs;
}
function recordOf(text) { return Object.fromEntries(pairsOf(text).map(([name, value = ""]) => [name, value])); }

// Takes an entry, appends a header, and takes the rest: the list is sorted anew for each.
function iterateAndAppend({ model, real }, [name, value = ""]) {
  const expected = [];
  const actual = [];
  const iterator = real[Symbol.iterator]();
  for (let i = 0; i < 64; ++i) {
    expected.push(model.sorted()[i] ?? null);
    const next = iterator.next();
    actual.push(next.done ? null : next.value);
    if (i === 0) both("append", () => model.append(name, value), () => real.append(name, value));
    if (lastOf(expected) === null) break;
  }
  if (!isSame(expected, actual)) report("FETCH-ITERATE", `${JSON.stringify(actual)}, expected ${JSON.stringify(expected)}`);
}

function read(message, reader) {
  const { model, real } = message;
  const entry = { reader, expected: undefined, refused: undefined, outcome: undefined };
  try {
    refuseUnless(!model.used);
    if (model.body !== null) model.used = true;
    entry.expected = kReaders[reader](model.body ?? []);
  } catch (error) {
    entry.refused = error.kind;
  }
  world.reads.push(entry);
  real[reader]().then((value) => { entry.outcome = kShown[reader](value); }, (error) => { entry.outcome = error.constructor; });
}

function newSignal(options) {
  const controller = new AbortController();
  world.controllers.push({ controller, reason: undefined });
  options.follows = lastOf(world.controllers);
  options.real.signal = controller.signal;
}

function abort() {
  const last = lastOf(world.controllers);
  if (last === undefined || last.reason !== undefined) return;
  last.reason = { reason: 1 };
  last.controller.abort(last.reason);
}

const kBuilding = {
  method: (options, text) => options.real.method = text,
  body: textBody,
  raw: bytesBody,
  buffer: bufferBody,
  query: queryBody,
  nobody: (options) => setBody(options, null, null, undefined),
  status: (options, text) => options.real.status = text,
  reason: (options, text) => options.real.statusText = text,
  with(options, text) {
    options.headers = pairsOf(text);
    options.real.headers = pairsOf(text);
  },
  signal: newSignal,
  unsignal(options) {
    options.follows = undefined;
    options.real.signal = null;
  },
};

const kMaking = {
  headers: (text) => keepHeaders(both("new Headers", () => ModelHeaders.filled(pairsOf(text)), () => new Headers(pairsOf(text)))),
  record: (text) =>
    keepHeaders(both("new Headers", () => ModelHeaders.filled(Object.entries(recordOf(text))), () => new Headers(recordOf(text)))),
  request(text, { options }) { keepMessage(both("new Request", () => modelRequest(text, options), () => new Request(text, options.real))); },
  response(text, { options }) {
    const { body, ...init } = options.real;
    keepMessage(both("new Response", () => modelResponse(options.body ?? null, options.type, options), () => new Response(body, init)));
  },
  json(text, { options }) {
    const { body, ...init } = options.real;
    const data = text === "" ? undefined : { text };
    const made = () => {
      modelResponseInit(options);
      refuseUnless(data !== undefined);
      return modelResponse(utf8(JSON.stringify(data)), "application/json", options);
    };
    keepMessage(both("Response.json", made, () => Response.json(data, init)));
  },
  redirect(text) {
    const [url, status = "302"] = text.split("|");
    keepMessage(both("Response.redirect", () => modelRedirect(url, unsignedShort(status)), () => Response.redirect(url, status)));
  },
  error() {
    const model = { kind: "response", type: "error", status: 0, statusText: "", headers: new ModelHeaders([], true), body: null, used: false };
    keepMessage([model, Response.error()]);
  },
};

const kOfHeaders = {
  append: ({ model, real }, [name, value = ""]) => both("append", () => model.append(name, value), () => real.append(name, value)),
  set: ({ model, real }, [name, value = ""]) => both("set", () => model.set(name, value), () => real.set(name, value)),
  delete: ({ model, real }, [name]) => both("delete", () => model.delete(name), () => real.delete(name)),
  iterate: iterateAndAppend,
  // So many that they are looked up in another way.
  many({ model, real }) {
    for (let i = 0; i < 40; ++i) both("append", () => model.append(`m${i % 38}`, `${i}`), () => real.append(`m${i % 38}`, `${i}`));
  },
  copy: ({ model, real }) => keepHeaders([new ModelHeaders(model.sorted()), new Headers(real)]),
};

const kOfMessages = {
  clone: ({ model, real }) => keepMessage(both("clone", () => modelClone(model), () => real.clone())),
  again(message) {
    const { options } = world;
    if (message.model.kind !== "request") return;
    keepMessage(both("new Request(request)", () => modelRequest(message.model, options), () => new Request(message.real, options.real)));
  },
  text: (message) => read(message, "text"),
  parse: (message) => read(message, "json"),
  view: (message) => read(message, "bytes"),
  take: (message) => read(message, "arrayBuffer"),
};

function chosen(list, text) {
  const [item] = list.splice(Number(text) % list.length || 0, 1);
  if (item !== undefined) list.push(item);
}

function perform(word, text) {
  if (word in kBuilding) kBuilding[word](world.options, text);
  else if (word in kMaking) kMaking[word](text, world);
  else if (word in kOfHeaders && world.headers.length !== 0) kOfHeaders[word](lastOf(world.headers), text.split("|"));
  else if (word in kOfMessages && world.messages.length !== 0) kOfMessages[word](lastOf(world.messages));
  else if (word === "abort") abort();
  else if (word === "of") chosen(world.headers, text);
  else if (word === "use") chosen(world.messages, text);
}

// ---- Comparison

function compare(rule, what, actual, expected) {
  if (!isSame(actual, expected)) report(rule, `${what}: ${JSON.stringify(actual)}, expected ${JSON.stringify(expected)}`);
}

function compareHeaders({ model, real }) {
  const expected = model.sorted();
  const visited = [];
  real.forEach((value, name, headers) => visited.push([name, value, headers === real]));
  compare("FETCH-LIST", "headers", [...real], expected);
  compare("FETCH-LIST", "keys", [...real.keys()], expected.map((pair) => pair[0]));
  compare("FETCH-LIST", "values", [...real.values()], expected.map((pair) => pair[1]));
  compare("FETCH-LIST", "forEach", visited, expected.map((pair) => [...pair, true]));
  compare("FETCH-COOKIES", "getSetCookie", real.getSetCookie(), model.values("set-cookie"));
  for (const name of [...new Set(model.list.map((pair) => pair[0])), "x-absent"]) {
    for (const spelled of [name, name.toUpperCase()]) {
      compare("FETCH-GET", `get ${spelled}`, [real.get(spelled), real.has(spelled)], [model.get(name), model.get(name) !== null]);
    }
  }
}

function compareMessage({ model, real, headers }) {
  compare("FETCH-USED", `bodyUsed of the ${model.kind}`, real.bodyUsed, model.used);
  if (real.headers !== headers) report("FETCH-SAME", "headers is another object");
  if (model.kind === "response") {
    const { type, status, statusText, ok, url, redirected } = real;
    compare("FETCH-RESPONSE", "response", [type, status, statusText, ok, url, redirected],
            [model.type, model.status, model.statusText, model.status >= 200 && model.status <= 299, "", false]);
    return;
  }
  compare("FETCH-REQUEST", "request", [real.method, real.url], [model.method, model.url]);
  const { signal } = real;
  if (signal !== real.signal) report("FETCH-SAME", "signal is another object");
  const reason = model.follows?.reason;
  if (signal.aborted !== (reason !== undefined) || signal.reason !== reason) report("FETCH-SIGNAL", `aborted: ${signal.aborted}`);
}

function checkFetch(steps) {
  for (const [word, text] of steps) {
    perform(word, text);
    world.headers.forEach(compareHeaders);
    world.messages.forEach(compareMessage);
    if (world.broken !== undefined) {
      world.broken += `\nafter ${word} ${JSON.stringify(text)}`;
      return;
    }
  }
}

// After the microtasks of checkFetch(). Empty, or a rule and the detail.
function fetchVerdict() {
  for (const { reader, expected, refused, outcome } of world.reads) {
    if (outcome === undefined) report("FETCH-SETTLES", reader);
    else if (refused === undefined && outcome !== expected) report("FETCH-BODY", `${reader}: ${String(outcome)}, expected ${expected}`);
    else if (refused !== undefined && outcome !== refused) report("FETCH-READ", `${reader}: ${String(outcome)}, ${refused.name} expected`);
  }
  return world.broken ?? "";
}
