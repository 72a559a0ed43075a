// The mutator of surface programs, for the one file of a target that includes this.
#ifndef SLUICE_FUZZ_SURFACE_SURFACE_MUTATOR_H_
#define SLUICE_FUZZ_SURFACE_SURFACE_MUTATOR_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "fuzz/surface/surface_program.h"

namespace sluice::fuzz {

inline size_t StoreInput(const std::string& text, uint8_t* out, size_t max_size) {
  const size_t size = std::min(text.size(), max_size);
  std::memcpy(out, text.data(), size);
  return size;
}

inline std::string_view InputText(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace sluice::fuzz

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed) {
  using namespace sluice::fuzz;  // NOLINT
  return StoreInput(MutateSurfaceProgram(InputText(data, size), seed), data, max_size);
}

extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t* a, size_t a_size, const uint8_t* b, size_t b_size,
                                            uint8_t* out, size_t max_size, unsigned seed) {
  using namespace sluice::fuzz;  // NOLINT
  return StoreInput(CrossOverSurfacePrograms(InputText(a, a_size), InputText(b, b_size), seed), out, max_size);
}

#endif  // SLUICE_FUZZ_SURFACE_SURFACE_MUTATOR_H_
