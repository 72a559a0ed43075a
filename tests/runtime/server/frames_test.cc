#include "src/runtime/server/frames.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "src/runtime/server/budget.h"

namespace sluice::runtime {
namespace {

// Keeps all frames but those of a type.
struct Collector final : FrameHandler {
  FrameFate Decide(const Frame& frame, uint64_t body) override {
    announced.push_back(body);
    return frame.type == refused_early ? FrameFate::kRefused
           : frame.type == unwanted    ? FrameFate::kSkipped
                                       : FrameFate::kKept;
  }
  bool OnFrame(Frame frame) override {
    frames.push_back(std::move(frame));
    return frames.back().type != refused;
  }
  FrameType unwanted = FrameType::kStart;
  FrameType refused = FrameType::kStart;
  FrameType refused_early = FrameType::kStart;
  std::vector<uint64_t> announced;
  std::vector<Frame> frames;
};

const ResponseData kResponse{.status = 201, .status_text = "Made", .headers = {{"a", "b"}, {"c", ""}}, .body = ""};

std::string ThreeFrames() {
  return EncodeFrame(FrameType::kResponse, EncodeResponse(7, kResponse), 3) + "abc" +
         EncodeFrame(FrameType::kLoaded, {}) + EncodeFrame(FrameType::kOut, {}, 5) + "hello";
}

TEST(FramesTest, FramesAreTheSameHoweverTheirBytesAreCut) {
  const std::string bytes = ThreeFrames();
  for (size_t step = 1; step <= bytes.size(); ++step) {
    Collector collector;
    FrameReader reader(collector);
    for (size_t at = 0; at < bytes.size(); at += step)
      ASSERT_TRUE(reader.Feed(std::string_view(bytes).substr(at, step)));
    ASSERT_EQ(collector.frames.size(), 3u) << step;
    EXPECT_EQ(collector.frames[0].body, "abc");
    EXPECT_EQ(collector.frames[1].type, FrameType::kLoaded);
    EXPECT_EQ(collector.frames[2].body, "hello");
    EXPECT_TRUE(reader.between_frames());
  }
}

TEST(FramesTest, UnwantedBodyIsPassedOver) {
  Collector collector;
  collector.unwanted = FrameType::kResponse;
  FrameReader reader(collector);
  ASSERT_TRUE(reader.Feed(ThreeFrames()));
  ASSERT_EQ(collector.frames.size(), 2u);
  EXPECT_EQ(collector.frames[0].type, FrameType::kLoaded);
  EXPECT_EQ(collector.announced[0], 3u);
}

TEST(FramesTest, NothingIsReadAfterAFrameThatIsRefused) {
  Collector collector;
  collector.refused = FrameType::kLoaded;
  EXPECT_FALSE(FrameReader(collector).Feed(ThreeFrames()));
  EXPECT_EQ(collector.frames.size(), 2u);
}

TEST(FramesTest, BodyOfAFrameThatIsRefusedIsNotMadeRoomFor) {
  Collector collector;
  collector.refused_early = FrameType::kResponse;
  EXPECT_FALSE(FrameReader(collector).Feed(EncodeFrame(FrameType::kResponse, {}, kLargestBodyAtAll)));
  EXPECT_EQ(collector.announced, std::vector<uint64_t>{kLargestBodyAtAll});
  EXPECT_TRUE(collector.frames.empty());
}

TEST(FramesTest, HeadsThatAreNoneEndTheReading) {
  const std::string unknown_type("\x63\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
  const std::string long_fields("\x11\0\0\0\xFF\xFF\xFF\xFF\0\0\0\0\0\0\0\0", 16);
  const std::string long_body("\x11\0\0\0\0\0\0\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 16);
  for (const std::string& head : {unknown_type, long_fields, long_body}) {
    Collector collector;
    EXPECT_FALSE(FrameReader(collector).Feed(head));
  }
}

TEST(FramesTest, MessagesComeBackAsTheyWere) {
  AppConfiguration app;
  app.name = "n";
  app.entry = "/a/b.mjs";
  app.root = "/a";
  app.time_limit_ms = 12;
  app.max_total_buffer_size_bytes = 1;
  const auto start = DecodeStart(EncodeStart(app));
  ASSERT_TRUE(start);
  EXPECT_EQ(*start, app);
  const auto request = DecodeRequest(
      EncodeRequest(1'234'567'890'123, {.method = "GET", .url = "http://x/", .headers = {{"h", "v"}}, .body = "no"}));
  ASSERT_TRUE(request);
  EXPECT_EQ(request->id, 1'234'567'890'123u);
  EXPECT_EQ(request->request.url, "http://x/");
  EXPECT_EQ(request->request.headers, (HeaderList{{"h", "v"}}));
  EXPECT_EQ(request->request.body, "");
  const auto response = DecodeResponse(EncodeResponse(5, kResponse));
  ASSERT_TRUE(response);
  EXPECT_EQ(response->response.status, 201);
  EXPECT_EQ(response->response.headers, kResponse.headers);
  const auto abandonment = DecodeAbandon(EncodeAbandon({.id = 3, .why = GaveUp::kClientGone, .forget = true}));
  ASSERT_TRUE(abandonment);
  EXPECT_EQ(abandonment->why, GaveUp::kClientGone);
  EXPECT_TRUE(abandonment->forget);
  const auto reply = DecodeStatusReply(EncodeStatusReply({.id = 9, .status = {.heap_bytes = 1, .external_bytes = -2}}));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status.external_bytes, -2);
  EXPECT_TRUE(DecodeStatusQuestion(EncodeStatusQuestion({.id = 2, .collect = true}))->collect);
}

TEST(FramesTest, FieldsThatAreCutOrTooLongAreRefused) {
  const std::string fields = EncodeResponse(7, kResponse);
  for (size_t size = 0; size < fields.size(); ++size) {
    EXPECT_FALSE(DecodeResponse(fields.substr(0, size))) << size;
  }
  EXPECT_FALSE(DecodeResponse(fields + "x"));
  // More headers than there are bytes.
  std::string many = EncodeResponse(7, {.status = 200, .status_text = "", .headers = {}, .body = ""});
  for (size_t i = 1; i <= 4; ++i) many[many.size() - i] = '\xFF';
  EXPECT_FALSE(DecodeResponse(many));
}

TEST(FramesTest, ResponseThatWouldEndALineIsRefused) {
  for (const ResponseData& bad : std::vector<ResponseData>{
           {.status = 199, .status_text = "", .headers = {}, .body = ""},
           {.status = 600, .status_text = "", .headers = {}, .body = ""},
           {.status = 200, .status_text = "OK\r\nX: y", .headers = {}, .body = ""},
           {.status = 200, .status_text = "", .headers = {{"a b", "c"}}, .body = ""},
           {.status = 200, .status_text = "", .headers = {{"", "c"}}, .body = ""},
           {.status = 200, .status_text = "", .headers = {{"a", "b\r\nc: d"}}, .body = ""},
           {.status = 200, .status_text = "", .headers = {{"a", std::string("b\0c", 3)}}, .body = ""}}) {
    EXPECT_FALSE(DecodeResponse(EncodeResponse(1, bad)));
  }
}

TEST(BudgetTest, WhatDoesNotFitTakesNothing) {
  Budget server(100);
  Budget one(80, &server);
  Budget two(80, &server);
  Reservation first(one);
  EXPECT_FALSE(first.Resize(81));
  EXPECT_TRUE(first.Resize(80));
  Reservation second(two);
  EXPECT_FALSE(second.Resize(21));
  EXPECT_EQ(two.used(), 0u);
  EXPECT_EQ(server.used(), 80u);
  EXPECT_TRUE(second.Resize(20));
}

TEST(BudgetTest, ReservationGivesBackAtItsEnd) {
  Budget budget(100);
  {
    Reservation first(budget);
    ASSERT_TRUE(first.Resize(60));
    Reservation moved = std::move(first);
    EXPECT_EQ(budget.used(), 60u);
    ASSERT_TRUE(moved.Resize(10));
    EXPECT_EQ(budget.used(), 10u);
    moved = Reservation();
    EXPECT_EQ(budget.used(), 0u);
  }
  EXPECT_EQ(budget.used(), 0u);
  Reservation none;
  EXPECT_FALSE(none.Resize(1));
  EXPECT_TRUE(none.Resize(0));
}

}  // namespace
}  // namespace sluice::runtime
