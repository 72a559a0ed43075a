// ---- Exposure. https://webidl.spec.whatwg.org/#es-interfaces

const classes = [Headers, Request, Response, URL, URLSearchParams];
for (const made of classes) {
  for (const key of ["stateOf", "isOne", "listOf", "setList", "setSearch", "pairsOf"]) delete made[key];
  for (const holder of [made, made.prototype]) {
    for (const key of ownKeys(holder)) {
      // Operations and attributes are enumerable, what a function has by itself is not.
      if (key === "constructor" || key === "prototype" || key === "length" || key === "name") continue;
      defineProperty(holder, key, { enumerable: true });
    }
  }
  defineProperty(made.prototype, Symbol.toStringTag, { value: made.name, configurable: true });
}
for (const made of [Headers, URLSearchParams]) {
  defineProperty(made.prototype, iteratorSymbol, { value: made.prototype.entries, writable: true, configurable: true });
}

// What the console shows of `object`: a List of names and values in turns, an object with its attributes, or undefined if
// it is not of these classes.
function described(object) {
  if (isHeaders(object)) return headersOf(object);
  if (isParams(object)) return paramsOf(object);
  let interface_, keys;
  if (isUrl(object)) interface_ = attributesOfUrl;
  else if (isRequest(object)) interface_ = attributesOfRequest;
  else if (isResponse(object)) interface_ = attributesOfResponse;
  else return undefined;
  const shown = { __proto__: null };
  for (let i = 0; i < interface_.length; i += 2) shown[interface_[i]] = apply(interface_[i + 1], object, []);
  return shown;
}

function attributesOf(made, names) {
  const list = new List();
  for (const name of names) {
    add(list, name);
    add(list, Object.getOwnPropertyDescriptor(made.prototype, name).get);
  }
  return list;
}
const attributesOfUrl = attributesOf(URL, ["href", "origin", "protocol", "username", "password", "host", "hostname", "port",
                                           "pathname", "search", "searchParams", "hash"]);
const attributesOfRequest = attributesOf(Request, ["method", "url", "headers", "bodyUsed"]);
const attributesOfResponse = attributesOf(Response, ["status", "statusText", "ok", "type", "headers", "bodyUsed"]);

Publish(newRequest, abortRequest, readResponse, described, classes);
