// The byte form of a program, which fuzzing engines store and mutate.
//
// Every byte string decodes to a program: missing bytes read as 0, numbers out of range wrap, and extra bytes are
// ignored. DecodeBytes(EncodeBytes(p)) is p. The first byte is kFormat, with which no text begins.
#ifndef SLUICE_FUZZ_PROGRAM_BYTES_H_
#define SLUICE_FUZZ_PROGRAM_BYTES_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/program/program.h"

namespace sluice::fuzz {

inline constexpr uint8_t kFormat = 1;

std::string EncodeBytes(const Program& program);
// At most max_size bytes, in the memory of `bytes`. Drops operations, then scripts, from the end of `program`.
void EncodeBytesWithin(Program& program, size_t max_size, std::string& bytes);
Program DecodeBytes(std::span<const uint8_t> bytes);

// Either form: text if it looks like text and parses, bytes otherwise. Fuzz targets read their input with this.
Program DecodeInput(std::span<const uint8_t> input);
// The same over and over: takes the memory of the program before, so that a campaign allocates none.
class InputDecoder {
 public:
  // The program lives until the next call, and may be changed.
  Program& Decode(std::span<const uint8_t> input);

 private:
  Program program_;
  std::vector<Script> spare_;  // those that the program before had and this one has not
};

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_PROGRAM_BYTES_H_
