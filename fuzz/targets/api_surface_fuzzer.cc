// Hunts what JavaScript alone can see of the streams: the order in which members are read, brand checks, realms of
// errors and promises, new.target, thenables, patched prototypes, chunks of every kind, two realms. Lines of text:
// fuzz/surface/surface_program.h.
#include "fuzz/harness/report_finding.h"
#include "fuzz/surface/surface_mutator.h"
#include "fuzz/surface/surface_rules.h"

// LeakSanitizer does not look into V8's heap, as for v8_binding_fuzzer.
extern "C" int __lsan_is_turned_off() { return 1; }

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static auto* const world = new sluice::fuzz::SurfaceWorld();
  return sluice::fuzz::ReportFinding("surface",
                                     sluice::fuzz::CheckSurface(*world, sluice::fuzz::InputText(data, size)));
}
