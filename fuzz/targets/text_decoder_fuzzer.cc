// Hunts reads outside of the bytes (a stray trail byte at a stream's begin once was one), characters that are lost or
// made where a stream is cut, byte order marks in the middle, and malformed bytes that pass where `fatal` forbids them.
// Bytes, as TextDecoder.decode() gets them; each encoding and option is tried.
#include <cstdio>
#include <cstdlib>

#include "fuzz/harness/program_target.h"
#include "fuzz/runtime/text_decoding_rules.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto finding = sluice::fuzz::CheckTextDecoding({reinterpret_cast<const char*>(data), size});
  if (!finding.has_value() || sluice::fuzz::IsIgnored("text/" + finding->rule)) return 0;
  std::fprintf(stderr, "SLUICE-FINDING text/%s\n\nThe rule: %s\n\n%s\n", finding->rule.c_str(),
               finding->sentence.c_str(), finding->detail.c_str());
  std::abort();
}
