// JavaScript, line by line.
#ifndef SLUICE_FUZZ_LAB_SCRIPT_CODE_H_
#define SLUICE_FUZZ_LAB_SCRIPT_CODE_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::lab {

std::string Quoted(const std::string& text);  // as a string literal
std::string Join(const std::vector<std::string>& parts, std::string_view between);

// Lines with their indentation.
class ScriptCode {
 public:
  void Line(std::string text) { lines_.push_back(std::string(2 * depth_, ' ') + std::move(text)); }
  void Open(std::string text) {
    Line(std::move(text));
    ++depth_;
  }
  void Close(std::string text) {
    --depth_;
    Line(std::move(text));
  }
  void Blank() { lines_.emplace_back(); }
  void Append(const ScriptCode& other);
  // `head` and the body on one line where that is short, else on several.
  void Block(const std::string& head, const ScriptCode& body, const std::string& tail);
  // A list in brackets, over as many lines as it needs.
  void List(const std::string& head, const std::vector<std::string>& items, const std::string& tail);
  std::string Text() const { return Join(lines_, "\n") + "\n"; }
  size_t size() const { return lines_.size(); }

 private:
  std::vector<std::string> lines_;
  size_t depth_ = 0;
  bool nested_ = false;
};

}  // namespace sluice::lab

#endif  // SLUICE_FUZZ_LAB_SCRIPT_CODE_H_
