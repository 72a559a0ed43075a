// The byte form of a program: what fuzzing engines store and mutate.
//
// Every byte string decodes to some program: bytes that run out read as 0, numbers out of range wrap, what is left over
// is ignored. DecodeBytes(EncodeBytes(p)) is p. The first byte is kFormat, which no text begins with.
#ifndef SLUICE_FUZZ_PROGRAM_BYTES_H_
#define SLUICE_FUZZ_PROGRAM_BYTES_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "fuzz/program/program.h"

namespace sluice::fuzz {

inline constexpr uint8_t kFormat = 1;

std::string EncodeBytes(const Program& program);
// At most max_size bytes, without the operations and then the scripts at the end that do not fit.
std::string EncodeBytesWithin(Program program, size_t max_size);
Program DecodeBytes(std::span<const uint8_t> bytes);

// Either form: text if it looks like text and parses, bytes otherwise. Fuzz targets read their input with this.
Program DecodeInput(std::span<const uint8_t> input);

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_PROGRAM_BYTES_H_
