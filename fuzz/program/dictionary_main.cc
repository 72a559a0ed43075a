// Prints the language's dictionary: `sluice-fuzz dictionary`, for builds without the command
// (scripts/lib/ossfuzz_build.sh).
#include <cstdio>

#include "fuzz/program/dictionary.h"

int main() { return std::fputs(sluice::fuzz::DictionaryText().c_str(), stdout) < 0 ? 1 : 0; }
