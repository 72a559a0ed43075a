// The rules of structuredClone, the console, URLs, messages and modules notice implementations with faults, the seeds
// of their targets pass them, and results do not depend on what ran before.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/script/clone_rules.h"
#include "fuzz/script/console_rules.h"
#include "fuzz/script/fetch_rules.h"
#include "fuzz/script/module_rules.h"
#include "fuzz/script/url_rules.h"
#include "fuzz/script/value_program.h"

namespace sluice::fuzz {
namespace {

namespace fs = std::filesystem;
using MaybeFinding = std::optional<ScriptFinding>;

std::string RuleOf(const MaybeFinding& finding) { return finding ? finding->rule : ""; }

// ---- structuredClone

std::string CloneRule(std::string_view text, std::string_view fault) { return RuleOf(CheckClone(text, fault)); }

TEST(CloneRulesTest, NoticeValuesThatAreNotTheSame) {
  constexpr std::string_view kIdentity = "globalThis.structuredClone = (value) => value";
  EXPECT_EQ(CloneRule("object\n", kIdentity), "CLONE-SAME");
  EXPECT_EQ(CloneRule("number 1\n", kIdentity), "");
  constexpr std::string_view kJson = "globalThis.structuredClone = (value) => JSON.parse(JSON.stringify(value))";
  EXPECT_EQ(CloneRule("number 1\narray 0\n", kJson), "");
  EXPECT_EQ(CloneRule("date 1\narray 0\n", kJson), "CLONE-SAME");
  EXPECT_EQ(CloneRule("number 5\narray 0\n", kJson), "CLONE-SAME");  // NaN
  EXPECT_EQ(CloneRule("object\narray 00\n", kJson), "CLONE-SAME");   // one object, twice
  EXPECT_EQ(CloneRule("map\n", kJson), "CLONE-SAME");
  EXPECT_EQ(CloneRule("buffer 41\n", kJson), "CLONE-SAME");
}

TEST(CloneRulesTest, NoticeEachKindThatIsClonedWrong) {
  // What is inside of a clone is falsified; the clone itself is real.
  const auto falsified = [](std::string_view text, const std::string& statement) {
    return CloneRule(
        text, "const real = structuredClone; globalThis.structuredClone = (...args) => { let clone = real(...args); " +
                  statement + "; return clone; }");
  };
  EXPECT_EQ(falsified("date 1\n", "clone.setTime(5)"), "CLONE-SAME");
  EXPECT_EQ(falsified("regexp 1a\n", "clone.lastIndex = 1"), "CLONE-SAME");
  EXPECT_EQ(falsified("number 1\nmap 00\n", "clone.set(1, 2)"), "CLONE-SAME");
  EXPECT_EQ(falsified("number 1\nset 0\n", "clone.add(7)"), "CLONE-SAME");
  EXPECT_EQ(falsified("boxed 1\n", "clone = Object(2)"), "CLONE-SAME");
  EXPECT_EQ(falsified("buffer 41\n", "new Uint8Array(clone)[0] = 9"), "CLONE-SAME");
  EXPECT_EQ(falsified("shared 4\n", "clone = new SharedArrayBuffer(4)"), "CLONE-SAME");
  EXPECT_EQ(falsified("buffer 81\nview 002\n", "clone = clone.subarray(1)"), "CLONE-SAME");
  EXPECT_EQ(falsified("error 0text\n", "clone.message = 'x'"), "CLONE-SAME");
  EXPECT_EQ(falsified("error 1text\n", "Object.setPrototypeOf(clone, Error.prototype)"), "CLONE-SAME");
  EXPECT_EQ(falsified("number 1\nobject 0\n", "clone.b = 1"), "CLONE-SAME");
  EXPECT_EQ(falsified("number 1\nobject 0\n", "Object.freeze(clone)"), "CLONE-SAME");
  EXPECT_EQ(falsified("number 1\nsparse 222210\n", "clone.length = 1"), "CLONE-SAME");
}

TEST(CloneRulesTest, NoticeWhatShouldHaveBeenRefused) {
  constexpr std::string_view kLenient =
      "const real = structuredClone; globalThis.structuredClone = (...args) => { try { return real(...args) } catch { "
      "return {} } }";
  EXPECT_EQ(CloneRule("function 0\nobject 0\n", kLenient), "CLONE-LENIENT");
  EXPECT_EQ(CloneRule("throwing 3\n", kLenient), "CLONE-LENIENT");
  constexpr std::string_view kOther = "globalThis.structuredClone = () => { throw new TypeError('no') }";
  EXPECT_EQ(CloneRule("object\n", kOther), "CLONE-ERROR");
  EXPECT_EQ(CloneRule("function 0\n", kOther), "CLONE-ERROR");
}

TEST(CloneRulesTest, NoticeTransfersThatLoseOrKeep) {
  constexpr std::string_view kKeeps =
      "const real = structuredClone; globalThis.structuredClone = (value) => real(value)";
  EXPECT_EQ(CloneRule("buffer 81\ntransfer 0\n", kKeeps), "CLONE-TRANSFER");
  constexpr std::string_view kLoses =
      "const real = structuredClone; globalThis.structuredClone = (value, options) => { real(0, options); return "
      "real(value); }";
  EXPECT_EQ(CloneRule("buffer 81\nfunction 0\ntransfer 0\n", kLoses), "CLONE-LOST");
}

TEST(CloneRulesTest, NoticeAClonedCloneThatDiffers) {
  constexpr std::string_view kOnce =
      "const real = structuredClone; let calls = 0; globalThis.structuredClone = (value) => calls++ % 2 === 0 ? "
      "real(value) : {}";
  EXPECT_EQ(CloneRule("array\n", kOnce), "CLONE-AGAIN");
}

// ---- The console

std::string ConsoleRule(std::string_view text, std::string_view fault) { return RuleOf(CheckConsole(text, fault)); }

TEST(ConsoleRulesTest, NoticeAnAuthorsCodeThatRuns) {
  EXPECT_EQ(ConsoleRule("number 1\ngetter 30\n",
                        "const real = console.dir; console.dir = (value) => { value.d; real(value); }"),
            "CON-RUNS");
  EXPECT_EQ(ConsoleRule("speaking\n", "console.error = (value) => console.dir(`${value}`)"), "CON-RUNS");
}

TEST(ConsoleRulesTest, NoticePrintingThatThrowsOrSaysNothing) {
  EXPECT_EQ(ConsoleRule("number 1\n", "console.table = () => { throw new Error('no') }"), "CON-THROWS");
  EXPECT_EQ(ConsoleRule("number 1\n", "console.trace = () => {}"), "CON-LINE");
  EXPECT_EQ(ConsoleRule("number 1\n", "console.dir = () => { console.log(1); console.error(1); }"), "CON-ONE-OUTPUT");
}

TEST(ConsoleRulesTest, NoticeMoreThanTheBudget) {
  EXPECT_EQ(
      ConsoleRule("number 1\n", "console.dir = () => { for (let i = 0; i < 9; ++i) console.log('x'.repeat(1 << 19)) }"),
      "CON-CHARACTERS");
  EXPECT_EQ(ConsoleRule("number 1\n", "console.dir = () => console.log('undefined,'.repeat(30000))"), "CON-ENTRIES");
}

TEST(ConsoleRulesTest, NoticeTextThatChanges) {
  EXPECT_EQ(ConsoleRule("number 1\n", "let calls = 0; console.dir = () => console.log(++calls)"), "CON-SAME");
}

TEST(ConsoleRulesTest, NoticeWrongFormats) {
  constexpr std::string_view kPlain = "const real = console.log; console.log = (...args) => real('%s', args.join(' '))";
  EXPECT_EQ(ConsoleRule("string a\nformat %s-\n", kPlain), "CON-FORMAT");
  EXPECT_EQ(ConsoleRule("number 1\nformat %d%%\n", kPlain), "CON-FORMAT");
}

// ---- URLs

std::string UrlRule(std::string_view text, const std::string& getter) {
  const std::string fault = "Object.defineProperty(URL.prototype, " + getter + ")";
  return RuleOf(CheckUrl(text, fault));
}

TEST(UrlRulesTest, NoticePartsThatDoNotGoTogether) {
  constexpr std::string_view kUrl = "url https://u:p@a:1/b?c#d\n";
  EXPECT_EQ(UrlRule(kUrl, "'x', { value: 1 }"), "");
  EXPECT_EQ(UrlRule(kUrl, "'protocol', { get() { return 'HTTPS:' } }"), "URL-PROTOCOL");
  EXPECT_EQ(UrlRule(kUrl, "'pathname', { get() { return '/x' } }"), "URL-FRONT");
  EXPECT_EQ(UrlRule(kUrl, "'search', { get() { return '?x' } }"), "URL-SEARCH");
  EXPECT_EQ(UrlRule(kUrl, "'hash', { get() { return '' } }"), "URL-HASH");
  EXPECT_EQ(UrlRule(kUrl, "'hostname', { get() { return 'b' } }"), "URL-HOST");
  EXPECT_EQ(UrlRule("url http://a:1/\n", "'port', { get() { return '01' } }"), "URL-HOST");
  EXPECT_EQ(UrlRule(kUrl, "'origin', { get() { return 'https://b' } }"), "URL-ORIGIN");
  EXPECT_EQ(UrlRule(kUrl, "'toJSON', { value: () => '' }"), "URL-STRING");
}

TEST(UrlRulesTest, NoticeWhatIsParsedToSomethingElse) {
  const auto rule = [](std::string_view text, const std::string& statements) {
    return RuleOf(CheckUrl(text, "const Real = URL; globalThis.URL = class extends Real { constructor(url, base) { " +
                                     statements + " } }"));
  };
  EXPECT_EQ(rule("url http://a/b?c#d\n", "super(url, base)"), "");
  EXPECT_EQ(rule("url http://a/b\n", "super(url + 'x', base)"), "URL-AGAIN");
  EXPECT_EQ(rule("url http://a/b\n", "base === undefined ? super(url) : super(url + 'x', base)"), "URL-BASE");
  EXPECT_EQ(rule("url http://a/b\n", "base === undefined || url !== '' ? super(url, base) : super('y', base)"),
            "URL-EMPTY");
  EXPECT_EQ(rule("url http://a/b\n", "base === undefined || url !== '#x' ? super(url, base) : super('#y', base)"),
            "URL-FRAGMENT");
  EXPECT_EQ(rule("url nothing\n", "try { super(url, base) } catch { throw 1 }"), "URL-THROWS");
}

TEST(UrlRulesTest, NoticeSettersAndQueriesThatChange) {
  EXPECT_EQ(UrlRule("url http://a/\n",
                    "'pathname', { get() { return new RegExp('[^/]/.*').exec(this.href)[0].slice(1) }, set(v) { "
                    "this.hash = 'x' } }"),
            "URL-SET-SAME");
  const auto rule = [](std::string_view text, const char* fault) { return RuleOf(CheckUrl(text, fault)); };
  EXPECT_EQ(
      rule("url http://a/?b=%20\n", "URLSearchParams.prototype[Symbol.iterator] = function* () { yield ['b', '%20'] }"),
      "URL-QUERY");
  EXPECT_EQ(rule("url http://a/?b=%20\n", "URLSearchParams.prototype.toString = () => 'b=%20'"), "URL-QUERY-TEXT");
  EXPECT_EQ(rule("url http://a/?b\nhref no url\n",
                 "Object.defineProperty(URL.prototype, 'href', { get: Object.getOwnPropertyDescriptor(URL.prototype, "
                 "'href').get, set(v) { "
                 "this.hash = 'x'; throw new TypeError() } })"),
            "URL-CHANGED");
}

// ---- Headers, requests, responses

std::string FetchRule(std::string_view text, std::string_view fault) { return RuleOf(CheckFetch(text, fault)); }

TEST(FetchRulesTest, NoticeHeaderListsThatDiffer) {
  const auto rule = [](std::string_view text, const std::string& method, const std::string& body) {
    return FetchRule(text, "const real = Headers.prototype." + method + "; Headers.prototype." + method +
                               " = function (...args) { " + body + " }");
  };
  EXPECT_EQ(rule("headers b|1|a|2\n", "get", "return real.apply(this, args)"), "");
  EXPECT_EQ(rule("headers b|1|a|2\n", "keys", "return ['b', 'a']"), "FETCH-LIST");
  EXPECT_EQ(rule("headers a|1|a|2\n", "get", "return real.apply(this, args)?.split(',')[0] ?? null"), "FETCH-GET");
  EXPECT_EQ(rule("headers Set-Cookie|1\n", "has", "return args[0] !== 'SET-COOKIE' && real.apply(this, args)"),
            "FETCH-GET");
  EXPECT_EQ(rule("headers set-cookie|1|set-cookie|2\n", "getSetCookie", "return [this.get('set-cookie')]"),
            "FETCH-COOKIES");
  EXPECT_EQ(rule("headers a|1\nappend b|x\n", "append", "real.call(this, args[0], args[1] + 'y')"), "FETCH-LIST");
  EXPECT_EQ(rule("headers a|1|a|2\nset a|3\n", "set", "this.append(...args)"), "FETCH-LIST");
  EXPECT_EQ(rule("headers a|1\nappend b c|x\n", "append", "try { real.apply(this, args) } catch {}"), "FETCH-LENIENT");
  EXPECT_EQ(rule("headers a|1\ndelete a b\n", "delete", "throw new RangeError()"), "FETCH-ERROR");
  EXPECT_EQ(rule("headers a|1\ndelete a\n", "delete", "throw new TypeError()"), "FETCH-STRICT");
  EXPECT_EQ(FetchRule("headers a|1\niterate b|2\n",
                      "const real = Headers.prototype.entries; Headers.prototype[Symbol.iterator] = function () { "
                      "return [...real.call(this)][Symbol.iterator]() }"),
            "FETCH-ITERATE");
}

TEST(FetchRulesTest, NoticeMessagesThatDiffer) {
  const auto getter = [](std::string_view text, const std::string& name, const std::string& body) {
    const size_t dot = name.find('.');
    const std::string prototype = name.substr(0, dot) + ".prototype, '" + name.substr(dot + 1) + "'";
    return FetchRule(text, "const real = Object.getOwnPropertyDescriptor(" + prototype +
                               ").get; Object.defineProperty(" + prototype + ", { get() { " + body + " } })");
  };
  constexpr std::string_view kRequest = "method post\nbody x\nrequest http://a/\n";
  EXPECT_EQ(getter(kRequest, "Request.method", "return real.call(this)"), "");
  EXPECT_EQ(getter(kRequest, "Request.method", "return real.call(this).toLowerCase()"), "FETCH-REQUEST");
  EXPECT_EQ(getter(kRequest, "Request.url", "return 'http://a'"), "FETCH-REQUEST");
  EXPECT_EQ(getter(kRequest, "Request.bodyUsed", "return true"), "FETCH-USED");
  EXPECT_EQ(getter(kRequest, "Request.headers", "return new Headers(real.call(this))"), "FETCH-SAME");
  EXPECT_EQ(getter(kRequest, "Request.signal", "return new AbortController().signal"), "FETCH-SAME");
  EXPECT_EQ(getter("signal\nrequest http://a/\nabort\n", "Request.signal",
                   "return this.known ?"
                   "?= new AbortController().signal"),
            "FETCH-SIGNAL");
  EXPECT_EQ(getter("status 404\nresponse\n", "Response.ok", "return true"), "FETCH-RESPONSE");
  EXPECT_EQ(FetchRule("request no url\n", "Request = class { constructor() { this.headers = new Headers() } }"),
            "FETCH-LENIENT");
}

TEST(FetchRulesTest, NoticeBodiesThatDiffer) {
  const auto reader = [](std::string_view text, const std::string& name, const std::string& body) {
    return FetchRule(text, "const real = Response.prototype." + name + "; Response.prototype." + name +
                               " = function () { " + body + " }");
  };
  EXPECT_EQ(reader("body x\nresponse\ntext\n", "text", "return real.call(this)"), "");
  EXPECT_EQ(reader("body x\nresponse\ntext\n", "text", "return real.call(this).then((text) => text + ' ')"),
            "FETCH-BODY");
  EXPECT_EQ(reader("body x\nresponse\ntext\n", "text", "return this.clone(), Promise.resolve('x')"), "FETCH-USED");
  EXPECT_EQ(reader("body x\nresponse\nparse\n", "json", "return real.call(this).catch(() => 0)"), "FETCH-READ");
  EXPECT_EQ(reader("body x\nresponse\nview\n", "bytes", "real.call(this); return new Promise(() => {})"),
            "FETCH-SETTLES");
  // A body that is not copied.
  EXPECT_EQ(
      FetchRule("raw x\nresponse\ntext\n",
                "const real = Response.prototype.text; const Real = Response; let given; Response = class extends "
                "Real { constructor(body, init) { super(body, init); given = body } text() { super.text(); return "
                "Promise.resolve(new TextDecoder().decode(given)) } }"),
      "FETCH-BODY");
}

// ---- Modules

std::string ModuleRule(std::string_view text, std::string_view fault) { return RuleOf(CheckModules(text, fault)); }

TEST(ModuleRulesTest, NoticeImportsThatDoNotSettleOrDoTwice) {
  constexpr std::string_view kNever = "imported = (which) => void imports.push({ which, state: 'pending' })";
  EXPECT_EQ(ModuleRule("module\n", kNever), "MOD-SETTLES");
}

TEST(ModuleRulesTest, NoticeWrongOrders) {
  constexpr std::string_view kChain = "module\nimport 1\nmodule\n";
  EXPECT_EQ(ModuleRule(kChain, "const real = log; log = (what, which) => real(what, 1 - which)"), "MOD-ORDER");
  EXPECT_EQ(ModuleRule(kChain, "const real = log; log = (what, which) => { real(what, which); real(what, which); }"),
            "MOD-ONCE");
  EXPECT_EQ(ModuleRule("module\nimport 1\nmodule\nabsent\nmodule\nload 2\n",
                       "const real = log; log = (what) => real(what, 0)"),
            "MOD-LOAD");
}

TEST(ModuleRulesTest, NoticeWrongOutcomes) {
  const auto settled = [](const std::string& change) {
    return "const real = summary; summary = () => { for (const each of imports) { " + change + " } return real(); }";
  };
  EXPECT_EQ(ModuleRule("module\nthrow\n", settled("each.state = 'fulfilled'; each.value = { value: 0 }")),
            "MOD-OUTCOME");
  EXPECT_EQ(ModuleRule("module\n", settled("each.state = 'rejected'")), "MOD-OUTCOME");
  EXPECT_EQ(ModuleRule("module\n", settled("each.value = { value: 5 }")), "MOD-NAMESPACE");
  EXPECT_EQ(ModuleRule("module\n", settled("each.value = { value: 0 }")), "MOD-SAME");
  EXPECT_EQ(ModuleRule("module\nthrow\n", settled("each.value = new TypeError()")), "MOD-ERROR");
  EXPECT_EQ(ModuleRule("module\nthrow\nmodule\n", settled("if (each.which === 0) each.value = { which: 1 }")),
            "MOD-ERROR");
  EXPECT_EQ(ModuleRule("module\nabsent\n", settled("each.value = { which: 0 }")), "MOD-ERROR");
}

// ---- All of them

using Check = std::function<MaybeFinding(std::string_view)>;

struct Checked {
  const char* target;
  Check check;
};

const Checked kChecked[] = {
    {"structured_clone_fuzzer", [](std::string_view text) { return CheckClone(text); }},
    {"console_format_fuzzer", [](std::string_view text) { return CheckConsole(text); }},
    {"url_fuzzer", [](std::string_view text) { return CheckUrl(text); }},
    {"fetch_classes_fuzzer", [](std::string_view text) { return CheckFetch(text); }},
    {"module_graph_fuzzer", [](std::string_view text) { return CheckModules(text); }},
};

std::vector<std::pair<fs::path, std::string>> Seeds(const char* target) {
  std::vector<std::pair<fs::path, std::string>> seeds;
  for (const auto& entry : fs::directory_iterator(fs::path("corpus") / target)) {
    std::ifstream file(entry.path(), std::ios::binary);
    seeds.emplace_back(entry.path(),
                       std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>()));
  }
  std::sort(seeds.begin(), seeds.end());
  return seeds;
}

class ScriptCorpusTest : public testing::TestWithParam<Checked> {};

TEST_P(ScriptCorpusTest, EverySeedPasses) {
  const auto& [target, check] = GetParam();
  const auto seeds = Seeds(target);
  EXPECT_GE(seeds.size(), 15u) << target;
  for (const auto& [path, text] : seeds) {
    const MaybeFinding finding = check(text);
    EXPECT_FALSE(finding.has_value()) << path << "\n" << finding->rule << "\n" << finding->detail;
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, ScriptCorpusTest, testing::ValuesIn(kChecked),
                         [](const auto& checked) { return checked.param.target; });

TEST(ScriptWorldTest, WhatRunsBeforeChangesNothing) {
  // Patched prototypes, a module of the same file, a URL that was parsed before: none of it is there the next time.
  const std::vector<std::vector<std::string_view>> programs = {
      {"globalThis.x = 1; Array.prototype.join = () => 'patched'; console.log([1].join())"},
      {"console.log(typeof x, [1, 2].join(), setTimeout(() => {}))"},
      {"const u = new URL('http://a/b'); u.hash = 'c'; console.log(u.href, setTimeout(() => console.log('late')))"},
      {"console.group(); console.count('label')"},
      {"console.count('label')"},
  };
  const auto said = [](const std::vector<std::string_view>& program) {
    const ScriptRun run = RunScripts(program);
    return run.out + "|" + run.err + "|" + run.thrown;
  };
  std::vector<std::string> forwards;
  for (const auto& program : programs) forwards.push_back(said(program));
  for (size_t i = programs.size(); i > 0; --i) EXPECT_EQ(said(programs[i - 1]), forwards[i - 1]);
  EXPECT_EQ(forwards[1].substr(0, 13), "undefined 1,2");
}

TEST(ValueProgramTest, AnyBytesAreAProgram) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  for (int i = 255; i >= 0; --i) bytes += std::string(1, static_cast<char>(i)) + " 0\n";
  const ValueProgram program = ReadValueProgram(bytes);
  EXPECT_FALSE(program.source.empty());
  EXPECT_EQ(ReadValueProgram("").source, "make('other', undefined);\n");
  EXPECT_EQ(StringLiteral("a'\\\n\xFF"), "'a\\u0027\\u005c\\u000a\\u00ff'");
  EXPECT_EQ(StringLiteral(std::string_view("\xD8\x3D\0\x41", 4), true), "'\\ud83dA'");
}

}  // namespace
}  // namespace sluice::fuzz
