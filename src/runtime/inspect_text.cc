#include "src/runtime/inspect_text.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <ctime>

namespace sluice::runtime {
namespace {

constexpr size_t kLineWidth = 76;
constexpr size_t kShortEntry = 16;

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

void AppendEscaped(std::string& out, char c, char quote) {
  switch (c) {
    case '\n':
      out += "\\n";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\v':
      out += "\\v";
      return;
    case '\\':
      out += "\\\\";
      return;
    default:
      break;
  }
  if (c == quote) {
    out += '\\';
    out += c;
  } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
    char escape[8];
    std::snprintf(escape, sizeof(escape), "\\x%02X", static_cast<unsigned>(c));
    out += escape;
  } else {
    out += c;
  }
}

void AppendIndented(std::string& out, std::string_view text, size_t spaces) {
  for (size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    out.append(text.substr(0, end + 1)).append(spaces, ' ');
    text.remove_prefix(end + 1);
  }
  out.append(text);
}

}  // namespace

std::string Quote(std::string_view text, size_t limit) {
  std::string_view shown = text;
  if (text.size() > limit) {
    size_t end = limit;
    while (end > 0 && IsContinuation(text[end])) --end;
    shown = text.substr(0, end);
  }
  char quote = '\'';
  if (shown.find('\'') != std::string_view::npos) {
    if (shown.find('"') == std::string_view::npos) {
      quote = '"';
    } else if (shown.find('`') == std::string_view::npos && shown.find("${") == std::string_view::npos) {
      quote = '`';
    }
  }
  std::string out(1, quote);
  for (const char c : shown) AppendEscaped(out, c, quote);
  out += quote;
  if (shown.size() < text.size()) {
    const auto more = std::count_if(text.begin() + static_cast<std::ptrdiff_t>(shown.size()), text.end(),
                                    [](char c) { return !IsContinuation(c); });
    out += "... " + std::to_string(more) + (more == 1 ? " more character" : " more characters");
  }
  return out;
}

bool IsIdentifier(std::string_view text) {
  const auto starts = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$'; };
  if (text.empty() || !starts(text[0])) return false;
  return std::all_of(text.begin(), text.end(), [&](char c) { return starts(c) || (c >= '0' && c <= '9'); });
}

std::string IsoDate(double milliseconds) {
  if (!std::isfinite(milliseconds)) return "Invalid Date";
  // Not std::chrono::year: it ends at 32767, and dates reach the year 275760.
  const auto whole = static_cast<int64_t>(milliseconds);
  const int64_t fraction = ((whole % 1000) + 1000) % 1000;
  const auto seconds = static_cast<time_t>((whole - fraction) / 1000);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  const int year = utc.tm_year + 1900;
  char text[96];
  std::snprintf(
      text, sizeof(text),
      year >= 0 && year <= 9999 ? "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ" : "%+07d-%02d-%02dT%02d:%02d:%02d.%03dZ", year,
      utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, static_cast<int>(fraction));
  return text;
}

std::string Indent(std::string_view text, size_t spaces) {
  std::string out;
  AppendIndented(out, text, spaces);
  return out;
}

std::string LayOut(std::string_view prefix, char open, char close, const std::vector<std::string>& entries,
                   bool fills) {
  std::string out(prefix);
  if (!out.empty()) out += ' ';
  out += open;
  if (entries.empty()) return out + close;
  size_t length = out.size() - (out.rfind('\n') + 1) + 2;  // rfind's npos + 1 is 0
  bool one_line = true;
  bool all_short = true;
  for (const std::string& entry : entries) {
    length += entry.size() + 2;
    if (entry.find('\n') != std::string::npos) one_line = false;
    if (entry.size() > kShortEntry && !entry.starts_with("... ")) all_short = false;
  }
  one_line = one_line && length <= kLineWidth;
  fills = fills && all_short;
  size_t column = kLineWidth;
  for (size_t i = 0; i < entries.size(); ++i) {
    const size_t size = entries[i].size() + (i + 1 < entries.size() ? 1 : 0);
    const bool same_line = one_line || (fills && column + size < kLineWidth);
    out += same_line ? " " : "\n  ";
    column = same_line ? column + 1 + size : 2 + size;
    AppendIndented(out, entries[i], 2);
    if (i + 1 < entries.size()) out += ',';
  }
  out += one_line ? ' ' : '\n';
  return out + close;
}

}  // namespace sluice::runtime
