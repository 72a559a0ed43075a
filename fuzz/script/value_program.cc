#include "fuzz/script/value_program.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <iterator>

namespace sluice::fuzz {
namespace {

// What a line has after its word.
class Arguments {
 public:
  Arguments(std::string_view text, size_t values) : text_(text), values_(values) {}

  std::string_view text() const { return text_; }
  bool empty() const { return at_ >= text_.size(); }
  // 0 to 9 for digits, the byte for others, 0 at the end.
  size_t Number() {
    if (empty()) return 0;
    const auto byte = static_cast<unsigned char>(text_[at_++]);
    return byte >= '0' && byte <= '9' ? byte - static_cast<size_t>('0') : byte;
  }
  // An earlier value.
  std::string Value() {
    if (empty()) return "undefined";
    const size_t number = Number();
    return values_ == 0 ? "undefined" : "v[" + std::to_string(number % values_) + "]";
  }
  // All that are left.
  std::string Values() {
    std::string list;
    while (!empty()) list += (list.empty() ? "" : ", ") + Value();
    return list;
  }
  std::string Name() { return "'" + std::string(1, static_cast<char>('a' + Number() % 26)) + "'"; }
  std::string Digits() { return std::to_string(Number()); }

 private:
  std::string_view text_;
  size_t values_;
  size_t at_ = 0;
};

std::string Make(const char* kind, const std::string& expression) {
  return std::string("make('") + kind + "', " + expression + ");\n";
}

std::string Attempt(const char* kind, const std::string& expression) {
  return std::string("attempt('") + kind + "', () => " + expression + ");\n";
}

template <size_t size>
std::string OneOf(const char* const (&choices)[size], size_t number) {
  return choices[number % size];
}

constexpr const char* kNumbers[] = {"0",    "1",    "-1",        "1.5",     "-0",  "NaN",  "Infinity", "2147483648",
                                    "9e15", "1e-7", "-Infinity", "2 ** 53", "255", "1e21", "0.1",      "-2147483649"};
constexpr const char* kOthers[] = {"undefined", "null", "true", "false", "0n", "-1n", "2n ** 64n", "10n ** 40n"};
constexpr const char* kBoxed[] = {"Object(true)", "Object(1)",     "Object('boxed')",
                                  "Object(1n)",   "Object(false)", "Object(-0)"};
constexpr const char* kViews[] = {"Uint8Array",   "Int8Array",     "Uint8ClampedArray", "Int16Array",
                                  "Uint16Array",  "Int32Array",    "Uint32Array",       "Float32Array",
                                  "Float64Array", "BigInt64Array", "BigUint64Array"};
constexpr const char* kErrors[] = {"Error",          "TypeError", "RangeError", "SyntaxError",
                                   "ReferenceError", "EvalError", "URIError"};
constexpr const char* kFlags[] = {"", "g", "i", "m", "s", "u", "y", "d", "gimsuy"};
constexpr const char* kNotCloned[] = {"new WeakMap()",
                                      "Promise.resolve(1)",
                                      "new AbortController().signal",
                                      "new Event('e')",
                                      "new TextDecoder()",
                                      "(function* () {})()",
                                      "new WeakRef({})",
                                      "new AbortController()",
                                      "new EventTarget()",
                                      "new Map().entries()",
                                      "(function () { return arguments; })(1)"};
constexpr const char* kPlatform[] = {"new Headers({ a: 'b' })",
                                     "new URL('http://a/b?c#d')",
                                     "new URLSearchParams('a=b')",
                                     "new Request('http://a/')",
                                     "new Response('text')",
                                     "new WritableStream()",
                                     "new WritableStream().getWriter()",
                                     "new CountQueuingStrategy({ highWaterMark: 1 })"};

std::string Other(Arguments& a, size_t) { return Make("other", OneOf(kOthers, a.Number())); }
std::string Number(Arguments& a, size_t) { return Make("number", OneOf(kNumbers, a.Number())); }
std::string String(Arguments& a, size_t) { return Make("string", StringLiteral(a.text())); }
std::string Wide(Arguments& a, size_t) { return Make("string", StringLiteral(a.text(), true)); }
std::string Long(Arguments& a, size_t) {
  const std::string part = "'" + std::string(1, static_cast<char>('a' + a.Number() % 26)) + "'";
  return Make("string", part + ".repeat(" + std::to_string(1 << (a.Number() % 18)) + ")");
}
std::string Boxed(Arguments& a, size_t) { return Make("boxed", OneOf(kBoxed, a.Number())); }
std::string Date(Arguments& a, size_t) { return Make("date", "new Date(" + OneOf(kNumbers, a.Number()) + ")"); }
std::string RegExp(Arguments& a, size_t) {
  const std::string flags = OneOf(kFlags, a.Number());
  return Attempt("regexp", "new RegExp(" + StringLiteral(a.text()) + ", '" + flags + "')");
}
std::string Array(Arguments& a, size_t) { return Make("array", "[" + a.Values() + "]"); }
std::string Sparse(Arguments& a, size_t) {
  const std::string length = std::to_string(a.Number() * a.Number() * a.Number() * a.Number());
  return Make("array", "sparse(" + length + ", " + a.Digits() + ", " + a.Value() + ")");
}
std::string Object(Arguments& a, size_t) {
  std::string members;
  for (char name = 'a'; !a.empty() && name <= 'z'; ++name) {
    members += (members.empty() ? " " : ", ") + ("'" + std::string(1, name) + "': ") + a.Value();
  }
  return Make("object", "{" + members + " }");
}
std::string NullObject(Arguments& a, size_t) { return Make("object", "{ __proto__: null, x: " + a.Value() + " }"); }
std::string Hidden(Arguments& a, size_t) {
  return Make("object", "defineProperty({ [Symbol('s')]: " + a.Value() + ", x: " + a.Value() +
                            " }, 'hidden', { value: " + a.Value() + " })");
}
std::string Frozen(Arguments& a, size_t) { return Make("object", "freeze({ x: " + a.Value() + " })"); }
std::string Instance(Arguments& a, size_t) {
  return Make("object", "new (class Thing { x = " + a.Value() + "; #y = 1; method() { ++ran; } })()");
}
std::string Map(Arguments& a, size_t) {
  std::string entries;
  while (!a.empty()) {
    const std::string key = a.Value();
    entries += (entries.empty() ? "[" : ", [") + key + ", " + a.Value() + "]";
  }
  return Make("map", "new Map([" + entries + "])");
}
std::string Set(Arguments& a, size_t) { return Make("set", "new Set([" + a.Values() + "])"); }
std::string Buffer(Arguments& a, size_t) {
  const std::string size = a.Digits();
  return Make("buffer", "buffer(" + size + ", " + a.Digits() + ")");
}
std::string Shared(Arguments& a, size_t) { return Make("shared", "new SharedArrayBuffer(" + a.Digits() + ")"); }
std::string View(Arguments& a, size_t) {
  const std::string constructor = OneOf(kViews, a.Number());
  const std::string on = a.Value();
  return Attempt("view", "view(" + constructor + ", " + on + ", " + a.Digits() + ")");
}
std::string DataView(Arguments& a, size_t) {
  const std::string on = a.Value();
  return Attempt("dataview", "view(DataView, " + on + ", " + a.Digits() + ")");
}
std::string Error(Arguments& a, size_t) {
  const std::string constructor = OneOf(kErrors, a.Number());
  return Make("error", "new " + constructor + "(" + StringLiteral(a.text()) + ")");
}
std::string DomException(Arguments& a, size_t) {
  return Make("domexception", "new DOMException(" + StringLiteral(a.text()) + ", 'DataCloneError')");
}
std::string Function(Arguments& a, size_t) {
  return Make("refused", "setPrototypeOf(author(" + a.Value() + "), Function.prototype)");
}
std::string Symbol(Arguments& a, size_t) { return Make("symbol", "Symbol(" + StringLiteral(a.text()) + ")"); }
std::string NotCloned(Arguments& a, size_t) { return Make("refused", OneOf(kNotCloned, a.Number())); }
std::string Platform(Arguments& a, size_t) { return Make("platform", OneOf(kPlatform, a.Number())); }
std::string Proxy(Arguments& a, size_t) { return Make("refused", "proxy(" + a.Value() + ")"); }
std::string Getter(Arguments& a, size_t) {
  const std::string name = a.Name();
  return Make("object", "getter({ before: 1 }, " + name + ", " + a.Value() + ")");
}
std::string Throwing(Arguments& a, size_t) { return Make("object", "throwing(" + a.Name() + ")"); }
std::string Speaking(Arguments& a, size_t) {
  return Make(
      "object",
      "{ toString: author('t'), valueOf: author(1), toJSON: author('j'), inspect: author('i'), [Symbol.toPrimitive]: "
      "author('p'), get [Symbol.toStringTag]() { ++ran; return 'T'; }, x: " +
          a.Value() + " }");
}
std::string Inherits(Arguments& a, size_t) {
  return Make("object", "setPrototypeOf({ own: 1 }, shallow(" + a.Value() + "))");
}
std::string Deep(Arguments& a, size_t) {
  const char* const kind = a.Number() % 2 == 0 ? "array" : "object";
  const std::string depth = std::to_string(a.Number() * a.Number());
  return "v.push(deep('" + std::string(kind) + "', " + depth + ", " + a.Value() + "));\n";
}
std::string Doubled(Arguments& a, size_t) {
  const std::string depth = std::to_string(a.Number() % 24);
  return Make("array", "doubled(" + depth + " + 1, " + a.Value() + ")");
}
std::string Link(Arguments& a, size_t) {
  const std::string to = a.Value();
  const std::string name = a.Name();
  return "link(" + to + ", " + name + ", " + a.Value() + ");\n";
}

struct ValueWord {
  std::string_view word;
  std::string (*statement)(Arguments&, size_t);
};
constexpr ValueWord kValueWords[] = {
    {"other", Other},
    {"number", Number},
    {"string", String},
    {"wide", Wide},
    {"long", Long},
    {"boxed", Boxed},
    {"date", Date},
    {"regexp", RegExp},
    {"array", Array},
    {"sparse", Sparse},
    {"object", Object},
    {"null", NullObject},
    {"hidden", Hidden},
    {"frozen", Frozen},
    {"instance", Instance},
    {"map", Map},
    {"set", Set},
    {"buffer", Buffer},
    {"shared", Shared},
    {"view", View},
    {"dataview", DataView},
    {"error", Error},
    {"exception", DomException},
    {"function", Function},
    {"symbol", Symbol},
    {"refused", NotCloned},
    {"platform", Platform},
    {"proxy", Proxy},
    {"getter", Getter},
    {"throwing", Throwing},
    {"speaking", Speaking},
    {"inherits", Inherits},
    {"deep", Deep},
    {"doubled", Doubled},
    {"link", Link},
};

const ValueWord& FoundValueWord(std::string_view word) {
  const auto found = std::find_if(std::begin(kValueWords), std::end(kValueWords),
                                  [&](const ValueWord& each) { return each.word == word; });
  if (found != std::end(kValueWords)) return *found;
  return kValueWords[(word.empty() ? 0 : static_cast<unsigned char>(word[0])) % std::size(kValueWords)];
}

void Append(std::string& literal, unsigned unit) {
  char text[8];
  const bool plain = unit >= 0x20 && unit < 0x7F && unit != '\'' && unit != '\\';
  std::snprintf(text, sizeof(text), plain ? "%c" : "\\u%04x", unit);
  literal += text;
}

}  // namespace

std::string StringLiteral(std::string_view bytes, bool wide) {
  std::string literal = "'";
  const size_t step = wide ? 2 : 1;
  for (size_t i = 0; i + step <= bytes.size(); i += step) {
    unsigned unit = static_cast<unsigned char>(bytes[i]);
    if (wide) unit = unit << 8 | static_cast<unsigned char>(bytes[i + 1]);
    Append(literal, unit);
  }
  return literal + "'";
}

ValueProgram ReadValueProgram(std::string_view text) {
  ValueProgram program;
  size_t values = 0;
  for (size_t begin = 0; begin < text.size() && values < kMostValues;) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    begin = end + 1;
    const size_t blank = std::min(line.find(' '), line.size());
    const std::string_view word = line.substr(0, blank);
    Arguments arguments(line.substr(std::min(blank + 1, line.size())), values);
    if (word == "format") {
      program.text = arguments.text();
    } else if (word == "transfer") {
      while (!arguments.empty() && values != 0) program.transfer.push_back(arguments.Number() % values);
    } else if (word == "patch") {
      const std::string which = arguments.Digits();
      program.patches += "patch(" + which + ", " + arguments.Digits() + ");\n";
    } else {
      const ValueWord& found = FoundValueWord(word);
      program.source += found.statement(arguments, values);
      if (found.statement != Link) ++values;
    }
  }
  if (values == 0) program.source += Make("other", "undefined");
  return program;
}

}  // namespace sluice::fuzz
