// The position of an operation in a program.
#ifndef SLUICE_FUZZ_PROGRAM_WHERE_H_
#define SLUICE_FUZZ_PROGRAM_WHERE_H_

#include <cstdint>
#include <vector>

#include "fuzz/program/program.h"

namespace sluice::fuzz {

struct Where {
  static constexpr uint16_t kMain = 0xFFFF;      // in the program's own list
  static constexpr uint16_t kEpilogue = 0xFFFE;  // in the operations after the program's end (Epilogue())
  uint16_t script = kMain;                       // or an index into Program::scripts
  uint16_t op = 0;

  friend bool operator==(const Where&, const Where&) = default;
};

// The operations after each program: run all microtasks, read every property.
const std::vector<Op>& Epilogue();
const Op& OpAt(const Program& program, Where where);

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_PROGRAM_WHERE_H_
