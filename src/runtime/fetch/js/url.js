// ---- URL. https://url.spec.whatwg.org/#url-class

const parts = UrlParts();
const kProtocol = 0, kUsername = 1, kPassword = 2, kHost = 3, kHostname = 4, kPort = 5, kPathname = 6, kSearch = 7,
      kHash = 8;

// A parsed URL: its serialization, and where its parts are (ada.h). Never changed, so that URLs can share one.
function newParsed(href) {
  return {
    href,
    protocolEnd: parts[0],
    usernameEnd: parts[1],
    hostStart: parts[2],
    hostEnd: parts[3],
    port: parts[4],
    pathnameStart: parts[5],
    searchStart: parts[6],
    hashStart: parts[7],
  };
}

// That of the last URL: handlers write new URL(request.url).
let last = newParsed("");

function parseUrl(url, base) {
  if (base === undefined && url === last.href && url !== "") return last;
  const href = ParseUrl(url, base);
  if (href === undefined) {
    throw new TypeError_(base === undefined ? `Invalid URL: ${url}` : `Invalid URL: ${url} with base ${base}`);
  }
  return last = newParsed(href);
}

function updatedUrl(parsed, part, value) {
  const href = UpdateUrl(parsed.href, part, value);
  return href === parsed.href ? parsed : newParsed(href);
}

function usernameOf(p) { return slice(p.href, p.protocolEnd + 2, p.usernameEnd); }
function passwordOf(p) { return p.hostStart > p.usernameEnd ? slice(p.href, p.usernameEnd + 1, p.hostStart) : ""; }
// Where the host begins: an @ is before it if there are credentials.
function hostBegin(p) { return p.hostEnd > p.hostStart && p.href[p.hostStart] === "@" ? p.hostStart + 1 : p.hostStart; }
function searchOf(p) {
  if (p.searchStart < 0) return "";
  const end = p.hashStart < 0 ? p.href.length : p.hashStart;
  return end - p.searchStart <= 1 ? "" : slice(p.href, p.searchStart, end);
}

class URL {
  #parsed;
  #params;

  constructor(url, base = undefined) {
    requireArguments(arguments.length, 1, "Failed to construct 'URL'");
    const text = `${url}`;
    this.#parsed = parseUrl(text, base === undefined ? undefined : `${base}`);
  }

