// The second opinion on structuredClone (clone_rules.h): what the HTML Standard says of a value, walked over original and
// clone at once. Runs after values.js and a value program. https://html.spec.whatwg.org/#safe-passing-of-structured-data
"use strict";

// ---- What is to come of it

// Own properties that are serialized, and their values; `throws` if a getter does.
function membersOf(object) {
  const members = [];
  for (const key of Object.keys(object)) {
    try {
      members.push([key, object[key]]);
    } catch {
      members.throws = true;
    }
  }
  return members;
}

// Whether something that cannot be cloned, or a getter that throws, can be reached from `root`.
function prospects(root) {
  const seen = new Set();
  const found = { refused: false, throws: false };
  const waiting = [root];
  while (waiting.length !== 0) {
    const value = waiting.pop();
    if (typeof value === "symbol" || typeof value === "function") found.refused = true;
    if (typeof value !== "object" || value === null || seen.has(value)) continue;
    seen.add(value);
    const kind = kinds.get(value);
    if (kind === "refused") found.refused = true;
    if (kind === "map") waiting.push(...[...value].flat());
    if (kind === "set") waiting.push(...value);
    if (kind !== "object" && kind !== "array") continue;
    const members = membersOf(value);
    found.throws ||= members.throws === true;
    for (const [, member] of members) waiting.push(member);
  }
  return found;
}

// ---- Comparison

function isDetached(buffer) {
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}

// What transferring takes from a buffer and its views, while they have it.
function shapes() {
  const shape = new Map();
  for (const [value, kind] of kinds) {
    if (kind === "buffer" && isDetached(value)) continue;
    if (kind === "buffer" || kind === "shared") shape.set(value, [...new Uint8Array(value)]);
    if (kind === "view" || kind === "dataview") shape.set(value, [value.byteOffset, value.byteLength, value.buffer]);
  }
  return shape;
}

function sameList(a, b) { return a.length === b.length && a.every((value, i) => Object.is(value, b[i])); }

const kPrototypes = { map: Map, set: Set, date: Date, regexp: RegExp, array: Array, object: Object, buffer: ArrayBuffer,
                      shared: SharedArrayBuffer, domexception: DOMException };

// Adds what is inside of both to `waiting`; returns what differs.
function compareObjects(original, clone, kind, shape, waiting) {
  const prototype = kPrototypes[kind]?.prototype ?? Object.getPrototypeOf(original);
  if (Object.getPrototypeOf(clone) !== prototype) return "another prototype";
  const both = (a, b) => waiting.push([a, b]);
  switch (kind) {
    case "boxed":
      return Object.is(original.valueOf(), clone.valueOf()) ? "" : "another primitive value";
    case "date":
      return Object.is(original.getTime(), clone.getTime()) ? "" : "another time";
    case "regexp": {
      const same = original.source === clone.source && original.flags === clone.flags && clone.lastIndex === 0;
      return same ? "" : "another source or other flags";
    }
    case "map": {
      if (original.size !== clone.size) return "another size";
      const entries = [...clone].flat();
      [...original].flat().forEach((value, i) => both(value, entries[i]));
      return "";
    }
    case "set": {
      if (original.size !== clone.size) return "another size";
      const items = [...clone];
      [...original].forEach((value, i) => both(value, items[i]));
      return "";
    }
    case "buffer":
      return sameList(shape.get(original), [...new Uint8Array(clone)]) ? "" : "other bytes";
    case "shared": {
      if (original.byteLength === 0) return clone.byteLength === 0 ? "" : "another length";
      new Uint8Array(original)[0] += 1;
      return new Uint8Array(original)[0] === new Uint8Array(clone)[0] ? "" : "other memory";
    }
    case "view":
    case "dataview": {
      const [offset, length, buffer] = shape.get(original);
      both(buffer, clone.buffer);
      return offset === clone.byteOffset && length === clone.byteLength ? "" : "another part of its buffer";
    }
    case "error": {
      const names = Object.getOwnPropertyNames(clone);
      if (!names.every((name) => name === "message" || name === "stack")) return `own properties ${names}`;
      const brand = Object.prototype.toString.call(clone) === "[object Error]";
      return brand && clone.message === original.message && clone.name === original.name ? "" : "another error";
    }
    case "domexception": {
      const same = ["name", "message", "code"].every((name) => clone[name] === original[name]);
      return same ? "" : "another DOMException";
    }
    case "object":
    case "array": {
      const members = membersOf(original);
      const names = [...members.map(([key]) => key), ...(kind === "array" ? ["length"] : [])];
      if (!sameList(names, Reflect.ownKeys(clone))) return "other own properties";
      if (kind === "array" && (original.length !== clone.length || !Array.isArray(clone))) return "another length";
      for (const [key, value] of members) {
        const descriptor = Object.getOwnPropertyDescriptor(clone, key);
        if (!descriptor.writable || !descriptor.enumerable || !descriptor.configurable) return `${key} is no plain property`;
        both(value, descriptor.value);
      }
      return "";
    }
  }
  return `no rule for ${kind}`;
}

