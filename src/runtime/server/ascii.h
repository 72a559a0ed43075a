// Text as bytes: what HTTP needs of it. (The distribution's abseil does not take std::string_view.)
#ifndef SLUICE_RUNTIME_SERVER_ASCII_H_
#define SLUICE_RUNTIME_SERVER_ASCII_H_

#include <algorithm>
#include <charconv>
#include <concepts>
#include <string>
#include <string_view>

namespace sluice::runtime {

constexpr char AsciiLower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

inline std::string AsciiLower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = AsciiLower(c);
  return lower;
}

inline bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return AsciiLower(x) == AsciiLower(y); });
}

// Append(to, "x: ", 12, "\r\n")
inline void AppendPart(std::string& to, std::string_view text) { to.append(text); }
inline void AppendPart(std::string& to, std::integral auto number) {
  char digits[24];
  to.append(digits, std::to_chars(digits, digits + sizeof(digits), number).ptr);
}
template <typename... Parts>
void Append(std::string& to, const Parts&... parts) {
  (AppendPart(to, parts), ...);
}
template <typename... Parts>
std::string Concat(const Parts&... parts) {
  std::string text;
  Append(text, parts...);
  return text;
}

// As it may stand in a log: what is no visible ASCII character, and the backslash, as \xNN.
inline std::string Visible(std::string_view text) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string visible;
  visible.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c > ' ' && c <= '~' && c != '\\') {
      visible += c;
    } else {
      visible += "\\x";
      visible += kDigits[byte >> 4];
      visible += kDigits[byte & 15];
    }
  }
  return visible;
}

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_SERVER_ASCII_H_