  get href() { return this.#parsed.href; }
  set href(value) {
    this.#parsed;
    this.#parsed = parseUrl(`${value}`, undefined);
    this.#refreshParams();
  }
  get origin() { return UrlOrigin(this.#parsed.href); }
  get protocol() {
    const p = this.#parsed;
    return slice(p.href, 0, p.protocolEnd);
  }
  set protocol(value) { this.#parsed = updatedUrl(this.#parsed, kProtocol, `${value}`); }
  get username() { return usernameOf(this.#parsed); }
  set username(value) { this.#parsed = updatedUrl(this.#parsed, kUsername, `${value}`); }
  get password() { return passwordOf(this.#parsed); }
  set password(value) { this.#parsed = updatedUrl(this.#parsed, kPassword, `${value}`); }
  get host() {
    const p = this.#parsed;
    const begin = hostBegin(p);
    // An empty host may be followed by "/.", which is of neither host nor path.
    return begin === p.hostEnd ? "" : slice(p.href, begin, p.pathnameStart);
  }
  set host(value) { this.#parsed = updatedUrl(this.#parsed, kHost, `${value}`); }
  get hostname() {
    const p = this.#parsed;
    return slice(p.href, hostBegin(p), p.hostEnd);
  }
  set hostname(value) { this.#parsed = updatedUrl(this.#parsed, kHostname, `${value}`); }
  get port() {
    const p = this.#parsed;
    return p.port < 0 ? "" : `${p.port}`;
  }
  set port(value) { this.#parsed = updatedUrl(this.#parsed, kPort, `${value}`); }
  get pathname() {
    const p = this.#parsed;
    const end = p.searchStart >= 0 ? p.searchStart : p.hashStart >= 0 ? p.hashStart : p.href.length;
    return slice(p.href, p.pathnameStart, end);
  }
  set pathname(value) { this.#parsed = updatedUrl(this.#parsed, kPathname, `${value}`); }
  get search() { return searchOf(this.#parsed); }
  set search(value) {
    this.#parsed = updatedUrl(this.#parsed, kSearch, `${value}`);
    this.#refreshParams();
  }
  get searchParams() {
    if (this.#params === undefined) this.#params = new URLSearchParams(token, searchOf(this.#parsed), this);
    return this.#params;
  }
  get hash() {
    const p = this.#parsed;
    return p.hashStart < 0 || p.href.length - p.hashStart <= 1 ? "" : slice(p.href, p.hashStart);
  }
  set hash(value) { this.#parsed = updatedUrl(this.#parsed, kHash, `${value}`); }

  toString() { return this.#parsed.href; }
  toJSON() { return this.#parsed.href; }

  static canParse(url, base = undefined) {
    requireArguments(arguments.length, 1, "URL.canParse");
    const text = `${url}`;
    return CanParseUrl(text, base === undefined ? undefined : `${base}`);
  }

  static parse(url, base = undefined) {
    requireArguments(arguments.length, 1, "URL.parse");
    const text = `${url}`;
    const baseText = base === undefined ? undefined : `${base}`;
    return CanParseUrl(text, baseText) ? new URL(text, baseText) : null;
  }

  #refreshParams() { if (this.#params !== undefined) setParams(this.#params, ParseQuery(searchOf(this.#parsed))); }

  static isOne(value) { return #parsed in value; }
  static setSearch(url, search) { url.#parsed = updatedUrl(url.#parsed, kSearch, search); }
}
const isUrl = URL.isOne;
const setUrlSearch = URL.setSearch;

// ---- URLSearchParams. https://url.spec.whatwg.org/#interface-urlsearchparams

class URLSearchParams {
  #list;  // of names and values in turns
  #url;   // whose query it is

  constructor(init = "", query = undefined, url = undefined) {
    if (init === token) {
      this.#url = url;
      this.#list = listOf(ParseQuery(query));
    } else {
      this.#list = isObject(init) ? pairsOf(init, toUsvString, "URLSearchParams") : listOf(ParseQuery(`${init}`));
    }
  }

  get size() { return this.#list.length / 2; }

  append(name, value) {
    const list = this.#list;
    requireArguments(arguments.length, 2, "URLSearchParams.append");
    name = toUsvString(name);
    value = toUsvString(value);
    add(list, name);
    add(list, value);
    this.#update();
  }

  delete(name, value = undefined) {
    this.#list;
    requireArguments(arguments.length, 1, "URLSearchParams.delete");
    name = toUsvString(name);
    if (value !== undefined) value = toUsvString(value);
    const list = this.#list;
    const kept = new List();
    for (let i = 0; i < list.length; i += 2) {
      if (list[i] === name && (value === undefined || list[i + 1] === value)) continue;
      add(kept, list[i]);
      add(kept, list[i + 1]);
    }
    this.#list = kept;
    this.#update();
  }

  get(name) {
    this.#list;
    requireArguments(arguments.length, 1, "URLSearchParams.get");
    name = toUsvString(name);
    const list = this.#list;
    for (let i = 0; i < list.length; i += 2) {
      if (list[i] === name) return list[i + 1];
    }
    return null;
  }

  getAll(name) {
    this.#list;
    requireArguments(arguments.length, 1, "URLSearchParams.getAll");
    name = toUsvString(name);
    const list = this.#list;
    const values = [];
    for (let i = 0; i < list.length; i += 2) {
      if (list[i] === name) defineElement(values, list[i + 1]);
    }
    return values;
  }

  has(name, value = undefined) {
    this.#list;
    requireArguments(arguments.length, 1, "URLSearchParams.has");
    name = toUsvString(name);
    if (value !== undefined) value = toUsvString(value);
    const list = this.#list;
    for (let i = 0; i < list.length; i += 2) {
      if (list[i] === name && (value === undefined || list[i + 1] === value)) return true;
    }
    return false;
  }

  set(name, value) {
    this.#list;
    requireArguments(arguments.length, 2, "URLSearchParams.set");
    name = toUsvString(name);
    value = toUsvString(value);
    this.#list = withPair(this.#list, name, value);
    this.#update();
  }

  sort() {
    this.#list = sortedPairs(this.#list);
    this.#update();
  }

  entries() { return new ParamsIterator((this.#list, this), kEntries); }
  forEach(callback, thisArgument = undefined) {
    this.#list;
    requireArguments(arguments.length, 1, "URLSearchParams.forEach");
    forEachPair(this, paramsOf, callback, thisArgument, "URLSearchParams");
  }
  keys() { return new ParamsIterator((this.#list, this), kKeys); }
  values() { return new ParamsIterator((this.#list, this), kValues); }
  toString() { return SerializeQuery(this.#list); }

  // https://url.spec.whatwg.org/#concept-urlsearchparams-update
  #update() { if (this.#url !== undefined) setUrlSearch(this.#url, SerializeQuery(this.#list)); }

  static listOf(params) { return params.#list; }
  static isOne(value) { return #list in value; }
  static setList(params, list) { params.#list = listOf(list); }
}
const paramsOf = URLSearchParams.listOf;
const isParams = URLSearchParams.isOne;
const setParams = URLSearchParams.setList;
const ParamsIterator = newIteratorClass("URLSearchParams", paramsOf);

function listOf(array) {
  const list = new List();
  for (let i = 0; i < array.length; ++i) list[i] = array[i];
  return list;
}

// At the end of an array that an author will get.
function defineElement(array, value) {
  defineProperty(array, array.length, { __proto__: null, value, writable: true, enumerable: true, configurable: true });
}

// The first pair of that name gets the value, the others go.
function withPair(list, name, value) {
  const made = new List();
  let found = false;
  for (let i = 0; i < list.length; i += 2) {
    const isIt = list[i] === name;
    if (isIt && found) continue;
    add(made, list[i]);
    add(made, isIt ? value : list[i + 1]);
    found ||= isIt;
  }
  if (!found) {
    add(made, name);
    add(made, value);
  }
  return made;
}

// By names, in code units; those of one name stay in order.
function sortedPairs(list) {
  const pairs = new List();
  for (let i = 0; i < list.length; i += 2) add(pairs, { name: list[i], value: list[i + 1] });
  pairs.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const sorted = new List();
  for (let i = 0; i < pairs.length; ++i) {
    add(sorted, pairs[i].name);
    add(sorted, pairs[i].value);
  }
  return sorted;
}
