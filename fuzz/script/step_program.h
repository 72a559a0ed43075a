// Steps, described by lines of text: what the targets over classes read.
//
//   request http://a/
//   append name|value
//
// A word and a text on each line. An unknown word is replaced by the one that its first byte selects, so any bytes are
// a program. Text that is no UTF-8 has a code unit for each byte.
#ifndef SLUICE_FUZZ_SCRIPT_STEP_PROGRAM_H_
#define SLUICE_FUZZ_SCRIPT_STEP_PROGRAM_H_

#include <span>
#include <string>
#include <string_view>

namespace sluice::fuzz {

// An array literal of JavaScript, of pairs of a word and a text. Steps beyond `most` are left out.
std::string StepsLiteral(std::string_view text, std::span<const std::string_view> words, size_t most);

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_SCRIPT_STEP_PROGRAM_H_
