// Hunts requests that the server reads differently from RFC 9112 (smuggling) or differently when they come in pieces,
// that pass its limits or go to the wrong app, and responses that what a client sent could break up. Bytes, as they
// come over a connection.
#include <cstdio>
#include <cstdlib>

#include "fuzz/harness/program_target.h"
#include "fuzz/server/request_rules.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto finding = sluice::fuzz::CheckRequests({reinterpret_cast<const char*>(data), size});
  if (!finding.has_value() || sluice::fuzz::IsIgnored("request/" + finding->rule)) return 0;
  std::fprintf(stderr, "SLUICE-FINDING request/%s\n\nThe rule: %s\n\n%s\n", finding->rule.c_str(),
               finding->sentence.c_str(), finding->detail.c_str());
  std::abort();
}
