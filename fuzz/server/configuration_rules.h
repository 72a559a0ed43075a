// What must hold of the configuration parser (src/runtime/config), for any text at all.
#ifndef SLUICE_FUZZ_SERVER_CONFIGURATION_RULES_H_
#define SLUICE_FUZZ_SERVER_CONFIGURATION_RULES_H_

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "src/runtime/config/configuration.h"

namespace sluice::fuzz {

struct ConfigurationFinding {
  std::string rule;      // "CFG-ROUND-TRIP"
  std::string sentence;  // what should have held
  std::string detail;    // the error, the place or the text it did not hold for
};

using ConfigurationParser = std::function<runtime::ParsedConfiguration(std::string_view text)>;

// ParseConfiguration with a folder and a check of entries that are the same everywhere: entries with "missing" in them
// are.
runtime::ParsedConfiguration ParseForFuzzing(std::string_view text);

// The first rule that does not hold. Tests put a parser with a fault in place of ours.
std::optional<ConfigurationFinding> CheckConfiguration(std::string_view text,
                                                       const ConfigurationParser& parse = ParseForFuzzing);

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_SERVER_CONFIGURATION_RULES_H_
