// Where values and keys are.
#include "src/runtime/config/json_document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "src/runtime/config/text_positions.h"

namespace sluice::runtime {
namespace {

// Every value of `text`, in brackets where it has children, as its own text says.
std::string Pieces(std::string_view text, const JsonNode& node) {
  std::string pieces = std::string(text.substr(node.offset, node.end - node.offset));
  for (const JsonNode& child : node.children) {
    pieces += " | ";
    if (node.kind == JsonNode::Kind::kObject) pieces += std::string(text.substr(child.key_offset, 3)) + " ";
    pieces += Pieces(text, child);
  }
  return pieces;
}

TEST(JsonDocument, KnowsWhereValuesAndKeysAre) {
  const std::string text = "\xEF\xBB\xBF [ -1.5e+3 ,\"\\\"\\\\\",{\"a\" : true,\"b\":[ ]}\n, null,false , 0]  ";
  const JsonDocument document = ParseJson(text, 3);
  ASSERT_FALSE(document.error.has_value());
  EXPECT_EQ(Pieces(text, *document.root),
            "[ -1.5e+3 ,\"\\\"\\\\\",{\"a\" : true,\"b\":[ ]}\n, null,false , 0] | -1.5e+3 | \"\\\"\\\\\" | "
            "{\"a\" : true,\"b\":[ ]} | \"a\" true | \"b\" [ ] | null | false | 0");
}

TEST(JsonDocument, KeepsTheTextOfNumbersThatNoDoubleHolds) {
  const std::string text = "[1e999,NaN,-Infinity,123456789012345678901234567890]";
  const JsonDocument document = ParseJson(text, 1);
  EXPECT_EQ(Pieces(text, *document.root), text + " | 1e999 | NaN | -Infinity | 123456789012345678901234567890");
}

TEST(JsonDocument, DecodesStringsAndKeepsDuplicateKeys) {
  const JsonDocument document = ParseJson(R"({"a\u00e4\ud83d\ude00":"\n","b":"x","b":"y"})", 1);
  ASSERT_EQ(document.root->children.size(), 3u);
  EXPECT_EQ(document.root->children[0].key, "aä😀");
  EXPECT_EQ(document.root->children[0].string, "\n");
  EXPECT_EQ(document.root->children[2].key, "b");
  EXPECT_EQ(document.root->children[2].string, "y");
}

TEST(JsonDocument, KeepsWhatWasReadBeforeAnError) {
  const JsonDocument document = ParseJson(R"({"a":[1,[2],x)", 3);
  ASSERT_TRUE(document.error.has_value());
  EXPECT_FALSE(document.root->is_closed);
  const JsonNode& array = document.root->children.at(0);
  EXPECT_FALSE(array.is_closed);
  ASSERT_EQ(array.children.size(), 2u);
  EXPECT_TRUE(array.children[1].is_closed);
}

TEST(JsonNumberLength, IsThatOfTheLongestNumber) {
  const auto length = [](std::string_view text) { return JsonNumberLength(text); };
  EXPECT_EQ(length(""), 0u);
  EXPECT_EQ(length("-"), 0u);
  EXPECT_EQ(length("01"), 1u);
  EXPECT_EQ(length("-0.10x"), 5u);
  EXPECT_EQ(length("1.x"), 1u);
  EXPECT_EQ(length("12e+"), 2u);
  EXPECT_EQ(length("12E-07e"), 6u);
  EXPECT_EQ(length("+1"), 0u);
}

TEST(PathOfKey, QuotesWhatIsNoWord) {
  EXPECT_EQ(PathOfKey("", "port"), "port");
  EXPECT_EQ(PathOfKey("apps[0]", "max-size_mb"), "apps[0].max-size_mb");
  EXPECT_EQ(PathOfKey("apps[0]", "a b\n"), "apps[0][\"a b\\n\"]");
  EXPECT_EQ(PathOfKey("", ""), "[\"\"]");
}

TEST(TextPositions, CountsLinesAndCharacters) {
  const std::string text =
      "\xEF\xBB\xBF"
      "aä\r\n😀b\n" +
      std::string(600, 'x') + "y";
  const TextPositions positions(text);
  const auto at = [&](size_t offset) {
    const TextPosition position = positions.At(offset);
    return std::to_string(position.line) + ":" + std::to_string(position.column);
  };
  EXPECT_EQ(at(3), "1:1");
  EXPECT_EQ(at(4), "1:2");
  EXPECT_EQ(at(text.find('\n')), "1:4");
  EXPECT_EQ(at(text.find('b')), "2:2");
  EXPECT_EQ(at(text.find('x')), "3:1");
  EXPECT_EQ(at(text.find('y')), "3:601");
  EXPECT_EQ(at(text.size()), "3:602");
  EXPECT_EQ(at(text.size() + 100), "3:602");
}

}  // namespace
}  // namespace sluice::runtime
