// ---- Headers. https://fetch.spec.whatwg.org/#headers-class
//
// A header list is a record: a text as WriteHeaders() (http_syntax.h) makes it, until somebody looks into it; then a List
// of names, in lower case, and values in turns. `index` says where each name is, so that n calls do not take n times n
// steps. Guards: "immutable" or none.

function newHeaderList(text, immutable) { return { text, list: undefined, index: undefined, sorted: undefined, immutable }; }

function copyHeaders(headers, immutable) {
  const copy = newHeaderList(headers.text, immutable);
  if (headers.list !== undefined) copy.list = listOf(headers.list);
  return copy;
}

function listOfHeaders(headers) {
  if (headers.list !== undefined) return headers.list;
  const list = new List();
  const text = headers.text;
  for (let at = 0; at < text.length;) {
    const end = indexOf(text, "\n", at);
    add(list, slice(text, at, end));
    at = end + 1;
  }
  return headers.list = list;
}

function textOfHeaders(headers) {
  const list = headers.list;
  if (list === undefined) return headers.text;
  let text = "";
  for (let i = 0; i < list.length; ++i) text += list[i] + "\n";
  return text;
}

// In place of a place: more than one pair has the name.
const kSeveral = -1;
// Up to so many names and values, looking at each is quicker than an index.
const kFew = 64;

function noteHeader(index, name, place) { mapSet(index, name, mapGet(index, name) === undefined ? place : kSeveral); }

// Where the only pair of that name is; kSeveral; undefined if there is none.
function placeOfHeader(headers, name) {
  const list = listOfHeaders(headers);
  if (headers.index === undefined && list.length > kFew) {
    headers.index = new Map_();
    for (let i = 0; i < list.length; i += 2) noteHeader(headers.index, list[i], i);
  }
  if (headers.index !== undefined) return mapGet(headers.index, name);
  let place;
  for (let i = 0; i < list.length; i += 2) {
    if (list[i] === name) place = place === undefined ? i : kSeveral;
  }
  return place;
}

function hasHeader(headers, name) { return placeOfHeader(headers, name) !== undefined; }

function addHeader(headers, name, value) {
  const list = listOfHeaders(headers);
  if (headers.index !== undefined) noteHeader(headers.index, name, list.length);
  add(list, name);
  add(list, value);
  headers.sorted = undefined;
}

function setHeader(headers, name, value) {
  const place = placeOfHeader(headers, name);
  if (place === undefined) return addHeader(headers, name, value);
  headers.sorted = undefined;
  if (place !== kSeveral) {
    headers.list[place + 1] = value;
    return;
  }
  headers.list = withPair(headers.list, name, value);
  headers.index = undefined;
}

function deleteHeader(headers, name) {
  if (!hasHeader(headers, name)) return;
  const list = headers.list;
  const kept = new List();
  for (let i = 0; i < list.length; i += 2) {
    if (list[i] === name) continue;
    add(kept, list[i]);
    add(kept, list[i + 1]);
  }
  headers.list = kept;
  headers.index = headers.sorted = undefined;
}

function headerOf(headers, name) {
  const place = placeOfHeader(headers, name);
  if (place === undefined) return null;
  const list = headers.list;
  if (place !== kSeveral) return list[place + 1];
  let value;
  for (let i = 0; i < list.length; i += 2) {
    if (list[i] === name) value = value === undefined ? list[i + 1] : value + ", " + list[i + 1];
  }
  return value;
}

function headerName(name, what) {
  const lower = HeaderName(name);
  if (lower === undefined) throw new TypeError_(`${what}: '${name}' is not a name of a header`);
  return lower;
}

function headerValue(value, name, what) {
  const normalized = HeaderValue(value);
  if (normalized === undefined) throw new TypeError_(`${what}: the value of '${name}' has a CR, LF or NUL in it`);
  return normalized;
}

