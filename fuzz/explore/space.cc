#include "fuzz/explore/space.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "fuzz/program/language.h"

namespace sluice::fuzz {

Program ProgramOf(const Configuration& configuration) {
  Program program;
  program.highWaterMark = configuration.highWaterMark;
  program.byteLimit = configuration.byteLimit;
  program.tickModel = configuration.tickModel;
  program.methods = configuration.methods;
  return program;
}

std::string ConfigurationText(const Configuration& configuration) {
  std::string text = "methods";
  for (int method = 0; method < kMethodCount; ++method) {
    if ((configuration.methods >> method & 1) != 0)
      text += " " + std::string(MethodNames()[static_cast<size_t>(method)]);
  }
  if (configuration.methods == 0) text += " none";
  if (configuration.listener) text += ", listener";
  text += ", highWaterMark " + NumberText(configuration.highWaterMark);
  text += ", ticks " + std::string(TickModelNames()[static_cast<size_t>(configuration.tickModel)]);
  if (configuration.byteLimit.has_value()) text += ", byteLimit " + std::to_string(*configuration.byteLimit);
  if (configuration.observed) text += ", observed";
  if (configuration.watched) text += ", watched";
  if (configuration.undefinedReasons) text += ", undefined reasons";
  return text;
}

std::string BoundsText(const Bounds& bounds) {
  std::string text = "queue " + std::to_string(bounds.queue) + ", writers " + std::to_string(bounds.writers) +
                     ", reentry " + std::to_string(bounds.reentry) + ", inside " + std::to_string(bounds.inside) +
                     ", microtasks " + std::to_string(bounds.microtasks);
  if (bounds.checkpoints) text += ", checkpoints";
  if (bounds.thenables) text += ", thenables";
  text += ", sizes";
  for (const double size : bounds.sizes) text += " " + (std::isnan(size) ? "undefined" : NumberText(size));
  return text;
}

std::vector<uint8_t> AllSinks() {
  std::vector<uint8_t> all;
  for (uint8_t sink = 0; sink < 16; ++sink) all.push_back(sink);
  return all;
}

namespace {

constexpr uint8_t Bit(Method method) { return static_cast<uint8_t>(1 << static_cast<int>(method)); }
// The four methods of a sink are the lowest bits.
static_assert((Bit(Method::kStart) | Bit(Method::kWrite) | Bit(Method::kClose) | Bit(Method::kAbort)) == 15);

void Append(uint32_t family, const Combinations& of, std::vector<Configuration>& all) {
  Configuration made{.family = family};
  for (const bool undefined : of.undefinedReasons) {
    made.undefinedReasons = undefined;
    for (const auto& byte_limit : of.byteLimits) {
      made.byteLimit = byte_limit;
      for (const bool watched : of.watched) {
        made.watched = watched;
        for (const bool observed : of.observed) {
          made.observed = observed;
          for (const core::TickModel ticks : of.tickModels) {
            made.tickModel = ticks;
            for (const double mark : of.highWaterMarks) {
              made.highWaterMark = mark;
              for (const bool size : of.sizes) {
                for (const bool listener : of.listeners) {
                  for (const uint8_t sink : of.sinks) {
                    made.methods = static_cast<uint8_t>(sink | (size ? Bit(Method::kSize) : 0));
                    made.listener = listener && (sink & Bit(Method::kStart)) != 0;
                    // Without start() it is the same with and without a listener.
                    if (std::find(all.begin(), all.end(), made) == all.end()) all.push_back(made);
                  }
                }
              }
            }
          }
        }
      }
    }
  }
}

}  // namespace

Space::Space(std::vector<Family> given) : families(std::move(given)) {
  for (uint32_t family = 0; family < families.size(); ++family) {
    Append(family, families[family].combinations, configurations);
  }
}

namespace {

const std::vector<core::TickModel>& AllTicks() {
  static const auto* const all = new std::vector<core::TickModel>{
      core::TickModel::kWebIdl, core::TickModel::kPromiseResolve, core::TickModel::kPromiseResolveStart};
  return *all;
}

}  // namespace

std::vector<Family> DefaultFamilies() {
  return {
      {"sinks",
       {},
       {.sinks = AllSinks(), .highWaterMarks = {0, 1, 2}, .tickModels = AllTicks(), .observed = {false, true}}},
      {"turns", {.microtasks = 2}, {.sinks = AllSinks(), .observed = {false, true}}},
      {"watched", {}, {.sinks = AllSinks(), .sizes = {false}, .listeners = {false}, .watched = {true}}},
      {"byte-limit", {}, {.sinks = AllSinks(), .byteLimits = {2}, .observed = {false, true}}},
      {"undefined-reasons", {}, {.sinks = AllSinks(), .sizes = {false}, .undefinedReasons = {true}}},
  };
}

std::vector<Family> DeepFamilies() {
  const double undefined = std::numeric_limits<double>::quiet_NaN();
  return {
      {"deep-turns",
       {.microtasks = 2},
       {.sinks = AllSinks(), .highWaterMarks = {0, 1, 2}, .tickModels = AllTicks(), .observed = {false, true}}},
      {"deep-microtasks", {.microtasks = 3}, {.sinks = AllSinks(), .observed = {false, true}}},
      {"deep-sizes",
       {.microtasks = 2, .sizes = {0, 1, 2, undefined}},
       {.sinks = AllSinks(), .highWaterMarks = {0, 1, 2}, .observed = {false, true}}},
      {"deep-byte-limit",
       {.queue = 4, .writers = 3, .microtasks = 2},
       {.sinks = AllSinks(), .byteLimits = {0, 1, 2, 3}, .observed = {false, true}}},
      {"deep-undefined-reasons", {.microtasks = 2}, {.sinks = AllSinks(), .undefinedReasons = {true}}},
      {"deep-watched",
       {.microtasks = 2},
       {.sinks = AllSinks(), .sizes = {false}, .listeners = {false}, .observed = {false, true}, .watched = {true}}},
      {"deep-thenables",
       {.thenables = true},
       {.sinks = AllSinks(), .sizes = {false}, .listeners = {false}, .tickModels = AllTicks()}},
      {"deep-inside", {.reentry = 3, .inside = 2}, {.sinks = AllSinks()}},
  };
}

}  // namespace sluice::fuzz
