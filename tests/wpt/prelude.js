// Before testharness.js: what it and the suite's server would find in a browser, as far as a shell lacks it. `sluiceWpt` comes from the
// runner: {search, files, stubs, closes}, the variant's query string, the texts of the suite's files that the test fetches, by address,
// the names of classes that must be there, and whether the page is closed in the end (report.js).
"use strict";

globalThis.self ??= globalThis;

// The suite's server defines it in each kind of global.
self.GLOBAL = { isWindow: () => false, isWorker: () => false, isShadowRealm: () => false };

if (sluiceWpt.search !== "") {
  Object.defineProperty(self, "location", { value: { search: sluiceWpt.search }, configurable: true });
}

// Nothing can be done with what these construct; it cannot be cloned either.
for (const name of sluiceWpt.stubs ?? []) self[name] ??= { [name]: class { method = () => {}; } }[name];

if (sluiceWpt.files !== undefined) {
  // idlharness.js asks which global it is in, and knows none that is a shell. Everything here is exposed in windows.
  if (sluiceWpt.files["/interfaces/dom.idl"] !== undefined) self.Window = function Window() {};
  self.fetch = async (url) => {
    const text = sluiceWpt.files[url];
    return { ok: text !== undefined, text: async () => text, json: async () => JSON.parse(text) };
  };
}