// A HeadersInit as a List of names and values. https://fetch.spec.whatwg.org/#typedefdef-headersinit
function headersInit(init, what) {
  if (!isObject(init)) throw new TypeError_(`${what}: the headers are neither a sequence nor a record`);
  return pairsOf(init, toByteString, what);
}

function fillHeaders(headers, pairs, what) {
  for (let i = 0; i < pairs.length; i += 2) {
    const name = headerName(pairs[i], what);
    addHeader(headers, name, headerValue(pairs[i + 1], name, what));
  }
}

// https://fetch.spec.whatwg.org/#concept-header-list-sort-and-combine
function sortedHeaders(headers) {
  if (headers.sorted !== undefined) return headers.sorted;
  const all = sortedPairs(listOfHeaders(headers));
  const sorted = new List();
  for (let i = 0; i < all.length; i += 2) {
    const end = sorted.length;
    if (end !== 0 && sorted[end - 2] === all[i] && all[i] !== "set-cookie") sorted[end - 1] += ", " + all[i + 1];
    else {
      add(sorted, all[i]);
      add(sorted, all[i + 1]);
    }
  }
  return headers.sorted = sorted;
}

function requireMutable(headers, what) {
  if (headers.immutable) throw new TypeError_(`${what}: these headers are immutable; new Headers(headers) copies them`);
}

class Headers {
  #headers;

  constructor(init = undefined, headers = undefined) {
    if (init === token) {
      this.#headers = headers;
      return;
    }
    this.#headers = newHeaderList("", false);
    if (init !== undefined) fillHeaders(this.#headers, headersInit(init, "Headers"), "Headers");
  }

  append(name, value) {
    const headers = this.#headers;
    requireArguments(arguments.length, 2, "Headers.append");
    name = toByteString(name, "Headers.append");
    value = toByteString(value, "Headers.append");
    name = headerName(name, "Headers.append");
    value = headerValue(value, name, "Headers.append");
    requireMutable(headers, "Headers.append");
    addHeader(headers, name, value);
  }

  delete(name) {
    const headers = this.#headers;
    requireArguments(arguments.length, 1, "Headers.delete");
    name = headerName(toByteString(name, "Headers.delete"), "Headers.delete");
    requireMutable(headers, "Headers.delete");
    deleteHeader(headers, name);
  }

  get(name) {
    const headers = this.#headers;
    requireArguments(arguments.length, 1, "Headers.get");
    name = headerName(toByteString(name, "Headers.get"), "Headers.get");
    return headerOf(headers, name);
  }

  getSetCookie() {
    const list = listOfHeaders(this.#headers);
    const values = [];
    for (let i = 0; i < list.length; i += 2) {
      if (list[i] === "set-cookie") defineElement(values, list[i + 1]);
    }
    return values;
  }

  has(name) {
    const headers = this.#headers;
    requireArguments(arguments.length, 1, "Headers.has");
    return hasHeader(headers, headerName(toByteString(name, "Headers.has"), "Headers.has"));
  }

  set(name, value) {
    const headers = this.#headers;
    requireArguments(arguments.length, 2, "Headers.set");
    name = toByteString(name, "Headers.set");
    value = toByteString(value, "Headers.set");
    name = headerName(name, "Headers.set");
    value = headerValue(value, name, "Headers.set");
    requireMutable(headers, "Headers.set");
    setHeader(headers, name, value);
  }

  entries() { return new HeadersIterator((this.#headers, this), kEntries); }
  forEach(callback, thisArgument = undefined) {
    this.#headers;
    requireArguments(arguments.length, 1, "Headers.forEach");
    forEachPair(this, headersOf, callback, thisArgument, "Headers");
  }
  keys() { return new HeadersIterator((this.#headers, this), kKeys); }
  values() { return new HeadersIterator((this.#headers, this), kValues); }

  static pairsOf(headers) { return sortedHeaders(headers.#headers); }
  static isOne(value) { return #headers in value; }
}
const headersOf = Headers.pairsOf;
const isHeaders = Headers.isOne;
const HeadersIterator = newIteratorClass("Headers", headersOf);
