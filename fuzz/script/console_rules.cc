#include "fuzz/script/console_rules.h"

#include <algorithm>
#include <string>
#include <vector>

#include "fuzz/runtime/encoding_standard.h"
#include "fuzz/script/format_js.h"
#include "fuzz/script/value_program.h"
#include "fuzz/script/values_js.h"
#include "src/runtime/inspect.h"

namespace sluice::fuzz {
namespace {

using runtime::PrintBudget;
using MaybeFinding = std::optional<ScriptFinding>;

constexpr size_t kMostArguments = 6;
// What may be printed besides: what was cut, the console's own words, a few lines of a stack.
constexpr size_t kOwnWords = 4096;
// Each line is moved to the right by two groups, and so by four spaces.
constexpr size_t kGroups = 2;
constexpr size_t kIndent = 2 * kGroups;

// The calls of the console that are tried, without any code of an author in them: no spreading, no conversions.
std::vector<std::string> Calls(const ValueProgram& program) {
  std::string values;
  for (size_t i = 0; i < kMostArguments; ++i) values += ", v[v.length - " + std::to_string(i + 1) + "]";
  const std::string format = StringLiteral(program.text);
  return {"console.log(" + format + values + ")",
          "console.error(v[v.length - 1])",
          "console.dir(v[v.length - 1], { depth: 9, __proto__: null })",
          "console.table(v[v.length - 1])",
          "console.assert(false" + values + ")",
          "console.trace(" + values.substr(2) + ")"};
}

MaybeFinding CheckPrinted(const ScriptRun& run, const std::string& call) {
  const auto fail = [&](const char* rule, const char* sentence, const std::string& why) {
    return MaybeFinding({rule, sentence, call + "\n" + why});
  };
  if (!run.thrown.empty()) return fail("CON-THROWS", "printing never throws", run.thrown);
  if (run.result != "0") {
    return fail("CON-RUNS", "nothing of an author runs when it is printed", run.result + " functions ran");
  }
  const std::string& text = run.out.empty() ? run.err : run.out;
  if (!run.out.empty() && !run.err.empty()) return fail("CON-ONE-OUTPUT", "one call prints to one output", "both");
  if (text.empty() || text.back() != '\n') return fail("CON-LINE", "what is printed ends with a line's end", text);
  const auto lines = static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
  if (text.size() > PrintBudget::kCharacters + kOwnWords + lines * kIndent) {
    return fail("CON-CHARACTERS", "one call prints no more than its budget", std::to_string(text.size()) + " bytes");
  }
  size_t undefined = 0;
  for (size_t at = text.find("undefined"); at != std::string::npos; at = text.find("undefined", at + 9)) ++undefined;
  // A map's entry has two.
  if (undefined > 2 * PrintBudget::kEntries + kOwnWords) {
    return fail("CON-ENTRIES", "one call prints no more entries than its budget has",
                std::to_string(undefined) + " times undefined");
  }
  if (!StandardDecoder(StandardEncoding::kUtf8, {.fatal = true, .ignore_bom = true}).Decode(text, false)) {
    return fail("CON-UTF8", "what is printed is well-formed UTF-8", text);
  }
  return std::nullopt;
}

}  // namespace

MaybeFinding CheckConsole(std::string_view text, std::string_view fault) {
  const ValueProgram program = ReadValueProgram(text);
  const std::string source = std::string(fault) + ";\n" + program.source;
  MaybeFinding finding;
  WithRealm([&](runtime::Realm& realm, ScriptRun& run) {
    const auto evaluate = [&](std::string_view script) {
      run = {};
      realm.RunTask([&] { run.result = Evaluate(realm.context(), script, run); });
    };
    evaluate(kValuesJs);
    evaluate(kFormatJs);
    evaluate(source);
    if (!run.thrown.empty()) finding = {"CON-ORACLE", "the program itself does not throw", run.thrown};
    const std::string format = StringLiteral(program.text);
    evaluate("expectFormat(" + format + ")");
    if (const std::string expected = run.result; !expected.empty()) {
      evaluate("console.log(" + format + ", ...plain)");
      if ("=" + run.out != expected) {
        finding = {"CON-FORMAT", "primitive values are formatted as the Console Standard says",
                   expected.substr(1) + "is expected, not\n" + run.out};
      }
    }
    for (size_t i = 0; i < kGroups; ++i) evaluate("console.group()");
    evaluate(program.patches);
    for (const std::string& call : Calls(program)) {
      if (finding) break;
      std::string before;
      for (int round = 0; round < 2 && !finding; ++round) {
        evaluate("ran = 0; " + call + "; ran");
        finding = CheckPrinted(run, call);
        if (!finding && round == 1 && run.out + run.err != before) {
          finding = {"CON-SAME", "what is printed again is the same text",
                     call + "\n" + before + "then\n" + run.out + run.err};
        }
        before = run.out + run.err;
      }
    }
  });
  if (finding) finding->detail += "\n\n" + source + program.patches;
  return finding;
}

}  // namespace sluice::fuzz
