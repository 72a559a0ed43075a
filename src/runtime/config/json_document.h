// JSON (RFC 8259) with the place of every value and key, for error messages. Over nlohmann::json's SAX parser, which
// tells what there is but not where; a walk along the text in step with it does.
//
//   const JsonDocument document = ParseJson(R"({"port": 1e999})", 32);
//   document.root->children[0].key              "port"
//   document.root->children[0].offset           9
//   document.error                              nothing: it is well-formed, if too large (the number is infinite)
//
// Two things are taken that a parser would refuse, so that who reads the value can say what was expected there, and the
// rest is read too: numbers that no double holds, and NaN, Infinity and -Infinity, which JSON does not have. All are
// kNumber; their text tells them.
//
// Duplicate keys are kept, in the order of the text. Time and memory are linear in the text.
#ifndef SLUICE_RUNTIME_CONFIG_JSON_DOCUMENT_H_
#define SLUICE_RUNTIME_CONFIG_JSON_DOCUMENT_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::runtime {

struct JsonNode {
  enum class Kind { kNull, kFalse, kTrue, kNumber, kString, kArray, kObject };

  Kind kind = Kind::kNull;
  size_t offset = 0;               // where it begins, in bytes of the text
  size_t end = 0;                  // one past its last byte; of what was not closed, as far as it was read
  bool is_closed = true;           // false: an array or object that the text's error cut short
  std::string string;              // of kString, decoded
  std::string key;                 // in its object, decoded
  size_t key_offset = 0;           // where its key begins
  std::vector<JsonNode> children;  // of arrays and objects
};

// Where and why a text is no JSON. `message` is "expected ..., found ...".
struct JsonError {
  size_t offset = 0;
  std::string path;  // "apps[0].port": what was being read
  std::string message;

  bool operator==(const JsonError&) const = default;
};

struct JsonDocument {
  std::optional<JsonNode> root;  // all that was read, also before an error; nothing if no value began
  std::optional<JsonError> error;
};

// `max_depth`: how many arrays and objects may be open at a time; one more is an error.
JsonDocument ParseJson(std::string_view text, size_t max_depth);

// The length of the number that `text` begins with, by JSON's grammar and as long as can be; 0 if there is none.
size_t JsonNumberLength(std::string_view text);

// "path.key", or path["a key"] if the key is no plain word.
std::string PathOfKey(const std::string& path, const std::string& key);
// `text` as a JSON string; what is not UTF-8 is replaced by U+FFFD.
std::string QuotedJson(const std::string& text);
// "path[3]".
std::string PathOfElement(const std::string& path, size_t index);

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_CONFIG_JSON_DOCUMENT_H_
