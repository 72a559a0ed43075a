#include "fuzz/lab/varying_command.h"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "fuzz/lab/in_child.h"
#include "fuzz/lab/judging.h"
#include "fuzz/program/text.h"
#include "nlohmann/json.hpp"

namespace sluice::lab {
namespace {

constexpr size_t kMostValues = 40;         // the others count as values that matter
constexpr unsigned kSecondsOfAValue = 10;  // of the processor, for both programs of a value

struct Span {
  size_t begin = 0;
  size_t end = 0;
};

bool IsWord(char c) { return absl::ascii_isalnum(c) || c == '_' || c == '.'; }

// Whether a word is a reason (r0) or a number, and not a name or a count of them (w0.write).
bool IsValue(std::string_view word) {
  const bool is_reason = word.size() > 1 && word[0] == 'r';
  if (is_reason) word.remove_prefix(1);
  const auto is_digit = [](char c) { return absl::ascii_isdigit(c); };
  const size_t point = is_reason ? word.size() : std::min(word.find('.'), word.size());
  const std::string_view fraction = word.substr(std::min(point + 1, word.size()));
  return point > 0 && std::all_of(word.begin(), word.begin() + point, is_digit) &&
         std::all_of(fraction.begin(), fraction.end(), is_digit) && !word.ends_with('.');
}

std::vector<Span> ValuesOf(std::string_view line) {
  std::vector<Span> values;
  for (size_t at = 0; at < line.size();) {
    size_t end = at + 1;
    if (line[at] == '"') {
      while (end < line.size() && line[end] != '"') end += line[end] == '\\' ? 2 : 1;
      end = std::min(end + 1, line.size());
      values.push_back({at, end});
    } else if (IsWord(line[at])) {
      while (end < line.size() && IsWord(line[end])) ++end;
      if (IsValue(line.substr(at, end - at))) values.push_back({at, end});
    }
    at = end;
  }
  return values;
}

std::pair<std::string, std::string> OthersThan(const std::string& value) {
  if (value[0] == '"') return {value == "\"zz\"" ? "\"y\"" : "\"zz\"", value == "\"q\"" ? "\"y\"" : "\"q\""};
  const unsigned long long number = std::strtoull(value.c_str() + (value[0] == 'r' ? 1 : 0), nullptr, 10);
  if (value[0] == 'r') return {absl::StrCat("r", (number + 1) % 4), absl::StrCat("r", (number + 2) % 4)};
  return {absl::StrCat(number + 1), absl::StrCat(number + 3)};
}

// In a child: a variant may end the process by another fault.
bool FailsAlike(fuzz::Judge& judge, const std::string& text, const std::string& key) {
  const fuzz::ParsedProgram parsed = fuzz::ParseText(text);
  return parsed.program.has_value() && BreaksFirst(judge, *parsed.program, key);
}

}  // namespace

int VaryingCommand(const std::string& path, Judged judged) {
  int exit_code = kExitOk;
  const auto failing = ReadFailingProgram(path, judged, "no value matters", exit_code);
  if (failing == nullptr) return exit_code;
  std::vector<std::string> lines = absl::StrSplit(fuzz::PrintText(failing->program), '\n');
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  auto varying = nlohmann::json::array();
  size_t tried = 0;
  for (std::string& line : lines) {
    auto spans = nlohmann::json::array();
    const std::string original = line;
    for (const Span value : ValuesOf(original)) {
      if (++tried > kMostValues) break;
      const auto fails_with = [&](const std::string& other) {
        line = absl::StrCat(original.substr(0, value.begin), other, original.substr(value.end));
        return FailsAlike(*failing->judge, absl::StrJoin(lines, "\n") + "\n", failing->key);
      };
      const auto others = OthersThan(original.substr(value.begin, value.end - value.begin));
      const std::optional<int> result = RunInChild([&] {
        LimitProcessorTime(kSecondsOfAValue);
        return fails_with(others.first) && fails_with(others.second) ? kExitOk : kExitFinding;
      });
      if (result == kExitOk) spans.push_back({value.begin, value.end});
    }
    line = original;
    varying.push_back(std::move(spans));
  }
  PrintOut(varying.dump() + "\n");
  return kExitOk;
}

}  // namespace sluice::lab
