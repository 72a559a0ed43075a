#include "fuzz/runtime/header_rules.h"

#include <algorithm>
#include <cstdio>

namespace sluice::fuzz {
namespace {

using HeaderList = std::vector<std::pair<std::string, std::string>>;
using MaybeFinding = std::optional<HeaderFinding>;

// ---- The model

// https://www.rfc-editor.org/rfc/rfc9110#name-tokens
constexpr std::string_view kTokenCharacters =
    "!#$%&'*+-.^_`|~"
    "0123456789"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "abcdefghijklmnopqrstuvwxyz";
// https://fetch.spec.whatwg.org/#http-whitespace-byte
constexpr std::string_view kHttpWhitespace = "\n\r\t ";
constexpr std::string_view kNotInValues("\0\n\r", 3);

bool IsToken(std::string_view text) {
  return !text.empty() && text.find_first_not_of(kTokenCharacters) == std::string_view::npos;
}

std::string Normalized(std::string_view value) {
  const size_t first = value.find_first_not_of(kHttpWhitespace);
  if (first == std::string_view::npos) return "";
  return std::string(value.substr(first, value.find_last_not_of(kHttpWhitespace) + 1 - first));
}

bool IsValue(std::string_view text) {
  return text == Normalized(text) && text.find_first_of(kNotInValues) == std::string_view::npos;
}

// https://www.rfc-editor.org/rfc/rfc9112#name-status-line: HTAB, SP, VCHAR and obs-text.
bool IsReasonPhrase(std::string_view text) {
  for (const char c : text) {
    const int byte = static_cast<unsigned char>(c);
    const bool is_visible = byte >= 0x21 && byte <= 0x7E;
    if (c != '\t' && c != ' ' && !is_visible && byte < 0x80) return false;
  }
  return true;
}

std::string InCase(std::string_view text, char first, char to) {
  std::string changed;
  for (const char c : text) changed += c >= first && c < first + 26 ? static_cast<char>(c - first + to) : c;
  return changed;
}

std::string Lower(std::string_view text) { return InCase(text, 'A', 'a'); }
std::string Upper(std::string_view text) { return InCase(text, 'a', 'A'); }

bool IsOneOf(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

// ---- The rules

std::string Printed(std::string_view text) {
  std::string printed = "\"";
  for (const char c : text) {
    char digits[8];
    std::snprintf(digits, sizeof(digits), c >= 0x20 && c < 0x7F ? "%c" : "\\x%02x", static_cast<unsigned char>(c));
    printed += digits;
  }
  return printed + "\"";
}

std::string Printed(const HeaderList& headers) {
  std::string printed;
  for (const auto& [name, value] : headers) printed += Printed(name) + ": " + Printed(value) + "\n";
  return printed;
}

MaybeFinding CheckPiece(std::string_view piece, const HeaderFunctions& ours) {
  const auto fail = [&](const char* rule, const char* sentence) {
    return MaybeFinding({rule, sentence, Printed(piece)});
  };
  if (ours.is_token(piece) != IsToken(piece)) return fail("HDR-TOKEN", "a token is what RFC 9110 says");
  if (ours.is_header_value(piece) != IsValue(piece))
    return fail("HDR-VALUE", "a value is what the Fetch Standard says");
  if (ours.normalize_header_value(piece) != Normalized(piece)) {
    return fail("HDR-NORMALIZE", "blanks at both ends of a value are removed, and no others");
  }
  if (ours.is_reason_phrase(piece) != IsReasonPhrase(piece)) {
    return fail("HDR-REASON", "a reason phrase is what RFC 9112 says");
  }
  const std::string upper = Upper(piece);
  if (ours.is_forbidden_method(piece) != IsOneOf(upper, {"CONNECT", "TRACE", "TRACK"})) {
    return fail("HDR-FORBIDDEN-METHOD", "CONNECT, TRACE and TRACK are forbidden, in any case");
  }
  const bool is_usual = IsOneOf(upper, {"DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"});
  if (ours.normalize_method(piece) != (is_usual ? upper : piece)) {
    return fail("HDR-METHOD", "six methods are in upper case, others as they are");
  }
  return std::nullopt;
}

MaybeFinding CheckList(const HeaderList& headers, const HeaderFunctions& ours) {
  HeaderList expected;
  const std::string* bad = nullptr;
  for (const auto& [name, value] : headers) {
    if (bad == nullptr && (!IsToken(name) || !IsValue(Normalized(value)))) bad = &name;
    expected.emplace_back(Lower(name), Normalized(value));
  }
  std::string text;
  const bool is_list = ours.write_headers(headers, text);
  if (is_list != (bad == nullptr) || (bad != nullptr && text != *bad)) {
    return {{"HDR-REFUSED", "a list is refused if a name or a value in it is none, and the first such name is reported",
             Printed(headers) + (is_list ? "written" : "refused for " + Printed(text))}};
  }
  if (!is_list) return std::nullopt;
  const HeaderList read = ours.read_headers(text);
  if (read != expected) {
    return {{"HDR-LIST", "a list that is written and read is the same, with names in lower case and values normalized",
             Printed(headers) + "becomes\n" + Printed(read)}};
  }
  std::string again;
  if (!ours.write_headers(read, again) || again != text) {
    return {{"HDR-AGAIN", "a list that was read is written as it was", Printed(text) + " becomes " + Printed(again)}};
  }
  return std::nullopt;
}

}  // namespace

MaybeFinding CheckHeaders(std::string_view bytes, const HeaderFunctions& functions) {
  std::vector<std::string> pieces;
  for (size_t begin = 0; begin <= bytes.size();) {
    const size_t end = std::min(bytes.find('|', begin), bytes.size());
    pieces.emplace_back(bytes.substr(begin, end - begin));
    if (auto finding = CheckPiece(pieces.back(), functions)) return finding;
    begin = end + 1;
  }
  HeaderList headers;
  for (size_t i = 0; i < pieces.size(); i += 2) {
    headers.emplace_back(pieces[i], i + 1 < pieces.size() ? pieces[i + 1] : "");
    if (auto finding = CheckList({headers.back()}, functions)) return finding;
  }
  return CheckList(headers, functions);
}

}  // namespace sluice::fuzz
