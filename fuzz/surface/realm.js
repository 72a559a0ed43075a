// What fuzz/surface takes of each of its two realms before any author code runs there: functions that make things of that realm, and
// nothing that can be patched later is looked up when they run.
(function() {
"use strict";
const {TypeError, RangeError, Error, Promise, Object, Proxy, DOMException, SharedArrayBuffer} = globalThis;
const apply = Reflect.apply;
const construct = Reflect.construct;
const buffers = {
  ArrayBuffer,
  SharedArrayBuffer
};
const views = {
  Uint8Array,
  Int8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  DataView
};
return {
  typeError: () => new TypeError("expected"),
  rangeError: () => new RangeError("expected"),
  number: (value) => +value,
  promise() {
    let resolve, reject;
    const promise = new Promise((a, b) => {
      resolve = a;
      reject = b;
    });
    return {promise, resolve, reject};
  },
  abortError: () => new DOMException("expected", "AbortError"),
  byteLengthSize: ({size(chunk) { return chunk.byteLength; }}).size,
  countSize: ({size() { return 1; }}).size,
  // Functions of this realm around functions of another one.
  // `arguments` has an iterator of its own: nobody's patch is looked up where it is taken apart.
  method: (run) => ({f() { return run(this, arguments); }}).f,
  constructor: () => function() {},
  // The author's.
  object: () => ({}),
  array: () => [],
  error: () => new Error("of the author"),
  async: (run) => async function() { return run(this, []); },
  subclass: (parent) => class extends parent{},
                                      bare: () => function() {},
                                      instance: (object) => {
                                        class Sink {
                                          constructor() { return object; }
                                        }
                                        return new Sink();
                                      },
                                      buffer: (name, ...args) => construct(buffers[name], args),
                                      view: (name, ...args) => construct(views[name], args),
};
});
