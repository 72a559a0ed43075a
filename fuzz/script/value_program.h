// Values of JavaScript, described by lines of text: what the targets over values read.
//
//   number 3
//   string hello
//   array 01        two items: the values of lines 0 and 1
//   link 2 2        the array gets itself as an item
//
// A line's first word names the kind of value. Each character that follows is one part of it: the number of an
// earlier value, modulo their count, or a number. An unknown word is replaced by the one that its first byte
// selects, so any bytes are a program. The words are in value_program.cc, and the functions that they call in
// values.js.
#ifndef SLUICE_FUZZ_SCRIPT_VALUE_PROGRAM_H_
#define SLUICE_FUZZ_SCRIPT_VALUE_PROGRAM_H_

#include <string>
#include <string_view>
#include <vector>

namespace sluice::fuzz {

inline constexpr size_t kMostValues = 48;

struct ValueProgram {
  std::string source;            // statements of JavaScript, to be run after values.js
  std::string text;              // the arguments of the line "format", for the console
  std::vector<size_t> transfer;  // those of the line "transfer", for structuredClone
  std::string patches;  // statements, for after the source: what the language has is patched, to count who calls it
};

// After the statements, `v` has one value at least.
ValueProgram ReadValueProgram(std::string_view text);

// A JavaScript string literal of any bytes: each is a code unit, or with `wide` each two.
std::string StringLiteral(std::string_view bytes, bool wide = false);

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_SCRIPT_VALUE_PROGRAM_H_
