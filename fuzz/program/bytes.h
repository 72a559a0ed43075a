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

#include "fuzz/program/program.h"

namespace sluice::fuzz {

inline constexpr uint8_t kFormat = 1;

std::string EncodeBytes(const Program& program);
// At most max_size bytes. Drops operations, then scripts, from the end until it fits.
std::string EncodeBytesWithin(Program program, size_t max_size);
Program DecodeBytes(std::span<const uint8_t> bytes);

// Either form: text if it looks like text and parses, bytes otherwise. Fuzz targets read their input with this.
Program DecodeInput(std::span<const uint8_t> input);

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_PROGRAM_BYTES_H_
