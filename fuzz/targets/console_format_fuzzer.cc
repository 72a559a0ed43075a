// Hunts printing that runs an author's code or throws, that is longer than its budget or never ends (objects that are
// in many places, sparse arrays, long strings), and formats that are not what the Console Standard says. Lines of text:
// fuzz/script/value_program.h.
#include "fuzz/harness/report_finding.h"
#include "fuzz/script/console_rules.h"

// LeakSanitizer does not look into V8's heap, as for v8_binding_fuzzer.
extern "C" int __lsan_is_turned_off() { return 1; }

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return sluice::fuzz::ReportFinding("console",
                                     sluice::fuzz::CheckConsole({reinterpret_cast<const char*>(data), size}));
}
