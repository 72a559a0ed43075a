// Hunts what JavaScript alone can see of the streams: the order in which members are read, brand checks, realms of
// errors and promises, new.target, thenables, patched prototypes, chunks of every kind, two realms. Lines of text:
// fuzz/surface/surface_program.h.
#include <cstring>
#include <string>

#include "fuzz/harness/report_finding.h"
#include "fuzz/surface/surface_program.h"
#include "fuzz/surface/surface_rules.h"

// LeakSanitizer does not look into V8's heap, as for v8_binding_fuzzer.
extern "C" int __lsan_is_turned_off() { return 1; }

namespace {

std::string_view TextOf(const uint8_t* data, size_t size) { return {reinterpret_cast<const char*>(data), size}; }

size_t Store(const std::string& text, uint8_t* out, size_t max_size) {
  const size_t size = text.size() < max_size ? text.size() : max_size;
  std::memcpy(out, text.data(), size);
  return size;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static auto* const world = new sluice::fuzz::SurfaceWorld();
  return sluice::fuzz::ReportFinding("surface", sluice::fuzz::CheckSurface(*world, TextOf(data, size)));
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed) {
  return Store(sluice::fuzz::MutateSurfaceProgram(TextOf(data, size), seed), data, max_size);
}

extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t* a, size_t a_size, const uint8_t* b, size_t b_size,
                                            uint8_t* out, size_t max_size, unsigned seed) {
  return Store(sluice::fuzz::CrossOverSurfacePrograms(TextOf(a, a_size), TextOf(b, b_size), seed), out, max_size);
}
