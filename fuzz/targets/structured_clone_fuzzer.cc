// Hunts clones that are not as their originals (identity, cycles, buffers and their views), values that should be
// refused and are not, transfers that lose a buffer when the clone fails, and crashes on what an author gives
// structuredClone. Lines of text: fuzz/script/value_program.h.
#include "fuzz/harness/report_finding.h"
#include "fuzz/script/clone_rules.h"

// LeakSanitizer does not look into V8's heap, as for v8_binding_fuzzer.
extern "C" int __lsan_is_turned_off() { return 1; }

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return sluice::fuzz::ReportFinding("clone", sluice::fuzz::CheckClone({reinterpret_cast<const char*>(data), size}));
}
