// What tests of the configuration share.
#ifndef SLUICE_TESTS_RUNTIME_CONFIG_ERRORS_OF_H_
#define SLUICE_TESTS_RUNTIME_CONFIG_ERRORS_OF_H_

#include <string>
#include <string_view>
#include <vector>

#include "src/runtime/config/configuration.h"

namespace sluice::runtime {

// Every file is there, but those with "missing" in their names.
inline std::string CheckName(const std::string& path) {
  return path.find("missing") == std::string::npos ? "" : "no such file";
}

inline ParsedConfiguration Parse(std::string_view text) { return ParseConfiguration(text, "/etc/sluice", CheckName); }

// As they are printed, of a file named "c".
inline std::vector<std::string> ErrorsOf(std::string_view text) {
  std::vector<std::string> lines;
  for (const ConfigurationError& error : Parse(text).errors) lines.push_back(FormatError("c", error));
  return lines;
}

// Of one app that has `members` beside its entry.
inline std::string App(const std::string& members) { return R"({"apps":[{"entry":"a",)" + members + "}]}"; }

}  // namespace sluice::runtime

#endif  // SLUICE_TESTS_RUNTIME_CONFIG_ERRORS_OF_H_
