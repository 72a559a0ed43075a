#include "src/runtime/config/configuration_reader.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <system_error>

#include "src/runtime/config/json_syntax.h"
#include "src/runtime/config/names.h"

namespace sluice::runtime {
namespace {

using Kind = JsonNode::Kind;

const std::vector<std::string_view> kTopKeys = {"server", "apps"};
const std::vector<std::string_view> kServerKeys = {"address", "port", "threads", "max_connections", "max_in_flight_mb"};
const std::vector<std::string_view> kAppKeys = {"name",
                                                "entry",
                                                "root",
                                                "hostname",
                                                "path_prefix",
                                                "max_buffer_size_mb",
                                                "max_total_buffer_size_mb",
                                                "max_body_mb",
                                                "max_in_flight_mb",
                                                "memory_limit_mb",
                                                "time_limit_ms"};

constexpr const char* kEntryExpected = "the path of an ES module's file";

bool IsOneOf(std::string_view key, const std::vector<std::string_view>& keys) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

// "address", "port" or "threads".
std::string Listed(const std::vector<std::string_view>& keys) {
  std::string list;
  for (size_t i = 0; i < keys.size(); ++i) {
    if (i > 0) list += i + 1 == keys.size() ? " or " : ", ";
    list += "\"" + std::string(keys[i]) + "\"";
  }
  return list;
}

// Where a key would have been right that is wrong where it is.
std::string Belongs(std::string_view key) {
  if (IsOneOf(key, kServerKeys)) return "; \"" + std::string(key) + "\" belongs in \"server\"";
  if (IsOneOf(key, kAppKeys)) return "; \"" + std::string(key) + "\" belongs in an app";
  if (IsOneOf(key, kTopKeys)) return "; \"" + std::string(key) + "\" belongs in the outermost object";
  return "";
}

// Nothing if no double is near it: it is far too large, or too near to 0. NaN and infinities are themselves.
std::optional<double> ToDouble(std::string_view number) {
  double value = 0;
  const auto parsed = std::from_chars(number.data(), number.data() + number.size(), value);
  if (parsed.ec != std::errc()) return std::nullopt;
  return value;
}

std::string Digits(double whole) { return std::to_string(static_cast<int64_t>(whole)); }

bool HasControlCharacter(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

}  // namespace

ParsedConfiguration ConfigurationReader::Read() {
  if (document_.root) {
    const auto top = ReadObject(*document_.root, "", "an object with \"apps\"", kTopKeys);
    if (top) {
      if (const JsonNode* server = top->Find("server")) ReadServer(*server);
      if (const JsonNode* apps = top->Find("apps")) {
        ReadApps(*apps);
      } else {
        Miss(*top, "apps", "an array of apps");
      }
    }
  }
  if (document_.error) Complain(document_.error->offset, document_.error->path, document_.error->message);
  return {std::move(configuration_), Errors()};
}

std::optional<ConfigurationReader::Object> ConfigurationReader::ReadObject(const JsonNode& node,
                                                                           const std::string& path,
                                                                           const std::string& expected,
                                                                           const std::vector<std::string_view>& known) {
  if (node.kind != Kind::kObject) {
    Refuse(node, path, expected);
    return std::nullopt;
  }
  Object object{&node, path, {}, {}};
  std::map<std::string_view, size_t> seen;  // to the key's offset
  for (const JsonNode& member : node.children) {
    const auto [first, is_new] = seen.emplace(member.key, member.key_offset);
    if (!is_new) {
      Complain(member.key_offset, PathOfKey(path, member.key),
               "expected each key once, found it again (the first is at " + Place(first->second) + ")");
    } else if (IsOneOf(member.key, known)) {
      object.members.emplace(member.key, &member);
    } else {
      RefuseUnknown(member, object, known);
    }
  }
  return object;
}

void ConfigurationReader::RefuseUnknown(const JsonNode& member, Object& object,
                                        const std::vector<std::string_view>& known) {
  const std::string meant = DidYouMean(member.key, known);
  std::string hint = Belongs(member.key);
  if (!meant.empty() && hint.empty()) {
    hint = "; did you mean \"" + meant + "\"?";
    object.meant.insert(meant);
  }
  Complain(member.key_offset, PathOfKey(object.path, member.key),
           "expected " + Listed(known) + ", found the unknown key " + QuotedJson(member.key) + hint);
}

void ConfigurationReader::ReadServer(const JsonNode& node) {
  const auto object = ReadObject(node, "server", "an object with " + Listed(kServerKeys), kServerKeys);
  if (!object) return;
  const std::string address_expected = "an IP address such as \"127.0.0.1\" or \"::1\"";
  if (auto address = String(*object, "address", address_expected)) {
    if (IsIpAddress(*address)) {
      configuration_.address = std::move(*address);
    } else {
      Refuse(*object->Find("address"), object->PathOf("address"), address_expected);
    }
  }
  if (const auto port = WholeNumber(*object, "port", "", 0, 65'535)) configuration_.port = static_cast<uint16_t>(*port);
  if (const auto threads = WholeNumber(*object, "threads", "", 1, kMostThreads)) {
    configuration_.threads = static_cast<int>(*threads);
  }
  if (const auto most = WholeNumber(*object, "max_connections", "", 1, kMostConnections)) {
    configuration_.max_connections = static_cast<uint32_t>(*most);
  }
  ReadMegabytes(*object, "max_in_flight_mb", kLargestBodyMb, configuration_.max_in_flight_bytes);
}

void ConfigurationReader::ReadApps(const JsonNode& node) {
  if (node.kind != Kind::kArray) return Refuse(node, "apps", "an array of apps");
  if (node.children.empty() && node.is_closed) return Refuse(node, "apps", "at least one app");
  for (size_t i = 0; i < node.children.size(); ++i) {
    if (i == kMostApps) {
      return Complain(
          node.children[i].offset, PathOfElement("apps", i),
          "expected at most " + std::to_string(kMostApps) + " apps, found " + std::to_string(node.children.size()));
    }
    ReadApp(node.children[i], i);
  }
}

void ConfigurationReader::ReadApp(const JsonNode& node, size_t index) {
  AppConfiguration app;
  app.name = "app " + std::to_string(index + 1);
  const auto object = ReadObject(node, PathOfElement("apps", index), "an object with \"entry\"", kAppKeys);
  if (object) {
    ReadName(*object, index, app);
    ReadEntry(*object, app);
    ReadRoot(*object, app);
    if (ReadPlace(*object, app)) ClaimPlace(*object, index, app);
    ReadLimits(*object, app);
  }
  configuration_.apps.push_back(std::move(app));
}

void ConfigurationReader::ReadName(const Object& object, size_t index, AppConfiguration& app) {
  const std::string expected =
      "a name of 1 to " + std::to_string(kLongestAppName) + " bytes without control characters";
  const JsonNode* node = object.Find("name");
  if (auto name = String(object, "name", expected)) {
    if (name->empty() || name->size() > kLongestAppName || HasControlCharacter(*name)) {
      return Refuse(*node, object.PathOf("name"), expected);
    }
    app.name = std::move(*name);
  } else if (node != nullptr || !object.node->is_closed) {
    return;
  }
  const auto [first, is_new] = names_.emplace(app.name, index);
  if (is_new) return;
  const std::string other = PathOfElement("apps", first->second);
  Complain(node != nullptr ? node->offset : object.node->offset, object.PathOf("name"),
           "expected a name that no other app has, found " +
               (node != nullptr ? Raw(*node) : QuotedJson(app.name) + " (the default)") + ", which " + other +
               " has too");
}

void ConfigurationReader::ReadEntry(const Object& object, AppConfiguration& app) {
  const JsonNode* node = object.Find("entry");
  if (node == nullptr) return Miss(object, "entry", kEntryExpected);
  const auto entry = String(object, "entry", kEntryExpected);
  if (!entry) return;
  if (entry->empty() || entry->find('\0') != std::string::npos) {
    return Refuse(*node, object.PathOf("entry"), kEntryExpected);
  }
  app.entry = (std::filesystem::path(folder_) / *entry).lexically_normal().string();
  const std::string problem = check_entry_(app.entry);
  if (!problem.empty()) {
    Complain(node->offset, object.PathOf("entry"),
             "expected a file that can be read, found " + problem + " at " + QuotedJson(app.entry));
  }
}

void ConfigurationReader::ReadRoot(const Object& object, AppConfiguration& app) {
  app.root = std::filesystem::path(app.entry).parent_path().string();
  const std::string expected = "the path of the folder with the app's files";
  const JsonNode* node = object.Find("root");
  const auto root = String(object, "root", expected);
  if (!root) return;
  if (root->empty() || root->find('\0') != std::string::npos) return Refuse(*node, object.PathOf("root"), expected);
  app.root = (std::filesystem::path(folder_) / *root).lexically_normal().string();
  while (app.root.size() > 1 && app.root.ends_with('/')) app.root.pop_back();
  const std::string problem = check_entry_(app.root + "/");
  if (!problem.empty()) {
    Complain(node->offset, object.PathOf("root"),
             "expected a folder that can be read, found " + problem + " at " + QuotedJson(app.root));
  }
}

bool ConfigurationReader::ReadPlace(const Object& object, AppConfiguration& app) {
  // An error cut the app short: what it would have claimed is not known.
  bool is_known = object.node->is_closed;
  const std::string hostname_expected = "a hostname without port, such as \"shop.example\"";
  if (const auto hostname = String(object, "hostname", hostname_expected); hostname && IsHostname(*hostname)) {
    app.hostname = LowerCase(*hostname);
  } else {
    if (hostname) Refuse(*object.Find("hostname"), object.PathOf("hostname"), hostname_expected);
    is_known = is_known && object.Find("hostname") == nullptr;
  }
  const std::string prefix_expected = "a path such as \"/\" or \"/shop/v1\", of at most " +
                                      std::to_string(kLongestPathPrefix) + " bytes and as it stands in URLs";
  if (auto prefix = String(object, "path_prefix", prefix_expected);
      prefix && prefix->size() <= kLongestPathPrefix && IsPathPrefix(*prefix)) {
    if (prefix->size() > 1 && prefix->ends_with('/')) prefix->pop_back();
    app.path_prefix = std::move(*prefix);
  } else {
    if (prefix) Refuse(*object.Find("path_prefix"), object.PathOf("path_prefix"), prefix_expected);
    is_known = is_known && object.Find("path_prefix") == nullptr;
  }
  return is_known;
}

void ConfigurationReader::ClaimPlace(const Object& object, size_t index, const AppConfiguration& app) {
  const auto [first, is_new] = places_.emplace(std::pair(app.hostname, app.path_prefix), index);
  if (is_new) return;
  const JsonNode* prefix = object.Find("path_prefix");
  const JsonNode* hostname = object.Find("hostname");
  const std::string key = prefix != nullptr ? "path_prefix" : "hostname";
  const JsonNode* node = prefix != nullptr ? prefix : hostname;
  Complain(node != nullptr ? node->offset : object.node->offset, node != nullptr ? object.PathOf(key) : object.path,
           "expected a hostname and path_prefix that no other app has, found those of " +
               PathOfElement("apps", first->second) + " (" +
               (app.hostname ? "\"" + *app.hostname + "\"" : std::string("any hostname")) + " and \"" +
               app.path_prefix + "\")");
}

void ConfigurationReader::ReadLimits(const Object& object, AppConfiguration& app) {
  const double megabyte = core::kBytesPerMegabyte;
  ReadMegabytes(object, "max_buffer_size_mb", kLargestBufferSizeMb, app.max_buffer_size_bytes);
  ReadMegabytes(object, "max_total_buffer_size_mb", kLargestBufferSizeMb, app.max_total_buffer_size_bytes);
  // Of the two, the one that is left out goes by the other.
  ReadMegabytes(object, "max_body_mb", kLargestBodyMb, app.max_body_bytes);
  app.max_in_flight_bytes = std::max(app.max_in_flight_bytes, app.max_body_bytes);
  ReadMegabytes(object, "max_in_flight_mb", kLargestBodyMb, app.max_in_flight_bytes);
  if (app.max_body_bytes > app.max_in_flight_bytes) {
    if (const JsonNode* body = object.Find("max_body_mb")) {
      Refuse(*body, object.PathOf("max_body_mb"), "no more than the app's max_in_flight_mb");
    }
    app.max_body_bytes = app.max_in_flight_bytes;
  }
  const auto memory = Number(object, "memory_limit_mb",
                             "a number of megabytes from " + std::to_string(kSmallestMemoryLimitMb) + " to " +
                                 std::to_string(kLargestMemoryLimitMb),
                             static_cast<double>(kSmallestMemoryLimitMb), static_cast<double>(kLargestMemoryLimitMb));
  if (memory) app.memory_limit_bytes = static_cast<uint64_t>(*memory * megabyte);
  if (const auto time = WholeNumber(object, "time_limit_ms", " of milliseconds", 1, kLongestTimeLimitMs)) {
    app.time_limit_ms = static_cast<uint32_t>(*time);
  }
}

void ConfigurationReader::ReadMegabytes(const Object& object, std::string_view key, uint64_t most_mb, uint64_t& bytes) {
  const double megabyte = core::kBytesPerMegabyte;
  const auto value =
      Number(object, key, "a number of megabytes above 0 (at least one byte) and up to " + std::to_string(most_mb),
             1 / megabyte, static_cast<double>(most_mb));
  if (value) bytes = static_cast<uint64_t>(*value * megabyte);
}

std::optional<std::string> ConfigurationReader::String(const Object& object, std::string_view key,
                                                       const std::string& expected) {
  const JsonNode* node = object.Find(key);
  if (node == nullptr) return std::nullopt;
  if (node->kind == Kind::kString) return node->string;
  Refuse(*node, object.PathOf(key), expected);
  return std::nullopt;
}

std::optional<double> ConfigurationReader::Number(const Object& object, std::string_view key,
                                                  const std::string& expected, double least, double most) {
  const JsonNode* node = object.Find(key);
  if (node == nullptr) return std::nullopt;
  if (node->kind == Kind::kNumber) {
    const auto value = ToDouble(text_.substr(node->offset, node->end - node->offset));
    if (value && *value >= least && *value <= most) return value;
  }
  Refuse(*node, object.PathOf(key), expected);
  return std::nullopt;
}

std::optional<double> ConfigurationReader::WholeNumber(const Object& object, std::string_view key,
                                                       const std::string& unit, double least, double most) {
  const std::string expected = "a whole number" + unit + " from " + Digits(least) + " to " + Digits(most);
  const auto value = Number(object, key, expected, least, most);
  if (value && *value != std::floor(*value)) {
    Refuse(*object.Find(key), object.PathOf(key), expected);
    return std::nullopt;
  }
  return value;
}

void ConfigurationReader::Miss(const Object& object, std::string_view key, const std::string& expected) {
  // After an error of syntax it may have been meant to come, and a misspelt one has been told.
  if (!object.node->is_closed || object.meant.count(std::string(key)) > 0) return;
  Complain(object.node->offset, object.PathOf(key), "expected " + expected + ", found nothing: the key is missing");
}

void ConfigurationReader::Refuse(const JsonNode& node, const std::string& path, const std::string& expected) {
  Complain(node.offset, path, "expected " + expected + ", found " + Found(node));
}

void ConfigurationReader::Complain(size_t offset, const std::string& key, const std::string& message) {
  complaints_.push_back({offset, key, message});
}

std::string ConfigurationReader::Raw(const JsonNode& node) const {
  return ShortenedJson(text_.substr(node.offset, node.end - node.offset));
}

std::string ConfigurationReader::Found(const JsonNode& node) const {
  switch (node.kind) {
    case Kind::kNull:
    case Kind::kFalse:
    case Kind::kTrue:
    case Kind::kNumber:
      return Raw(node);
    case Kind::kString:
      return "the string " + Raw(node);
    case Kind::kArray:
      return node.children.empty() && node.is_closed ? "an empty array" : "an array";
    case Kind::kObject:
      return "an object";
  }
  return Raw(node);  // not reached
}

std::string ConfigurationReader::Place(size_t offset) const {
  const TextPosition position = positions_.At(offset);
  return std::to_string(position.line) + ":" + std::to_string(position.column);
}

std::vector<ConfigurationError> ConfigurationReader::Errors() {
  std::stable_sort(complaints_.begin(), complaints_.end(),
                   [](const Complaint& a, const Complaint& b) { return a.offset < b.offset; });
  std::vector<ConfigurationError> errors;
  for (const Complaint& complaint : complaints_) {
    const TextPosition position = positions_.At(complaint.offset);
    if (errors.size() == kMostConfigurationErrors) {
      errors.push_back({position.line, position.column, "",
                        "expected at most " + std::to_string(kMostConfigurationErrors) + " errors, found " +
                            std::to_string(complaints_.size()) + "; the others are not listed"});
      break;
    }
    errors.push_back({position.line, position.column, complaint.key, complaint.message});
  }
  return errors;
}

}  // namespace sluice::runtime
