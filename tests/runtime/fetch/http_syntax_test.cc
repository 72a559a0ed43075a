#include "src/runtime/fetch/http_syntax.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using Headers = std::vector<std::pair<std::string, std::string>>;

TEST(HttpSyntaxTest, TheCharactersOfATokenAreThoseOfTheRfc) {
  const std::string_view allowed = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  for (int c = 0; c < 256; ++c) {
    const std::string text(1, static_cast<char>(c));
    EXPECT_EQ(IsToken(text), allowed.find(text) != std::string_view::npos) << c;
    EXPECT_EQ(IsToken("a" + text), IsToken(text)) << c;
  }
  EXPECT_FALSE(IsToken(""));
}

TEST(HttpSyntaxTest, AHeaderValueHasNoLineInIt) {
  for (int c = 0; c < 256; ++c) {
    const std::string text = std::string("a") + static_cast<char>(c) + "b";
    EXPECT_EQ(IsHeaderValue(text), c != 0 && c != '\r' && c != '\n') << c;
  }
  EXPECT_TRUE(IsHeaderValue(""));
  for (const char* text : {" a", "a ", "\ta", "a\t", " "}) EXPECT_FALSE(IsHeaderValue(text)) << text;
}

TEST(HttpSyntaxTest, NormalizingTakesBlanksFromBothEnds) {
  EXPECT_EQ(NormalizeHeaderValue(" \t\r\na b\n \t"), "a b");
  EXPECT_EQ(NormalizeHeaderValue(" \r\n"), "");
  EXPECT_EQ(NormalizeHeaderValue("\va\f"), "\va\f");
}

TEST(HttpSyntaxTest, AReasonPhraseHasNoControlCharacter) {
  for (int c = 0; c < 256; ++c) {
    EXPECT_EQ(IsReasonPhrase(std::string(1, static_cast<char>(c))), c == '\t' || (c >= 0x20 && c != 0x7F)) << c;
  }
  EXPECT_TRUE(IsReasonPhrase(""));
}

TEST(HttpSyntaxTest, MethodsAreForbiddenInAnyCase) {
  for (const char* method : {"CONNECT", "connect", "Trace", "TRACK"}) EXPECT_TRUE(IsForbiddenMethod(method)) << method;
  for (const char* method : {"GET", "CONNECTS", "TRAC", ""}) EXPECT_FALSE(IsForbiddenMethod(method)) << method;
}

TEST(HttpSyntaxTest, HeadersAreOneTextAndBack) {
  std::string text;
  ASSERT_TRUE(WriteHeaders({{"X-A", " 1 "}, {"b", ""}, {"x-a", "\xFF"}}, text));
  EXPECT_EQ(text, "x-a\n1\nb\n\nx-a\n\xFF\n");
  EXPECT_THAT(ReadHeaders(text), ElementsAre(Pair("x-a", "1"), Pair("b", ""), Pair("x-a", "\xFF")));
  ASSERT_TRUE(WriteHeaders({}, text));
  EXPECT_THAT(ReadHeaders(text), IsEmpty());
}

TEST(HttpSyntaxTest, WhatIsNoHeaderIsNotWritten) {
  std::string text;
  for (const auto& header :
       Headers{{"", "a"}, {"a\n", "b"}, {"a", "b\nc"}, {"a", "b\r\nc: d"}, {"a", std::string("b\0", 2)}}) {
    EXPECT_FALSE(WriteHeaders({{"fine", "too"}, header}, text)) << header.first;
    EXPECT_EQ(text, header.first);
  }
}

}  // namespace
}  // namespace sluice::runtime
