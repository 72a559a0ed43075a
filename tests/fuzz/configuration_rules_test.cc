// The rules of the configuration parser notice parsers with faults, and the seeds of config_fuzzer are what their names
// say.
#include "fuzz/server/configuration_rules.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fuzz/server/json_grammar.h"
#include "src/runtime/config/configuration.h"

namespace sluice::fuzz {
namespace {

namespace fs = std::filesystem;
using runtime::ParsedConfiguration;

constexpr const char* kValid = R"({"apps":[{"entry":"a"}]})";
constexpr const char* kRefused = R"({"x":1,
"port":2})";

// The rule that notices what `spoil` does to the result of our parser.
template <typename Spoil>
std::string RuleThatNotices(const std::string& text, Spoil spoil) {
  const auto finding = CheckConfiguration(text, [&](std::string_view parsed_text) {
    ParsedConfiguration parsed = ParseForFuzzing(parsed_text);
    spoil(parsed, parsed_text);
    return parsed;
  });
  return finding ? finding->rule : "";
}

TEST(ConfigurationRules, HoldForOurParser) {
  for (const char* text : {kValid, kRefused, "", "[", "{}"}) {
    EXPECT_EQ(RuleThatNotices(text, [](ParsedConfiguration&, std::string_view) {}), "") << text;
  }
}

TEST(ConfigurationRules, NoticeErrorsOutsideOfTheText) {
  EXPECT_EQ(RuleThatNotices(kRefused, [](auto& parsed, auto) { parsed.errors.back().line = 3; }), "CFG-PLACE");
  EXPECT_EQ(RuleThatNotices(kRefused, [](auto& parsed, auto) { parsed.errors.back().column = 11; }), "CFG-PLACE");
  EXPECT_EQ(RuleThatNotices(kRefused, [](auto& parsed, auto) { parsed.errors.front().column = 0; }), "CFG-PLACE");
}

TEST(ConfigurationRules, NoticeErrorsOutOfOrderAndTwice) {
  EXPECT_EQ(
      RuleThatNotices(kRefused, [](auto& parsed, auto) { std::reverse(parsed.errors.begin(), parsed.errors.end()); }),
      "CFG-ORDER");
  EXPECT_EQ(RuleThatNotices(kRefused, [](auto& parsed, auto) { parsed.errors.push_back(parsed.errors.back()); }),
            "CFG-UNIQUE");
}

TEST(ConfigurationRules, NoticeErrorsThatDoNotSayWhatWasFound) {
  EXPECT_EQ(RuleThatNotices(kRefused, [](auto& parsed, auto) { parsed.errors[0].message = "wrong"; }), "CFG-WORDS");
  EXPECT_EQ(RuleThatNotices(kRefused, [](auto& parsed, auto) { parsed.errors[0].key = "\n"; }), "CFG-WORDS");
}

TEST(ConfigurationRules, NoticeWhatIsTakenForJson) {
  EXPECT_EQ(RuleThatNotices("{", [](auto& parsed, auto) { parsed.errors.clear(); }), "CFG-MALFORMED");
}

TEST(ConfigurationRules, NoticeWhatDependsOnEarlierInputs) {
  int calls = 0;
  EXPECT_EQ(RuleThatNotices(kRefused, [&](auto& parsed, auto) { parsed.errors[0].key += std::to_string(++calls); }),
            "CFG-DETERMINISM");
}

TEST(ConfigurationRules, NoticeErrorsThatAFaultOfSyntaxHides) {
  EXPECT_EQ(RuleThatNotices(kRefused,
                            [](auto& parsed, std::string_view text) {
                              if (text.ends_with('x')) parsed.errors.erase(parsed.errors.begin());
                            }),
            "CFG-BEFORE-FAULT");
}

