// Before testharness.js: what it and the suite's server would find in a browser, as far as a shell lacks it. `sluiceWpt` comes from the
// runner: {search, idl}, the variant's query string and the files of interfaces/ (only where idlharness.js wants them).
"use strict";

globalThis.self ??= globalThis;

// The suite's server defines it in each kind of global.
self.GLOBAL = { isWindow: () => false, isWorker: () => false, isShadowRealm: () => false };

if (sluiceWpt.search !== "") {
  Object.defineProperty(self, "location", { value: { search: sluiceWpt.search }, configurable: true });
}

if (sluiceWpt.idl !== undefined) {
  // idlharness.js asks which global it is in, and knows none that is a shell. Everything here is exposed in windows.
  self.Window = function Window() {};
  self.fetch = async (url) => {
    const name = /^\/interfaces\/([\w-]+)\.idl$/.exec(url)?.[1];
    const text = sluiceWpt.idl[name];
    return { ok: text !== undefined, text: async () => text };
  };
}
