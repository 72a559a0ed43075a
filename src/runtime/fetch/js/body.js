// ---- Bodies. https://fetch.spec.whatwg.org/#body-mixin
//
// A body is null, a string, whose UTF-8 it is, or an ArrayBuffer that no author has. What an object has of one:
//   body, used: it was read; shared: another object, a clone, has the same ArrayBuffer.

// The conversion of a BodyInit. https://fetch.spec.whatwg.org/#bodyinit
function bodyInit(value) {
  if (value === undefined || value === null) return null;
  if (typeof value === "string") return value;
  if (isObject(value)) {
    if (isParams(value)) return value;
    const bytes = CopyBytes(value);
    if (bytes !== undefined) return bytes;
  }
  return `${value}`;
}

// Of a body's own. `s`, a state with headers, gets what bodyInit() gave. https://fetch.spec.whatwg.org/#concept-bodyinit-extract
function setBody(s, init, type) {
  if (typeof init === "string") {
    s.body = init;
    type ??= "text/plain;charset=UTF-8";
  } else if (isParams(init)) {
    s.body = SerializeQuery(paramsOf(init));
    type ??= "application/x-www-form-urlencoded;charset=UTF-8";
  } else {
    s.body = init;
  }
  if (type === undefined) return;
  const headers = s.headers;
  if (headers.text === "" && headers.list === undefined) headers.text = `content-type\n${type}\n`;
  else if (!hasHeader(headers, "content-type")) addHeader(headers, "content-type", type);
}

function requireUnused(s, what) { if (s.used) throw new TypeError_(`${what}: the body was used already`); }

function takeText(s, what) {
  requireUnused(s, what);
  const body = s.body;
  if (body === null) return "";
  s.used = true;
  s.body = "";
  return DecodeText(body);
}

function takeBuffer(s, what) {
  requireUnused(s, what);
  const body = s.body;
  if (body === null) return EncodeText("");
  s.used = true;
  s.body = "";
  if (typeof body === "string") return EncodeText(body);
  return s.shared ? CopyBytes(body) : body;
}

function shareBody(from, to) {
  to.body = from.body;
  if (typeof from.body === "object" && from.body !== null) from.shared = to.shared = true;
}

// The methods of a class that has a body: `stateOf(object)` is its state, and throws if it is not of that class.
function read(object, stateOf, what, take) {
  try {
    return resolved(take(stateOf(object), what));
  } catch (error) {
    return rejected(error);
  }
}

function takeJson(s, what) { return parseJson(takeText(s, what)); }
function takeBytes(s, what) { return new Uint8Array_(takeBuffer(s, what)); }
