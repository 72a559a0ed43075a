#include "src/runtime/fetch/http_syntax.h"

#include <algorithm>
#include <array>
#include <iterator>

namespace sluice::runtime {
namespace {

constexpr std::array<bool, 256> kTokenCharacters = [] {
  std::array<bool, 256> is{};
  for (int c = 0; c < 256; ++c) is[c] = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
  for (const char c : std::string_view("!#$%&'*+-.^_`|~")) is[static_cast<unsigned char>(c)] = true;
  return is;
}();

constexpr char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }
constexpr bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

bool EqualsInAnyCase(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(), [](char a, char b) { return Lower(a) == b; });
}

}  // namespace

bool IsToken(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return kTokenCharacters[static_cast<unsigned char>(c)]; });
}

// https://fetch.spec.whatwg.org/#header-value
bool IsHeaderValue(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return c == '\0' || c == '\r' || c == '\n'; }) &&
         (text.empty() || (!IsBlank(text.front()) && !IsBlank(text.back())));
}

// https://fetch.spec.whatwg.org/#concept-header-value-normalize
std::string_view NormalizeHeaderValue(std::string_view text) {
  while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsBlank(text.back())) text.remove_suffix(1);
  return text;
}

// https://www.rfc-editor.org/rfc/rfc9112#name-status-line
bool IsReasonPhrase(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7F);
  });
}

std::string AsciiLowerCase(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), Lower);
  return lower;
}

// https://fetch.spec.whatwg.org/#forbidden-method
bool IsForbiddenMethod(std::string_view token) {
  return EqualsInAnyCase(token, "connect") || EqualsInAnyCase(token, "trace") || EqualsInAnyCase(token, "track");
}

// https://fetch.spec.whatwg.org/#concept-method-normalize
std::string NormalizeMethod(std::string_view token) {
  constexpr std::pair<std::string_view, const char*> kMethods[] = {
      {"delete", "DELETE"}, {"get", "GET"}, {"head", "HEAD"}, {"options", "OPTIONS"}, {"post", "POST"}, {"put", "PUT"}};
  for (const auto& [lower, upper] : kMethods) {
    if (EqualsInAnyCase(token, lower)) return upper;
  }
  return std::string(token);
}

bool WriteHeaders(const std::vector<std::pair<std::string, std::string>>& headers, std::string& text) {
  text.clear();
  size_t size = 0;
  for (const auto& [name, value] : headers) size += name.size() + value.size() + 2;
  text.reserve(size);
  for (const auto& [name, untrimmed] : headers) {
    const std::string_view value = NormalizeHeaderValue(untrimmed);
    if (!IsToken(name) || !IsHeaderValue(value)) {
      text = name;
      return false;
    }
    std::transform(name.begin(), name.end(), std::back_inserter(text), Lower);
    text += '\n';
    text += value;
    text += '\n';
  }
  return true;
}

std::vector<std::pair<std::string, std::string>> ReadHeaders(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> headers;
  const auto line = [&] {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view taken = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return taken;
  };
  while (!text.empty()) {
    const std::string_view name = line();
    headers.emplace_back(name, line());
  }
  return headers;
}

}  // namespace sluice::runtime
