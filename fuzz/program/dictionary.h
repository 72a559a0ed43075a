// The words of the program language, for engines that mutate text: a libFuzzer and AFL++ dictionary.
#ifndef SLUICE_FUZZ_PROGRAM_DICTIONARY_H_
#define SLUICE_FUZZ_PROGRAM_DICTIONARY_H_

#include <string>

namespace sluice::fuzz {

// One quoted word a line, sorted, after a line that says where it comes from.
std::string DictionaryText();

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_PROGRAM_DICTIONARY_H_
