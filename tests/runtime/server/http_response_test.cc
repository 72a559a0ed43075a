#include "src/runtime/server/http_response.h"

#include <gtest/gtest.h>

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
  const ResponseData response{.status = 200,
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
    const std::string head = Head({.status = status, .status_text = "", .headers = {}, .body = "x"}, {.date = "D"}, body);
    EXPECT_FALSE(body);
    EXPECT_EQ(head.find("content-length"), std::string::npos) << head;
  }
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
