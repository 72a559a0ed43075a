#include "src/runtime/output.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>
#include <thread>

namespace sluice::runtime {
namespace {

TEST(Output, WritesAllToASlowReaderOfANonBlockingPipe) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  ASSERT_EQ(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
  const std::string text(1 << 20, 'x');
  size_t received = 0;
  std::thread reader([&] {
    char buffer[4096];
    for (ssize_t count = 0; (count = read(ends[0], buffer, sizeof(buffer))) > 0;)
      received += static_cast<size_t>(count);
  });
  Output output(ends[1]);
  output.Write(text);
  EXPECT_EQ(output.error(), 0);
  close(ends[1]);
  reader.join();
  close(ends[0]);
  EXPECT_EQ(received, text.size());
}

TEST(Output, RemembersThatTheReaderHasGone) {
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  close(ends[0]);
  Output output(ends[1]);
  output.Write("a");
  EXPECT_EQ(output.error(), EPIPE);
  output.Write("b");
  EXPECT_EQ(output.error(), EPIPE);
  close(ends[1]);
  std::signal(SIGPIPE, before);
}

}  // namespace
}  // namespace sluice::runtime
