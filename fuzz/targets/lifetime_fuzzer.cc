// Hunts what is used after it has gone, or never goes: garbage collected at any point, execution terminated, realms
// detached, isolates disposed of with everything pending. Lines of text: fuzz/surface/lifetime_rules.h.
#include "fuzz/harness/report_finding.h"
#include "fuzz/surface/lifetime_rules.h"
#include "fuzz/surface/surface_mutator.h"

// LeakSanitizer does not look into V8's heap, as for v8_binding_fuzzer.
extern "C" int __lsan_is_turned_off() { return 1; }

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static auto* const world = new sluice::fuzz::SurfaceWorld();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  return sluice::fuzz::ReportFinding("lifetime", sluice::fuzz::CheckLifetime(*world, text));
}
