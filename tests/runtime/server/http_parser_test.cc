#include "src/runtime/server/http_parser.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::runtime {
namespace {

constexpr HttpLimits kSmall{.head_bytes = 200, .body_bytes = 10};

TEST(RequestParserTest, HeadAndBodyAreRead) {
  const ParsedRequests parsed =
      ParseRequests("POST /a?b HTTP/1.1\r\nHost: x:1\r\nX-Y:  z \r\nContent-Length: 3\r\n\r\nabcGET", {});
  ASSERT_EQ(parsed.requests.size(), 1u);
  const HttpRequest& request = parsed.requests[0];
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/a?b");
  EXPECT_EQ(request.host, "x:1");
  EXPECT_EQ(request.body, "abc");
  EXPECT_TRUE(request.keep_alive);
  EXPECT_EQ(request.headers, (HeaderList{{"Host", "x:1"}, {"X-Y", "z"}, {"Content-Length", "3"}}));
  EXPECT_EQ(parsed.error.status, 0);
}

TEST(RequestParserTest, AnySplitGivesTheSameRequests) {
  const std::string bytes =
      "\r\nPOST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1;e=f\r\nd\r\n0\r\nT: u\r\n\r\n"
      "GET /two HTTP/1.0\r\n\r\n";
  for (size_t split = 0; split <= bytes.size(); ++split) {
    RequestParser parser({});
    std::string bodies;
    std::string kept;
    for (const std::string& part : {bytes.substr(0, split), bytes.substr(split)}) {
      kept += part;
      for (;;) {
        const auto before = parser.state();
        const size_t used = parser.Feed(kept);
        kept.erase(0, used);
        if (parser.state() == RequestParser::State::kDone) {
          const HttpRequest request = parser.Take();
          bodies += request.target + "=" + request.body + ";";
        } else if (used == 0 && parser.state() == before) {
          break;
        }
      }
    }
    EXPECT_EQ(bodies, "/=abcd;/two=;") << "split at " << split;
    EXPECT_EQ(kept, "");
  }
}

// What is said of a head that is not whole does not depend on its pieces. (Found by request_fuzzer, as are the next
// ones.)
TEST(RequestParserTest, FaultsOfAHeadAreSeenAtTheirByte) {
  const auto used = [](const std::string& bytes) {
    RequestParser parser({});
    size_t fed = 0;
    while (fed < bytes.size() && parser.state() != RequestParser::State::kFailed) parser.Feed(bytes.substr(0, ++fed));
    return parser.state() == RequestParser::State::kFailed ? fed : 0;
  };
  EXPECT_EQ(used("GET / HTTP/1.1\nHost: a\n\n"), 15u);
  EXPECT_EQ(used("GET / HTTP/1.1\rHost: a"), 16u);
  EXPECT_EQ(used("GET / HTTP/1.1\r\nX: a\r\n b"), 23u);
  EXPECT_EQ(used("\x16\x03\x01"), 1u);
}

TEST(RequestParserTest, AWholeHeadIsNeverWaitedFor) {
  EXPECT_EQ(ParseRequests("POST /b H.1\r\n\r\n", {}).error.status, 400);
}

TEST(RequestParserTest, AHeadMayBeAsLongAsItsLimitInOnePieceAndInMany) {
  for (const size_t size : {kSmall.head_bytes, kSmall.head_bytes + 1}) {
    std::string head = "GET / HTTP/1.1\r\nHost: x\r\nX: ";
    head += std::string(size - head.size() - 4, 'a') + "\r\n\r\n";
    const int expected = size > kSmall.head_bytes ? 431 : 0;
    EXPECT_EQ(ParseRequests(head, kSmall).error.status, expected);
    RequestParser parser(kSmall);
    for (size_t fed = 1; fed <= head.size() && parser.state() != RequestParser::State::kFailed; ++fed)
      parser.Feed(head.substr(0, fed));
    EXPECT_EQ(parser.error().status, expected);
  }
}

TEST(RequestParserTest, ChunkLinesAreLimitedAlsoInOnePiece) {
  const std::string head = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(ParseRequests(head + "1;" + std::string(300, 'x') + "\r\na\r\n0\r\n\r\n", kSmall).error.status, 400);
  EXPECT_EQ(ParseRequests(head + "1;" + std::string(100, 'x') + "\r\na\r\n0\r\n\r\n", kSmall).error.status, 0);
}

TEST(RequestParserTest, ThereIsOneLengthAndItIsANumber) {
  for (const char* lengths : {"1\r\nContent-Length: 1", "1, 1", "+1", "", "0x1"}) {
    const std::string head = std::string("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ") + lengths + "\r\n\r\na";
    EXPECT_EQ(ParseRequests(head, {}).error.status, 400) << lengths;
  }
}

TEST(RequestParserTest, TrailersAreNoHeaders) {
  const ParsedRequests parsed = ParseRequests(
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nHost: y\r\nContent-Type: z\r\n\r\n", {});
  ASSERT_EQ(parsed.requests.size(), 1u);
  EXPECT_EQ(parsed.requests[0].host, "x");
  EXPECT_EQ(parsed.requests[0].headers.size(), 2u);
}

// Beast read several of these differently, and some differently in other pieces.
TEST(RequestParserTest, ChunksAreWhatTheGrammarSaysInOnePieceAndInMany) {
  struct Case {
    std::string chunks;
    int status;
    std::string body;
  };
  const Case cases[] = {
      {"0\r\n\r\n", 0, ""},
      {"00A\r\n0123456789\r\n000;x\r\n\r\n", 0, "0123456789"},
      {"1 \t;a=b\r\nq\r\n0\r\n\r\n", 0, "q"},
      {"1;a=\"b\xff\r\nq\r\n0\r\n\r\n", 0, "q"},  // an extension is passed over; it ends with its line
      {"1\r\n\n\r\n0\r\n\r\n", 0, "\n"},
      {"1\r\nq\r\n0\r\nX-Sum:\xff\xff\r\n\r\n", 0, "q"},
      {"1  \r\nq\r\n0\r\n\r\n", 400, ""},
      {" 1\r\nq\r\n0\r\n\r\n", 400, ""},
      {"1 a\r\nq\r\n0\r\n\r\n", 400, ""},
      {"0x1\r\nq\r\n0\r\n\r\n", 400, ""},
      {"-1\r\nq\r\n0\r\n\r\n", 400, ""},
      {"\r\nq\r\n0\r\n\r\n", 400, ""},
      {"1\nq\r\n0\r\n\r\n", 400, ""},
      {"1\rq\r\n0\r\n\r\n", 400, ""},
      {"1\r\r\nq\r\n0\r\n\r\n", 400, ""},
      {"1;\x01\r\nq\r\n0\r\n\r\n", 400, ""},
      {"1;a=\"\n\"\r\nq\r\n0\r\n\r\n", 400, ""},
      {"1 ;a=\"b\"  \r\nTransfer\r\n0\r\n\r\n", 400, ""},
      {"1\r\nq\n0\r\n\r\n", 400, ""},
      {"0\r\nX\r\n\r\n", 400, ""},
      {"0\r\n: y\r\n\r\n", 400, ""},
      {"0\r\nX : y\r\n\r\n", 400, ""},
      {"0\r\nX: y\r\n z\r\n\r\n", 400, ""},
      {"0\r\nX: \x7f\r\n\r\n", 400, ""},
      {"0\r\ncontent-LENGTH: 1\r\n\r\n", 400, ""},
      {"0\r\nTransfer-Encoding: chunked\r\n\r\n", 400, ""},
      {"b\r\n", 413, ""},
      {"0\r\nX: " + std::string(196, 'y') + "\r\n\r\n", 431, ""},
  };
  const std::string head = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const Case& each : cases) {
    for (const bool at_once : {true, false}) {
      RequestParser parser(kSmall);
      EXPECT_EQ(parser.Feed(head), head.size());
      size_t used = 0;
      while (used < each.chunks.size() && parser.state() == RequestParser::State::kBody) {
        used += parser.Feed(std::string_view(each.chunks).substr(used, at_once ? each.chunks.size() : 1));
      }
      EXPECT_EQ(parser.error().status, each.status) << each.chunks;
      if (each.status != 0) continue;
      ASSERT_EQ(parser.state(), RequestParser::State::kDone) << each.chunks;
      EXPECT_EQ(used, each.chunks.size());
      EXPECT_EQ(parser.Take().body, each.body) << each.chunks;
    }
  }
}

TEST(RequestParserTest, LinesOfAllChunksTogetherAreLimited) {
  const std::string head = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string chunk = "1;" + std::string(94, 'x') + "\r\na\r\n";  // 80 bytes more than a size needs
  EXPECT_EQ(ParseRequests(head + chunk + chunk + "0\r\n\r\n", kSmall).requests.size(), 1u);
  EXPECT_EQ(ParseRequests(head + chunk + chunk + chunk + "0\r\n\r\n", kSmall).error.status, 400);
}

TEST(RequestParserTest, HeadIsKnownBeforeTheBodyComes) {
  RequestParser parser({});
  parser.Feed("POST /p HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(parser.state(), RequestParser::State::kBody);
  EXPECT_TRUE(parser.head().expects_continue);
  EXPECT_EQ(parser.Feed("ab"), 2u);
  EXPECT_EQ(parser.state(), RequestParser::State::kDone);
}

TEST(RequestParserTest, HeadLimitCountsAllFieldsHoweverTheyCome) {
  EXPECT_EQ(ParseRequests("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(300, 'y') + "\r\n\r\n", kSmall).error.status,
            431);
  EXPECT_EQ(ParseRequests("GET /" + std::string(300, 'y') + " HTTP/1.1\r\n", kSmall).error.status, 431);
  RequestParser parser(kSmall);
  std::string kept = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 40 && parser.state() != RequestParser::State::kFailed; ++i) {
    kept.erase(0, parser.Feed(kept));
    kept += "X: yyyyyyyy\r\n";
  }
  EXPECT_EQ(parser.state(), RequestParser::State::kFailed);
  EXPECT_EQ(parser.error().status, 431);
}

TEST(RequestParserTest, BodyLimitCountsChunksTogether) {
  const std::string head = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(ParseRequests(head + "5\r\nabcde\r\n5\r\nabcde\r\n0\r\n\r\n", kSmall).requests.size(), 1u);
  EXPECT_EQ(ParseRequests(head + "5\r\nabcde\r\n6\r\nabcdef\r\n", kSmall).error.status, 413);
  EXPECT_EQ(ParseRequests(head + "ffffffffffffffff\r\n", kSmall).error.status, 413);
  EXPECT_EQ(ParseRequests(head + "10000000000000000\r\n", kSmall).error.status, 400);
  EXPECT_EQ(ParseRequests("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n", kSmall).error.status, 413);
}

TEST(RequestParserTest, EndlessChunkLineIsRefused) {
  RequestParser parser(kSmall);
  std::string kept = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5;";
  for (int i = 0; i < 100 && parser.state() != RequestParser::State::kFailed; ++i) {
    kept.erase(0, parser.Feed(kept));
    kept += "abcdefghij";
  }
  EXPECT_EQ(parser.error().status, 400);
  EXPECT_LT(kept.size(), 2 * kSmall.head_bytes);
}

TEST(RequestParserTest, EndlessTrailersAreRefused) {
  RequestParser parser(kSmall);
  std::string kept = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";
  for (int i = 0; i < 100 && parser.state() != RequestParser::State::kFailed; ++i) {
    kept.erase(0, parser.Feed(kept));
    kept += "X: abcdefghij\r\n";
  }
  EXPECT_EQ(parser.state(), RequestParser::State::kFailed);
}

TEST(RequestParserTest, NothingFollowsAnError) {
  RequestParser parser({});
  EXPECT_EQ(parser.Feed("nonsense\r\n\r\n"), 0u);
  EXPECT_EQ(parser.error().status, 400);
  EXPECT_EQ(parser.Feed("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), 0u);
  EXPECT_EQ(parser.state(), RequestParser::State::kFailed);
}

}  // namespace
}  // namespace sluice::runtime
