// Names of code addresses, in builds that link a sanitizer's symbolizer.
#ifndef SLUICE_FUZZ_ORACLE_SYMBOLS_H_
#define SLUICE_FUZZ_ORACLE_SYMBOLS_H_

#include <string>
#include <string_view>

namespace sluice::fuzz {

bool CanSymbolize();

// `format`: %f the function, %s the file, %l the line. For inlined functions, the innermost. Empty if unknown.
std::string Symbolized(const void* address, const char* format);

// A function's name without namespaces, classes and parameters.
std::string_view BareName(std::string_view function);

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_ORACLE_SYMBOLS_H_
