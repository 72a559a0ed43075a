// The server in this process, with limits that are short enough to be waited for.
#include "src/runtime/server/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <fstream>
#include <future>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "src/runtime/server/app_main.h"

// The server starts an app's process from this very program.
int main(int argc, char** argv) {
  if (argc > 1 && argv[1] == sluice::runtime::kAppProcessCommand) return sluice::runtime::RunAppProcess(argc, argv);
  ::testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}

namespace sluice::runtime {
namespace {

using boost::asio::ip::tcp;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() {
    entry_ = ::testing::TempDir() + "/" + ::testing::UnitTest::GetInstance()->current_test_info()->name() + ".mjs";
  }
  ~ServerTest() override { Stop(); }

  // Returns when it listens, or cannot.
  void Start(ServerOptions options, const std::string& module) {
    std::ofstream(entry_) << module;
    Configuration configuration;
    configuration.port = 0;
    configuration.threads = 1;
    configuration.apps.emplace_back();
    configuration.apps[0].name = "app";
    configuration.apps[0].entry = entry_;
    configuration.apps[0].root = ::testing::TempDir();
    options.out = [](std::string_view) {};
    options.log = [this](std::string_view text) {
      const std::lock_guard lock(mutex_);
      log_ += text;
    };
    server_ = std::make_unique<Server>(configuration, options, [this](const std::string& url) {
      port_ = static_cast<uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
      began_.set_value();
    });
    thread_ = std::thread([this] {
      code_ = server_->Run();
      if (port_ == 0) began_.set_value();
    });
    began_.get_future().wait();
    ASSERT_NE(port_, 0) << "the server ended before it listened: " << log_;
  }
  int Stop() {
    if (thread_.joinable()) {
      server_->Stop();
      thread_.join();
    }
    return code_;
  }
  tcp::socket Connect() {
    tcp::socket socket(io_);
    socket.connect({boost::asio::ip::make_address("127.0.0.1"), port_});
    return socket;
  }
  // All that comes until the server closes.
  static std::string ReadAll(tcp::socket& socket) {
    std::string all;
    char part[4096];
    for (;;) {
      boost::system::error_code error;
      const size_t size = socket.read_some(boost::asio::buffer(part), error);
      if (error) return all;
      all.append(part, size);
    }
  }
  static void Send(tcp::socket& socket, std::string_view text) {
    boost::asio::write(socket, boost::asio::buffer(text));
  }

