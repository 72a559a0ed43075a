#include "fuzz/script/step_program.h"

#include <algorithm>

#include "fuzz/runtime/encoding_standard.h"
#include "fuzz/script/value_program.h"

namespace sluice::fuzz {
namespace {

std::string_view Found(std::string_view word, std::span<const std::string_view> words) {
  if (std::find(words.begin(), words.end(), word) != words.end()) return word;
  return words[(word.empty() ? 0 : static_cast<unsigned char>(word[0])) % words.size()];
}

std::string TextLiteral(std::string_view bytes) {
  const auto units = StandardDecoder(StandardEncoding::kUtf8, {.fatal = true, .ignore_bom = true}).Decode(bytes, false);
  if (!units) return StringLiteral(bytes);
  std::string wide;
  for (const char16_t unit : *units) {
    wide += static_cast<char>(unit >> 8);
    wide += static_cast<char>(unit & 0xFF);
  }
  return StringLiteral(wide, true);
}

}  // namespace

std::string StepsLiteral(std::string_view text, std::span<const std::string_view> words, size_t most) {
  std::string literal = "[";
  size_t steps = 0;
  for (size_t begin = 0; begin < text.size() && steps < most; ++steps) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    begin = end + 1;
    const size_t blank = std::min(line.find(' '), line.size());
    literal += "\n  ['" + std::string(Found(line.substr(0, blank), words)) + "', " +
               TextLiteral(line.substr(std::min(blank + 1, line.size()))) + "],";
  }
  return literal + "\n]";
}

}  // namespace sluice::fuzz
