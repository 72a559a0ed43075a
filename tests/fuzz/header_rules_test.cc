// The rules of header lists notice functions with faults, and the seeds of header_syntax_fuzzer pass them.
#include "fuzz/runtime/header_rules.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace sluice::fuzz {
namespace {

namespace fs = std::filesystem;

std::string RuleFor(std::string_view bytes, const HeaderFunctions& functions = {}) {
  const auto finding = CheckHeaders(bytes, functions);
  return finding ? finding->rule : "";
}

TEST(HeaderRulesTest, NoticeWrongCharacters) {
  EXPECT_EQ(RuleFor("a(", {.is_token = [](std::string_view text) { return !text.empty(); }}), "HDR-TOKEN");
  EXPECT_EQ(RuleFor("", {.is_token = [](std::string_view) { return true; }}), "HDR-TOKEN");
  EXPECT_EQ(RuleFor("a\r\nb", {.is_header_value = [](std::string_view) { return true; }}), "HDR-VALUE");
  EXPECT_EQ(RuleFor(" a", {.is_header_value = [](std::string_view) { return true; }}), "HDR-VALUE");
  EXPECT_EQ(RuleFor(" a", {.normalize_header_value = [](std::string_view text) { return text; }}), "HDR-NORMALIZE");
  EXPECT_EQ(RuleFor("OK\x7F", {.is_reason_phrase = [](std::string_view) { return true; }}), "HDR-REASON");
  EXPECT_EQ(RuleFor("\xE4", {.is_reason_phrase = [](std::string_view) { return false; }}), "HDR-REASON");
}

TEST(HeaderRulesTest, NoticeWrongMethods) {
  EXPECT_EQ(RuleFor("trAce", {.is_forbidden_method = [](std::string_view text) { return text == "TRACE"; }}),
            "HDR-FORBIDDEN-METHOD");
  EXPECT_EQ(RuleFor("patch", {.normalize_method =
                                  [](std::string_view text) {
                                    return text == "patch" ? std::string("PATCH") : runtime::NormalizeMethod(text);
                                  }}),
            "HDR-METHOD");
}

TEST(HeaderRulesTest, NoticeListsThatChange) {
  using List = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(RuleFor("a|b|c d|e", {.write_headers =
                                      [](const List& headers, std::string& text) {
                                        const bool is_list = runtime::WriteHeaders(headers, text);
                                        if (!is_list) text = "";
                                        return is_list;
                                      }}),
            "HDR-REFUSED");
  EXPECT_EQ(RuleFor("A|b", {.read_headers =
                                [](std::string_view text) {
                                  auto headers = runtime::ReadHeaders(text);
                                  headers[0].first = "A";
                                  return headers;
                                }}),
            "HDR-LIST");
  EXPECT_EQ(RuleFor("a|b", {.write_headers =
                                [](const List& headers, std::string& text) {
                                  const bool is_list = runtime::WriteHeaders(headers, text);
                                  if (text.find('X') == std::string::npos && headers[0].second == "b") text += "x\n\n";
                                  return is_list;
                                }}),
            "HDR-LIST");
}

TEST(HeaderRulesTest, NoticeAListThatIsWrittenAnotherWayTheNextTime) {
  static int writes;
  writes = 0;
  EXPECT_EQ(RuleFor("a|b", {.write_headers =
                                [](const std::vector<std::pair<std::string, std::string>>& headers, std::string& text) {
                                  const bool is_list = runtime::WriteHeaders(headers, text);
                                  if (++writes % 2 == 0) text += "\n";
                                  return is_list;
                                }}),
            "HDR-AGAIN");
}

TEST(HeaderSyntaxCorpusTest, EverySeedPasses) {
  size_t count = 0;
  for (const auto& entry : fs::directory_iterator("corpus/header_syntax_fuzzer")) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    const auto finding = CheckHeaders(bytes);
    EXPECT_FALSE(finding.has_value()) << entry.path() << "\n" << finding->rule << "\n" << finding->detail;
    ++count;
  }
  EXPECT_GE(count, 10u);
}

}  // namespace
}  // namespace sluice::fuzz
