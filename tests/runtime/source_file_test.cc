#include "src/runtime/source_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

namespace sluice::runtime {
namespace {

using ::testing::EndsWith;

class SourceFileTest : public ::testing::Test {
 protected:
  SourceFileTest() {
    std::string pattern = ::testing::TempDir() + "/files.XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~SourceFileTest() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return folder_ + "/" + name; }
  static std::string Error(const std::string& path, size_t limit = kMaxSourceBytes) {
    const auto text = ReadSource(path, limit);
    return text.ok() ? "no error" : std::string(text.status().message());
  }

 private:
  std::string folder_;
};

TEST_F(SourceFileTest, AFileIsReadWithoutItsByteOrderMark) {
  std::ofstream(Path("a")) << "\xEF\xBB\xBFtext";
  EXPECT_EQ(*ReadSource(Path("a")), "text");
  EXPECT_EQ(Error(Path("nope")), Path("nope") + ": No such file or directory");
}

// Each of them would block, or never end.
TEST_F(SourceFileTest, WhatIsNoRegularFileIsRefused) {
  ASSERT_EQ(mkfifo(Path("pipe").c_str(), 0600), 0);
  const int socket_file = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  std::strncpy(address.sun_path, Path("s").c_str(), sizeof(address.sun_path) - 1);
  const bool bound = bind(socket_file, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  for (const std::string& path : {Path("pipe"), std::string("/dev/zero"), std::string("/dev/tty")}) {
    EXPECT_THAT(Error(path), ::testing::AnyOf(path + ": is not a regular file", EndsWith("No such device or address")))
        << path;
  }
  if (bound) EXPECT_EQ(Error(Path("s")), Path("s") + ": No such device or address");
  close(socket_file);
  EXPECT_EQ(Error(Path("")), Path("") + ": is a folder, not a file");
  // A descriptor of ours is no way round.
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const std::string name = "/dev/fd/" + std::to_string(ends[0]);
  EXPECT_EQ(Error(name), name + ": is not a regular file");
  close(ends[0]);
  close(ends[1]);
}

TEST_F(SourceFileTest, ALinkToAFileIsThatFile) {
  std::ofstream(Path("a")) << "text";
  std::filesystem::create_symlink("a", Path("link"));
  EXPECT_EQ(*ReadSource(Path("link")), "text");
}

TEST_F(SourceFileTest, ANameIsNotCutAtANul) {
  std::ofstream(Path("a")) << "text";
  EXPECT_EQ(Error(Path("a") + std::string("\0.js", 4)), Path("a") + "\\0.js: a file's name cannot contain NUL");
}

TEST_F(SourceFileTest, ALargerFileThanTheLimitIsRefused) {
  std::ofstream(Path("a")) << std::string(100, 'x');
  EXPECT_EQ(Error(Path("a"), 99), Path("a") + ": is larger than 99 bytes");
  EXPECT_EQ(ReadSource(Path("a"), 100)->size(), 100u);
  // The system says that these are empty.
  EXPECT_EQ(Error("/proc/self/status", 10), "/proc/self/status: is larger than 10 bytes");
}

}  // namespace
}  // namespace sluice::runtime