// Where a clone is not as it should be; empty if nowhere. What was compared gets the kind of its original.
function difference(root, clone, shape) {
  const clones = new Map();
  const originals = new Map();
  const before = new Set(kinds.keys());
  const waiting = [[root, clone]];
  while (waiting.length !== 0) {
    const [original, made] = waiting.pop();
    if (typeof original !== "object" || original === null) {
      if (!Object.is(original, made)) return `${typeof original} ${String(original)} became ${typeof made}`;
      continue;
    }
    const kind = kinds.get(original);
    // src/runtime/structured_clone.h: of classes that are JavaScript's own, an object is left.
    if (kind === "platform") {
      kinds.set(made, kind);
      continue;
    }
    if (typeof made !== "object" || made === null) return `of kind ${kind}: became ${typeof made}`;
    if (clones.has(original) || originals.has(made)) {
      if (clones.get(original) !== made || originals.get(made) !== original) return `of kind ${kind}: not one clone for each object`;
      continue;
    }
    if (before.has(made)) return `of kind ${kind}: the clone is an object that was there before`;
    clones.set(original, made);
    originals.set(made, original);
    const differs = compareObjects(original, made, kind, shape, waiting);
    if (differs !== "") return `of kind ${kind}: ${differs}`;
    kinds.set(made, kind);
  }
  return "";
}

// ---- The rules. The result is empty, or a rule, what should have held and the detail, on a line each.

function checkClone(root, transfer) {
  const { refused, throws } = prospects(root);
  const untransferable = transfer.some((item, i) => kinds.get(item) !== "buffer" || transfer.indexOf(item) !== i);
  const noObject = transfer.some((item) => (typeof item !== "object" && typeof item !== "function") || item === null);
  const shape = shapes();
  let clone;
  try {
    clone = transfer.length === 0 ? structuredClone(root) : structuredClone(root, { transfer });
  } catch (error) {
    const whole = transfer.every((item) => kinds.get(item) !== "buffer" || !isDetached(item));
    if (!whole) return "CLONE-LOST\nwhen a clone fails, nothing was transferred\na buffer is detached";
    if (error instanceof DOMException && error.name === "DataCloneError" && (refused || untransferable)) return "";
    if (throws && thrown.has(error)) return "";
    if (noObject && error instanceof TypeError) return "";
    if (deepest > 500 && error instanceof RangeError) return "";
    return `CLONE-ERROR\nan error of structuredClone is what the standard says\n${error}`;
  }
  if (refused || throws || untransferable) {
    return `CLONE-LENIENT\nwhat cannot be cloned is refused\nrefused: ${refused}, a getter throws: ${throws}, not transferable: ${untransferable}`;
  }
  if (!transfer.every(isDetached)) return "CLONE-TRANSFER\nwhat was transferred is detached\na buffer is not";
  const differs = difference(root, clone, shape);
  if (differs !== "") return `CLONE-SAME\na clone is as its original, and apart from it\n${differs}`;
  const again = difference(clone, structuredClone(clone), shapes());
  return again === "" ? "" : `CLONE-AGAIN\na clone of a clone is as that\n${again}`;
}
