#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "src/runtime/server/request_target.h"
#include "src/runtime/server/router.h"

namespace sluice::runtime {
namespace {

std::optional<RequestTarget> Read(std::string target, std::string host, std::string method = "GET") {
  HttpRequest request;
  request.method = std::move(method);
  request.target = std::move(target);
  request.host = std::move(host);
  return ReadTarget(request, "own:1");
}

TEST(RequestTargetTest, OriginFormIsAtTheHost) {
  const auto target = Read("/a/b?c=/../d", "Some.Host:80");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->url, "http://Some.Host:80/a/b?c=/../d");
  EXPECT_EQ(target->hostname, "some.host");
  EXPECT_EQ(target->path, "/a/b");
}

TEST(RequestTargetTest, AbsoluteFormNamesItsOwnHost) {
  EXPECT_EQ(Read("HTTP://other", "x")->url, "http://other/");
  EXPECT_EQ(Read("http://other?q", "x")->url, "http://other/?q");
  EXPECT_EQ(Read("http://other:81/p", "x")->hostname, "other");
  EXPECT_FALSE(Read("http:///p", "x"));
  EXPECT_FALSE(Read("http://me@other/", "x"));
  EXPECT_FALSE(Read("https://other/", "x"));
}

TEST(RequestTargetTest, NoHostIsTheServersOwn) {
  EXPECT_EQ(Read("/", "")->url, "http://own:1/");
  EXPECT_EQ(Read("/", "")->hostname, "own");
}

TEST(RequestTargetTest, Ipv6HostKeepsItsBrackets) {
  EXPECT_EQ(HostnameOf("[::1]:80"), "[::1]");
  EXPECT_EQ(HostnameOf("[::1]"), "[::1]");
}

TEST(RequestTargetTest, AuthorityIsAHostAndAPort) {
  for (const char* text : {"a", "a.example:80", "127.0.0.1:8080", "[::1]", "[::1]:8080", "a_b-c.d:65535", "x:"}) {
    EXPECT_TRUE(IsAuthority(text)) << text;
  }
  for (const char* text : {"", ":80", ":.example", "a:b", "a:1:2", "a:123456", "[]", "[::1", "[::1]x", "a[", "u@a",
                           "a b", "a/b", "\xE4"}) {
    EXPECT_FALSE(IsAuthority(text)) << text;
  }
}

TEST(RequestTargetTest, AsteriskIsForOptionsOnly) {
  EXPECT_TRUE(Read("*", "x", "OPTIONS")->asterisk);
  EXPECT_FALSE(Read("*", "x"));
}

TEST(RequestTargetTest, PathIsAsAUrlParserLeavesIt) {
  for (const auto& [path, normal] : std::vector<std::pair<std::string, std::string>>{{"/", "/"},
                                                                                     {"/a/./b", "/a/b"},
                                                                                     {"/a/../b", "/b"},
                                                                                     {"/../..", "/"},
                                                                                     {"/a/..", "/"},
                                                                                     {"/a/b/..", "/a/"},
                                                                                     {"/a/.", "/a/"},
                                                                                     {"/a//b", "/a//b"},
                                                                                     {"/%2E%2e/a/.%2e/b", "/b"},
                                                                                     {"/a\\..\\b", "/b"},
                                                                                     {"/%2fa", "/%2fa"},
                                                                                     {"/a...", "/a..."}}) {
    EXPECT_EQ(NormalizePath(path), normal) << path;
  }
}

AppConfiguration App(std::optional<std::string> hostname, std::string prefix) {
  AppConfiguration app;
  app.hostname = std::move(hostname);
  app.path_prefix = std::move(prefix);
  return app;
}

TEST(RouterTest, LongestPrefixOfWholeSegmentsWins) {
  const Router router({App({}, "/a"), App({}, "/a/b"), App({}, "/")});
  EXPECT_EQ(router.Find("x", "/a").app, 0u);
  EXPECT_EQ(router.Find("x", "/a/c").app, 0u);
  EXPECT_EQ(router.Find("x", "/a/b/c").app, 1u);
  EXPECT_EQ(router.Find("x", "/a/bc").app, 0u);
  EXPECT_EQ(router.Find("x", "/ab").app, 2u);
}

TEST(RouterTest, HostGoesBeforePrefix) {
  const Router router({App({}, "/a/b"), App("h", "/a")});
  EXPECT_EQ(router.Find("h", "/a/b").app, 1u);
  EXPECT_EQ(router.Find("other", "/a/b").app, 0u);
  EXPECT_EQ(router.Find("h", "/a/b").status, 0);
  EXPECT_EQ(router.Find("h", "/z").status, Router::kNotFound);
}

TEST(RouterTest, HostThatNobodyServesIsMisdirected) {
  const Router router({App("h", "/a")});
  EXPECT_EQ(router.Find("other", "/a").status, Router::kMisdirected);
  EXPECT_EQ(router.Find("h", "/b").status, Router::kNotFound);
}

}  // namespace
}  // namespace sluice::runtime
