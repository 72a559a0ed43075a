#include "src/runtime/server/http_response.h"

#include <gtest/gtest.h>

// As in http_parser.cc: Beast's inline functions are then the same ones.
#define BOOST_BEAST_USE_STD_STRING_VIEW

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <string>
#include <vector>

namespace sluice::runtime {
namespace {

std::string Head(const ResponseData& response, const ResponseContext& context, bool& body) {
  return ResponseHead(response, context, body);
}

TEST(HttpResponseTest, HeadHasStatusFieldsLengthAndDate) {
  bool body = false;
  ResponseData response{.status = 200, .status_text = "", .headers = {{"x", "y"}}, .body = "abc"};
  EXPECT_EQ(Head(response, {.keep_alive = true, .date = "D"}, body),
            "HTTP/1.1 200 OK\r\nx: y\r\ncontent-length: 3\r\ndate: D\r\n\r\n");
  EXPECT_TRUE(body);
  EXPECT_EQ(Head(response, {.keep_alive = false, .date = "D"}, body),
            "HTTP/1.1 200 OK\r\nx: y\r\ncontent-length: 3\r\ndate: D\r\nconnection: close\r\n\r\n");
}

TEST(HttpResponseTest, FramingIsNotTheAppsToSay) {
  bool body = false;
  const ResponseData response{
      .status = 200,
      .status_text = "",
      .headers = {{"Content-Length", "9"}, {"transfer-encoding", "chunked"}, {"connection", "x"}},
      .body = "abc"};
  EXPECT_EQ(Head(response, {.keep_alive = true, .date = "D"}, body),
            "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ndate: D\r\n\r\n");
}

TEST(HttpResponseTest, LengthOfABodyThatIsNotSentMayBeTold) {
  bool body = true;
  const ResponseData response{.status = 200, .status_text = "", .headers = {{"content-length", "9"}}, .body = ""};
  EXPECT_EQ(Head(response, {.head = true, .keep_alive = true, .date = "D"}, body),
            "HTTP/1.1 200 OK\r\ncontent-length: 9\r\ndate: D\r\n\r\n");
  EXPECT_FALSE(body);
}

TEST(HttpResponseTest, StatusesWithoutBodySendNone) {
  for (const uint16_t status : {204, 304}) {
    bool body = true;
    const std::string head =
        Head({.status = status, .status_text = "", .headers = {}, .body = "x"}, {.date = "D"}, body);
    EXPECT_FALSE(body);
    EXPECT_EQ(head.find("content-length"), std::string::npos) << head;
  }
}

// Boost.Beast, which is strict and shares no code with what writes responses, reads two of them on one connection: were
// one misread, the next would be.
TEST(HttpResponseTest, EveryStatusAndMethodReadsAsItWasMeantWhateverTheAppSays) {
  namespace http = boost::beast::http;
  const std::vector<HeaderList> lies = {{},
                                        {{"content-length", "5"}},
                                        {{"content-length", "99999999999999999999999999"}},
                                        {{"content-length", "1"}, {"content-length", "2"}},
                                        {{"content-length", ""}, {"transfer-encoding", "chunked"}},
                                        {{"connection", "close"}, {"upgrade", "x"}, {"trailer", "y"}}};
  for (const char* method : {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"}) {
    for (uint16_t status = 200; status <= 599; ++status) {
      for (const HeaderList& headers : lies) {
        for (const std::string body : {"", "abc"}) {
          const bool is_head = std::string_view(method) == "HEAD";
          bool sends_body = false;
          std::string bytes = ResponseHead({.status = status, .status_text = "", .headers = headers, .body = body},
                                           {.head = is_head, .keep_alive = true, .date = "D"}, sends_body);
          if (sends_body) bytes += body;
          const bool has_none = is_head || status == 204 || status == 205 || status == 304;
          http::response_parser<http::string_body> parser;
          parser.eager(true);
          parser.skip(is_head);
          boost::system::error_code error;
          const std::string next = "HTTP/1.1 200 OK\r\n";
          const size_t used = parser.put(boost::asio::buffer(bytes + next), error);
          const std::string where = std::string(method) + " " + std::to_string(status) + ":\n" + bytes;
          ASSERT_FALSE(error) << error.message() << " " << where;
          ASSERT_TRUE(parser.is_done()) << where;
          ASSERT_EQ(used, bytes.size()) << where;
          ASSERT_TRUE(parser.get().keep_alive()) << where;
          ASSERT_EQ(parser.get().body(), has_none ? "" : body) << where;
          ASSERT_LE(parser.get().count("content-length"), status == 204 ? 0u : 1u) << where;
        }
      }
    }
  }
}

TEST(HttpResponseTest, ResetContentHasALengthOfZero) {
  bool body = true;
  const ResponseData response{.status = 205, .status_text = "", .headers = {{"content-length", "5"}}, .body = ""};
  EXPECT_EQ(Head(response, {.keep_alive = true, .date = "D"}, body),
            "HTTP/1.1 205 Reset Content\r\ncontent-length: 0\r\ndate: D\r\n\r\n");
  EXPECT_FALSE(body);
}

TEST(HttpResponseTest, ReasonsAreFoundByStatus) {
  EXPECT_EQ(ReasonPhrase(404), "Not Found");
  EXPECT_EQ(ReasonPhrase(505), "HTTP Version Not Supported");
  EXPECT_EQ(ReasonPhrase(299), "");
}

TEST(HttpResponseTest, DateIsAsTheStandardPrefersIt) {
  EXPECT_EQ(HttpDate(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
}

}  // namespace
}  // namespace sluice::runtime
