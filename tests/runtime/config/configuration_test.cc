// What a configuration may say, and what is said of one that says something else.
#include "src/runtime/config/configuration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/runtime/config/errors_of.h"

namespace sluice::runtime {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kAppKeysExpected =
    R"(expected "name", "entry", "root", "hostname", "path_prefix", "max_buffer_size_mb", "max_total_buffer_size_mb", )"
    R"("max_body_mb", "max_in_flight_mb", "memory_limit_mb" or "time_limit_ms")";

TEST(Configuration, HasDefaultsForAllButTheEntry) {
  const ParsedConfiguration parsed = Parse(R"({"apps":[{"entry":"main.mjs"}]})");
  ASSERT_THAT(parsed.errors, IsEmpty());
  EXPECT_EQ(parsed.configuration.address, "127.0.0.1");
  EXPECT_EQ(parsed.configuration.port, 8080);
  EXPECT_GE(parsed.configuration.threads, 1);
  ASSERT_EQ(parsed.configuration.apps.size(), 1u);
  const AppConfiguration& app = parsed.configuration.apps[0];
  EXPECT_EQ(app.name, "app 1");
  EXPECT_EQ(app.entry, "/etc/sluice/main.mjs");
  EXPECT_EQ(app.hostname, std::nullopt);
  EXPECT_EQ(app.path_prefix, "/");
  EXPECT_EQ(app.max_buffer_size_bytes, 67'108'864u);
  EXPECT_EQ(app.memory_limit_bytes, 134'217'728u);
  EXPECT_EQ(app.time_limit_ms, 30'000u);
}

TEST(Configuration, TakesAllKeys) {
  const ParsedConfiguration parsed = Parse(R"({
    "server": { "address": "::1", "port": 0, "threads": 3, "max_connections": 5, "max_in_flight_mb": 0.5 },
    "apps": [
      { "name": "Läden", "entry": "../shop/./main.mjs", "root": "../shop/..", "max_total_buffer_size_mb": 4,
        "max_body_mb": 2, "max_in_flight_mb": 3, "hostname": "Shop.EXAMPLE", "path_prefix": "/v1/%C3%A4/",
        "max_buffer_size_mb": 0.5, "memory_limit_mb": 64.5, "time_limit_ms": 1e3 },
      { "entry": "/srv/b.mjs", "hostname": "127.0.0.1" }
    ]
  })");
  ASSERT_THAT(parsed.errors, IsEmpty());
  Configuration expected;
  expected.address = "::1";
  expected.port = 0;
  expected.threads = 3;
  expected.max_connections = 5;
  expected.max_in_flight_bytes = 524'288;
  expected.apps = {{.name = "Läden",
                    .entry = "/etc/shop/main.mjs",
                    .hostname = "shop.example",
                    .path_prefix = "/v1/%C3%A4",
                    .root = "/etc",
                    .max_buffer_size_bytes = 524'288,
                    .max_total_buffer_size_bytes = 4'194'304,
                    .max_body_bytes = 2'097'152,
                    .max_in_flight_bytes = 3'145'728,
                    .memory_limit_bytes = 67'633'152,
                    .time_limit_ms = 1'000},
                   {.name = "app 2", .entry = "/srv/b.mjs", .hostname = "127.0.0.1", .root = "/srv"}};
  EXPECT_EQ(parsed.configuration, expected);
}

TEST(Configuration, WhatMayBeInFlightGoesByTheLongestBodyAndTheOtherWayRound) {
  const auto app = [](const std::string& members) { return Parse(App(members)).configuration.apps.at(0); };
  EXPECT_EQ(app(R"("max_body_mb":100)").max_in_flight_bytes, 100u * core::kBytesPerMegabyte);
  EXPECT_EQ(app(R"("max_body_mb":1)").max_in_flight_bytes, 64u * core::kBytesPerMegabyte);
  EXPECT_EQ(app(R"("max_in_flight_mb":1)").max_body_bytes, core::kBytesPerMegabyte);
  EXPECT_THAT(ErrorsOf(App(R"("max_in_flight_mb":1,"max_body_mb":2)")),
              ElementsAre("c:1:58: apps[0].max_body_mb: expected no more than the app's max_in_flight_mb, found 2"));
  EXPECT_THAT(ErrorsOf(App(R"("max_body_mb":0)")),
              ElementsAre("c:1:37: apps[0].max_body_mb: expected a number of megabytes above 0 (at least one byte) and "
                          "up to 65536, found 0"));
}

TEST(Configuration, ReportsAllErrorsAtOnceInTheOrderOfTheText) {
  EXPECT_THAT(
      ErrorsOf(R"({
  "sever": 1,
  "apps": [
    { "entry": "missing.mjs", "hostname": "a:80", "path_prefix": "x", "name": "" },
    { "max_buffer_size_mb": "64" }
  ],
  "server": { "port": 65536, "address": "localhost", "threads": 0 }
})"),
      ElementsAre(
          R"(c:2:3: sever: expected "server" or "apps", found the unknown key "sever"; did you mean "server"?)",
          R"(c:4:16: apps[0].entry: expected a file that can be read, found no such file at "/etc/sluice/missing.mjs")",
          R"(c:4:43: apps[0].hostname: expected a hostname without port, such as "shop.example", found the string "a:80")",
          R"(c:4:66: apps[0].path_prefix: expected a path such as "/" or "/shop/v1", of at most 1024 bytes and as it )"
          R"(stands in URLs, found the string "x")",
          R"(c:4:79: apps[0].name: expected a name of 1 to 100 bytes without control characters, found the string "")",
          R"(c:5:5: apps[1].entry: expected the path of an ES module's file, found nothing: the key is missing)",
          R"(c:5:29: apps[1].max_buffer_size_mb: expected a number of megabytes above 0 (at least one byte) and up to )"
          R"(1048576, found the string "64")",
          R"(c:7:23: server.port: expected a whole number from 0 to 65535, found 65536)",
          R"(c:7:41: server.address: expected an IP address such as "127.0.0.1" or "::1", found the string "localhost")",
          R"(c:7:65: server.threads: expected a whole number from 1 to 256, found 0)"));
}

TEST(Configuration, ReportsWhatIsWrongBeforeAFaultOfSyntaxToo) {
  EXPECT_THAT(ErrorsOf(R"({"server":{"port":-1},"apps":[{"entry":"missing","time_limit_ms":x}]})"),
              ElementsAre("c:1:19: server.port: expected a whole number from 0 to 65535, found -1",
                          "c:1:40: apps[0].entry: expected a file that can be read, found no such file at "
                          "\"/etc/sluice/missing\"",
                          "c:1:66: apps[0].time_limit_ms: expected a value, found x"));
}

TEST(Configuration, MissesNothingThatCouldHaveComeAfterAFaultOfSyntax) {
  EXPECT_THAT(ErrorsOf(R"({"apps":[{"name":"a")"),
              ElementsAre("c:1:21: apps[0]: expected ',' or '}', found the end of the file"));
  EXPECT_THAT(ErrorsOf(R"({"apps":[)"),
              ElementsAre("c:1:10: apps[0]: expected a value or ']', found the end of the file"));
  EXPECT_THAT(ErrorsOf(R"({)"),
              ElementsAre("c:1:2: expected a key in double quotes or '}', found the end of the file"));
}

TEST(Configuration, RefusesWrongTypes) {
  EXPECT_THAT(ErrorsOf("[]"), ElementsAre("c:1:1: expected an object with \"apps\", found an empty array"));
  EXPECT_THAT(ErrorsOf("null"), ElementsAre("c:1:1: expected an object with \"apps\", found null"));
  EXPECT_THAT(ErrorsOf("\"x\""), ElementsAre("c:1:1: expected an object with \"apps\", found the string \"x\""));
  EXPECT_THAT(ErrorsOf(R"({"apps":{}})"), ElementsAre("c:1:9: apps: expected an array of apps, found an object"));
  EXPECT_THAT(ErrorsOf(R"({"apps":[1,[2]]})"),
              ElementsAre("c:1:10: apps[0]: expected an object with \"entry\", found 1",
                          "c:1:12: apps[1]: expected an object with \"entry\", found an array"));
  EXPECT_THAT(
      ErrorsOf(R"({"apps":[{"entry":true}],"server":"127.0.0.1:80"})"),
      ElementsAre(
          "c:1:19: apps[0].entry: expected the path of an ES module's file, found true",
          R"(c:1:35: server: expected an object with "address", "port", "threads", "max_connections" or "max_in_flight_mb", found the string )"
          R"("127.0.0.1:80")"));
}

TEST(Configuration, NeedsApps) {
  EXPECT_THAT(ErrorsOf("{}"), ElementsAre("c:1:1: apps: expected an array of apps, found nothing: the key is missing"));
  EXPECT_THAT(ErrorsOf(R"({"apps":[]})"), ElementsAre("c:1:9: apps: expected at least one app, found an empty array"));
}

TEST(Configuration, TakesOneAppAfterAnotherUpToABound) {
  std::string apps;
  for (size_t i = 0; i < kMostApps; ++i) apps += R"({"entry":"a","path_prefix":"/)" + std::to_string(i) + "\"},";
  apps.pop_back();
  EXPECT_THAT(ErrorsOf("{\"apps\":[" + apps + "]}"), IsEmpty());
  EXPECT_THAT(ErrorsOf("{\"apps\":[\n" + apps + ",\n{},{}]}"),
              ElementsAre("c:3:1: apps[256]: expected at most 256 apps, found 258"));
}

