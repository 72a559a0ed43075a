#include "fuzz/surface/lifetime_rules.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>
#include <vector>

#include "fuzz/surface/surface_program.h"
#include "src/core/check.h"

namespace sluice::fuzz {
namespace {

using Statements = std::vector<std::string>;
using MaybeFinding = std::optional<SurfaceFinding>;

constexpr const char* kNames[] = {"collect", "terminate", "terminate-promise", "detach", "dispose"};
static_assert(std::size(kNames) == kLifetimeFaults);

// What must run as ever after a fault.
constexpr std::string_view kHealthy =
    "sink 00111111\nstrategy 00200\nstream 00110\nlock 0\nsignal 0\nlisten 001\nwrite 03\nwrite 02\nrun\nwabort "
    "03\nrun\n";

// The last assert of the core or of the pages' handles that failed.
std::string g_failed;
void Failed(const char* operation, const char* what) { g_failed = std::string(operation) + ": " + what; }

class Asserts {
 public:
  Asserts() : before_(core::SetAssertHandler(Failed)) { g_failed.clear(); }
  Asserts(const Asserts&) = delete;
  Asserts& operator=(const Asserts&) = delete;
  ~Asserts() { core::SetAssertHandler(before_); }

 private:
  core::AssertHandler before_;
};

std::string TextOf(const LifetimePoint& point) {
  return std::string("fault ") + NameOf(point.fault) + " " + std::to_string(point.at) + (point.sticky ? " sticky" : "");
}

SurfaceFinding Finding(const char* rule, const char* sentence, const Statements& statements, const LifetimePoint& point,
                       const std::string& detail) {
  std::string text = TextOf(point) + ", in the program\n\n";
  for (const std::string& statement : statements) text += "    " + statement + ";\n";
  return {rule, sentence, text + "\n" + detail + "\n"};
}

// The isolate ends with everything pending.
MaybeFinding CheckDisposal(const Statements& statements, const LifetimePoint& point, bool& fired,
                           const NativeFault& native_fault) {
  auto world = std::make_unique<SurfaceWorld>();
  const std::shared_ptr<binding::NativeMemory> memory = world->isolate().data().memory();
  static_cast<void>(world->RunWithFault(statements, SurfaceSide::kReal, point, fired));
  if (native_fault) native_fault(*world);
  world.reset();
  if (memory->used() == 0) return std::nullopt;
  return Finding("LIFE-MEMORY", "a disposed isolate has given back what it was counted for", statements, point,
                 std::to_string(memory->used()) + " bytes are still counted");
}

// Where two logs differ.
std::string Difference(const SurfaceLog& expected, const SurfaceLog& actual) {
  size_t same = 0;
  while (same < actual.size() && same < expected.size() && actual[same] == expected[same]) ++same;
  const auto line = [&](const SurfaceLog& log) { return same < log.size() ? log[same] : "(nothing more)"; };
  return "line " + std::to_string(same + 1) + " is \"" + line(actual) + "\", not \"" + line(expected) + "\"";
}

MaybeFinding CheckHealth(SurfaceWorld& world, const Statements& statements, const LifetimePoint& point,
                         std::string_view fault) {
  static const Statements healthy = SurfaceStatements(kHealthy);
  static const SurfaceLog expected = world.Run(healthy, SurfaceSide::kReference);
  const SurfaceLog actual = world.Run(healthy, SurfaceSide::kReal, fault);
  if (actual == expected) return std::nullopt;
  return Finding("LIFE-HEALTH", "other programs run as before", statements, point, Difference(expected, actual));
}

// One point. `expected` is the log without a fault.
MaybeFinding CheckPoint(SurfaceWorld& world, const Statements& statements, const LifetimePoint& point,
                        const SurfaceLog& expected, bool& fired, std::string_view fault = "",
                        const NativeFault& native_fault = {}) {
  const Asserts asserts;
  if (point.fault == LifetimeFault::kDispose) return CheckDisposal(statements, point, fired, native_fault);
  const SurfaceLog log = world.RunWithFault(statements, SurfaceSide::kReal, point, fired, fault);
  if (!fired) return std::nullopt;
  if (native_fault) native_fault(world);
  if (!g_failed.empty()) {
    return Finding("LIFE-ASSERT", "no assert fails and no handle is used for another thing", statements, point,
                   g_failed);
  }
  if (point.fault == LifetimeFault::kCollect) {
    if (log == expected) return std::nullopt;
    return Finding("LIFE-SEEN", "collecting garbage changes nothing that an author sees", statements, point,
                   Difference(expected, log));
  }
  // V8 runs no microtasks of a detached realm, so an author sees that.
  if (!log.empty() && log.back().starts_with("after the end: ")) {
    return Finding("LIFE-ANSWER", "after the end, streams answer with errors", statements, point, log.back());
  }
  return CheckHealth(world, statements, point, fault);
}

MaybeFinding CheckLives(SurfaceWorld& world, const Statements& statements, const LifetimePoint& point) {
  const std::string lives = world.WhatLives();
  if (lives.empty()) return std::nullopt;
  return Finding("LIFE-ZERO", "nothing lives when everything is dropped and collected", statements, point, lives);
}

// The points that the lines "fault ..." name.
std::vector<LifetimePoint> PointsOf(std::string_view text) {
  std::vector<LifetimePoint> points;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    std::string_view line = text.substr(begin, end - begin);
    begin = end + 1;
    if (!line.starts_with("fault ")) continue;
    line.remove_prefix(6);
    LifetimePoint point;
    const std::string_view name = line.substr(0, line.find(' '));
    const auto found = std::find(std::begin(kNames), std::end(kNames), name);
    point.fault = static_cast<LifetimeFault>(
        found != std::end(kNames) ? static_cast<size_t>(found - kNames)
                                  : (name.empty() ? 0 : static_cast<unsigned char>(name[0])) % kLifetimeFaults);
    line.remove_prefix(std::min(line.find(' '), line.size() - 1) + (line.empty() ? 0 : 1));
    point.at = 1;
    std::from_chars(line.data(), line.data() + line.size(), point.at);
    point.at = std::clamp<uint64_t>(point.at, 1, 100'000);
    point.sticky = line.ends_with("sticky");
    points.push_back(point);
    if (points.size() == 3) break;
  }
  return points;
}

}  // namespace

const char* NameOf(LifetimeFault fault) { return kNames[static_cast<int>(fault)]; }

MaybeFinding CheckLifetime(SurfaceWorld& world, std::string_view text, std::string_view fault,
                           const NativeFault& native_fault) {
  const Statements statements = SurfaceStatements(text);
  std::vector<LifetimePoint> points = PointsOf(text);
  const SurfaceLog expected = world.Run(statements, SurfaceSide::kReference);
  if (points.empty()) {
    // Somewhere in the middle. A new isolate takes as long as all the others.
    for (int kind = 0; kind < kLifetimeFaults - 1; ++kind) {
      points.push_back({static_cast<LifetimeFault>(kind),
                        1 + (expected.size() * (2 + static_cast<size_t>(kind)) + text.size()) % (expected.size() + 1),
                        kind % 2 == 1});
    }
  }
  for (const LifetimePoint& point : points) {
    bool fired = false;
    if (const auto finding = CheckPoint(world, statements, point, expected, fired, fault, native_fault);
        finding.has_value()) {
      return finding;
    }
  }
  return CheckLives(world, statements, points.back());
}

MaybeFinding CheckEveryPoint(SurfaceWorld& world, std::string_view text, uint64_t most,
                             uint64_t (&points)[kLifetimeFaults]) {
  const Statements statements = SurfaceStatements(text);
  const SurfaceLog expected = world.Run(statements, SurfaceSide::kReference);
  for (int kind = 0; kind < kLifetimeFaults; ++kind) {
    for (const bool sticky : {false, true}) {
      const auto fault = static_cast<LifetimeFault>(kind);
      // Nothing comes after a disposal, and a realm is detached once.
      if (sticky && (fault == LifetimeFault::kDispose || fault == LifetimeFault::kDetach)) continue;
      LifetimePoint point{fault, 1, sticky};
      bool fired = true;
      for (; point.at <= most; ++point.at) {
        if (const auto finding = CheckPoint(world, statements, point, expected, fired); finding.has_value())
          return finding;
        if (!fired) break;
        ++points[kind];
      }
      if (const auto finding = CheckLives(world, statements, point); finding.has_value()) return finding;
    }
  }
  return std::nullopt;
}

}  // namespace sluice::fuzz
