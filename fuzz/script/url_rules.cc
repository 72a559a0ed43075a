#include "fuzz/script/url_rules.h"

#include <string>

#include "fuzz/script/step_program.h"
#include "fuzz/script/url_js.h"

namespace sluice::fuzz {
namespace {

constexpr size_t kMostUrlSteps = 16;
constexpr std::string_view kUrlWords[] = {"url",      "base", "href",     "protocol", "username",
                                          "password", "host", "hostname", "port",     "pathname",
                                          "search",   "hash", "append",   "delete",   "sort"};

const char* SentenceOf(const std::string& rule) {
  if (rule.starts_with("URL-QUERY")) return "a query is what application/x-www-form-urlencoded says, both ways";
  if (rule == "URL-THROWS" || rule == "URL-CHANGED")
    return "only parsing fails, with a TypeError, and changes nothing then";
  if (rule == "URL-SET-SAME") return "a part that is set to itself changes nothing";
  if (rule == "URL-AGAIN") return "a URL's serialization is parsed to the same URL";
  return "a URL's parts, its serialization, its origin and what is relative to it go together";
}

}  // namespace

std::optional<ScriptFinding> CheckUrl(std::string_view text, std::string_view fault) {
  const std::string check = "checkUrl(" + StepsLiteral(text, kUrlWords, kMostUrlSteps) + ")";
  const ScriptRun run = RunScripts({kUrlJs, fault, check});
  if (!run.thrown.empty()) return {{"URL-ORACLE", "the rules themselves do not fail", run.thrown + "\n\n" + check}};
  if (run.result.empty()) return std::nullopt;
  const std::string rule = run.result.substr(0, run.result.find('\n'));
  return {{rule, SentenceOf(rule), run.result.substr(rule.size() + 1) + "\n\n" + check}};
}

}  // namespace sluice::fuzz
