// The first property of a realm's interfaces that is not as the table of the interfaces has it, by Web IDL's rules; "" if all are.
//   https://webidl.spec.whatwg.org/#js-interfaces
(function(global, table) {
"use strict";
const wrong = [];
const same = (actual, expected, fact) => {
  if (!Object.is(actual, expected)) wrong.push(`${fact}: expected ${String(expected)}, actual ${String(actual)}`);
};
const attributes = (object, key) => {
  const d = Object.getOwnPropertyDescriptor(object, key);
  if (d === undefined) return "missing";
  return (d.writable ? "w" : "") + (d.enumerable ? "e" : "") + (d.configurable ? "c" : "") + ("get" in d ? " accessor" : "");
};
function aFunction(f, name, length, realm, fact) {
  if (typeof f !== "function") return same(typeof f, "function", fact);
  same(f.name, name, `${fact}: name`);
  same(f.length, length, `${fact}: length`);
  same(attributes(f, "name"), "c", `${fact}: attributes of name`);
  same(attributes(f, "length"), "c", `${fact}: attributes of length`);
  same(Object.getPrototypeOf(f), realm.Function.prototype, `${fact}: prototype`);
  same(Object.hasOwn(f, "prototype"), false, `${fact}: has a prototype property`);
  let constructs = true;
  try {
    Reflect.construct(Object, [], f);
  } catch { constructs = false; }
  same(constructs, false, `${fact}: is a constructor`);
  same(/\{\s*\[native code\]\s*\}$/.test(realm.Function.prototype.toString.call(f)), true, `${fact}: prints as native code`);
}
for (const {name, parent, constructs, length, members} of table) {
  same(attributes(global, name), "wc", `globalThis.${name}`);
  const made = global[name];
  if (typeof made !== "function") {
    same(typeof made, "function", name);
    continue;
  }
  const {prototype} = made;
  same(made.name, name, `${name}.name`);
  same(made.length, length, `${name}.length`);
  same(attributes(made, "prototype"), "", `${name}.prototype`);
  same(Object.getPrototypeOf(made), parent === null ? global.Function.prototype : global[parent], `the prototype of ${name}`);
  same(
      Object.getPrototypeOf(prototype),
      name === "DOMException" ? global.Error.prototype :
          parent === null     ? global.Object.prototype :
                                global[parent].prototype,
      `the prototype of ${name}.prototype`);
  same(attributes(prototype, "constructor"), "wc", `${name}.prototype.constructor`);
  same(prototype.constructor, made, `${name}.prototype.constructor`);
  same(attributes(prototype, Symbol.toStringTag), "c", `${name}.prototype[Symbol.toStringTag]`);
  same(prototype[Symbol.toStringTag], name, `${name}.prototype[Symbol.toStringTag]`);
  try {
    Reflect.apply(made, undefined, [{highWaterMark: 1}]);
    same("returned", "threw", `${name} called without new`);
  } catch (error) { same(Object.getPrototypeOf(error), global.TypeError.prototype, `${name} called without new`); }
  if (!constructs) {
    try {
      Reflect.construct(made, []);
      same("returned", "threw", `new ${name}`);
    } catch (error) { same(Object.getPrototypeOf(error), global.TypeError.prototype, `new ${name}`); }
  }
  const expected = new Set(["constructor", Symbol.toStringTag]);
  // V8 gives the last two to all interface objects that its C++ interface makes, and they cannot be deleted: browsers have them, too.
  const statics = new Set(["length", "name", "prototype", "arguments", "caller"]);
  for (const member of members) {
    const fact = `${name}.${member.kind === "static" || member.kind === "constant" ? "" : "prototype."}${member.name}`;
    if (member.kind === "constant") {
      for (const holder of [made, prototype]) {
        same(attributes(holder, member.name), "e", fact);
        same(holder[member.name], member.value, fact);
      }
      expected.add(member.name);
      statics.add(member.name);
      continue;
    }
    const holder = member.kind === "static" ? made : prototype;
    (member.kind === "static" ? statics : expected).add(member.name);
    const descriptor = Object.getOwnPropertyDescriptor(holder, member.name) ?? {};
    if (member.kind === "attribute") {
      same(attributes(holder, member.name), "ec accessor", fact);
      aFunction(descriptor.get, `get ${member.name}`, 0, global, fact);
      if (member.readonly)
        same(descriptor.set, undefined, `${fact}: setter`);
      else
        aFunction(descriptor.set, `set ${member.name}`, 1, global, `${fact}: setter`);
    } else {
      same(attributes(holder, member.name), "wec", fact);
      aFunction(descriptor.value, member.name, member.required, global, fact);
    }
  }
  for (const key of Reflect.ownKeys(prototype))
    if (!expected.has(key)) same(String(key), "nothing", `a property of ${name}.prototype`);
  for (const key of Reflect.ownKeys(made))
    if (!statics.has(key)) same(String(key), "nothing", `a property of ${name}`);
}
return wrong.join("\n");
});
