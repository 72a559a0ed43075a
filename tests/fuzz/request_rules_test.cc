// The rules of the server's requests notice readers with faults, and the seeds of request_fuzzer are what their names
// say.
#include "fuzz/server/request_rules.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "fuzz/server/http_grammar.h"

namespace sluice::fuzz {
namespace {

namespace fs = std::filesystem;
using runtime::HttpLimits;

const std::string kGet = "GET /shop HTTP/1.1\r\nHost: a.example\r\n\r\n";
const std::string kPost = "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 2\r\n\r\nhi";
const std::string kNoHost = "GET / HTTP/1.1\r\n\r\n";

// The rule that notices what `spoil` does to what our reader found.
template <typename Spoil>
std::string RuleThatRefuses(const std::string& bytes, Spoil spoil) {
  const auto finding = CheckRequests(bytes, [&](std::string_view fed_bytes, size_t piece, const HttpLimits& limits) {
    FedRequests fed = FeedRequests(fed_bytes, piece, limits);
    spoil(fed, piece);
    return fed;
  });
  return finding ? finding->rule : "";
}

TEST(RequestRules, HoldForOurReader) {
  for (const std::string& bytes :
       {kGet, kPost, kNoHost, kGet + kPost + kGet, std::string(), std::string("\r\n\r\nG")}) {
    EXPECT_EQ(RuleThatRefuses(bytes, [](FedRequests&, size_t) {}), "") << bytes;
  }
}

TEST(RequestRules, NoticeThatPiecesMatter) {
  EXPECT_EQ(RuleThatRefuses(kPost,
                            [](auto& fed, size_t piece) {
                              if (piece == 1) fed.requests.clear();
                            }),
            "REQ-PIECES");
  EXPECT_EQ(RuleThatRefuses(kNoHost,
                            [](auto& fed, size_t piece) {
                              if (piece == 1) fed.error.status = 431;
                            }),
            "REQ-PIECES");
  EXPECT_EQ(RuleThatRefuses(kGet, [](auto& fed, size_t) { fed.kept = 1 << 20; }), "REQ-BUFFER");
}

TEST(RequestRules, NoticeRefusalsThatBlameTheServer) {
  EXPECT_EQ(RuleThatRefuses(kNoHost, [](auto& fed, size_t) { fed.error.status = 500; }), "REQ-STATUS");
}

TEST(RequestRules, NoticeOtherRequestsThanThoseThatCame) {
  EXPECT_EQ(RuleThatRefuses(kPost,
                            [](auto& fed, size_t) {
                              for (auto& r : fed.requests) r.body += "!";
                            }),
            "REQ-GRAMMAR");
  EXPECT_EQ(RuleThatRefuses(kGet,
                            [](auto& fed, size_t) {
                              for (auto& r : fed.requests) r.target = "/";
                            }),
            "REQ-GRAMMAR");
  EXPECT_EQ(RuleThatRefuses(kGet,
                            [](auto& fed, size_t) {
                              for (auto& r : fed.requests) r.headers.clear();
                            }),
            "REQ-GRAMMAR");
  EXPECT_EQ(RuleThatRefuses(kGet, [](auto& fed, size_t) { fed.requests.push_back(fed.requests.back()); }),
            "REQ-GRAMMAR");
  EXPECT_EQ(RuleThatRefuses(kGet, [](auto& fed, size_t) { fed.requests.clear(); }), "REQ-MALFORMED");
  EXPECT_EQ(RuleThatRefuses(kNoHost, [](auto& fed, size_t) { fed.error.status = 0; }),
            "REQ-MALFORMED: there is not one Host");
  EXPECT_EQ(RuleThatRefuses(kNoHost,
                            [](auto& fed, size_t) {
                              fed.error.status = 0;
                              fed.requests.push_back({});
                            }),
            "REQ-MALFORMED: there is not one Host");
  EXPECT_EQ(RuleThatRefuses(kGet,
                            [](auto& fed, size_t) {
                              fed.requests.clear();
                              fed.error.status = 400;
                            }),
            "REQ-STRICT");
}

TEST(RequestRules, NoticeThatLimitsArePassed) {
  const std::string bytes = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 40\r\n\r\n" + std::string(40, 'x');
  const auto finding = CheckRequests(bytes, [](std::string_view fed_bytes, size_t piece, const HttpLimits&) {
    return FeedRequests(fed_bytes, piece, HttpLimits());
  });
  ASSERT_TRUE(finding.has_value());
  EXPECT_EQ(finding->rule, "REQ-LIMITS");
}

TEST(HttpGrammar, ReadsRequestsOneAfterAnother) {
  const GrammarRequests read = ReadRequestsByGrammar(
      "\r\nPOST /a?b HTTP/1.1\r\nHost: h\r\nX:\t y \r\nTransfer-Encoding: chunked\r\n\r\n2;e=\"f\"\r\nhi\r\n0\r\nT: "
      "1\r\n\r\n"
      "GET * HTTP/1.0\r\n\r\nGET / HTTP/1.1\r\nHost: h");
  EXPECT_EQ(read.malformed, "");
  ASSERT_EQ(read.requests.size(), 2u);
  EXPECT_EQ(read.requests[0].method, "POST");
  EXPECT_EQ(read.requests[0].target, "/a?b");
  EXPECT_EQ(read.requests[0].headers.at(1), (std::pair<std::string, std::string>("X", "y")));
  EXPECT_EQ(read.requests[0].body, "hi");
  EXPECT_EQ(read.requests[1].version, 10);
}

TEST(HttpGrammar, ReadsPathsAsUrlsAreRead) {
  const std::pair<std::string, std::string> rows[] = {
      {"/", "/"},
      {"/a/b?c/../d", "/a/b"},
      {"http://h", "/"},
      {"HTTP://h/a", "/a"},
      {"http://h\\a/../..", "/"},
      {"//a//", "//a//"},
      {"/a/.", "/a/"},
      {"/a/..", "/"},
      {"/a/./b/%2e/c", "/a/b/c"},
      {"/a/b/.%2E/%2e%2e/c", "/c"},
      {"/../../a", "/a"},
      {"/...", "/..."},
      {"/%2e%2e%2e/%2", "/%2e%2e%2e/%2"},
      {"/a\\b", "/a/b"},
  };
  for (const auto& [target, path] : rows) EXPECT_EQ(PathByUrlStandard(target), path) << target;
}

TEST(HttpGrammar, RefusesWhatIsNone) {
  const auto why = [](const std::string& bytes) { return ReadRequestsByGrammar(bytes + "\r\n\r\n").malformed; };
  const std::string post = "POST / HTTP/1.1\r\nHost: h\r\n";
  EXPECT_EQ(why("GET /"), "the request line has not three parts");
  EXPECT_EQ(why("G(T / HTTP/1.1"), "the method is no token");
  EXPECT_EQ(why("GET /\t HTTP/1.1"), "the target has blanks or control characters");
  EXPECT_EQ(why("GET / HTTP/1.2"), "the version is neither HTTP/1.0 nor HTTP/1.1");
  EXPECT_EQ(why("GET / HTTP/1.1"), "there is not one Host");
  EXPECT_EQ(why(post + "Host: h"), "there is not one Host");
  EXPECT_EQ(why(post + "X : y"), "a field has no name");
  EXPECT_EQ(why(post + "X: y\r\n z"), "a field has no name");
  EXPECT_EQ(why(post + "X: \x01"), "a field has control characters");
  EXPECT_EQ(why(post + "Connection: a b"), "a Connection that is no list of tokens");
  EXPECT_EQ(why(post + "Content-Length: +1"), "the Content-Length is not one number");
  EXPECT_EQ(why(post + "Content-Length: 1\r\nContent-Length: 1"), "the Content-Length is not one number");
  EXPECT_EQ(why(post + "Content-Length: 18446744073709551616"), "the Content-Length is not one number");
  EXPECT_EQ(why(post + "Transfer-Encoding: gzip"), "a Transfer-Encoding that is not chunked");
  EXPECT_EQ(why(post + "Content-Length: 1\r\nTransfer-Encoding: chunked"), "Content-Length beside Transfer-Encoding");
  EXPECT_EQ(why("POST / HTTP/1.0\r\nTransfer-Encoding: chunked"), "HTTP/1.0 with Transfer-Encoding");
  const std::string chunked = post + "Transfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(why(chunked + "x"), "a chunk has no size");
  EXPECT_EQ(why(chunked + "1 "), "a chunk has something after its size");
  EXPECT_EQ(why(chunked + "1;\x01"), "a chunk's extension has control characters");
  EXPECT_EQ(why(chunked + "1\r\nab"), "a chunk is longer than its size");
  EXPECT_EQ(why(chunked + "0\r\nX: y\r\n z"), "a field has no name");
  EXPECT_EQ(why(chunked + "0\r\nContent-Length: 1"), "trailers say how long the body is");
}

// Tests run in the source folder.
TEST(RequestSeeds, AreWhatTheirNamesSay) {
  int seeds = 0;
  for (const auto& entry : fs::directory_iterator("corpus/request_fuzzer")) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    const auto finding = CheckRequests(bytes);
    EXPECT_FALSE(finding.has_value()) << entry.path() << ": " << finding->rule << "\n" << finding->detail;
    // A head of 300 bytes is too long for small limits only.
    const FedRequests fed = FeedRequests(bytes, bytes.size(), {.head_bytes = 256, .body_bytes = 64});
    const std::string kind = fed.error.status != 0 ? "refused" : fed.requests.empty() ? "incomplete" : "valid";
    EXPECT_TRUE(entry.path().stem().string().starts_with(kind + "-")) << entry.path() << " is " << kind;
    EXPECT_EQ(entry.path().extension(), ".http");
    ++seeds;
  }
  EXPECT_GE(seeds, 30);
}

}  // namespace
}  // namespace sluice::fuzz
