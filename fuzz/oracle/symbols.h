// What is at an address of the code, where a sanitizer's symbolizer is linked in.
#ifndef SLUICE_FUZZ_ORACLE_SYMBOLS_H_
#define SLUICE_FUZZ_ORACLE_SYMBOLS_H_

#include <string>
#include <string_view>

namespace sluice::fuzz {

bool CanSymbolize();

// `format`: %f the function, %s the file, %l the line. Of functions that are inlined into one another, the innermost.
// Empty where that is not known.
std::string Symbolized(const void* address, const char* format);

// A function's name without namespaces, classes and parameters.
std::string_view BareName(std::string_view function);

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_ORACLE_SYMBOLS_H_
