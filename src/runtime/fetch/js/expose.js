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

Publish(newRequest, readResponse, classes);
