#include "src/runtime/config/json_document.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "src/runtime/config/json_syntax.h"

namespace sluice::runtime {
namespace {

using Kind = JsonNode::Kind;

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool HasDigitAt(std::string_view text, size_t i) { return i < text.size() && text[i] >= '0' && text[i] <= '9'; }

bool IsWordOrNumberCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
}

// NaN, Infinity or -Infinity, if that is all of the run of such characters at the begin of `text`.
size_t NotANumberLength(std::string_view text) {
  size_t length = 0;
  while (length < text.size() && IsWordOrNumberCharacter(text[length])) ++length;
  const std::string_view word = text.substr(0, length);
  return word == "NaN" || word == "Infinity" || word == "-Infinity" ? length : 0;
}

// The library ends at a number that no double holds, and at NaN, as at a fault of syntax. Those are replaced by 0,
// their length kept by spaces: what follows them is read too, and who looks at the text sees what they were.
std::string WithoutUnreadableNumbers(std::string_view text) {
  std::string result(text);
  size_t i = 0;
  while (i < text.size()) {
    if (text[i] == '"') {
      i = JsonStringEnd(text, i);
      continue;
    }
    const std::string_view rest = text.substr(i);
    size_t length = JsonNumberLength(rest);
    double value = 0;
    bool is_readable = std::from_chars(rest.data(), rest.data() + length, value).ec != std::errc::result_out_of_range;
    if (length == 0) {
      length = NotANumberLength(rest);
      is_readable = length == 0;
    }
    if (!is_readable) {
      std::fill_n(result.begin() + static_cast<ptrdiff_t>(i), length, ' ');
      result[i] = '0';
    }
    // What only contains a number ("--1e999", "1NaN") is passed over as a whole: replacing a part of it could mend it.
    const bool is_word = IsWordOrNumberCharacter(rest[0]);
    length = std::max<size_t>(length, 1);
    while (is_word && length < rest.size() && IsWordOrNumberCharacter(rest[length])) ++length;
    i += length;
  }
  return result;
}

// Makes nodes of the library's events. Its errors have no expectation of ours in them, and are put in words elsewhere.
class Builder {
 public:
  Builder(std::string_view text, size_t max_depth) : text_(text), max_depth_(max_depth) {
    if (text.starts_with(kByteOrderMark)) read_ = kByteOrderMark.size();
  }

  // --- What nlohmann::json::sax_parse calls ---
  bool null() { return Literal(Kind::kNull, 4); }
  bool boolean(bool value) { return value ? Literal(Kind::kTrue, 4) : Literal(Kind::kFalse, 5); }
  bool number_integer(int64_t) { return Number(); }
  bool number_unsigned(uint64_t) { return Number(); }
  bool number_float(double, const std::string&) { return Number(); }
  bool binary(nlohmann::json::binary_t&) { return false; }  // not in JSON
  bool string(std::string& value) {
    JsonNode& node = Add(Kind::kString);
    node.string = std::move(value);
    return Close(node, JsonStringEnd(text_, node.offset));
  }
  bool key(std::string& value) {
    pending_key_ = std::move(value);
    pending_key_offset_ = Next();
    read_ = JsonStringEnd(text_, pending_key_offset_);
    place_ = JsonPlace::kKey;
    return true;
  }
  bool start_object(size_t) { return Open(Kind::kObject, JsonPlace::kObjectBegin); }
  bool start_array(size_t) { return Open(Kind::kArray, JsonPlace::kArrayBegin); }
  bool end_object() { return CloseLast(); }
  bool end_array() { return CloseLast(); }
  bool parse_error(size_t position, const std::string&, const nlohmann::json::exception&) {
    // `position` counts what the lexer has read, the end of the text as one.
    const size_t at = position == 0 ? 0 : std::min(position - 1, text_.size());
    Fail(DescribeSyntaxError(text_, place_, read_, at));
    return false;
  }

  // The library takes U+0000 for the end of the text.
  void FailIfNotAtEnd() {
    if (!document_.error && SkipJsonSpace(text_, read_) < text_.size()) {
      Fail(DescribeSyntaxError(text_, place_, read_, read_));
    }
  }
  JsonDocument Take() {
    for (JsonNode* node : open_) {
      node->is_closed = false;
      node->end = read_;
    }
    return std::move(document_);
  }

 private:
  // Where the next token begins: only white space and one separator are between two of them.
  size_t Next() const {
    const size_t offset = SkipJsonSpace(text_, read_);
    const bool is_separator = offset < text_.size() && (text_[offset] == ',' || text_[offset] == ':');
    return is_separator ? SkipJsonSpace(text_, offset + 1) : offset;
  }