TEST(Configuration, RefusesUnknownKeysAndSaysWhatTheyMayHaveMeant) {
  const std::string expected = kAppKeysExpected;
  EXPECT_THAT(ErrorsOf(App(R"("maxBufferSizeMb":1)")),
              ElementsAre("c:1:23: apps[0].maxBufferSizeMb: " + expected +
                          R"(, found the unknown key "maxBufferSizeMb"; did you mean "max_buffer_size_mb"?)"));
  EXPECT_THAT(ErrorsOf(App(R"("port":1)")),
              ElementsAre("c:1:23: apps[0].port: " + expected +
                          R"(, found the unknown key "port"; "port" belongs in "server")"));
  EXPECT_THAT(ErrorsOf(App(R"("\u001b[1m\n":1)")), ElementsAre(R"(c:1:23: apps[0]["\u001b[1m\n"]: )" + expected +
                                                               R"(, found the unknown key "\u001b[1m\n")"));
  EXPECT_THAT(
      ErrorsOf(R"({"apps":[{"entry":"a"}],"apps ":0,"entry":0})"),
      ElementsAre(R"(c:1:25: ["apps "]: expected "server" or "apps", found the unknown key "apps "; did you mean )"
                  R"("apps"?)",
                  R"(c:1:35: entry: expected "server" or "apps", found the unknown key "entry"; "entry" belongs )"
                  R"(in an app)"));
}

TEST(Configuration, DoesNotMissAKeyThatIsThereMisspelt) {
  EXPECT_THAT(ErrorsOf(R"({"apps":[{"enrty":"a"}]})"),
              ElementsAre(std::string("c:1:11: apps[0].enrty: ") + kAppKeysExpected +
                          R"(, found the unknown key "enrty"; did you mean "entry"?)"));
}

TEST(Configuration, RefusesDuplicateKeysAndReadsTheFirst) {
  EXPECT_THAT(ErrorsOf(R"({"apps":[{"entry":"a","\u0065ntry":1}],"x":1,"x":2,"x":3})"),
              ElementsAre("c:1:23: apps[0].entry: expected each key once, found it again (the first is at 1:11)",
                          R"(c:1:40: x: expected "server" or "apps", found the unknown key "x")",
                          "c:1:46: x: expected each key once, found it again (the first is at 1:40)",
                          "c:1:52: x: expected each key once, found it again (the first is at 1:40)"));
}

TEST(Configuration, ChecksNumbers) {
  const auto error = [](const std::string& expected, const std::string& found, int column) {
    return "c:1:" + std::to_string(column) + ": apps[0]." + expected + ", found " + found;
  };
  const std::string buffer =
      "max_buffer_size_mb: expected a number of megabytes above 0 (at least one byte) and up to 1048576";
  for (const char* refused : {"0", "-0", "-1", "NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1e-999", "1048576.1",
                              "0.0000009", "null", "true"}) {
    EXPECT_THAT(ErrorsOf(App(std::string("\"max_buffer_size_mb\":") + refused)),
                ElementsAre(error(buffer, refused, 44)));
  }
  const std::string memory = "memory_limit_mb: expected a number of megabytes from 8 to 65536";
  for (const char* refused : {"7.9", "65537", "0", "-8", "NaN"}) {
    EXPECT_THAT(ErrorsOf(App(std::string("\"memory_limit_mb\":") + refused)), ElementsAre(error(memory, refused, 41)));
  }
  const std::string time = "time_limit_ms: expected a whole number of milliseconds from 1 to 86400000";
  for (const char* refused : {"0", "0.5", "1.5", "86400001", "1e99", "NaN"}) {
    EXPECT_THAT(ErrorsOf(App(std::string("\"time_limit_ms\":") + refused)), ElementsAre(error(time, refused, 39)));
  }
}

TEST(Configuration, TakesNumbersAtTheirBounds) {
  const auto app = [](const std::string& members) {
    const ParsedConfiguration parsed = Parse(App(members));
    EXPECT_THAT(parsed.errors, IsEmpty()) << members;
    return parsed.configuration.apps.at(0);
  };
  EXPECT_EQ(app(R"("max_buffer_size_mb":9.5367431640625e-07)").max_buffer_size_bytes, 1u);
  EXPECT_EQ(app(R"("max_buffer_size_mb":1048576)").max_buffer_size_bytes, 1ull << 40);
  EXPECT_EQ(app(R"("memory_limit_mb":8)").memory_limit_bytes, 8u << 20);
  EXPECT_EQ(app(R"("memory_limit_mb":65536)").memory_limit_bytes, 1ull << 36);
  EXPECT_EQ(app(R"("time_limit_ms":1)").time_limit_ms, 1u);
  EXPECT_EQ(app(R"("time_limit_ms":8.64e7)").time_limit_ms, 86'400'000u);
}

TEST(Configuration, RefusesServersThatCannotBe) {
  const auto errors = [](const std::string& members) {
    return ErrorsOf(R"({"apps":[{"entry":"a"}],"server":{)" + members + "}}");
  };
  for (const char* refused : {"-1", "65536", "80.5", "1e999", "NaN"}) {
    EXPECT_THAT(
        errors(std::string("\"port\":") + refused),
        ElementsAre(std::string("c:1:42: server.port: expected a whole number from 0 to 65535, found ") + refused));
  }
  for (const char* refused : {"0", "-1", "257", "1.5"}) {
    EXPECT_THAT(
        errors(std::string("\"threads\":") + refused),
        ElementsAre(std::string("c:1:45: server.threads: expected a whole number from 1 to 256, found ") + refused));
  }
  for (const char* refused :
       {R"("")", R"("localhost")", R"("127.0.0.1:80")", R"("[::1]")", R"("127.1\u0000")", R"("1.2.3")"}) {
    EXPECT_THAT(
        errors(std::string("\"address\":") + refused),
        ElementsAre(std::string("c:1:45: server.address: expected an IP address such as \"127.0.0.1\" or \"::1\", "
                                "found the string ") +
                    refused));
  }
  for (const char* taken : {"0.0.0.0", "::", "fe80::1", "::ffff:1.2.3.4"}) {
    EXPECT_THAT(errors(std::string("\"address\":\"") + taken + "\""), IsEmpty());
  }
}

TEST(Configuration, RefusesEntriesThatAreNoPaths) {
  EXPECT_THAT(ErrorsOf(R"({"apps":[{"entry":""}]})"),
              ElementsAre("c:1:19: apps[0].entry: expected the path of an ES module's file, found the string \"\""));
  EXPECT_THAT(
      ErrorsOf(R"({"apps":[{"entry":"a\u0000b"}]})"),
      ElementsAre("c:1:19: apps[0].entry: expected the path of an ES module's file, found the string \"a\\u0000b\""));
}

TEST(Configuration, RefusesTwoAppsInOnePlace) {
  const char* expected = "expected a hostname and path_prefix that no other app has, found those of ";
  EXPECT_THAT(ErrorsOf(R"({"apps":[
{"entry":"a","path_prefix":"/x/"},
{"entry":"b","path_prefix":"/x"},
{"entry":"c","hostname":"A.example"},
{"entry":"d","hostname":"a.EXAMPLE"},
{"entry":"e"},
{"entry":"f"}]})"),
              ElementsAre(std::string("c:3:28: apps[1].path_prefix: ") + expected + "apps[0] (any hostname and \"/x\")",
                          std::string("c:5:25: apps[3].hostname: ") + expected + "apps[2] (\"a.example\" and \"/\")",
                          std::string("c:7:1: apps[5]: ") + expected + "apps[4] (any hostname and \"/\")"));
}

TEST(Configuration, DoesNotCompareWhatItRefused) {
  EXPECT_EQ(ErrorsOf(R"({"apps":[{"entry":"a","path_prefix":1},{"entry":"b"},{"entry":"c","hostname":"-"}]})").size(),
            2u);
}

TEST(Configuration, RefusesTwoAppsOfOneName) {
  EXPECT_THAT(
      ErrorsOf(R"({"apps":[
{"entry":"a","name":"app 2"},
{"entry":"b","path_prefix":"/b"},
{"entry":"c","path_prefix":"/c","name":"app 2"}]})"),
      ElementsAre(
          R"(c:3:1: apps[1].name: expected a name that no other app has, found "app 2" (the default), which apps[0] has too)",
          R"(c:4:40: apps[2].name: expected a name that no other app has, found "app 2", which apps[0] has too)"));
}

