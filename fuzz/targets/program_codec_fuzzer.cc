// Hunts losses between the text, the bytes and the mutations of programs, and crashes on any text. Mutates raw bytes.
#include <cstdio>
#include <cstdlib>

#include "fuzz/harness/program_target.h"
#include "fuzz/harness/recent_inputs.h"
#include "fuzz/oracle/codec.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sluice::fuzz::RememberInput(data, size);
  const auto finding = sluice::fuzz::CheckCodec({data, size});
  if (!finding.has_value() || sluice::fuzz::IsIgnored("codec/" + finding->rule)) return 0;
  std::fprintf(stderr, "SLUICE-FINDING codec/%s\n\nThe rule: %s\n\n%s\n", finding->rule.c_str(),
               finding->sentence.c_str(), finding->detail.c_str());
  std::abort();
}
