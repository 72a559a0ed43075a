#include "src/runtime/config/names.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstddef>

namespace sluice::runtime {
namespace {

constexpr size_t kLongestHostname = 253;
constexpr size_t kLongestLabel = 63;
// Words longer than any key are not compared letter by letter.
constexpr size_t kLongestComparedWord = 40;
constexpr size_t kShortestBeginning = 4;  // of a key, that is meant to be all of it

bool IsLetterOrDigit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

bool IsLabel(std::string_view label) {
  if (label.empty() || label.size() > kLongestLabel || label.front() == '-' || label.back() == '-') return false;
  return std::all_of(label.begin(), label.end(), [](char c) { return IsLetterOrDigit(c) || c == '-' || c == '_'; });
}

bool IsHexDigit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

bool IsSegment(std::string_view segment) {
  if (segment.empty() || segment == "." || segment == "..") return false;
  for (size_t i = 0; i < segment.size(); ++i) {
    const char c = segment[i];
    if (IsLetterOrDigit(c) || std::string_view("-._~!$&'()*+,;=:@").find(c) != std::string_view::npos) continue;
    if (c != '%' || i + 2 >= segment.size() || !IsHexDigit(segment[i + 1]) || !IsHexDigit(segment[i + 2])) return false;
    i += 2;
  }
  return true;
}

// How many letters are wrong, missing, too many or swapped with their neighbour (optimal string alignment).
size_t Distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> cost(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) {
    for (size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        cost[i][j] = i + j;
        continue;
      }
      const size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
      }
    }
  }
  return cost[a.size()][b.size()];
}

std::string Simplified(std::string_view word) {
  std::string result = LowerCase(word);
  std::erase_if(result, [](char c) { return c == '_' || c == '-'; });
  return result;
}

}  // namespace

bool IsIpAddress(const std::string& text) {
  unsigned char address[sizeof(in6_addr)];
  if (text.find('\0') != std::string::npos) return false;
  return inet_pton(AF_INET, text.c_str(), address) == 1 || inet_pton(AF_INET6, text.c_str(), address) == 1;
}

bool IsHostname(std::string_view text) {
  if (text.size() > kLongestHostname) return false;
  while (true) {
    const size_t dot = text.find('.');
    if (!IsLabel(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool IsPathPrefix(std::string_view text) {
  if (text == "/") return true;
  if (text.ends_with('/')) text.remove_suffix(1);
  while (text.starts_with('/')) {
    text.remove_prefix(1);
    const size_t slash = text.find('/');
    if (!IsSegment(text.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    text.remove_prefix(slash);
  }
  return false;
}

std::string LowerCase(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

std::string DidYouMean(std::string_view word, const std::vector<std::string_view>& known) {
  if (word.empty() || word.size() > kLongestComparedWord) return "";
  const std::string simplified = Simplified(word);
  std::string_view best;
  size_t best_distance = 0;
  for (const std::string_view candidate : known) {
    const std::string other = Simplified(candidate);
    // A long word may differ by more: max_buffer_size for max_buffer_size_mb, but not "xy" for "port".
    const size_t allowed = std::min(simplified.size(), other.size()) / 3;
    const bool is_beginning = simplified.size() >= kShortestBeginning && other.starts_with(simplified);
    const size_t distance = is_beginning ? 0 : Distance(simplified, other);
    if (distance <= allowed && (best.empty() || distance < best_distance)) {
      best = candidate;
      best_distance = distance;
    }
  }
  return std::string(best);
}

}  // namespace sluice::runtime
