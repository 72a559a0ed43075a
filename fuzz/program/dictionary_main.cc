// Prints the language's dictionary: `sluice dictionary`, for builds without the command (oss-fuzz/build_targets.sh).
#include <cstdio>

#include "fuzz/program/dictionary.h"

int main() { return std::fputs(sluice::fuzz::DictionaryText().c_str(), stdout) < 0 ? 1 : 0; }
