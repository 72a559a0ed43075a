// Hunts crashes of the configuration parser on any text, errors without a place in the text or out of its order, texts
// that are taken for JSON and are none (or the other way round), and configurations that do not survive being written.
// Bytes.
#include <cstdio>
#include <cstdlib>

#include "fuzz/harness/program_target.h"
#include "fuzz/server/configuration_rules.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto finding = sluice::fuzz::CheckConfiguration({reinterpret_cast<const char*>(data), size});
  if (!finding.has_value() || sluice::fuzz::IsIgnored("config/" + finding->rule)) return 0;
  std::fprintf(stderr, "SLUICE-FINDING config/%s\n\nThe rule: %s\n\n%s\n", finding->rule.c_str(),
               finding->sentence.c_str(), finding->detail.c_str());
  std::abort();
}
