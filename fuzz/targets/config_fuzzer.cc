// Hunts crashes of the configuration parser on any text, errors without a place in the text or out of its order, texts
// that are taken for JSON and are none (or the other way round), and configurations that do not survive being written.
// Bytes.
#include "fuzz/harness/report_finding.h"
#include "fuzz/server/configuration_rules.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return sluice::fuzz::ReportFinding("config",
                                     sluice::fuzz::CheckConfiguration({reinterpret_cast<const char*>(data), size}));
}
