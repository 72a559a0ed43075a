// Hunts requests that the server reads differently from RFC 9112 (smuggling) or differently when they come in pieces,
// that pass its limits or go to the wrong app, and responses that what a client sent could break up. Bytes, as they
// come over a connection.
#include "fuzz/harness/report_finding.h"
#include "fuzz/server/request_rules.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return sluice::fuzz::ReportFinding("request",
                                     sluice::fuzz::CheckRequests({reinterpret_cast<const char*>(data), size}));
}
