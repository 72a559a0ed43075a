#include "fuzz/server/configuration_rules.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>
#include <vector>

#include "fuzz/server/json_grammar.h"
#include "src/runtime/config/json_document.h"

namespace sluice::fuzz {
namespace {

using runtime::AppConfiguration;
using runtime::Configuration;
using runtime::ConfigurationError;
using runtime::ParsedConfiguration;
using MaybeFinding = std::optional<ConfigurationFinding>;

std::string Printed(const std::vector<ConfigurationError>& errors) {
  std::string lines;
  for (const ConfigurationError& error : errors) lines += FormatError("FILE", error) + "\n";
  return lines;
}

bool HasControlCharacter(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

// The characters of each line: bytes that continue none.
std::vector<int> LineLengths(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::vector<int> lengths = {0};
  for (const char c : text) {
    if (c == '\n') {
      lengths.push_back(0);
    } else if ((c & 0xC0) != 0x80) {
      ++lengths.back();
    }
  }
  return lengths;
}

MaybeFinding CheckErrors(std::string_view text, const std::vector<ConfigurationError>& errors) {
  const std::vector<int> lengths = LineLengths(text);
  const ConfigurationError* before = nullptr;
  std::set<std::string> printed;
  for (const ConfigurationError& error : errors) {
    const std::string line = FormatError("FILE", error);
    const bool is_inside = error.line >= 1 && error.line <= static_cast<int>(lengths.size()) && error.column >= 1 &&
                           error.column <= lengths[static_cast<size_t>(error.line) - 1] + 1;
    if (!is_inside) return {{"CFG-PLACE", "errors are at places of the text", line}};
    if (before != nullptr && std::pair(error.line, error.column) < std::pair(before->line, before->column)) {
      return {{"CFG-ORDER", "errors are in the order of the text", line}};
    }
    before = &error;
    if (!printed.insert(line).second) return {{"CFG-UNIQUE", "no error is told twice", line}};
    const size_t found = error.message.find(", found ");
    if (!error.message.starts_with("expected ") || found == std::string::npos || HasControlCharacter(line)) {
      return {{"CFG-WORDS", "an error says what was expected and what was found, in one line", line}};
    }
  }
  return std::nullopt;
}

MaybeFinding CheckGrammar(std::string_view text, const std::vector<ConfigurationError>& errors) {
  const std::optional<size_t> end = WhereJsonEnds(text, runtime::kDeepestConfiguration);
  const runtime::JsonDocument document = runtime::ParseJson(text, runtime::kDeepestConfiguration);
  if (end.has_value() && errors.empty()) {
    return {{"CFG-MALFORMED", "what is no JSON has an error", "It is none from byte " + std::to_string(*end) + " on"}};
  }
  if (end.has_value() != document.error.has_value()) {
    return {{"CFG-GRAMMAR", "the parser and the grammar agree on what is JSON",
             end ? "The grammar ends at byte " + std::to_string(*end) : "The parser: " + document.error->message}};
  }
  // The parser may point to the begin of what is wrong, but not beyond what it could have understood.
  if (end.has_value() && document.error->offset > *end) {
    return {{"CFG-GRAMMAR-PLACE", "an error of syntax is no later than the first byte that cannot be right",
             std::to_string(document.error->offset) + " is after " + std::to_string(*end)}};
  }
  return std::nullopt;
}

MaybeFinding CheckBounds(const Configuration& configuration) {
  std::set<std::string> names;
  std::set<std::pair<std::optional<std::string>, std::string>> places;
  const auto fail = [](const std::string& detail) {
    return MaybeFinding({"CFG-BOUNDS", "a configuration without errors is within its bounds", detail});
  };
  if (configuration.threads < 1 || configuration.threads > runtime::kMostThreads) return fail("threads");
  if (configuration.apps.empty() || configuration.apps.size() > runtime::kMostApps) return fail("apps");
  for (const AppConfiguration& app : configuration.apps) {
    if (!names.insert(app.name).second || app.name.empty()) return fail("name " + app.name);
    if (!places.emplace(app.hostname, app.path_prefix).second) return fail("place of " + app.name);
    if (!app.entry.starts_with('/') || app.entry.find("/../") != std::string::npos) return fail("entry " + app.entry);
    const bool is_prefix =
        app.path_prefix == "/" || (app.path_prefix.starts_with('/') && !app.path_prefix.ends_with('/'));
    if (!is_prefix || app.path_prefix.find("//") != std::string::npos) return fail("path_prefix " + app.path_prefix);
    if (app.max_buffer_size_bytes < 1 || app.max_buffer_size_bytes >> 40 > 1) return fail("max_buffer_size_mb");
    if (app.max_total_buffer_size_bytes < 1) return fail("max_total_buffer_size_mb");
    if (app.max_body_bytes < 1 || app.max_body_bytes > app.max_in_flight_bytes) return fail("max_body_mb");
    if (app.max_in_flight_bytes >> 36 > 1) return fail("max_in_flight_mb");
    if (!app.root.starts_with('/')) return fail("root " + app.root);
    if (app.memory_limit_bytes < 8u << 20 || app.memory_limit_bytes >> 36 > 1) return fail("memory_limit_mb");
    if (app.time_limit_ms < 1 || app.time_limit_ms > runtime::kLongestTimeLimitMs) return fail("time_limit_ms");
  }
  return std::nullopt;
}

std::string ToJson(const Configuration& configuration) {
  nlohmann::ordered_json apps = nlohmann::ordered_json::array();
  for (const AppConfiguration& app : configuration.apps) {
    const auto megabytes = [](uint64_t bytes) { return static_cast<double>(bytes) / core::kBytesPerMegabyte; };
    nlohmann::ordered_json object = {
        {"name", app.name}, {"entry", app.entry}, {"root", app.root}, {"path_prefix", app.path_prefix}};
    if (app.hostname) object["hostname"] = *app.hostname;
    object["max_buffer_size_mb"] = megabytes(app.max_buffer_size_bytes);
    object["max_total_buffer_size_mb"] = megabytes(app.max_total_buffer_size_bytes);
    object["max_body_mb"] = megabytes(app.max_body_bytes);
    object["max_in_flight_mb"] = megabytes(app.max_in_flight_bytes);
    object["memory_limit_mb"] = megabytes(app.memory_limit_bytes);
    object["time_limit_ms"] = app.time_limit_ms;
    apps.push_back(std::move(object));
  }
  const nlohmann::ordered_json server = {
      {"address", configuration.address},
      {"port", configuration.port},
      {"threads", configuration.threads},
      {"max_connections", configuration.max_connections},
      {"max_in_flight_mb", static_cast<double>(configuration.max_in_flight_bytes) / core::kBytesPerMegabyte}};
  return nlohmann::ordered_json({{"apps", std::move(apps)}, {"server", server}}).dump();
}

MaybeFinding CheckRoundTrip(const Configuration& configuration, const ConfigurationParser& parse) {
  const std::string text = ToJson(configuration);
  const ParsedConfiguration again = parse(text);
  if (again.errors.empty() && again.configuration == configuration) return std::nullopt;
  return {{"CFG-ROUND-TRIP", "a configuration that is written as JSON parses to itself",
           text + "\n" + Printed(again.errors)}};
}

// `errors` are those of `text`, which is well-formed.
MaybeFinding CheckFaultAfter(std::string_view text, std::vector<ConfigurationError> errors,
                             const ConfigurationParser& parse) {
  const ParsedConfiguration longer = parse(std::string(text) + " x");
  std::vector<ConfigurationError> before = longer.errors;
  if (!before.empty()) before.pop_back();
  if (before == errors && !longer.errors.empty()) return std::nullopt;
  return {{"CFG-BEFORE-FAULT", "what is wrong before a fault of syntax is told as it is without the fault",
           Printed(errors) + "but with an x after it:\n" + Printed(longer.errors)}};
}

}  // namespace

ParsedConfiguration ParseForFuzzing(std::string_view text) {
  return runtime::ParseConfiguration(text, "/srv/apps", [](const std::string& path) {
    return path.find("missing") == std::string::npos ? "" : "no such file";
  });
}

std::optional<ConfigurationFinding> CheckConfiguration(std::string_view text, const ConfigurationParser& parse) {
  if (text.size() > runtime::kLargestConfiguration / 2) return std::nullopt;
  const ParsedConfiguration parsed = parse(text);
  if (const auto finding = CheckErrors(text, parsed.errors)) return finding;
  if (const auto finding = CheckGrammar(text, parsed.errors)) return finding;
  const std::string copy(text);
  if (const ParsedConfiguration again = parse(copy); again.errors != parsed.errors) {
    return {{"CFG-DETERMINISM", "the same text has the same errors",
             Printed(parsed.errors) + "then:\n" + Printed(again.errors)}};
  }
  const bool is_json = !WhereJsonEnds(text, runtime::kDeepestConfiguration).has_value();
  if (is_json && parsed.errors.size() <= runtime::kMostConfigurationErrors - 1) {
    if (const auto finding = CheckFaultAfter(text, parsed.errors, parse)) return finding;
  }
  if (!parsed.errors.empty()) return std::nullopt;
  if (const auto finding = CheckBounds(parsed.configuration)) return finding;
  return CheckRoundTrip(parsed.configuration, parse);
}

}  // namespace sluice::fuzz
