// Hunts header lists that are not what was put into them, names, values, methods and reason phrases that pass and are
// none, and fields that begin another one (response splitting). Bytes: names and values in turns, with a '|' between.
#include "fuzz/harness/report_finding.h"
#include "fuzz/runtime/header_rules.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return sluice::fuzz::ReportFinding("headers",
                                     sluice::fuzz::CheckHeaders({reinterpret_cast<const char*>(data), size}));
}
