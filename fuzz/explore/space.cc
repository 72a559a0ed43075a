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
  if (configuration.second.has_value()) {
    StreamSettings& second = program.settings(1);
    second.highWaterMark = configuration.second->highWaterMark;
    second.byteLimit = configuration.byteLimit;
    second.tickModel = configuration.second->tickModel.value_or(configuration.tickModel);
    second.methods = configuration.second->methods;
    second.shared = configuration.second->shared;
  }
  return program;
}

namespace {

std::string MethodsText(uint8_t methods) {
  std::string text = "methods";
  for (int method = 0; method < kMethodCount; ++method) {
    if ((methods >> method & 1) != 0) text += " " + std::string(MethodNames()[static_cast<size_t>(method)]);
  }
  return methods == 0 ? text + " none" : text;
}

std::string TickModelText(core::TickModel model) { return std::string(TickModelNames()[static_cast<size_t>(model)]); }

}  // namespace

std::string ConfigurationText(const Configuration& configuration) {
  std::string text = MethodsText(configuration.methods);
  if (configuration.listener) text += ", listener";
  text += ", highWaterMark " + NumberText(configuration.highWaterMark);
  text += ", ticks " + TickModelText(configuration.tickModel);
  if (configuration.byteLimit.has_value()) text += ", byteLimit " + std::to_string(*configuration.byteLimit);
  if (configuration.observed) text += ", observed";
  if (configuration.watched) text += ", watched";
  if (configuration.undefinedReasons) text += ", undefined reasons";
  if (configuration.second.has_value()) {
    const SecondStream& second = *configuration.second;
    text += "; s1 " + MethodsText(second.methods) + ", highWaterMark " + NumberText(second.highWaterMark);
    if (second.tickModel.has_value()) text += ", ticks " + TickModelText(*second.tickModel);
    for (int what = 0; what < kSharedCount; ++what) {
      if ((second.shared >> what & 1) != 0) text += ", shares " + std::string(SharedNames()[static_cast<size_t>(what)]);
    }
  }
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

// Each of `made`, with each of `values` set by `set`.
template <typename T, typename F>
void Cross(std::vector<Configuration>& made, const std::vector<T>& values, F set) {
  std::vector<Configuration> all;
  for (const T& value : values) {
    for (Configuration configuration : made) {
      set(configuration, value);
      all.push_back(configuration);
    }
  }
  made = std::move(all);
}

void Append(uint32_t family, const Combinations& of, std::vector<Configuration>& all) {
  std::vector<Configuration> made{{.family = family}};
  Cross(made, of.sinks, [](Configuration& one, uint8_t sink) { one.methods = sink; });
  Cross(made, of.listeners, [](Configuration& one, bool listener) { one.listener = listener; });
  Cross(made, of.sizes, [](Configuration& one, bool size) { one.methods |= size ? Bit(Method::kSize) : 0; });
  Cross(made, of.highWaterMarks, [](Configuration& one, double mark) { one.highWaterMark = mark; });
  Cross(made, of.tickModels, [](Configuration& one, core::TickModel ticks) { one.tickModel = ticks; });
  Cross(made, of.observed, [](Configuration& one, bool observed) { one.observed = observed; });
  Cross(made, of.watched, [](Configuration& one, bool watched) { one.watched = watched; });
  Cross(made, of.byteLimits, [](Configuration& one, const auto& limit) { one.byteLimit = limit; });
  Cross(made, of.undefinedReasons, [](Configuration& one, bool undefined) { one.undefinedReasons = undefined; });
  Cross(made, of.seconds, [](Configuration& one, const auto& second) { one.second = second; });
  for (Configuration& one : made) {
    const auto starts = [](const StreamSettings& settings) { return settings.has(Method::kStart); };
    const Program program = ProgramOf(one);
    // Without start() it is the same with and without a listener.
    one.listener &= starts(program) || starts(ResolvedSettings(program, 1));
    if (std::find(all.begin(), all.end(), one) == all.end()) all.push_back(one);
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
      {"pairs",
       {.queue = 1, .writers = 1},
       {.sinks = {0, Bit(Method::kWrite), Bit(Method::kClose), Bit(Method::kAbort)},
        .sizes = {false},
        .seconds = {SecondStream{}, SecondStream{.methods = Bit(Method::kWrite)},
                    SecondStream{.methods = Bit(Method::kClose)}, SecondStream{.methods = Bit(Method::kAbort)},
                    SecondStream{.shared = 1 << static_cast<int>(Shared::kSink)}}}},
  };
}

std::string FamilyNames(const std::vector<Family>& families) {
  std::string names;
  for (const Family& family : families) names += (names.empty() ? "" : ", ") + family.name;
  return names;
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
