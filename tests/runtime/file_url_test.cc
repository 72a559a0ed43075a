#include "src/runtime/file_url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::runtime {
namespace {

using ::testing::HasSubstr;

constexpr char kBase[] = "file:///dir/sub/base.mjs?query#fragment";

TEST(FileUrl, PathsAreMadeAbsoluteAndEncoded) {
  EXPECT_EQ(FileUrl("/a/./b/../c d%?#.mjs"), "file:///a/c%20d%25%3F%23.mjs");
  EXPECT_EQ(FileUrl("/\xC3\xA9"), "file:///%C3%A9");
  EXPECT_TRUE(FileUrl("x.mjs").starts_with("file:///"));
}

TEST(FileUrl, APathComesBackFromItsUrl) {
  for (const char* path : {"/a", "/a b", "/100%", "/%41", "/what?#", "/\xF0\x9F\x98\x80", "/new\nline"}) {
    EXPECT_EQ(FilePath(FileUrl(path)), path);
  }
}

TEST(FileUrl, QueryAndFragmentAreNotOfThePath) {
  EXPECT_EQ(FilePath("file:///a.mjs?b#c"), "/a.mjs");
  EXPECT_EQ(FilePath("file:///a%zz%4"), "/a%zz%4");
}

TEST(FileUrl, SpecifiersAreRelativeToTheImporter) {
  constexpr std::pair<const char*, const char*> kCases[] = {
      {"./x.mjs", "file:///dir/sub/x.mjs"},
      {"../x.mjs", "file:///dir/x.mjs"},
      {"../../../../x.mjs", "file:///x.mjs"},
      {"/x.mjs", "file:///x.mjs"},
      {"./a/../b.mjs?q=/../#f", "file:///dir/sub/b.mjs?q=/../#f"},
      {"./a b%20c.mjs", "file:///dir/sub/a%20b%20c.mjs"},
      {"file:///y.mjs", "file:///y.mjs"},
      {"file://localhost/y.mjs", "file:///y.mjs"},
      {"file:/y.mjs", "file:///y.mjs"},
  };
  for (const auto& [specifier, url] : kCases) {
    const absl::StatusOr<std::string> resolved = ResolveSpecifier(specifier, kBase);
    ASSERT_TRUE(resolved.ok()) << specifier;
    EXPECT_EQ(*resolved, url) << specifier;
  }
}

TEST(FileUrl, OtherSpecifiersAreRefusedByName) {
  for (const char* specifier :
       {"", "bare", "bare/path", "node:fs", "https://x.org/", "file://host/x", "file:x", ".x"}) {
    const absl::StatusOr<std::string> resolved = ResolveSpecifier(specifier, kBase);
    ASSERT_FALSE(resolved.ok()) << specifier;
    EXPECT_THAT(std::string(resolved.status().message()), HasSubstr("'" + std::string(specifier) + "'"));
  }
}

}  // namespace
}  // namespace sluice::runtime
