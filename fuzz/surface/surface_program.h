// Programs over what JavaScript can see of the streams, described by lines of text: what api_surface_fuzzer reads.
//
//   sink 00033            an underlying sink: its realm, how it is made (plain, getters, a proxy), what its methods do
//   strategy 0022
//   stream 0000           a stream of the last two
//   lock 0
//   on 1 wabort 00        what author functions with the number 1 do
//   write 002             writes value 2
//   run                   all microtasks
//
// A line's first word names a statement. Each character that follows is one parameter, a digit or a small letter (0 to
// 35); one that is missing is 0. An unknown word is replaced by the one that its first byte selects, so any bytes are a
// program. The words are in surface_program.cc; what they do is in author.js.
#ifndef SLUICE_FUZZ_SURFACE_SURFACE_PROGRAM_H_
#define SLUICE_FUZZ_SURFACE_SURFACE_PROGRAM_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::fuzz {

inline constexpr size_t kMostStatements = 64;

// Statements of JavaScript over the functions of author.js, one for each line.
std::vector<std::string> SurfaceStatements(std::string_view text);

// A program of `lines` lines or so.
std::string RandomSurfaceProgram(uint64_t seed, size_t lines);
// One change or a few: a line more, less, twice, elsewhere, or with another parameter.
std::string MutateSurfaceProgram(std::string_view text, uint64_t seed);
// Lines of both.
std::string CrossOverSurfacePrograms(std::string_view a, std::string_view b, uint64_t seed);

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_SURFACE_SURFACE_PROGRAM_H_
