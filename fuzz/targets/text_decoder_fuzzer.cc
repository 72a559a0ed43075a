// Hunts reads outside of the bytes (a stray trail byte at a stream's begin once was one), characters that are lost or
// made where a stream is cut, byte order marks in the middle, and malformed bytes that pass where `fatal` forbids them.
// Bytes, as TextDecoder.decode() gets them; each encoding and option is tried.
#include "fuzz/harness/report_finding.h"
#include "fuzz/runtime/text_decoding_rules.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return sluice::fuzz::ReportFinding("text",
                                     sluice::fuzz::CheckTextDecoding({reinterpret_cast<const char*>(data), size}));
}
