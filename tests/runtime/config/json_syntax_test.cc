// Where a text is no JSON, and what is said of it.
#include "src/runtime/config/json_syntax.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "src/runtime/config/json_document.h"

namespace sluice::runtime {
namespace {

// "OFFSET PATH: MESSAGE"; empty if `text` is well-formed.
std::string ErrorOf(std::string_view text) {
  const JsonDocument document = ParseJson(text, 4);
  if (!document.error) return "";
  return std::to_string(document.error->offset) + " " + document.error->path + ": " + document.error->message;
}

TEST(JsonSyntax, EmptyTexts) {
  EXPECT_EQ(ErrorOf(""), "0 : expected a value, found nothing: the file is empty");
  EXPECT_EQ(ErrorOf(" \n\t"), "3 : expected a value, found nothing: the file is empty");
  EXPECT_EQ(ErrorOf("\xEF\xBB\xBF"), "3 : expected a value, found nothing: the file is empty");
}

TEST(JsonSyntax, TrailingText) {
  EXPECT_EQ(ErrorOf("{} x"), "3 : expected the end of the file, found x");
  EXPECT_EQ(ErrorOf("1 2"), "2 : expected the end of the file, found 2");
  EXPECT_EQ(ErrorOf("[]\n]"), "3 : expected the end of the file, found ']'");
  EXPECT_EQ(ErrorOf(std::string_view("{}\0{}", 5)),
            "2 : expected the end of the file, found the control character U+0000");
  EXPECT_EQ(ErrorOf(std::string_view("{}\0", 3)),
            "2 : expected the end of the file, found the control character U+0000");
}

TEST(JsonSyntax, SeparatorsAndBrackets) {
  EXPECT_EQ(ErrorOf("[1 2]"), "3 : expected ',' or ']', found 2");
  EXPECT_EQ(ErrorOf("[1}"), "2 : expected ',' or ']', found '}'");
  EXPECT_EQ(ErrorOf("[1"), "2 : expected ',' or ']', found the end of the file");
  EXPECT_EQ(ErrorOf("{\"a\":1 \"b\":2}"), "7 : expected ',' or '}', found \"b\"");
  EXPECT_EQ(ErrorOf("{\"a\" 1}"), "5 a: expected ':' after the key, found 1");
  EXPECT_EQ(ErrorOf("{\"a\"\n"), "5 a: expected ':' after the key, found the end of the file");
  EXPECT_EQ(ErrorOf("{\"a\":}"), "5 a: expected a value, found '}'");
  EXPECT_EQ(ErrorOf("{\"a\":[1,],\"b\":2}"), "8 a[1]: expected a value after the comma, found ']'");
  EXPECT_EQ(ErrorOf("{\"a\":1,}"), "7 : expected a key in double quotes after the comma, found '}'");
  EXPECT_EQ(ErrorOf("{\"a\":{\"b\":1,,"), "12 a: expected a key in double quotes after the comma, found ','");
  EXPECT_EQ(ErrorOf("{a:1}"), "1 : expected a key in double quotes or '}', found a");
  EXPECT_EQ(ErrorOf("{'a':1}"),
            "1 : expected a key in double quotes or '}', found a single quote; JSON's strings have double ones");
  EXPECT_EQ(ErrorOf("[{\"b\":"), "6 [0].b: expected a value, found the end of the file");
  EXPECT_EQ(ErrorOf("]"), "0 : expected a value, found ']'");
}

TEST(JsonSyntax, Comments) {
  EXPECT_EQ(ErrorOf("{ // why\n}"),
            "2 : expected a key in double quotes or '}', found a comment, which JSON does not have");
  EXPECT_EQ(ErrorOf("[1 /* why */]"), "3 : expected ',' or ']', found a comment, which JSON does not have");
}

TEST(JsonSyntax, Words) {
  EXPECT_EQ(ErrorOf("[True]"), "1 [0]: expected a value or ']', found True; did you mean true?");
  EXPECT_EQ(ErrorOf("{\"a\":NULL}"), "5 a: expected a value, found NULL; did you mean null?");
  EXPECT_EQ(ErrorOf("nul"), "0 : expected a value, found nul");
  EXPECT_EQ(ErrorOf("truest"), "4 : expected the end of the file, found st");
  EXPECT_EQ(ErrorOf("nan"), "0 : expected a value, found nan");
  EXPECT_EQ(ErrorOf("[1,é]"), "3 [1]: expected a value after the comma, found the character U+00E9");
}

TEST(JsonSyntax, Numbers) {
  EXPECT_EQ(ErrorOf("[01]"), "1 [0]: expected a number that does not begin with 0, found 01");
  EXPECT_EQ(ErrorOf("-01"), "1 : expected a number that does not begin with 0, found 01");
  EXPECT_EQ(ErrorOf("[0 1]"), "3 : expected ',' or ']', found 1");
  EXPECT_EQ(ErrorOf("[1.]"), "3 [0]: expected a digit of the number, found ']'");
  EXPECT_EQ(ErrorOf("[1.e5]"), "3 [0]: expected a digit of the number, found e5");
  EXPECT_EQ(ErrorOf("1e"), "2 : expected a digit of the number, found the end of the file");
  EXPECT_EQ(ErrorOf("{\"a\":-}"), "6 a: expected a digit of the number, found '}'");
  EXPECT_EQ(ErrorOf("+1"), "0 : expected a value, found '+'");
  EXPECT_EQ(ErrorOf(".5"), "0 : expected a value, found '.'");
  EXPECT_EQ(ErrorOf("0x10"), "1 : expected the end of the file, found x10");
}

// Numbers that no double holds, and words that JSON does not have, are read as values; what contains them is not
// mended.
TEST(JsonSyntax, UnreadableNumbers) {
  EXPECT_EQ(ErrorOf("[1e999,-1e999, 1e-999,NaN,Infinity,-Infinity]"), "");
  EXPECT_EQ(ErrorOf("--1e999"), "1 : expected a digit of the number, found -1e999");
  EXPECT_EQ(ErrorOf("[1NaN]"), "2 : expected ',' or ']', found NaN");
  EXPECT_EQ(ErrorOf("[1e999-1e999]"), "6 : expected ',' or ']', found -1e999");
  EXPECT_EQ(ErrorOf("[NaN1]"), "1 [0]: expected a value or ']', found NaN1");
  EXPECT_EQ(ErrorOf("[1.-1e999]"), "3 [0]: expected a digit of the number, found -1e999");
  EXPECT_EQ(ErrorOf("-NaN"), "1 : expected a digit of the number, found NaN");
  EXPECT_EQ(ErrorOf("[\"1e999\",\"NaN\"]"), "");
}

TEST(JsonSyntax, Strings) {
  EXPECT_EQ(ErrorOf("{\"a\":\"b}"),
            "5 a: expected '\"' at the end of the string that begins here, found the end of the file");
  EXPECT_EQ(ErrorOf("{\"a"), "1 : expected '\"' at the end of the string that begins here, found the end of the file");
  EXPECT_EQ(ErrorOf("\"\\"), "0 : expected '\"' at the end of the string that begins here, found the end of the file");
  EXPECT_EQ(ErrorOf("[\"a\nb\"]"),
            "3 [0]: expected '\"' before the end of the line (a line break in a string is written \\n), found none");
  EXPECT_EQ(ErrorOf("[\"a\tb\"]"), "3 [0]: expected control characters in strings to be escaped, found U+0009");
  EXPECT_EQ(ErrorOf(std::string_view("[\"\0\"]", 5)),
            "2 [0]: expected control characters in strings to be escaped, found U+0000");
  const std::string escapes =
      "expected \\\", \\\\, \\/, \\b, \\f, \\n, \\r, \\t or \\u and four hexadecimal digits, found ";
  EXPECT_EQ(ErrorOf("\"ab\\q\""), "3 : " + escapes + "\\q");
  EXPECT_EQ(ErrorOf("\"\\u12G4\""), "1 : " + escapes + "\\u12G");
  EXPECT_EQ(ErrorOf("\"\\\n\""), "1 : " + escapes + "\\<0A>");
  const std::string halves = "expected both halves of a surrogate pair, \\uD800-\\uDBFF and \\uDC00-\\uDFFF, found ";
  EXPECT_EQ(ErrorOf("\"\\ud83d\""), "1 : " + halves + "\\ud83d");
  EXPECT_EQ(ErrorOf("\"\\ud83d\\n\""), "1 : " + halves + "\\ud83d");
  EXPECT_EQ(ErrorOf("\"\\ud83d\\u0041\""), "1 : " + halves + "\\ud83d");
  EXPECT_EQ(ErrorOf("\"\\udE00\""), "1 : " + halves + "\\udE00");
  EXPECT_EQ(ErrorOf("\"\\ud83d\\ude00\""), "");
}

TEST(JsonSyntax, Encodings) {
  EXPECT_EQ(ErrorOf("\"\xFF\""), "1 : expected UTF-8, found the byte 0xFF");
  EXPECT_EQ(ErrorOf("\"\xC3\""), "2 : expected UTF-8, found the byte 0x22");
  EXPECT_EQ(ErrorOf("\"\xED\xA0\x80\""), "2 : expected UTF-8, found the byte 0xA0");
  EXPECT_EQ(ErrorOf("[\x80]"), "1 [0]: expected a value or ']', found the byte 0x80, which is not UTF-8");
  EXPECT_EQ(ErrorOf(std::string_view("\xFF\xFE{\0", 4)), "0 : expected a value, found UTF-16; write the file as UTF-8");
  EXPECT_EQ(ErrorOf(std::string_view("\xFE\xFF\0{", 4)), "0 : expected a value, found UTF-16; write the file as UTF-8");
  EXPECT_EQ(ErrorOf("\xEF\xBB\xBF\xEF\xBB\xBF{}"), "3 : expected a value, found the character U+FEFF");
  EXPECT_EQ(ErrorOf("\xEF\xBB{}"), "0 : expected a value, found the byte 0xEF, which is not UTF-8");
  EXPECT_EQ(ErrorOf("\xEF\xBB\xBF{}"), "");
}

TEST(JsonSyntax, Nesting) {
  EXPECT_EQ(ErrorOf("[[[[]]]]"), "");
  EXPECT_EQ(ErrorOf("[{\"a\":[ 1,\n{ \"b\":{}}]}]"),
            "17 [0].a[1].b: expected at most 4 arrays and objects in one another, found one more");
}

TEST(ShortenedJson, CutsBetweenCharactersAndShowsControlCharacters) {
  EXPECT_EQ(ShortenedJson("a\n\x7F\xFFz"), "a<0A><7F><FF>z");
  EXPECT_EQ(ShortenedJson(std::string(59, 'a') + "😀b"), std::string(59, 'a') + "😀...");
  EXPECT_EQ(ShortenedJson(std::string(60, 'a')), std::string(60, 'a'));
}

}  // namespace
}  // namespace sluice::runtime
