// The syntax of names in a configuration.
#include "src/runtime/config/names.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::runtime {
namespace {

TEST(Hostname, IsLabelsWithDotsBetweenThem) {
  const std::string label(63, 'a');
  for (const std::string& name :
       {std::string("localhost"), std::string("a"), std::string("shop.example"), std::string("x-1.Y_2"),
        std::string("xn--bcher-kva.example"), std::string("127.0.0.1"), label + "." + label}) {
    EXPECT_TRUE(IsHostname(name)) << name;
  }
  const std::string too_long = label + "." + label + "." + label + "." + label;
  for (const std::string& name :
       {std::string(""), std::string("."), std::string("a."), std::string(".a"), std::string("a..b"), std::string("-a"),
        std::string("a-"), std::string("a b"), std::string("a:80"), std::string("[::1]"), std::string("::1"),
        std::string("*.a"), std::string("bücher.example"), std::string("a/b"), std::string("a\0", 2), label + "a",
        too_long}) {
    EXPECT_FALSE(IsHostname(name)) << name;
  }
}

TEST(PathPrefix, IsSegmentsOfAUrlsPath) {
  for (const char* path :
       {"/", "/a", "/a/", "/a/b", "/a/b/", "/v1.0/~x/-._!$&'()*+,;=:@", "/%C3%A4", "/...", "/.well-known"}) {
    EXPECT_TRUE(IsPathPrefix(path)) << path;
  }
  for (const char* path : {"",     "a",    "a/b",  "//", "/a//b", "/a//", "//a",  "/.",  "/a/..", "/../a",     "/./",
                           "/a?b", "/a#b", "/a b", "/ä", "/%",    "/%C",  "/%GG", "/\\", "/a\n",  "http://h/a"}) {
    EXPECT_FALSE(IsPathPrefix(path)) << path;
  }
}

TEST(DidYouMean, FindsWhatIsLikeTheWord) {
  const std::vector<std::string_view> known = {"entry", "path_prefix", "max_buffer_size_mb", "time_limit_ms", "port"};
  EXPECT_EQ(DidYouMean("enrty", known), "entry");
  EXPECT_EQ(DidYouMean("ENTRY", known), "entry");
  EXPECT_EQ(DidYouMean("pathPrefix", known), "path_prefix");
  EXPECT_EQ(DidYouMean("path", known), "path_prefix");
  EXPECT_EQ(DidYouMean("max_bufer_size", known), "max_buffer_size_mb");
  EXPECT_EQ(DidYouMean("timelimit", known), "time_limit_ms");
  EXPECT_EQ(DidYouMean("prot", known), "port");
  EXPECT_EQ(DidYouMean("xy", known), "");
  EXPECT_EQ(DidYouMean("", known), "");
  EXPECT_EQ(DidYouMean(std::string(100'000, 'e'), known), "");
}

}  // namespace
}  // namespace sluice::runtime
