// Programs as JavaScript that a person would write: one statement after another, no interpreter, no data.
//
//   const auto script = StraightLine(trace, {.style = ScriptStyle::kModule});
//   if (script.why_not.empty()) Print(script.text);
//
// The script keeps a log of what it sees, and compares it with what the standard's steps give, which is in `trace`: the
// core's, in the tick model of the runtime that the script is for. It ends with exit code 1 where the two differ.
#ifndef SLUICE_FUZZ_LAB_STRAIGHT_LINE_H_
#define SLUICE_FUZZ_LAB_STRAIGHT_LINE_H_

#include <string>
#include <vector>

#include "fuzz/driver/trace.h"

namespace sluice::lab {

enum class ScriptStyle : uint8_t {
  kModule,  // an ES module for any runtime: prints expected and actual, and throws where they differ
  kWpt,     // a promise_test of the web platform tests
  kSuite,   // a promise_test of tests/suite, whose tests share their helpers
};

// What goes into the log. The less, the shorter is the script: scripts/diff leaves out what shows no difference.
struct Observed {
  bool calls = true;    // calls of the sink's methods and of size()
  bool results = true;  // how promises that methods returned are settled
  bool reads = true;    // `read` and `watch`
  bool at_end = false;  // what the driver reads after the program: the stream and every writer
};

struct StraightLineOptions {
  ScriptStyle style = ScriptStyle::kModule;
  Observed observed;
  std::string title;  // of the test, or the first comment of the module
};

struct StraightLineScript {
  std::string text;
  std::string why_not;                // why the program cannot be written so; empty if it can
  std::vector<std::string> expected;  // what the log must be
};

StraightLineScript StraightLine(const fuzz::Trace& trace, const StraightLineOptions& options);

}  // namespace sluice::lab

#endif  // SLUICE_FUZZ_LAB_STRAIGHT_LINE_H_
