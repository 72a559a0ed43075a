#include "src/core/state_io.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "src/core/state.h"

namespace sluice::core {
namespace {

// Every slot is set, each to something of its own.
WritableStream Full() {
  WritableStream stream;
  stream.self = {1};
  stream.state = StreamState::kErroring;
  stream.backpressure = true;
  stream.closeRequest = {11};
  stream.inFlightWriteRequest = {12};
  stream.inFlightCloseRequest = {13};
  stream.pendingAbortRequest = {.promise = {14}, .reason = {15}, .wasAlreadyErroring = true};
  stream.storedError = {16};
  stream.writer = {2};
  stream.writeRequests.push_back({17});
  stream.writeRequests.push_back({std::numeric_limits<uint64_t>::max()});
  WritableStreamDefaultController& controller = stream.controller;
  controller.exists = true;
  controller.started = true;
  controller.writeAlgorithm = Algorithm::kHost;
  controller.closeAlgorithm = Algorithm::kDefault;
  controller.abortAlgorithm = Algorithm::kHost;
  controller.strategySizeAlgorithm = Algorithm::kDefault;
  controller.strategyHWM = std::numeric_limits<double>::infinity();
  controller.byte_limit = 1000;
  controller.queue.push_back({.value = {18}, .size = 0.1, .charge = 64});
  controller.queue.push_back({.is_close_sentinel = true});
  controller.queueTotalSize = 0.1;
  controller.charged_bytes = 64;
  return stream;
}

struct Change {
  const char* slot;
  std::function<void(WritableStream&)> make;
};

// One change for each slot.
const std::vector<Change>& Changes() {
  static const std::vector<Change> changes = {
      {"self", [](auto& s) { s.self = {3}; }},
      {"state", [](auto& s) { s.state = StreamState::kErrored; }},
      {"backpressure", [](auto& s) { s.backpressure = false; }},
      {"closeRequest", [](auto& s) { s.closeRequest = {}; }},
      {"inFlightWriteRequest", [](auto& s) { s.inFlightWriteRequest = {99}; }},
      {"inFlightCloseRequest", [](auto& s) { s.inFlightCloseRequest = {99}; }},
      {"pendingAbortRequest", [](auto& s) { s.pendingAbortRequest.reset(); }},
      {"pendingAbortRequest.promise", [](auto& s) { s.pendingAbortRequest->promise = {99}; }},
      {"pendingAbortRequest.reason", [](auto& s) { s.pendingAbortRequest->reason = {}; }},
      {"pendingAbortRequest.wasAlreadyErroring", [](auto& s) { s.pendingAbortRequest->wasAlreadyErroring = false; }},
      {"storedError", [](auto& s) { s.storedError = {}; }},
      {"writer", [](auto& s) { s.writer = {}; }},
      {"writeRequests shorter", [](auto& s) { s.writeRequests.pop_front(); }},
      {"writeRequests longer", [](auto& s) { s.writeRequests.push_back({1}); }},
      {"controller", [](auto& s) { s.controller.exists = false; }},
      {"started", [](auto& s) { s.controller.started = false; }},
      {"writeAlgorithm", [](auto& s) { s.controller.writeAlgorithm = Algorithm::kUndefined; }},
      {"closeAlgorithm", [](auto& s) { s.controller.closeAlgorithm = Algorithm::kUndefined; }},
      {"abortAlgorithm", [](auto& s) { s.controller.abortAlgorithm = Algorithm::kUndefined; }},
      {"strategySizeAlgorithm", [](auto& s) { s.controller.strategySizeAlgorithm = Algorithm::kUndefined; }},
      {"strategyHWM", [](auto& s) { s.controller.strategyHWM = 5e-324; }},
      {"byte_limit", [](auto& s) { s.controller.byte_limit = 1001; }},
      {"byte_limit none", [](auto& s) { s.controller.byte_limit.reset(); }},
      {"byte_limit zero", [](auto& s) { s.controller.byte_limit = 0; }},
      {"queue shorter", [](auto& s) { s.controller.queue.pop_front(); }},
      {"queue longer", [](auto& s) { s.controller.queue.push_back({}); }},
      {"queue empty", [](auto& s) { s.controller.queue.clear(); }},
      {"queue entry's size",
       [](auto& s) {
         s.controller.queue.clear();
         s.controller.queue.push_back({.value = {18}, .size = std::nextafter(0.1, 1), .charge = 64});
         s.controller.queue.push_back({.is_close_sentinel = true});
       }},
      {"queue entry's charge",
       [](auto& s) {
         s.controller.queue.clear();
         s.controller.queue.push_back({.value = {18}, .size = 0.1, .charge = 65});
         s.controller.queue.push_back({.is_close_sentinel = true});
       }},
      {"queue entry's value",
       [](auto& s) {
         s.controller.queue.clear();
         s.controller.queue.push_back({.value = {19}, .size = 0.1, .charge = 64});
         s.controller.queue.push_back({.is_close_sentinel = true});
       }},
      {"close sentinel is a chunk",
       [](auto& s) {
         s.controller.queue.clear();
         s.controller.queue.push_back({.value = {18}, .size = 0.1, .charge = 64});
         s.controller.queue.push_back({});
       }},
      {"queueTotalSize", [](auto& s) { s.controller.queueTotalSize = 1e300; }},
      {"charged_bytes", [](auto& s) { s.controller.charged_bytes = std::numeric_limits<uint64_t>::max(); }},
  };
  return changes;
}

std::vector<WritableStream> ManyStates() {
  std::vector<WritableStream> states = {WritableStream(), Full()};
  for (const Change& change : Changes()) {
    states.push_back(Full());
    change.make(states.back());
  }
  return states;
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

std::string Joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

bool Restores(const std::string& text, WritableStream& stream, std::string& error) {
  // A copy of exactly its size: a read behind its end is seen.
  const std::vector<char> exact(text.begin(), text.end());
  return Restore({exact.data(), exact.size()}, stream, error);
}

TEST(StateIo, RestoreGivesBackWhatWasPrinted) {
  for (const WritableStream& state : ManyStates()) {
    WritableStream restored = Full();
    std::string error = "not touched";
    ASSERT_TRUE(Restores(Print(state), restored, error)) << error << "\n" << Print(state);
    EXPECT_EQ(restored, state) << Print(state);
    EXPECT_EQ(error, "");
  }
}

TEST(StateIo, EveryDoubleComesBackExactly) {
  for (const double number : {0.0, 0.1, 1.0 / 3, 5e-324, 1.7976931348623157e308, 123456789.125, 1e21,
                              std::numeric_limits<double>::infinity()}) {
    WritableStream state;
    state.controller.strategyHWM = number;
    state.controller.queueTotalSize = number;
    WritableStream restored;
    std::string error;
    ASSERT_TRUE(Restores(Print(state), restored, error)) << error;
    EXPECT_EQ(restored.controller.strategyHWM, number);
    EXPECT_EQ(restored.controller.queueTotalSize, number);
  }
}

TEST(StateIo, WriterComesBack) {
  const WritableStreamDefaultWriter writer{.stream = {1}, .readyPromise = {2}, .closedPromise = {3}};
  WritableStreamDefaultWriter restored;
  std::string error;
  ASSERT_TRUE(Restore(Print(writer), restored, error)) << error;
  EXPECT_EQ(restored, writer);
  const std::string text = Print(writer);
  for (size_t length = 0; length < text.size(); ++length) {
    EXPECT_FALSE(Restore(text.substr(0, length), restored, error)) << length;
  }
}

TEST(StateIo, OneSlotALine) {
  const std::vector<std::string> lines = Lines(Print(Full()));
  EXPECT_EQ(lines.front(), "self: 1");
  EXPECT_EQ(lines.at(1), "state: 2");
  for (const std::string& line : lines) EXPECT_NE(line.find(": "), std::string::npos) << line;
}

TEST(StateIo, TextCutShortAnywhereIsRefused) {
  const std::string text = Print(Full());
  for (size_t length = 0; length < text.size(); ++length) {
    WritableStream restored;
    std::string error;
    EXPECT_FALSE(Restores(text.substr(0, length), restored, error)) << length;
    EXPECT_EQ(error.rfind("line ", 0), 0u) << length << ": " << error;
  }
}

TEST(StateIo, ErrorNamesTheLineAndTheSlot) {
  std::vector<std::string> lines = Lines(Print(Full()));
  lines[2] = "backpresure: 1";
  WritableStream restored;
  std::string error;
  EXPECT_FALSE(Restores(Joined(lines), restored, error));
  EXPECT_EQ(error, "line 3: expected the slot \"backpressure\"");
  lines[2] = "backpressure: yes";
  EXPECT_FALSE(Restores(Joined(lines), restored, error));
  EXPECT_EQ(error, "line 3: expected a number for \"backpressure\"");
}

TEST(StateIo, MissingLineIsRefusedWithItsNumber) {
  const std::vector<std::string> lines = Lines(Print(Full()));
  for (size_t missing = 0; missing < lines.size(); ++missing) {
    std::vector<std::string> fewer = lines;
    fewer.erase(fewer.begin() + static_cast<ptrdiff_t>(missing));
    WritableStream restored;
    std::string error;
    ASSERT_FALSE(Restores(Joined(fewer), restored, error)) << lines[missing];
    ASSERT_EQ(error.rfind("line ", 0), 0u);
    // Entries are alike, so that a missing one is noticed where its list ends.
    EXPECT_GE(std::stoul(error.substr(5)), missing + 1);
  }
}

TEST(StateIo, MoreThanTheLastSlotIsRefused) {
  for (const char* more : {"\n", "more: 1\n", "charged_bytes: 64\n", " "}) {
    WritableStream restored;
    std::string error;
    EXPECT_FALSE(Restores(Print(Full()) + more, restored, error)) << more;
    EXPECT_NE(error, "");
  }
}

TEST(StateIo, NumbersThatAreNoneAreRefused) {
  const std::vector<std::string> lines = Lines(Print(Full()));
  for (const char* bad : {"", " 1", "1 ", "+1", "-1", "0x1", "1e1", "18446744073709551616", "undefined", "1\r"}) {
    std::vector<std::string> changed = lines;
    changed[0] = std::string("self: ") + bad;
    WritableStream restored;
    std::string error;
    EXPECT_FALSE(Restores(Joined(changed), restored, error)) << bad;
    EXPECT_EQ(error.rfind("line 1: ", 0), 0u) << error;
  }
}

TEST(StateIo, HugeListSizeIsRefusedAtOnce) {
  std::vector<std::string> lines = Lines(Print(WritableStream()));
  for (std::string& line : lines) {
    if (line == "writeRequests: 0") line = "writeRequests: 18446744073709551615";
  }
  WritableStream restored;
  std::string error;
  EXPECT_FALSE(Restores(Joined(lines), restored, error));
}

// state_io.h: false "if `text` is not what Print gives".
TEST(StateIo, ARestoredStatePrintsTheSameText) {
  for (const WritableStream& state : {Full(), WritableStream()}) {
    const std::vector<std::string> lines = Lines(Print(state));
    for (size_t i = 0; i < lines.size(); ++i) {
      const std::string name = lines[i].substr(0, lines[i].find(": ") + 2);
      for (const char* value : {"0", "1", "2", "3", "4", "255", "256", "00", "01", "1.0", "1e0", "nan", "inf", "-0"}) {
        std::vector<std::string> changed = lines;
        changed[i] = name + value;
        WritableStream restored;
        std::string error;
        if (Restores(Joined(changed), restored, error)) {
          EXPECT_TRUE(Print(restored) == Joined(changed)) << "line " << i + 1 << " was accepted: " << changed[i];
        }
      }
    }
  }
}

TEST(StateIo, ValueThatAnEnumerationDoesNotHaveIsRefused) {
  for (const char* line :
       {"state: 2", "writeAlgorithm: 2", "closeAlgorithm: 1", "abortAlgorithm: 2", "strategySizeAlgorithm: 1"}) {
    const std::string text = Print(Full());
    const std::string before = std::string("\n") + line + "\n";
    const size_t at = text.find(before);
    ASSERT_NE(at, std::string::npos) << line;
    std::string changed = text;
    changed[at + before.size() - 2] = '4';
    WritableStream restored;
    std::string error;
    EXPECT_FALSE(Restores(changed, restored, error)) << line << " as 4";
  }
}

TEST(StateHash, EqualStatesHaveEqualHashes) {
  for (const WritableStream& state : ManyStates()) {
    const WritableStream copy = state;
    EXPECT_EQ(Hash(copy), Hash(state));
  }
}

// The lists' popped entries and memory are no part of the state.
TEST(StateHash, HistoryOfAListDoesNotMatter) {
  WritableStream worn = Full();
  worn.writeRequests.push_back({5});
  WritableStream fresh = Full();
  fresh.writeRequests.clear();
  fresh.writeRequests.push_back({std::numeric_limits<uint64_t>::max()});
  fresh.writeRequests.push_back({5});
  worn.writeRequests.pop_front();
  ASSERT_EQ(worn, fresh);
  EXPECT_EQ(Hash(worn), Hash(fresh));
}

TEST(StateHash, EverySlotCounts) {
  for (const Change& change : Changes()) {
    WritableStream changed = Full();
    change.make(changed);
    EXPECT_NE(changed, Full()) << change.slot;
    EXPECT_NE(Print(changed), Print(Full())) << change.slot;
    EXPECT_NE(Hash(changed), Hash(Full())) << change.slot;
  }
}

TEST(StateHash, MinusZeroHashesAsZeroBecauseTheyAreEqual) {
  WritableStream plus;
  WritableStream minus;
  minus.controller.strategyHWM = -0.0;
  ASSERT_EQ(plus, minus);
  EXPECT_EQ(Hash(plus), Hash(minus));
}

TEST(StateHash, IsTheSameInEveryProcess) {
  // Changes only with the slots, their order and the hash function.
  EXPECT_EQ(Hash(Full()), 8874463977337605915u);
}

}  // namespace
}  // namespace sluice::core
