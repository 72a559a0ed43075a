// What must hold of any URL (url_rules.h): relations between its parts, its serialization and its query, and a literal
// application/x-www-form-urlencoded. https://url.spec.whatwg.org/
"use strict";

const kDefaultPorts = { "http:": "80", "https:": "443", "ws:": "80", "wss:": "443", "ftp:": "21", "file:": "" };
const kParts = ["protocol", "username", "password", "host", "hostname", "port", "pathname", "search", "hash"];

// ---- https://url.spec.whatwg.org/#urlencoded-parsing

function decodedPart(text) {
  const bytes = [...new TextEncoder().encode(text.replaceAll("+", " "))];
  const decoded = [];
  for (let i = 0; i < bytes.length; ++i) {
    const digits = String.fromCharCode(...bytes.slice(i + 1, i + 3));
    if (bytes[i] === 0x25 && /^[0-9A-Fa-f]{2}$/.test(digits)) {
      decoded.push(parseInt(digits, 16));
      i += 2;
    } else {
      decoded.push(bytes[i]);
    }
  }
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(new Uint8Array(decoded));
}

function parsedQuery(query) {
  const pairs = [];
  for (const sequence of query.split("&")) {
    if (sequence === "") continue;
    const equals = sequence.indexOf("=");
    pairs.push(equals < 0 ? [decodedPart(sequence), ""] : [decodedPart(sequence.slice(0, equals)), decodedPart(sequence.slice(equals + 1))]);
  }
  return pairs;
}

// https://url.spec.whatwg.org/#concept-urlencoded-serializer
function encodedPart(text) {
  let encoded = "";
  for (const byte of new TextEncoder().encode(text)) {
    const character = String.fromCharCode(byte);
    if (/[A-Za-z0-9*\-._]/.test(character)) encoded += character;
    else encoded += byte === 0x20 ? "+" : "%" + byte.toString(16).toUpperCase().padStart(2, "0");
  }
  return encoded;
}

function serializedQuery(pairs) { return pairs.map(([name, value]) => `${encodedPart(name)}=${encodedPart(value)}`).join("&"); }

function samePairs(a, b) { return JSON.stringify(a) === JSON.stringify(b); }

// ---- The rules: a name, and what is wrong; nothing if all is well.

// The serialization without fragment and query, these, and whether the path is opaque.
function pieces(href) {
  const hash = href.indexOf("#");
  const query = (hash < 0 ? href : href.slice(0, hash)).indexOf("?");
  const end = hash < 0 ? href.length : hash;
  const front = href.slice(0, query < 0 ? end : query);
  const opaque = !front.slice(front.indexOf(":") + 1).startsWith("/");
  return { front, query: query < 0 ? "" : href.slice(query, end), fragment: href.slice(end), opaque };
}

function brokenPart(url) {
  const { front, query, fragment, opaque } = pieces(url.href);
  const { protocol, username, password, host, hostname, port, pathname, search, hash, origin } = url;
  const special = protocol in kDefaultPorts;
  const credentials = username + (password === "" ? "" : `:${password}`) + (username + password === "" ? "" : "@");
  const fronts = [`${protocol}//${credentials}${host}${pathname}`, `${protocol}${pathname}`, `${protocol}/.${pathname}`];
  if (!/^[a-z][a-z0-9+.-]*:$/.test(protocol)) return ["URL-PROTOCOL", protocol];
  if (!/^[\x20-\x7e]*$/.test(url.href)) return ["URL-ASCII", url.href];
  if (!fronts.includes(front)) return ["URL-FRONT", `${front} is none of ${fronts.join(" ")}`];
  if (search !== (query === "?" ? "" : query)) return ["URL-SEARCH", `${search} of ${url.href}`];
  if (hash !== (fragment === "#" ? "" : fragment)) return ["URL-HASH", `${hash} of ${url.href}`];
  if (host !== hostname + (port === "" ? "" : `:${port}`)) return ["URL-HOST", `${host} is not ${hostname} and ${port}`];
  if (port !== "" && (String(Number(port)) !== port || Number(port) > 65535 || port === kDefaultPorts[protocol])) return ["URL-PORT", port];
  if (special && (opaque || !pathname.startsWith("/") || (protocol !== "file:" && hostname === ""))) return ["URL-SPECIAL", url.href];
  if (host !== host.toLowerCase() && special) return ["URL-HOST-CASE", host];
  let expected = "null";
  if (special && protocol !== "file:") expected = `${protocol}//${host}`;
  if (protocol !== "blob:" && origin !== expected) return ["URL-ORIGIN", `${origin} of ${url.href}`];
  if (url.toString() !== url.href || url.toJSON() !== url.href || String(url) !== url.href) return ["URL-STRING", url.href];
  return undefined;
}