TEST(ConfigurationRules, NoticeValuesOutOfBounds) {
  EXPECT_EQ(RuleThatNotices(kValid, [](auto& parsed, auto) { parsed.configuration.threads = 0; }), "CFG-BOUNDS");
  const auto spoiled = [](void (*spoil)(runtime::AppConfiguration&)) {
    return RuleThatNotices(kValid, [spoil](auto& parsed, auto) {
      for (auto& app : parsed.configuration.apps) spoil(app);
    });
  };
  EXPECT_EQ(spoiled([](auto& app) { app.entry = "a"; }), "CFG-BOUNDS");
  EXPECT_EQ(spoiled([](auto& app) { app.path_prefix = "/x/"; }), "CFG-BOUNDS");
  EXPECT_EQ(spoiled([](auto& app) { app.max_buffer_size_bytes = 0; }), "CFG-BOUNDS");
  EXPECT_EQ(spoiled([](auto& app) { app.memory_limit_bytes = 1; }), "CFG-BOUNDS");
  EXPECT_EQ(spoiled([](auto& app) { app.time_limit_ms = 0; }), "CFG-BOUNDS");
  EXPECT_EQ(RuleThatNotices(kValid, [](auto& parsed, auto) { parsed.configuration.apps.clear(); }), "CFG-BOUNDS");
}

TEST(ConfigurationRules, NoticeValuesThatAreNotKept) {
  EXPECT_EQ(RuleThatNotices(kValid, [](auto& parsed, auto) { parsed.configuration.port ^= 1; }), "CFG-ROUND-TRIP");
}

TEST(JsonGrammar, TakesJsonAndNothingElse) {
  for (const char* text : {"0", "-0.5e+10", " [ ] ", "{\"a\":{},\"a\":[null,true,false]}",
                           "\"\\u0041\\ud83d\\ude00é😀\"", "\xEF\xBB\xBF\"\"", "[NaN,-Infinity,Infinity]", "1e999"}) {
    EXPECT_EQ(WhereJsonEnds(text, 2), std::nullopt) << text;
  }
  const auto ends = [](std::string_view text) { return WhereJsonEnds(text, 2); };
  EXPECT_EQ(ends(""), 0u);
  EXPECT_EQ(ends("01"), 1u);
  EXPECT_EQ(ends("-"), 1u);
  EXPECT_EQ(ends("1.e"), 2u);
  EXPECT_EQ(ends("1e+"), 3u);
  EXPECT_EQ(ends("+1"), 0u);
  EXPECT_EQ(ends("-NaN"), 1u);
  EXPECT_EQ(ends("[1,]"), 3u);
  EXPECT_EQ(ends("{\"a\":1,}"), 7u);
  EXPECT_EQ(ends("{\"a\" 1}"), 5u);
  EXPECT_EQ(ends("[[[]]]"), 2u);
  EXPECT_EQ(ends("[] []"), 3u);
  EXPECT_EQ(ends("truE"), 3u);
  EXPECT_EQ(ends("\"\\q\""), 2u);
  EXPECT_EQ(ends("\"\\udc00\""), 7u);
  EXPECT_EQ(ends("\"\\ud83d\\u0041\""), 13u);
  EXPECT_EQ(ends("\"a\n\""), 2u);
  EXPECT_EQ(ends("\"\xC0\x80\""), 1u);
  EXPECT_EQ(ends("\"\xED\xA0\x80\""), 2u);
  EXPECT_EQ(ends(std::string_view("0\0", 2)), 1u);
}

// Tests run in the source folder.
TEST(ConfigurationSeeds, AreWhatTheirNamesSay) {
  int seeds = 0;
  for (const auto& entry : fs::directory_iterator("corpus/config_fuzzer")) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    const auto finding = CheckConfiguration(text);
    EXPECT_FALSE(finding.has_value()) << entry.path() << ": " << finding->rule << "\n" << finding->detail;
    const bool is_json = !WhereJsonEnds(text, runtime::kDeepestConfiguration).has_value();
    const std::string kind = !is_json ? "malformed" : ParseForFuzzing(text).errors.empty() ? "valid" : "refused";
    EXPECT_TRUE(entry.path().stem().string().starts_with(kind + "-")) << entry.path() << " is " << kind;
    EXPECT_EQ(entry.path().extension(), ".json");
    ++seeds;
  }
  EXPECT_GE(seeds, 30);
}

}  // namespace
}  // namespace sluice::fuzz
