// What scripts/diff needs of programs: examples that other runtimes run, and smaller ones while they still differ
// there.
#ifndef SLUICE_FUZZ_LAB_COMPARE_COMMANDS_H_
#define SLUICE_FUZZ_LAB_COMPARE_COMMANDS_H_

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::lab {

struct BatchOptions {
  std::vector<std::string> paths;
  uint64_t seed = 1;
  uint64_t count = 100;
  std::string profile = "balanced";
  bool mutate = false;      // `count` mutations of the programs in `paths`
  bool for_sluice = false;  // programs with a byte limit or a tick model are kept
  bool at_rest = false;     // `run` stands for every `tick`
};

// Prints portable programs with the core's traces, a JSON object a line: name, text, program, traces (by tick model).
// Those of `paths`, or mutations of them, or `count` random ones if there are none. Programs that cannot be expressed
// in JavaScript are left out.
int Batch(const BatchOptions& options);

// Shrinks the program whose text is a JSON string on the first line of standard input. Prints candidates, a JSON array
// of examples on a line, and reads the index of the first that will do, or their number; at the end it prints the
// shrunk example, a JSON object on a line.
int ShrinkDialog();

struct EmitOptions {
  std::string path;
  std::string format = "js";                // js, wpt, suite, interpreter, json
  std::string ticks = "webidl";             // the tick model that the log of js, wpt and suite is expected in
  std::string log = "calls,results,reads";  // what goes into it; also: end
  std::string title;                        // empty: the program's own first comment
};

// Prints the program as JavaScript for any WritableStream: straight-line code (js, wpt, suite), or
// fuzz/program/driver.js with the program as data (interpreter), or that data alone (json).
int Emit(const EmitOptions& options);

}  // namespace sluice::lab

#endif  // SLUICE_FUZZ_LAB_COMPARE_COMMANDS_H_
