// What value programs are made of (value_program.h): each line of one pushes a value to `v`. Whatever of an author's code
// runs is counted in `ran`.
"use strict";

var v = [];
var ran = 0;
var deepest = 0;  // at most so deep are things in one another
var kinds = new Map();  // object -> what it was made as
var thrown = new Set();  // what getters throw

// As they are before a program can patch anything.
const { defineProperty, setPrototypeOf, freeze } = Object;
const kPatchable = [Array.prototype, Object.prototype, Map.prototype, Set.prototype, String.prototype, Error.prototype, Date.prototype,
                    RegExp.prototype, Function.prototype, Symbol.prototype, Promise.prototype, Headers.prototype, URL.prototype];
const kPatchedNames = ["toString", "valueOf", "join", "entries", "keys", "constructor", "name", "stack", "message", "toJSON", "inspect",
                       Symbol.iterator, Symbol.toStringTag, Symbol.toPrimitive, "length", "then", "size", "source", "forEach"];

function make(kind, value) {
  if ((typeof value === "object" && value !== null) || typeof value === "function") kinds.set(value, kind);
  v.push(value);
  return value;
}

function author(result) {
  return function () {
    ++ran;
    return result;
  };
}

// A value that cannot be is undefined instead: a view whose offset is not aligned, say.
function attempt(kind, create) {
  try {
    make(kind, create());
  } catch {
    make("undefined", undefined);
  }
}

function buffer(size, byte) {
  const made = new ArrayBuffer(size);
  new Uint8Array(made).fill(byte);
  kinds.set(made, "buffer");
  return made;
}

// A view of `on` if that is a buffer, otherwise of a new one.
function view(constructor, on, offset) {
  return kinds.get(on) === "buffer" || kinds.get(on) === "shared" ? new constructor(on, offset) : new constructor(buffer(16, offset));
}

function getter(object, name, result) {
  return defineProperty(object, name, { get: author(result), enumerable: true, configurable: true });
}

function throwing(name) {
  const error = new Error("of the author");
  thrown.add(error);
  const get = () => {
    ++ran;
    throw error;
  };
  return defineProperty({}, name, { get, enumerable: true, configurable: true });
}

function proxy(target) {
  const traps = {};
  for (const trap of Object.getOwnPropertyNames(Reflect)) {
    traps[trap] = (...args) => {
      ++ran;
      return Reflect[trap](...args);
    };
  }
  return new Proxy(typeof target === "function" || (typeof target === "object" && target !== null) ? target : {}, traps);
}

function sparse(length, at, value) {
  const array = [];
  array[at] = value;
  array.length = (length + 1) % 2 ** 32;
  return array;
}

function shallow(object) {
  return (typeof object === "object" && object !== null) || typeof object === "function" ? object : {};
}

// `to` gets `value`, in the way that its kind has; later values get into earlier ones, so there are cycles.
function link(to, name, value) {
  const kind = kinds.get(to);
  if (kind === "map") to.set(name, value);
  if (kind === "set") to.add(value);
  if (kind === "array" && to.length < 2 ** 31) to[to.length] = value;
  if (kind === "object" && !Object.isFrozen(to)) {
    defineProperty(to, name, { value, writable: true, enumerable: true, configurable: true });
  }
}

// A chain of objects or arrays, as deep as V8's serializer and the console must bear.
function deep(kind, depth, value) {
  deepest += depth;
  for (let i = 0; i < depth; ++i) {
    value = kind === "array" ? [value] : { a: value };
    kinds.set(value, kind);
  }
  return value;
}

// A value that is twice in each of `depth` arrays: small in memory, and huge when it is written out.
function doubled(depth, value) {
  for (let i = 0; i < depth; ++i) {
    value = [value, value];
    kinds.set(value, "array");
  }
  return value;
}

function patch(which, name) {
  defineProperty(kPatchable[which % kPatchable.length], kPatchedNames[name % kPatchedNames.length],
                 { get: author(undefined), set() { ++ran; }, configurable: true });
}
