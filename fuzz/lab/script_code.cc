#include "fuzz/lab/script_code.h"

#include <iomanip>
#include <sstream>

namespace sluice::lab {
namespace {

constexpr size_t kWidth = 112;

}  // namespace

std::string Quoted(const std::string& text) { return (std::ostringstream() << std::quoted(text)).str(); }

std::string Join(const std::vector<std::string>& parts, std::string_view between) {
  std::string text;
  for (size_t i = 0; i < parts.size(); ++i) text += (i == 0 ? "" : std::string(between)) + parts[i];
  return text;
}

void ScriptCode::Append(const ScriptCode& other) {
  for (const std::string& line : other.lines_) Line(line);
}

void ScriptCode::Block(const std::string& head, const ScriptCode& body, const std::string& tail) {
  const std::string brace = head.ends_with('(') ? "{" : " {";
  const std::string one = head + brace + " " + Join(body.lines_, " ") + " }" + tail;
  if (body.lines_.empty()) return Line(head + brace + "}" + tail);
  if (body.lines_.size() <= 3 && 2 * depth_ + one.size() <= kWidth && !body.nested_) return Line(one);
  nested_ = true;
  Open(head + brace);
  Append(body);
  Close("}" + tail);
}

void ScriptCode::List(const std::string& head, const std::vector<std::string>& items, const std::string& tail) {
  const std::string one = head + "[" + Join(items, ", ") + "]" + tail;
  if (2 * depth_ + one.size() <= kWidth) return Line(one);
  Open(head + "[");
  std::string line;
  for (const std::string& item : items) {
    if (!line.empty() && 2 * depth_ + line.size() + item.size() + 2 > kWidth) {
      Line(line);
      line.clear();
    }
    line += (line.empty() ? "" : " ") + item + ",";
  }
  if (!line.empty()) Line(line);
  Close("]" + tail);
}

}  // namespace sluice::lab
