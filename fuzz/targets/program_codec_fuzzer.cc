// Hunts losses between the text, the bytes and the mutations of programs, and crashes on any text. Mutates raw bytes.
#include "fuzz/harness/recent_inputs.h"
#include "fuzz/harness/report_finding.h"
#include "fuzz/oracle/codec.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sluice::fuzz::RememberInput(data, size);
  return sluice::fuzz::ReportFinding("codec", sluice::fuzz::CheckCodec({data, size}));
}