  JsonNode& Add(Kind kind) {
    JsonNode node;
    node.kind = kind;
    node.offset = Next();
    if (open_.empty()) return document_.root.emplace(std::move(node));
    if (open_.back()->kind == Kind::kObject) {
      node.key = std::move(pending_key_);
      node.key_offset = pending_key_offset_;
    }
    return open_.back()->children.emplace_back(std::move(node));
  }

  bool Close(JsonNode& node, size_t end) {
    node.end = read_ = end;
    if (open_.empty()) {
      place_ = JsonPlace::kEnd;
    } else {
      place_ = open_.back()->kind == Kind::kObject ? JsonPlace::kMember : JsonPlace::kElement;
    }
    return true;
  }
  bool Literal(Kind kind, size_t length) {
    JsonNode& node = Add(kind);
    return Close(node, node.offset + length);
  }
  bool Number() {
    JsonNode& node = Add(Kind::kNumber);
    const std::string_view rest = text_.substr(node.offset);
    return Close(node, node.offset + std::max(JsonNumberLength(rest), NotANumberLength(rest)));
  }
  bool Open(Kind kind, JsonPlace place) {
    if (open_.size() == max_depth_) {
      const std::string limit = std::to_string(max_depth_);
      Fail({Next(), "expected at most " + limit + " arrays and objects in one another, found one more", true});
      return false;
    }
    // Its siblings come only after it is closed, so it stays where it is.
    JsonNode& node = Add(kind);
    open_.push_back(&node);
    read_ = node.offset + 1;
    place_ = place;
    return true;
  }
  bool CloseLast() {
    JsonNode& node = *open_.back();
    open_.pop_back();
    return Close(node, Next() + 1);
  }

  void Fail(const JsonComplaint& complaint) {
    std::string path;
    for (size_t i = 0; i < open_.size(); ++i) {
      const JsonNode& node = *open_[i];
      if (i + 1 < open_.size()) {
        path = PathOfLast(path, node);
      } else if (complaint.names_next && node.kind == Kind::kObject && place_ == JsonPlace::kKey) {
        path = PathOfKey(path, pending_key_);
      } else if (complaint.names_next) {
        const bool is_next = place_ == JsonPlace::kArrayBegin || complaint.offset >= read_;
        path =
            is_next && node.kind == Kind::kArray ? PathOfElement(path, node.children.size()) : PathOfLast(path, node);
      }
    }
    document_.error = {complaint.offset, path, complaint.message};
  }
  static std::string PathOfLast(const std::string& path, const JsonNode& node) {
    if (node.children.empty()) return path;
    if (node.kind == Kind::kArray) return PathOfElement(path, node.children.size() - 1);
    return PathOfKey(path, node.children.back().key);
  }

  const std::string_view text_;
  const size_t max_depth_;
  JsonDocument document_;
  std::vector<JsonNode*> open_;
  std::string pending_key_;
  size_t pending_key_offset_ = 0;
  size_t read_ = 0;  // up to here
  JsonPlace place_ = JsonPlace::kBegin;
};

}  // namespace

size_t JsonNumberLength(std::string_view text) {
  size_t i = text.starts_with('-') ? 1 : 0;
  if (!HasDigitAt(text, i)) return 0;
  if (text[i] == '0') {
    ++i;
  } else {
    while (HasDigitAt(text, i)) ++i;
  }
  if (i < text.size() && text[i] == '.' && HasDigitAt(text, i + 1)) {
    ++i;
    while (HasDigitAt(text, i)) ++i;
  }
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    const size_t sign = i + 1 < text.size() && (text[i + 1] == '+' || text[i + 1] == '-') ? 1 : 0;
    if (HasDigitAt(text, i + 1 + sign)) {
      i += 1 + sign;
      while (HasDigitAt(text, i)) ++i;
    }
  }
  return i;
}

std::string PathOfKey(const std::string& path, const std::string& key) {
  const bool is_word = !key.empty() && key.size() <= 60 && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '$';
  });
  if (is_word) return path.empty() ? key : path + "." + key;
  return path + "[" + ShortenedJson(QuotedJson(key)) + "]";
}

std::string QuotedJson(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string PathOfElement(const std::string& path, size_t index) { return path + "[" + std::to_string(index) + "]"; }

JsonDocument ParseJson(std::string_view text, size_t max_depth) {
  Builder builder(text, max_depth);
  const std::string readable = WithoutUnreadableNumbers(text);
  if (nlohmann::json::sax_parse(readable.begin(), readable.end(), &builder)) builder.FailIfNotAtEnd();
  return builder.Take();
}

}  // namespace sluice::runtime
