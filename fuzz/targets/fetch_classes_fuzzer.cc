// Hunts header lists that are not as the Fetch Standard says (validation, normalization, combining, sorting, cookies,
// iterators), constructors of requests and responses that accept or refuse what they should not, bodies that are lost,
// shared or read twice, and signals that do not follow. Lines of text: fuzz/script/fetch_rules.h.
#include "fuzz/harness/report_finding.h"
#include "fuzz/script/fetch_rules.h"

// LeakSanitizer does not look into V8's heap, as for v8_binding_fuzzer.
extern "C" int __lsan_is_turned_off() { return 1; }

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return sluice::fuzz::ReportFinding("fetch", sluice::fuzz::CheckFetch({reinterpret_cast<const char*>(data), size}));
}
