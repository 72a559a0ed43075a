#include "fuzz/surface/surface_rules.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "fuzz/surface/surface_program.h"

namespace sluice::fuzz {
namespace {

using Statements = std::vector<std::string>;

struct LogDifference {
  SurfaceLog expected;
  SurfaceLog actual;

  bool any() const { return expected != actual; }
};

LogDifference Compare(SurfaceWorld& world, const Statements& statements, std::string_view fault) {
  return {world.Run(statements, SurfaceSide::kReference), world.Run(statements, SurfaceSide::kReal, fault)};
}
LogDifference CompareAlone(SurfaceWorld& world, const Statements& statements, std::string_view fault) {
  return {world.RunAlone(statements, SurfaceSide::kReference), world.RunAlone(statements, SurfaceSide::kReal, fault)};
}

// Without every statement that is not needed for the two to differ.
void Shrink(SurfaceWorld& world, Statements& statements, std::string_view fault) {
  for (size_t step = std::max<size_t>(statements.size() / 2, 1); step > 0; step /= 2) {
    for (size_t i = 0; i + step <= statements.size();) {
      Statements fewer = statements;
      fewer.erase(fewer.begin() + static_cast<ptrdiff_t>(i), fewer.begin() + static_cast<ptrdiff_t>(i + step));
      if (CompareAlone(world, fewer, fault).any()) {
        statements = std::move(fewer);
      } else {
        i += step;
      }
    }
  }
}

std::string SideBySide(const LogDifference& difference) {
  std::string text;
  const SurfaceLog& expected = difference.expected;
  const SurfaceLog& actual = difference.actual;
  size_t same = 0;
  while (same < expected.size() && same < actual.size() && expected[same] == actual[same]) ++same;
  for (size_t i = 0; i < same; ++i) text += "    " + expected[i] + "\n";
  constexpr size_t kShown = 4;
  const auto rest = [&](const SurfaceLog& log, const char* mark) {
    for (size_t i = same; i < std::min(log.size(), same + kShown); ++i) text += mark + log[i] + "\n";
    if (log.size() <= same) text += std::string(mark) + "(nothing more)\n";
  };
  rest(expected, "  - expected: ");
  rest(actual, "  + actual:   ");
  return text;
}

}  // namespace

std::optional<SurfaceFinding> CheckSurface(SurfaceWorld& world, std::string_view text, std::string_view fault) {
  if (const std::string wrong = world.ShapeFaults(fault); !wrong.empty()) {
    return {{"SURFACE-SHAPE", "the interfaces have the properties that Web IDL gives them", wrong}};
  }
  Statements statements = SurfaceStatements(text);
  const LogDifference difference = Compare(world, statements, fault);
  if (!difference.any()) return std::nullopt;
  const bool alone = CompareAlone(world, statements, fault).any();
  if (alone) Shrink(world, statements, fault);
  std::string program = "The program (fuzz/surface/author.js has its functions; A and B are two realms):\n\n";
  for (const std::string& statement : statements) program += "    " + statement + ";\n";
  program += "\nWhat is seen:\n\n";
  if (!alone) {
    return {
        {"SURFACE-CLEAN", "a program leaves nothing to the next one in its realms", program + SideBySide(difference)}};
  }
  return {{"SURFACE-SAME", "JavaScript sees what Web IDL and the standard say",
           program + SideBySide(CompareAlone(world, statements, fault))}};
}

}  // namespace sluice::fuzz