function partsOf(url) { return JSON.stringify(["href", "origin", ...kParts].map((name) => url[name])); }

function brokenRelation(url) {
  const { href } = url;
  const { front, query, opaque } = pieces(href);
  const again = new URL(href);
  if (partsOf(again) !== partsOf(url)) return ["URL-AGAIN", `${href} is parsed as ${partsOf(again)}`];
  if (new URL(href, "http://base.example/a/b?c#d").href !== href) return ["URL-BASE", href];
  // (Ada drops an empty query on the way.)
  if (!opaque && query !== "?" && new URL("", href).href !== front + query) return ["URL-EMPTY", `${new URL("", href).href} relative to ${href}`];
  if (query !== "?" && new URL("#x", href).href !== `${front}${query}#x`) return ["URL-FRAGMENT", `${new URL("#x", href).href} relative to ${href}`];
  for (const name of kParts) {
    const copy = new URL(href);
    // An empty one may be one that is missing, and is not after that.
    if (copy[name] === "" && ["search", "hash", "host", "hostname"].includes(name)) continue;
    copy[name] = copy[name];
    if (copy.href !== href) return ["URL-SET-SAME", `${href} becomes ${copy.href} when ${name} is set to itself`];
  }
  return undefined;
}

function brokenQuery(url) {
  const pairs = [...url.searchParams];
  const expected = parsedQuery(url.search.slice(1));
  if (!samePairs(pairs, expected)) return ["URL-QUERY", `${JSON.stringify(pairs)} of ${url.search}`];
  const text = url.searchParams.toString();
  if (text !== serializedQuery(pairs)) return ["URL-QUERY-TEXT", `${text} of ${JSON.stringify(pairs)}`];
  if (!samePairs([...new URLSearchParams(text)], pairs)) return ["URL-QUERY-AGAIN", text];
  return undefined;
}

// ---- Steps: pairs of a word and a text

function perform(url, word, text, base) {
  if (word === "url") return base === undefined ? new URL(text) : new URL(text, base);
  if (url === undefined) return url;
  if (word === "append") url.searchParams.append(text, text);
  else if (word === "delete") url.searchParams.delete(text);
  else if (word === "sort") url.searchParams.sort();
  else url[word] = text;
  return url;
}

// Empty, or a rule and the detail.
function checkUrl(steps) {
  let url;
  let base;
  for (const [word, text] of steps) {
    if (word === "base") {
      base = text;
      continue;
    }
    const before = url?.href;
    try {
      url = perform(url, word, text, base);
    } catch (error) {
      if (!(error instanceof TypeError) || (word !== "url" && word !== "href")) return `URL-THROWS\n${word} throws ${error}`;
      if (url !== undefined && url.href !== before) return `URL-CHANGED\n${before} is ${url.href} after an error`;
      continue;
    }
    if (url === undefined) continue;
    const broken = brokenPart(url) ?? brokenRelation(url) ?? brokenQuery(url);
    if (broken !== undefined) return `${broken[0]}\nafter ${word} ${JSON.stringify(text)}: ${broken[1]}`;
  }
  return "";
}
