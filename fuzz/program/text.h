// The readable form of a program. fuzz/program/README.md has its grammar.
#ifndef SLUICE_FUZZ_PROGRAM_TEXT_H_
#define SLUICE_FUZZ_PROGRAM_TEXT_H_

#include <optional>
#include <string>
#include <string_view>

#include "fuzz/program/program.h"

namespace sluice::fuzz {

// The position and the cause of a syntax error. Lines and columns count from 1; columns count bytes.
struct TextError {
  int line = 0;
  int column = 0;
  std::string message;  // the text found, the text expected, and the remedy
};

struct ParsedProgram {
  std::optional<Program> program;
  TextError error;  // if there is no program
};

// The canonical text, with a newline at its end. ParseText(PrintText(p)) is p.
std::string PrintText(const Program& program);
std::string PrintText(const Op& op);
std::string PrintText(const End& end);

ParsedProgram ParseText(std::string_view text);

// Whether a file is text: only printable characters, line ends and tabs. The byte form never is.
bool LooksLikeText(std::string_view data);

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_PROGRAM_TEXT_H_
