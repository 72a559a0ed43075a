// Programs as JavaScript, for any WritableStream: the driver (driver.js), the program as data, and the host's
// functions.
//
// JavaScript cannot express every program: another runtime cannot run N single microtasks, has one tick model and no
// byte limit, and cannot hold a chunk of gigabytes.
#ifndef SLUICE_FUZZ_PROGRAM_JAVASCRIPT_H_
#define SLUICE_FUZZ_PROGRAM_JAVASCRIPT_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "fuzz/program/program.h"

namespace sluice::fuzz {

// Where a program is to run.
enum class Target : uint8_t {
  kAnyRuntime,
  kSluice,  // `sluice run`, which makes streams with a byte limit and a tick model
};

// The reason if `program` behaves differently there; nullopt if it does not.
std::optional<std::string> WhyNotPortable(const Program& program, Target target = Target::kAnyRuntime);

// Removes the statements and settings of `program` that are not portable, where a program remains without them.
void MakePortable(Program& program, Target target = Target::kAnyRuntime);

// The program as one line of JSON, as driver.js takes it.
std::string EmitJson(const Program& program);

// {"name", "text", "program", "traces"} on one line: a program and what it should print in each tick model. Of the
// models after the first, only those whose trace is another one.
using TraceOfModel = std::array<std::string, core::kTickModelCount>;
std::string EmitExample(const std::string& name, const Program& program, const TraceOfModel& traces);

// A script that runs by itself (Node, Deno, Bun, browsers) and prints the trace as `sluice-fuzz trace` does.
std::string EmitJavaScript(const Program& program);

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_PROGRAM_JAVASCRIPT_H_
