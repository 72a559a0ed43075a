// A second opinion on console.log with a format (console_rules.h), for arguments that are strings, finite integers and
// booleans only, whose text is beyond doubt. Runs after values.js. https://console.spec.whatwg.org/#formatter
"use strict";

function isPlain(value) {
  return (typeof value === "string" && value.length < 1000) || typeof value === "boolean" || (Number.isInteger(value) && Math.abs(value) < 2 ** 31);
}

// How a string is shown where it is quoted is Inspect's own choice: only those without anything to quote are compared.
function isQuotedPlainly(value) { return typeof value !== "string" || /^[a-z]*$/.test(value); }

function shown(value) { return typeof value === "string" ? `'${value}'` : Object.is(value, -0) ? "-0" : String(value); }

function substituted(specifier, value) {
  switch (specifier) {
    case "s":
      return typeof value === "string" ? value : shown(value);
    case "d":
    case "i":
    case "f": {
      // As Node has it: the standard's %d is %i.
      const number = specifier === "d" ? Number(value) : specifier === "i" ? parseInt(value) : parseFloat(value);
      if (Number.isNaN(number)) return "NaN";
      return Number.isInteger(number) && Math.abs(number) < 2 ** 31 ? shown(number) : undefined;
    }
    case "o":
    case "O":
      return isQuotedPlainly(value) ? shown(value) : undefined;
    case "c":
      return "";
  }
}

// The line; undefined where this opinion has none.
function expectedLine(format, values) {
  let line = "";
  const rest = [...values];
  for (let i = 0; i < format.length; ++i) {
    const specifier = format[i + 1];
    if (format[i] !== "%" || specifier === undefined || values.length === 0) {
      line += format[i];
    } else if (specifier === "%") {
      line += format[i++];
    } else if (!"sdifoOc".includes(specifier) || rest.length === 0) {
      line += "%";
    } else {
      const text = substituted(specifier, rest.shift());
      if (text === undefined) return undefined;
      line += text;
      ++i;
    }
  }
  for (const value of rest) line += " " + (typeof value === "string" ? value : shown(value));
  return line;
}

var plain = [];

// What console.log(format, ...plain) has to print, after an "="; empty if this opinion has none.
function expectFormat(format) {
  plain = v.filter(isPlain).slice(0, 6);
  const expected = expectedLine(format, plain);
  return expected === undefined || /[\ud800-\udfff]/.test(expected) ? "" : `=${expected}\n`;
}
