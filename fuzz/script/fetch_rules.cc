#include "fuzz/script/fetch_rules.h"

#include <string>

#include "fuzz/script/fetch_js.h"
#include "fuzz/script/step_program.h"

namespace sluice::fuzz {
namespace {

constexpr size_t kMostFetchSteps = 24;
constexpr std::string_view kFetchWords[] = {
    "headers",  "record", "copy",   "append", "set",      "delete", "iterate", "of",    "request", "again",    "clone",
    "use",      "method", "body",   "raw",    "buffer",   "query",  "nobody",  "with",  "signal",  "unsignal", "abort",
    "response", "status", "reason", "json",   "redirect", "error",  "text",    "parse", "view",    "take",     "many"};

struct Rule {
  std::string_view name;
  const char* sentence;
};

constexpr Rule kRules[] = {
    {"FETCH-LENIENT", "what the Fetch Standard refuses is refused"},
    {"FETCH-STRICT", "nothing else is refused"},
    {"FETCH-ERROR", "an error is of the class that the standard says"},
    {"FETCH-LIST", "headers are listed by name, those of one name in one, cookies each alone"},
    {"FETCH-COOKIES", "getSetCookie() has the cookies in their order"},
    {"FETCH-GET", "get() and has() find a header in any case"},
    {"FETCH-ITERATE", "an iterator sees headers that are added while it runs"},
    {"FETCH-REQUEST", "a request has the method and the URL that it was made with"},
    {"FETCH-RESPONSE", "a response has the status, the text and the type that it was made with"},
    {"FETCH-SAME", "an attribute is one object"},
    {"FETCH-SIGNAL", "a request's signal follows the one that it was made with, for the same reason"},
    {"FETCH-USED", "a body is used when it was read or given to another request, and not before"},
    {"FETCH-SETTLES", "reading a body settles"},
    {"FETCH-BODY", "a body is read as it was when it was given"},
    {"FETCH-READ", "a used body, and what is no JSON, is a rejection"},
};

const char* SentenceOf(std::string_view name) {
  for (const Rule& rule : kRules) {
    if (rule.name == name) return rule.sentence;
  }
  return "";
}

}  // namespace

std::optional<ScriptFinding> CheckFetch(std::string_view text, std::string_view fault) {
  const std::string check = "checkFetch(" + StepsLiteral(text, kFetchWords, kMostFetchSteps) + ")";
  const ScriptRun run = RunScripts({kFetchJs, fault, check, "fetchVerdict()"});
  if (!run.thrown.empty()) return {{"FETCH-ORACLE", "the rules themselves do not fail", run.thrown + "\n\n" + check}};
  if (run.result.empty()) return std::nullopt;
  const std::string rule = run.result.substr(0, run.result.find('\n'));
  return {{rule, SentenceOf(rule), run.result.substr(rule.size() + 1) + "\n\n" + check}};
}

}  // namespace sluice::fuzz
