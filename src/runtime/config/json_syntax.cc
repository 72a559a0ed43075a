#include "src/runtime/config/json_syntax.h"

#include <algorithm>
#include <cstdio>

#include "src/runtime/config/json_document.h"

namespace sluice::runtime {
namespace {

constexpr size_t kLongestPiece = 60;  // bytes

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsDigitAt(std::string_view text, size_t i) { return i < text.size() && IsDigit(text[i]); }
bool IsWordCharacter(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
}

std::string Printed(const char* format, unsigned value) {
  char text[64];
  std::snprintf(text, sizeof(text), format, value);
  return text;
}

// The length of the well-formed UTF-8 sequence at `offset`; 0 if there is none. (RFC 3629, section 4.)
size_t Utf8SequenceLength(std::string_view text, size_t offset) {
  const auto byte = [&](size_t i) {
    return offset + i < text.size() ? static_cast<unsigned char>(text[offset + i]) : 0u;
  };
  const auto is_within = [&](size_t i, unsigned low, unsigned high) { return byte(i) >= low && byte(i) <= high; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return is_within(1, 0x80, 0xBF) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const unsigned low = first == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = first == 0xED ? 0x9F : 0xBF;
    return is_within(1, low, high) && is_within(2, 0x80, 0xBF) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const unsigned low = first == 0xF0 ? 0x90 : 0x80;
    const unsigned high = first == 0xF4 ? 0x8F : 0xBF;
    return is_within(1, low, high) && is_within(2, 0x80, 0xBF) && is_within(3, 0x80, 0xBF) ? 4 : 0;
  }
  return 0;
}

// Of one well-formed sequence of several bytes. Invisible characters are told by their numbers, and so are all others.
unsigned CodePoint(std::string_view sequence) {
  unsigned value = static_cast<unsigned char>(sequence[0]) & (0x7Fu >> sequence.size());
  for (const char c : sequence.substr(1)) value = value << 6 | (static_cast<unsigned char>(c) & 0x3Fu);
  return value;
}

std::string_view Word(std::string_view text, size_t offset) {
  size_t end = offset;
  while (end < text.size() && IsWordCharacter(text[end])) ++end;
  return text.substr(offset, end - offset);
}

// What is at `offset`, as the words after "found".
std::string Found(std::string_view text, size_t offset) {
  const std::string_view rest = text.substr(offset);
  if (rest.empty()) return "the end of the file";
  const char c = rest[0];
  if (offset == 0 && (rest.starts_with("\xFF\xFE") || rest.starts_with("\xFE\xFF"))) {
    return "UTF-16; write the file as UTF-8";
  }
  if (c == '\n' || c == '\r') return "the end of the line";
  if (IsControl(c)) return Printed("the control character U+%04X", static_cast<unsigned char>(c));
  if (c == '"') return ShortenedJson(rest.substr(0, JsonStringEnd(text, offset) - offset));
  if (c == '\'') return "a single quote; JSON's strings have double ones";
  if (rest.starts_with("//") || rest.starts_with("/*")) return "a comment, which JSON does not have";
  const size_t word = std::max(JsonNumberLength(rest), Word(text, offset).size());
  if (word > 0) return ShortenedJson(rest.substr(0, word));
  const size_t length = Utf8SequenceLength(text, offset);
  if (length == 0) return Printed("the byte 0x%02X, which is not UTF-8", static_cast<unsigned char>(c));
  if (length > 1) return Printed("the character U+%04X", CodePoint(rest.substr(0, length)));
  return "'" + std::string(1, c) + "'";
}

JsonComplaint Complain(std::string_view text, size_t offset, const std::string& expected, bool names_next) {
  return {offset, "expected " + expected + ", found " + Found(text, offset), names_next};
}

// The escape sequence at `begin`, a '\', as long as the lexer may have looked at it: two halves of a pair are one.
size_t EscapeLength(std::string_view text, size_t begin) {
  if (begin + 1 >= text.size() || text[begin + 1] != 'u') return 2;
  const std::string_view digits = text.substr(begin + 2, 4);
  const bool is_high_half = digits.size() == 4 && (digits[0] == 'd' || digits[0] == 'D') &&
                            std::string_view("89abAB").find(digits[1]) != std::string_view::npos;
  return is_high_half ? 12 : 6;
}

JsonComplaint DescribeString(std::string_view text, size_t begin, size_t at, bool names_next) {
  for (size_t i = begin + 1; i < at;) {
    if (text[i] != '\\') {
      ++i;
      continue;
    }
    const size_t length = EscapeLength(text, i);
    if (at < i + length && at < text.size()) {
      const std::string found = ShortenedJson(text.substr(i, std::min<size_t>(at + 1 - i, 6)));
      const bool is_half = length == 12 || (length == 6 && at == i + 5);
      return {i,
              is_half ? "expected both halves of a surrogate pair, \\uD800-\\uDBFF and \\uDC00-\\uDFFF, found " + found
                      : "expected \\\", \\\\, \\/, \\b, \\f, \\n, \\r, \\t or \\u and four hexadecimal digits, found " +
                            found,
              names_next};
    }
    i += length;
  }
  if (at >= text.size()) {
    return {begin, "expected '\"' at the end of the string that begins here, found the end of the file", names_next};
  }
  if (text[at] == '\n' || text[at] == '\r') {
    return {at, "expected '\"' before the end of the line (a line break in a string is written \\n), found none",
            names_next};
  }
  if (IsControl(text[at])) {
    return {at,
            "expected control characters in strings to be escaped, found " +
                Printed("U+%04X", static_cast<unsigned char>(text[at])),
            names_next};
  }
  return {at, "expected UTF-8, found " + Printed("the byte 0x%02X", static_cast<unsigned char>(text[at])), names_next};
}

// A value is expected at `offset`, and what is there is none.
JsonComplaint DescribeValue(std::string_view text, size_t offset, size_t at, const std::string& expected) {
  if (offset < text.size() && text[offset] == '"') return DescribeString(text, offset, at, true);
  if (IsDigitAt(text, offset) || (offset < text.size() && text[offset] == '-')) {
    const size_t refused = std::min(std::max(at, offset + 1), text.size());
    return Complain(text, refused, "a digit of the number", true);
  }
  JsonComplaint complaint = Complain(text, offset, expected, true);
  std::string word(Word(text, offset));
  std::transform(word.begin(), word.end(), word.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  for (const char* literal : {"true", "false", "null"}) {
    if (word == literal) complaint.message += std::string("; did you mean ") + literal + "?";
  }
  return complaint;
}

// `expected` is what has to come at `offset`, after a value.
JsonComplaint DescribeAfterValue(std::string_view text, size_t offset, size_t read, const std::string& expected) {
  if (read == offset && IsDigitAt(text, offset) && text[read - 1] == '0') {
    return {read - 1, "expected a number that does not begin with 0, found " + ShortenedJson(Word(text, read - 1)),
            true};
  }
  return Complain(text, offset, expected, false);
}

JsonComplaint DescribeKey(std::string_view text, size_t offset, size_t at, const std::string& expected) {
  if (offset < text.size() && text[offset] == '"') return DescribeString(text, offset, at, false);
  return Complain(text, offset, expected, false);
}

}  // namespace

size_t SkipJsonSpace(std::string_view text, size_t offset) {
  while (offset < text.size() && std::string_view(" \t\r\n").find(text[offset]) != std::string_view::npos) ++offset;
  return offset;
}

size_t JsonStringEnd(std::string_view text, size_t offset) {
  for (size_t i = offset + 1; i < text.size(); ++i) {
    if (text[i] == '"') return i + 1;
    if (text[i] == '\\') ++i;
  }
  return text.size();
}

std::string ShortenedJson(std::string_view piece) {
  std::string shortened;
  size_t i = 0;
  while (i < piece.size() && shortened.size() < kLongestPiece) {
    const size_t length = Utf8SequenceLength(piece, i);
    if (length == 0 || IsControl(piece[i])) {
      shortened += Printed("<%02X>", static_cast<unsigned char>(piece[i]));
    } else {
      shortened += piece.substr(i, length);
    }
    i += std::max<size_t>(length, 1);
  }
  return i < piece.size() ? shortened + "..." : shortened;
}

JsonComplaint DescribeSyntaxError(std::string_view text, JsonPlace place, size_t read, size_t at) {
  const size_t offset = SkipJsonSpace(text, read);
  const char c = offset < text.size() ? text[offset] : '\0';
  switch (place) {
    case JsonPlace::kBegin:
      if (offset == text.size()) return {offset, "expected a value, found nothing: the file is empty", true};
      return DescribeValue(text, offset, at, "a value");
    case JsonPlace::kArrayBegin:
      return DescribeValue(text, offset, at, "a value or ']'");
    case JsonPlace::kObjectBegin:
      return DescribeKey(text, offset, at, "a key in double quotes or '}'");
    case JsonPlace::kKey:
      if (c != ':') return Complain(text, offset, "':' after the key", true);
      return DescribeValue(text, SkipJsonSpace(text, offset + 1), at, "a value");
    case JsonPlace::kElement:
      if (c != ',') return DescribeAfterValue(text, offset, read, "',' or ']'");
      return DescribeValue(text, SkipJsonSpace(text, offset + 1), at, "a value after the comma");
    case JsonPlace::kMember:
      if (c != ',') return DescribeAfterValue(text, offset, read, "',' or '}'");
      return DescribeKey(text, SkipJsonSpace(text, offset + 1), at, "a key in double quotes after the comma");
    case JsonPlace::kEnd:
      return DescribeAfterValue(text, offset, read, "the end of the file");
  }
  return {offset, "expected JSON, found something else", false};  // not reached
}

}  // namespace sluice::runtime
