#include "fuzz/explore/graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "fuzz/program/text.h"
#include "tests/fuzz/explore/spaces.h"

namespace sluice::fuzz {
namespace {

TEST(GraphTest, EveryStateAndAnEdgeToEachAreDrawn) {
  Explorer explorer(
      {.space = Space({{"small", {.writers = 1, .reentry = 1}, {.sinks = {0}, .sizes = {false}}}}), .judge = false});
  ASSERT_EQ(explorer.Run(GoOn), Explorer::Outcome::kClosed);
  const std::string dot = DotOf(explorer);
  for (uint32_t state = 1; state < explorer.table().size(); ++state) {
    EXPECT_THAT(dot, ::testing::HasSubstr("\n  " + std::to_string(state) + " [label="));
    EXPECT_THAT(dot, ::testing::HasSubstr(" -> " + std::to_string(state) + " [label="));
  }
  EXPECT_THAT(dot, ::testing::HasSubstr("w0 = stream.getWriter()"));
}

TEST(GraphTest, ThePageHasEachStateWithItsProgramAndTheLastEdgeOfThat) {
  Explorer explorer(
      {.space = Space({{"small", {.queue = 1, .writers = 1}, {.sinks = {2}, .sizes = {true}}}}), .judge = false});
  ASSERT_EQ(explorer.Run(GoOn), Explorer::Outcome::kClosed);
  const std::string page = PageOf(explorer);
  constexpr std::string_view kBegin = "<script id=\"graph\" type=\"application/json\">";
  const size_t begin = page.find(kBegin) + kBegin.size();
  const auto graph = nlohmann::json::parse(page.substr(begin, page.find("</script>", begin) - begin));
  const auto& states = graph["states"];
  ASSERT_EQ(states.size(), explorer.table().size());
  bool has_call_inside = false;
  for (size_t state = 1; state < states.size(); ++state) {
    const auto parsed = ParseText(states[state]["program"].get<std::string>());
    ASSERT_TRUE(parsed.program.has_value()) << parsed.error.message;
    const nlohmann::json last = {state, states[state]["last"][0], states[state]["last"][1]};
    EXPECT_THAT(states[states[state]["parent"].get<size_t>()]["edges"], ::testing::Contains(last)) << state;
    const std::string calls = graph["texts"][last[2].get<size_t>()];
    has_call_inside |= calls.find("write { w0.abort(") != std::string::npos;
  }
  EXPECT_TRUE(has_call_inside);
}

}  // namespace
}  // namespace sluice::fuzz
