#include "src/runtime/server/log_writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <string>
#include <thread>

namespace sluice::runtime {
namespace {

constexpr std::chrono::milliseconds kShort{20};
constexpr std::chrono::seconds kLong{60};

class LogWriterTest : public ::testing::Test {
 protected:
  LogWriterTest() { EXPECT_EQ(pipe2(pipe_, O_CLOEXEC), 0); }
  ~LogWriterTest() override {
    CloseWriter();
    close(pipe_[0]);
  }
  void CloseWriter() {
    if (pipe_[1] >= 0) close(pipe_[1]);
    pipe_[1] = -1;
  }
  std::string ReadAll() {
    std::string all;
    char part[1 << 16];
    while (const ssize_t size = read(pipe_[0], part, sizeof(part))) all.append(part, static_cast<size_t>(size));
    return all;
  }
  int pipe_[2] = {-1, -1};
};

TEST_F(LogWriterTest, LinesComeInTheirOrder) {
  LogWriter log(pipe_[1]);
  for (int i = 0; i < 100; ++i) log.Write(std::to_string(i) + "\n");
  log.Finish(kLong);
  CloseWriter();
  std::string expected;
  for (int i = 0; i < 100; ++i) expected += std::to_string(i) + "\n";
  EXPECT_EQ(ReadAll(), expected);
}

TEST_F(LogWriterTest, ReaderThatStandsStillHoldsNobodyUpAndLearnsHowMuchIsMissing) {
  LogWriter log(pipe_[1]);
  const std::string line(99, 'x');
  constexpr size_t kLines = 5 * LogWriter::kBuffer / 100;
  for (size_t i = 0; i < kLines; ++i) log.Write(line + "\n");  // would never return
  log.Finish(kShort);
  std::string all;
  std::thread reader([&] { all = ReadAll(); });
  log.Finish(kLong);
  log.Write("last\n");
  log.Finish(kLong);
  CloseWriter();
  reader.join();
  size_t lines = 0;
  for (size_t at = 0; (at = all.find(line, at)) != std::string::npos; at += line.size()) ++lines;
  EXPECT_LT(lines, kLines);
  const size_t note = all.find("sluice: ");
  ASSERT_NE(note, std::string::npos);
  EXPECT_EQ(lines + std::stoull(all.substr(note + 8)), kLines);
  EXPECT_NE(all.find(" lines are missing here: the reader of the log did not keep up\n"), std::string::npos);
  EXPECT_TRUE(all.ends_with("last\n"));
}

TEST_F(LogWriterTest, EndsWhileItsReaderStandsStill) {
  LogWriter log(pipe_[1]);
  log.Write(std::string(LogWriter::kBuffer / 2, 'x') + "\n");
  log.Finish(kShort);
}

TEST_F(LogWriterTest, ReaderThatHasGoneIsWaitedForByNobody) {
  close(pipe_[0]);
  pipe_[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
  signal(SIGPIPE, SIG_IGN);
  LogWriter log(pipe_[1]);
  for (int i = 0; i < 10; ++i) {
    log.Write("x\n");
    log.Finish(kLong);
  }
}

}  // namespace
}  // namespace sluice::runtime
