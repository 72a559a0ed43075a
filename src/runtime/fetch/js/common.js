// Headers, Request, Response, URL and URLSearchParams, as JavaScript sees them. These files are one script, in the order
// common, url, headers, body, request, response, expose.
//
// Nothing here may look up a property that an author can patch, but where a standard says so (dictionaries, iterables).
// Intrinsics are taken once, before author code runs; objects of ours have all their properties as own ones; arrays are
// Lists. Private names check brands.
"use strict";

const TypeError_ = TypeError;
const RangeError_ = RangeError;
const Promise_ = Promise;
const Uint8Array_ = Uint8Array;
const Map_ = Map;
const apply = Reflect.apply;
const ownKeys = Reflect.ownKeys;
const getPrototypeOf = Object.getPrototypeOf;
const setPrototypeOf = Object.setPrototypeOf;
const defineProperty = Object.defineProperty;
const iteratorSymbol = Symbol.iterator;
const promiseResolve = Promise.resolve;
const promiseReject = Promise.reject;
const parseJson = JSON.parse;
const stringifyJson = JSON.stringify;

// uncurry(String.prototype.slice)(text, 0, 1): a method as a function.
const uncurry = (method) => apply(Function.prototype.bind, Function.prototype.call, [method]);
const slice = uncurry(String.prototype.slice);
const indexOf = uncurry(String.prototype.indexOf);
const mapGet = uncurry(Map.prototype.get);
const mapSet = uncurry(Map.prototype.set);
const isEnumerable = uncurry(Object.prototype.propertyIsEnumerable);

// An array between which and whose elements no author stands: a method of Array.prototype is its own one, and writing
// an element that is not there yet asks no prototype.
class List extends Array {
  constructor() { super(); }
}
setPrototypeOf(List.prototype, null);
List.prototype.sort = Array.prototype.sort;

function add(list, value) { list[list.length] = value; }

// What no author has: the first argument of a constructor that is called from here.
const token = {};

function isObject(value) { return typeof value === "object" ? value !== null : typeof value === "function"; }
function resolved(value) { return apply(promiseResolve, Promise_, [value]); }
function rejected(reason) { return apply(promiseReject, Promise_, [reason]); }

function requireArguments(count, required, what) {
  if (count >= required) return;
  throw new TypeError_(`${what}: ${required} argument${required === 1 ? "" : "s"} required, but only ${count} present`);
}

// ---- Conversions. https://webidl.spec.whatwg.org/#js-type-mapping

function toByteString(value, what) {
  const text = `${value}`;
  if (!IsByteString(text)) throw new TypeError_(`${what}: a character is above U+00FF`);
  return text;
}

function toUsvString(value) { return WellFormed(`${value}`); }
function toUnsignedShort(value) { return +value & 0xffff; }

function requireDictionary(value, what) {
  if (value === undefined || value === null || isObject(value)) return;
  throw new TypeError_(`${what}: the options are not an object`);
}

// https://webidl.spec.whatwg.org/#create-sequence-from-iterable
function forEachOf(iterable, method, what, element) {
  const iterator = apply(method, iterable, []);
  if (!isObject(iterator)) throw new TypeError_(`${what}: its iterator is not an object`);
  const next = iterator.next;
  for (;;) {
    const result = apply(next, iterator, []);
    if (!isObject(result)) throw new TypeError_(`${what}: its iterator's result is not an object`);
    if (result.done) return;
    element(result.value);
  }
}

function iteratorMethod(value, what) {
  const method = value[iteratorSymbol];
  if (method === undefined || method === null) return undefined;
  if (typeof method !== "function") throw new TypeError_(`${what} is not iterable`);
  return method;
}

// (sequence<sequence<string>> or record<string, string>), an object, as a List of names and values in turns; `toText`
// converts both. https://webidl.spec.whatwg.org/#es-union
function pairsOf(value, toText, what) {
  const list = new List();
  const method = iteratorMethod(value, what);
  if (method !== undefined) {
    forEachOf(value, method, what, (pair) => {
      const inner = isObject(pair) ? iteratorMethod(pair, what) : undefined;
      if (inner === undefined) throw new TypeError_(`${what}: an element is not a sequence`);
      let count = 0;
      forEachOf(pair, inner, what, (part) => {
        add(list, toText(part, what));
        ++count;
      });
      if (count !== 2) throw new TypeError_(`${what}: an element has ${count} values in place of a name and a value`);
    });
    return list;
  }
  const keys = ownKeys(value);
  const places = new Map_();
  for (let i = 0; i < keys.length; ++i) {
    const key = keys[i];
    if (!isEnumerable(value, key)) continue;
    const name = toText(key, what);
    const text = toText(value[key], what);
    // Keys that become the same text are one.
    const place = mapGet(places, name);
    if (place !== undefined) {
      list[place] = text;
      continue;
    }
    add(list, name);
    mapSet(places, name, list.length);
    add(list, text);
  }
  return list;
}

// ---- Iterables of pairs. https://webidl.spec.whatwg.org/#js-iterable

const iteratorPrototype = getPrototypeOf(getPrototypeOf([][iteratorSymbol]()));

const kKeys = 0, kValues = 1, kEntries = 2;

// A class of iterators over what `pairsOfTarget(target)` gives, a List of names and values in turns, which is asked again
// each time.
function newIteratorClass(name, pairsOfTarget) {
  const Iterator = class {
    #target;
    #kind;
    #index = 0;
    constructor(target, kind) {
      this.#target = target;
      this.#kind = kind;
    }
    next() {
      const pairs = pairsOfTarget(this.#target);
      const i = this.#index;
      if (i >= pairs.length) return { value: undefined, done: true };
      this.#index = i + 2;
      if (this.#kind === kKeys) return { value: pairs[i], done: false };
      if (this.#kind === kValues) return { value: pairs[i + 1], done: false };
      return { value: [pairs[i], pairs[i + 1]], done: false };
    }
  };
  delete Iterator.prototype.constructor;
  setPrototypeOf(Iterator.prototype, iteratorPrototype);
  defineProperty(Iterator.prototype, "next", { enumerable: true });
  defineProperty(Iterator.prototype, Symbol.toStringTag, { value: `${name} Iterator`, configurable: true });
  return Iterator;
}

function forEachPair(target, pairsOfTarget, callback, thisArgument, what) {
  if (typeof callback !== "function") throw new TypeError_(`${what}.forEach: the callback is not a function`);
  for (let i = 0; ; i += 2) {
    const pairs = pairsOfTarget(target);
    if (i >= pairs.length) return;
    apply(callback, thisArgument, [pairs[i + 1], pairs[i], target]);
  }
}
