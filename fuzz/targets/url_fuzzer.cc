// Hunts URLs whose parts do not go together: serializations that are parsed to something else, setters that change what
// they should not, origins that are another's, queries that do not survive, and crashes of the parser. Lines of text:
// fuzz/script/url_rules.h.
#include "fuzz/harness/report_finding.h"
#include "fuzz/script/url_rules.h"

// LeakSanitizer does not look into V8's heap, as for v8_binding_fuzzer.
extern "C" int __lsan_is_turned_off() { return 1; }

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return sluice::fuzz::ReportFinding("url", sluice::fuzz::CheckUrl({reinterpret_cast<const char*>(data), size}));
}