  std::string entry_;
  std::unique_ptr<Server> server_;
  std::thread thread_;
  std::promise<void> began_;
  int code_ = -1;
  uint16_t port_ = 0;
  boost::asio::io_context io_;
  std::mutex mutex_;
  std::string log_;
};

constexpr char kHello[] = "export function fetch() { return new Response('hello') }";
constexpr std::chrono::milliseconds kShortWait{50};

TEST_F(ServerTest, IdleConnectionIsClosedWithoutAWord) {
  ServerOptions options;
  options.idle = options.head = kShortWait;
  Start(options, kHello);
  tcp::socket never_used = Connect();
  EXPECT_EQ(ReadAll(never_used), "");
  tcp::socket used = Connect();
  Send(used, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(ReadAll(used), EndsWith("\r\n\r\nhello"));
  EXPECT_EQ(Stop(), 0);
}

TEST_F(ServerTest, HeadThatDoesNotEndIs408) {
  ServerOptions options;
  options.head = kShortWait;
  Start(options, kHello);
  tcp::socket socket = Connect();
  Send(socket, "GET / HTTP/1.1\r\nHost: x\r\n");
  EXPECT_THAT(ReadAll(socket), StartsWith("HTTP/1.1 408 Request Timeout\r\n"));
}

TEST_F(ServerTest, BodyThatPausesIs408) {
  ServerOptions options;
  options.body_pause = kShortWait;
  Start(options, kHello);
  tcp::socket socket = Connect();
  Send(socket, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab");
  EXPECT_THAT(ReadAll(socket), StartsWith("HTTP/1.1 408 "));
}

TEST_F(ServerTest, BodyThatTricklesIs408InTheEnd) {
  ServerOptions options;
  options.body = kShortWait;
  Start(options, kHello);
  tcp::socket socket = Connect();
  Send(socket, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n\r\n");
  std::string answer;
  std::thread reader([&] { answer = ReadAll(socket); });
  boost::system::error_code error;
  while (!error) boost::asio::write(socket, boost::asio::buffer("x", 1), error);
  reader.join();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 408 "));
}

TEST_F(ServerTest, ClientThatTakesNothingIsGivenUp) {
  ServerOptions options;
  options.write_pause = kShortWait;
  Start(options, "export function fetch() { return new Response('x'.repeat(5e7)) }");
  tcp::socket socket = Connect();
  Send(socket, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  char first[1];
  socket.read_some(boost::asio::buffer(first));
  EXPECT_EQ(Stop(), 0);  // would wait for it otherwise
  EXPECT_LT(ReadAll(socket).size(), 5e7);
}

TEST_F(ServerTest, ClientThatTakesSlowlyButSteadilyGetsAll) {
  ServerOptions options;
  options.write_pause = std::chrono::milliseconds(500);
  Start(options, "export function fetch() { return new Response('x'.repeat(2e7)) }");
  tcp::socket socket(io_);
  socket.open(tcp::v4());
  socket.set_option(boost::asio::socket_base::receive_buffer_size(64 * 1024));
  socket.connect({boost::asio::ip::make_address("127.0.0.1"), port_});
  Send(socket, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  std::string all;
  std::vector<char> part(200'000);
  boost::system::error_code error;
  while (!error) {
    // A reader that is slow is what this is about; nothing is waited for.
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    all.append(part.data(), boost::asio::read(socket, boost::asio::buffer(part), error));
  }
  EXPECT_GT(all.size(), 2e7);
}

TEST_F(ServerTest, RefusedClientMaySendOnForAWhileOnly) {
  ServerOptions options;
  options.linger = kShortWait;
  Start(options, kHello);
  tcp::socket socket = Connect();
  Send(socket, "nonsense\r\n\r\n");
  EXPECT_THAT(ReadAll(socket), StartsWith("HTTP/1.1 400 "));
  boost::system::error_code error;
  while (!error) boost::asio::write(socket, boost::asio::buffer("x", 1), error);
  EXPECT_EQ(Stop(), 0);
}

// A process that is not ours stands for one that its author took over.
class HostileProcessTest : public ServerTest {
 protected:
  int RunWith(const std::string& script) {
    ServerOptions options;
    options.app_command = {"/bin/sh", "-c", script};
    options.out = [](std::string_view) {};
    options.log = [this](std::string_view text) {
      const std::lock_guard lock(mutex_);
      log_ += text;
    };
    Configuration configuration;
    configuration.port = 0;
    configuration.threads = 1;
    configuration.apps.emplace_back();
    configuration.apps[0].name = "app";
    return Server(configuration, options, [](const std::string&) {}).Run();
  }
};

TEST_F(HostileProcessTest, WhatIsNoFrameEndsIt) {
  EXPECT_EQ(RunWith("head -c 100 /dev/urandom >&3; exec cat <&3"), 2);
  EXPECT_THAT(log_, HasSubstr("its process sent what is no answer"));
}

TEST_F(HostileProcessTest, FrameThatOnlyTheServerMaySendEndsIt) {
  EXPECT_EQ(RunWith(R"(printf '\001\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0' >&3; exec cat <&3)"), 2);
  EXPECT_THAT(log_, HasSubstr("its process sent what is no answer"));
}

TEST_F(HostileProcessTest, HugeBodyIsNotReadIntoMemory) {
  // A response, which nobody asked for, with a body of 2^36 bytes.
  EXPECT_EQ(RunWith(R"(printf '\021\0\0\0\0\0\0\0\0\0\0\0\020\0\0\0' >&3; head -c 1000000 /dev/zero >&3)"), 2);
}

TEST_F(HostileProcessTest, WhatItWritesItselfIsLoggedAsLines) {
  EXPECT_EQ(RunWith("echo one; echo two >&2; exit 7"), 2);
  EXPECT_THAT(log_, HasSubstr("app 'app': one\napp 'app': two\n"));
  EXPECT_THAT(log_, HasSubstr("its process exited with code 7"));
}

TEST_F(HostileProcessTest, HasNothingOfTheServersButItsSocket) {
  EXPECT_EQ(RunWith("for i in /proc/self/fd/*; do readlink $i; done | grep -c socket:; exit 7"), 2);
  EXPECT_THAT(log_, HasSubstr("app 'app': 1\n"));
}

TEST_F(ServerTest, StopBeforeItListensIsNoError) {
  Start({}, kHello);
  server_->Stop();
  EXPECT_EQ(Stop(), 0);
  EXPECT_EQ(log_, "");
}

TEST_F(ServerTest, RequestsThatWaitBehindAResponseAreReadWhenThereIsRoom) {
  Start({}, "export function fetch(request) { return new Response(new URL(request.url).pathname) }");
  tcp::socket socket = Connect();
  constexpr int kCount = 5'000;
  std::thread writer([&] {
    for (int i = 0; i < kCount; ++i) Send(socket, "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n");
    Send(socket, "GET /end HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  });
  const std::string all = ReadAll(socket);
  writer.join();
  size_t position = 0;
  for (int i = 0; i < kCount; ++i) {
    position = all.find("\r\n\r\n/" + std::to_string(i) + "HTTP/1.1 200 OK", position);
    ASSERT_NE(position, std::string::npos) << i;
  }
  EXPECT_THAT(all, EndsWith("\r\n\r\n/end"));
}

}  // namespace
}  // namespace sluice::runtime
