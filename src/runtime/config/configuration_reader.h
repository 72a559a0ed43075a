// From the JSON of a configuration to what it says, or to all that is wrong with it. Used by ParseConfiguration only.
#ifndef SLUICE_RUNTIME_CONFIG_CONFIGURATION_READER_H_
#define SLUICE_RUNTIME_CONFIG_CONFIGURATION_READER_H_

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/runtime/config/configuration.h"
#include "src/runtime/config/json_document.h"
#include "src/runtime/config/text_positions.h"

namespace sluice::runtime {

class ConfigurationReader {
 public:
  // Keeps references to all four.
  ConfigurationReader(std::string_view text, const JsonDocument& document, const std::string& folder,
                      const EntryCheck& check_entry)
      : text_(text), positions_(text), document_(document), folder_(folder), check_entry_(check_entry) {}

  // Once.
  ParsedConfiguration Read();

 private:
  struct Complaint {
    size_t offset;
    std::string key;
    std::string message;
  };
  // An object: the first value of each key that it may have, and where it is.
  struct Object {
    const JsonNode* node;
    std::string path;
    std::map<std::string_view, const JsonNode*> members;
    std::set<std::string> meant;  // keys that unknown ones were probably meant to be

    const JsonNode* Find(std::string_view key) const {
      const auto found = members.find(key);
      return found == members.end() ? nullptr : found->second;
    }
    std::string PathOf(std::string_view key) const { return PathOfKey(path, std::string(key)); }
  };

  std::optional<Object> ReadObject(const JsonNode& node, const std::string& path, const std::string& expected,
                                   const std::vector<std::string_view>& known);
  void RefuseUnknown(const JsonNode& member, Object& object, const std::vector<std::string_view>& known);
  void ReadServer(const JsonNode& node);
  void ReadApps(const JsonNode& node);
  void ReadApp(const JsonNode& node, size_t index);
  void ReadName(const Object& object, size_t index, AppConfiguration& app);
  void ReadEntry(const Object& object, AppConfiguration& app);
  bool ReadPlace(const Object& object, AppConfiguration& app);
  void ReadRoot(const Object& object, AppConfiguration& app);
  void ReadLimits(const Object& object, AppConfiguration& app);
  // The key's value in bytes is stored in `bytes`, if it is there and within the bounds.
  void ReadMegabytes(const Object& object, std::string_view key, uint64_t most_mb, uint64_t& bytes);
  void ClaimPlace(const Object& object, size_t index, const AppConfiguration& app);

  // Nothing if the key is not there or its value was refused.
  std::optional<std::string> String(const Object& object, std::string_view key, const std::string& expected);
  std::optional<double> Number(const Object& object, std::string_view key, const std::string& expected, double least,
                               double most);
  std::optional<double> WholeNumber(const Object& object, std::string_view key, const std::string& unit, double least,
                                    double most);

  void Miss(const Object& object, std::string_view key, const std::string& expected);
  void Refuse(const JsonNode& node, const std::string& path, const std::string& expected);
  void Complain(size_t offset, const std::string& key, const std::string& message);
  std::string Raw(const JsonNode& node) const;
  std::string Found(const JsonNode& node) const;
  std::string Place(size_t offset) const;
  std::vector<ConfigurationError> Errors();

  const std::string_view text_;
  const TextPositions positions_;
  const JsonDocument& document_;
  const std::string& folder_;
  const EntryCheck& check_entry_;
  Configuration configuration_;
  std::map<std::string, size_t> names_;                                          // to the app's index
  std::map<std::pair<std::optional<std::string>, std::string>, size_t> places_;  // likewise
  std::vector<Complaint> complaints_;
};

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_CONFIG_CONFIGURATION_READER_H_
