// Hunts header lists that are not what was put into them, names, values, methods and reason phrases that pass and are
// none, and fields that begin another one (response splitting). Bytes: names and values in turns, with a '|' between.
#include <cstdio>
#include <cstdlib>

#include "fuzz/harness/program_target.h"
#include "fuzz/runtime/header_rules.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto finding = sluice::fuzz::CheckHeaders({reinterpret_cast<const char*>(data), size});
  if (!finding.has_value() || sluice::fuzz::IsIgnored("headers/" + finding->rule)) return 0;
  std::fprintf(stderr, "SLUICE-FINDING headers/%s\n\nThe rule: %s\n\n%s\n", finding->rule.c_str(),
               finding->sentence.c_str(), finding->detail.c_str());
  std::abort();
}