TEST(Configuration, ListsAThousandErrorsAndTheNumberOfAll) {
  std::string keys;
  for (int i = 0; i < 1500; ++i) keys += "\"k" + std::to_string(i) + "\":0,";
  const auto errors = ErrorsOf("{" + keys + R"("apps":[{"entry":"a"}]})");
  ASSERT_EQ(errors.size(), kMostConfigurationErrors + 1);
  EXPECT_EQ(errors.back(), "c:1:8892: expected at most 1000 errors, found 1500; the others are not listed");
}

TEST(Configuration, HasABoundOnItsSize) {
  const std::string text = R"({"apps":[{"entry":"a"}]})";
  EXPECT_THAT(ErrorsOf(text + std::string(kLargestConfiguration - text.size(), ' ')), IsEmpty());
  EXPECT_THAT(ErrorsOf(text + std::string(kLargestConfiguration - text.size() + 1, ' ')),
              ElementsAre("c: expected a configuration file, found one of more than 1048576 bytes"));
}

TEST(Configuration, CountsCharactersAndPassesOverAByteOrderMark) {
  EXPECT_THAT(ErrorsOf("\xEF\xBB\xBF{\"ä😀\":1,\"server\":2,\r\n\"apps\":[{\"entry\":\"a\"}]}"),
              ElementsAre("c:1:2: [\"ä😀\"]: expected \"server\" or \"apps\", found the unknown key \"ä😀\"",
                          "c:1:18: server: expected an object with \"address\", \"port\", \"threads\", "
                          "\"max_connections\" or \"max_in_flight_mb\", found 2"));
}

// Linear, or these would not end within the test's time.
TEST(Configuration, ReadsTheWorstTextsInNoTime) {
  std::string unknown = "{";
  while (unknown.size() < kLargestConfiguration - 20) unknown += "\"" + std::to_string(unknown.size()) + "\":{},";
  EXPECT_EQ(ErrorsOf(unknown + R"("apps":0})").size(), kMostConfigurationErrors + 1);
  EXPECT_EQ(ErrorsOf("{\"apps\":[{\"entry\":" + std::string(kLargestConfiguration - 100, '[')).size(), 2u);
  std::string huge = "[";
  while (huge.size() < kLargestConfiguration - 20) huge += "1e999,";
  EXPECT_EQ(ErrorsOf(huge + "1]").size(), 1u);
}

}  // namespace
}  // namespace sluice::runtime
