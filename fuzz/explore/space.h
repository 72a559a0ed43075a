// What an exploration covers: the streams that programs make, and how much an author does with them.
#ifndef SLUICE_FUZZ_EXPLORE_SPACE_H_
#define SLUICE_FUZZ_EXPLORE_SPACE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/program/program.h"

namespace sluice::fuzz {

// Where operations of the author are left out. Each bound is compared when the operation would begin.
struct Bounds {
  uint32_t queue = 3;            // entries in the queue of a stream, from which on there is no write() to it
  uint32_t writers = 2;          // names for writers of each stream: w0, w1; and w2, w3 of the second one
  uint32_t reentry = 2;          // calls of author functions on the stack, from which on they perform no operation
  uint32_t inside = 1;           // operations inside one edge, all its calls together
  uint32_t microtasks = 1;       // queued, or rejections to be reported: from which on microtasks run first
  bool checkpoints = false;      // microtasks run all at once, not one by one
  bool thenables = false;        // author functions may return thenables
  std::vector<double> sizes{1};  // what size() may return; NaN is undefined

  friend bool operator==(const Bounds&, const Bounds&) = default;
};

// A stream that the author may make by an operation. Its byte limit and listeners are as the first one's.
struct SecondStream {
  uint8_t methods = 0;  // as Program::methods
  double highWaterMark = 1;
  uint8_t shared = 0;  // as Program::shared: sink and strategy. (A shared listener would be called for both streams.)
  std::optional<core::TickModel> tickModel;  // without one, the first one's

  friend bool operator==(const SecondStream&, const SecondStream&) = default;
};

// How streams are made, and what their author is interested in.
struct Configuration {
  uint8_t methods = 0;    // bit 1 << Method, as Program::methods
  bool listener = false;  // on the signal; only with start(), which receives the controller
  double highWaterMark = 1;
  core::TickModel tickModel = core::TickModel::kWebIdl;
  std::optional<uint64_t> byteLimit;  // bytes; each chunk has one
  bool observed = false;              // the author reacts to every promise that an operation returns
  bool watched = false;               // and may react to ready and closed
  bool undefinedReasons = false;      // reasons may be undefined
  std::optional<SecondStream> second;
  uint32_t family = 0;  // in its space

  friend bool operator==(const Configuration&, const Configuration&) = default;
};

// The program that makes the first stream and does nothing with it.
Program ProgramOf(const Configuration& configuration);
// One line: "methods start write, highWaterMark 1, ticks webidl, observed".
std::string ConfigurationText(const Configuration& configuration);
std::string BoundsText(const Bounds& bounds);

// What configurations are made of: each combination is one.
struct Combinations {
  std::vector<uint8_t> sinks;  // bits of start, write, close and abort
  std::vector<bool> sizes{true};
  std::vector<bool> listeners{true};  // where there is start()
  std::vector<double> highWaterMarks{1};
  std::vector<core::TickModel> tickModels{core::TickModel::kWebIdl};
  std::vector<std::optional<uint64_t>> byteLimits{std::nullopt};
  std::vector<bool> observed{false};
  std::vector<bool> watched{false};
  std::vector<bool> undefinedReasons{false};
  std::vector<std::optional<SecondStream>> seconds{std::nullopt};
};
std::vector<uint8_t> AllSinks();

// Configurations that are explored within the same bounds.
struct Family {
  std::string name;
  Bounds bounds;
  Combinations combinations;
};

struct Space {
  std::vector<Family> families;
  std::vector<Configuration> configurations;  // of all families, in order

  explicit Space(std::vector<Family> families);
};

// What is explored if nothing else is asked for, within three minutes. README.md says what each family is for.
std::vector<Family> DefaultFamilies();
// More of everything: an hour does not close all of them.
std::vector<Family> DeepFamilies();
std::string FamilyNames(const std::vector<Family>& families);  // "sinks, turns"

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_EXPLORE_SPACE_H_
