#include "src/runtime/base64.h"

#include <cstdint>

namespace sluice::runtime {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r'; }

// -1 if it is no digit.
int Digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

}  // namespace

std::optional<std::string> ForgivingBase64Decode(std::string_view text) {
  std::string bytes;
  uint32_t bits = 0;
  size_t digits = 0;
  size_t padding = 0;
  for (const char c : text) {
    if (IsBlank(c)) continue;
    if (c == '=') {
      ++padding;
      continue;
    }
    const int digit = Digit(c);
    if (digit < 0 || padding != 0) return std::nullopt;
    bits = bits << 6 | static_cast<uint32_t>(digit);
    if (++digits % 4 == 0) {
      bytes += {static_cast<char>(bits >> 16), static_cast<char>(bits >> 8), static_cast<char>(bits)};
      bits = 0;
    }
  }
  // Padding completes the last four, or is left out.
  if (padding > 2 || (padding != 0 && (digits + padding) % 4 != 0)) return std::nullopt;
  switch (digits % 4) {
    case 1:
      return std::nullopt;
    case 2:
      bytes += static_cast<char>(bits >> 4);
      break;
    case 3:
      bytes += {static_cast<char>(bits >> 10), static_cast<char>(bits >> 2)};
      break;
    default:
      break;
  }
  return bytes;
}

}  // namespace sluice::runtime
