// Hunts graphs of modules that end the process (a cycle that failed, imported again), import() that never settles,
// modules that run twice, too early or after a failure, and imports that are another thing when they are asked for
// again. Lines of text: fuzz/script/module_graph.h.
#include "fuzz/harness/report_finding.h"
#include "fuzz/script/module_rules.h"

// LeakSanitizer does not look into V8's heap, as for v8_binding_fuzzer.
extern "C" int __lsan_is_turned_off() { return 1; }

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return sluice::fuzz::ReportFinding("modules",
                                     sluice::fuzz::CheckModules({reinterpret_cast<const char*>(data), size}));
}
