// Prints the language's dictionary, as `sluice-fuzz dictionary` does, in builds without that command
// (scripts/lib/ossfuzz_build.sh):
//
//   program_dictionary > writable_stream_fuzzer.dict
#include <cstdio>

#include "fuzz/program/dictionary.h"

int main() { return std::fputs(sluice::fuzz::DictionaryText().c_str(), stdout) < 0 ? 1 : 0; }
