#include "fuzz/program/dictionary.h"

#include <set>
#include <span>

#include "fuzz/program/language.h"
#include "fuzz/program/mutate.h"
#include "fuzz/program/text.h"

namespace sluice::fuzz {
namespace {

// The text of each pattern between its operands.
void AddRows(std::span<const Row> rows, std::set<std::string>& words) {
  for (const Row& row : rows) {
    std::string literal;
    for (size_t i = 0; i <= row.pattern.size(); ++i) {
      if (i == row.pattern.size() || row.pattern[i] == '$') {
        if (literal.size() > 1) words.insert(literal);
        literal.clear();
        ++i;
      } else {
        literal += row.pattern[i];
      }
    }
  }
}

std::string Quoted(const std::string& word) {
  std::string text = "\"";
  for (const char c : word) {
    if (c == '\n') {
      text += "\\x0a";
    } else {
      if (c == '"' || c == '\\') text += '\\';
      text += c;
    }
  }
  return text + "\"";
}

}  // namespace

std::string DictionaryText() {
  std::set<std::string> words = {"on ",        " {\n",      "} ",     "methods ", "highWaterMark ",
                                 "byteLimit ", "strategy ", "ticks ", "#"};
  AddRows(OpRows(), words);
  AddRows(EndRows(), words);
  for (const auto& names : {CallKindNames(), TickModelNames(), ChunkKindNames(), StrategyNames().subspan(1)}) {
    for (const auto& name : names) words.insert(std::string(name));
  }
  for (const auto& chunk : InterestingChunks()) words.insert(ChunkText(chunk));
  for (const double number : InterestingNumbers()) words.insert(NumberText(number));
  std::string text = "# Words of the program language. Made by `sluice-fuzz dictionary`.\n";
  for (const std::string& word : words) text += Quoted(word) + "\n";
  return text;
}

}  // namespace sluice::fuzz
