#include "fuzz/script/url_rules.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "fuzz/runtime/encoding_standard.h"
#include "fuzz/script/url_js.h"
#include "fuzz/script/value_program.h"

namespace sluice::fuzz {
namespace {

constexpr size_t kMostSteps = 16;
constexpr std::string_view kWords[] = {"url",      "base", "href",     "protocol", "username",
                                       "password", "host", "hostname", "port",     "pathname",
                                       "search",   "hash", "append",   "delete",   "sort"};

std::string_view Found(std::string_view word) {
  if (std::find(std::begin(kWords), std::end(kWords), word) != std::end(kWords)) return word;
  return kWords[(word.empty() ? 0 : static_cast<unsigned char>(word[0])) % std::size(kWords)];
}

std::string Literal(std::string_view bytes) {
  const auto units = StandardDecoder(StandardEncoding::kUtf8, {.fatal = true, .ignore_bom = true}).Decode(bytes, false);
  if (!units) return StringLiteral(bytes);
  std::string wide;
  for (const char16_t unit : *units) {
    wide += static_cast<char>(unit >> 8);
    wide += static_cast<char>(unit & 0xFF);
  }
  return StringLiteral(wide, true);
}

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
  std::string check = "checkUrl([";
  size_t steps = 0;
  for (size_t begin = 0; begin < text.size() && steps < kMostSteps; ++steps) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    begin = end + 1;
    const size_t blank = std::min(line.find(' '), line.size());
    check += "\n  ['" + std::string(Found(line.substr(0, blank))) + "', " +
             Literal(line.substr(std::min(blank + 1, line.size()))) + "],";
  }
  check += "\n])";
  const ScriptRun run = RunScripts({kUrlJs, fault, check});
  if (!run.thrown.empty()) return {{"URL-ORACLE", "the rules themselves do not fail", run.thrown + "\n\n" + check}};
  if (run.result.empty()) return std::nullopt;
  const std::string rule = run.result.substr(0, run.result.find('\n'));
  return {{rule, SentenceOf(rule), run.result.substr(rule.size() + 1) + "\n\n" + check}};
}

}  // namespace sluice::fuzz
