// Configurations and entries in the file system.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "src/runtime/config/configuration.h"

namespace sluice::runtime {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

class ConfigurationFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "sluice-configuration-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    Write("main.mjs", "export default {};");
    Write("c.json", R"({"apps":[{"entry":"main.mjs"}]})");
  }
  void TearDown() override { fs::remove_all(folder_); }

  void Write(const std::string& name, const std::string& text) const { std::ofstream(folder_ / name) << text; }
  std::vector<std::string> Errors(const std::string& name) const {
    std::vector<std::string> lines;
    for (const ConfigurationError& error : ReadConfiguration((folder_ / name).string()).errors) {
      lines.push_back(FormatError(name, error));
    }
    return lines;
  }

  fs::path folder_;
};

TEST_F(ConfigurationFile, ResolvesEntriesAgainstItsFolder) {
  const ParsedConfiguration parsed = ReadConfiguration((folder_ / "c.json").string());
  ASSERT_THAT(parsed.errors, IsEmpty());
  EXPECT_EQ(parsed.configuration.apps.at(0).entry, (folder_ / "main.mjs").string());
}

TEST_F(ConfigurationFile, MakesRelativePathsAbsolute) {
  const fs::path before = fs::current_path();
  fs::current_path(folder_);
  const ParsedConfiguration parsed = ReadConfiguration("./c.json");
  fs::current_path(before);
  ASSERT_THAT(parsed.errors, IsEmpty());
  EXPECT_EQ(fs::path(parsed.configuration.apps.at(0).entry), fs::canonical(folder_ / "main.mjs"));
}

TEST_F(ConfigurationFile, RefusesWhatIsNoReadableFile) {
  EXPECT_THAT(Errors("none.json"), ElementsAre("none.json: expected a configuration file, found no such file"));
  EXPECT_THAT(Errors("c.json/x"), ElementsAre("c.json/x: expected a configuration file, found no such file"));
  EXPECT_THAT(Errors(""), ElementsAre(": expected a configuration file, found a folder"));
  ASSERT_EQ(mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(Errors("pipe"), ElementsAre("pipe: expected a configuration file, found something that is no file"));
  Write("large.json", std::string(kLargestConfiguration + 1, ' '));
  EXPECT_THAT(Errors("large.json"),
              ElementsAre("large.json: expected a configuration file, found one of more than 1048576 bytes"));
}

TEST_F(ConfigurationFile, RefusesEntriesThatAreNoReadableFiles) {
  fs::create_directory(folder_ / "dir");
  fs::create_symlink("main.mjs", folder_ / "link.mjs");
  fs::create_symlink("none", folder_ / "dangling.mjs");
  Write("d.json",
        R"({"apps":[{"entry":"none.mjs"},{"entry":"dir","path_prefix":"/b"},{"entry":"link.mjs","path_prefix":"/c"},
{"entry":"dangling.mjs","path_prefix":"/d"}]})");
  const std::string at = folder_.string() + "/";
  const std::string expected = "expected a file that can be read, found ";
  EXPECT_THAT(Errors("d.json"),
              ElementsAre("d.json:1:19: apps[0].entry: " + expected + "no such file at \"" + at + "none.mjs\"",
                          "d.json:1:40: apps[1].entry: " + expected + "a folder at \"" + at + "dir\"",
                          "d.json:2:10: apps[3].entry: " + expected + "no such file at \"" + at + "dangling.mjs\""));
}

TEST_F(ConfigurationFile, RefusesFilesThatMayNotBeRead) {
  fs::permissions(folder_, fs::perms(0755));
  Write("d.json", R"({"apps":[{"entry":"main.mjs"}]})");
  for (const char* name : {"c.json", "main.mjs"}) fs::permissions(folder_ / name, fs::perms::none);
  // Root may read everything.
  const bool is_root = geteuid() == 0;
  if (is_root) ASSERT_EQ(seteuid(65534), 0);
  const std::vector<std::string> of_file = Errors("c.json");
  const std::vector<std::string> of_entry = Errors("d.json");
  if (is_root) ASSERT_EQ(seteuid(0), 0);
  EXPECT_THAT(of_file, ElementsAre("c.json: expected a configuration file, found a file that may not be read "
                                   "(permission denied)"));
  EXPECT_THAT(of_entry,
              ElementsAre("d.json:1:19: apps[0].entry: expected a file that can be read, found a file that may not be "
                          "read (permission denied) at \"" +
                          (folder_ / "main.mjs").string() + "\""));
}

}  // namespace
}  // namespace sluice::runtime
