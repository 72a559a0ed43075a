#include "fuzz/server/json_grammar.h"

#include <algorithm>

namespace sluice::fuzz {
namespace {

// Recursive descent; every method returns whether the text went on as it must, and leaves `at_` where it did not.
class Grammar {
 public:
  Grammar(std::string_view text, size_t max_depth) : text_(text), depth_left_(max_depth) {}

  // JSON-text = ws value ws
  std::optional<size_t> Check() {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
    Space();
    if (!Value()) return at_;
    Space();
    return at_ == text_.size() ? std::nullopt : std::optional(at_);
  }

 private:
  int Peek() const { return at_ < text_.size() ? static_cast<unsigned char>(text_[at_]) : -1; }
  bool IsDigit() const { return Peek() >= '0' && Peek() <= '9'; }
  bool Take(int c) {
    if (Peek() != c) return false;
    ++at_;
    return true;
  }
  bool TakeBetween(int low, int high) {
    if (Peek() < low || Peek() > high) return false;
    ++at_;
    return true;
  }
  void Space() {
    while (Peek() == ' ' || Peek() == '\t' || Peek() == '\n' || Peek() == '\r') ++at_;
  }

  bool Value() {
    switch (Peek()) {
      case '{':
      case '[':
        return Nested();
      case '"':
        return String();
      case 't':
        return Word("true");
      case 'f':
        return Word("false");
      case 'n':
        return Word("null");
      case 'N':
        return Word("NaN");
      case 'I':
        return Word("Infinity");
      default:
        return Number();
    }
  }
  bool Word(std::string_view word) {
    return std::all_of(word.begin(), word.end(), [this](char c) { return Take(c); });
  }

  bool Nested() {
    if (depth_left_ == 0) return false;
    --depth_left_;
    const bool is_array = Peek() == '[';
    const int close = is_array ? ']' : '}';
    ++at_;
    Space();
    if (!Take(close)) {
      do {
        Space();
        if (!is_array && !Key()) return false;
        Space();
        if (!Value()) return false;
        Space();
      } while (Take(','));
      if (!Take(close)) return false;
    }
    ++depth_left_;
    return true;
  }
  bool Key() {
    if (!String()) return false;
    Space();
    return Take(':');
  }

  // number = [ minus ] int [ frac ] [ exp ]
  bool Number() {
    if (Take('-') && Peek() == 'I') return Word("Infinity");
    if (!Take('0') && !Digits()) return false;
    if (Take('.') && !Digits()) return false;
    if (Take('e') || Take('E')) {
      if (!Take('+')) Take('-');
      return Digits();
    }
    return true;
  }
  bool Digits() {
    if (!IsDigit()) return false;
    while (IsDigit()) ++at_;
    return true;
  }

  bool String() {
    if (!Take('"')) return false;
    while (!Take('"')) {
      if (Take('\\')) {
        if (!Escape()) return false;
      } else if (!Character()) {
        return false;
      }
    }
    return true;
  }
  bool Escape() {
    if (!Take('u')) {
      if (Peek() < 0 || std::string_view("\"\\/bfnrt").find(static_cast<char>(Peek())) == std::string_view::npos)
        return false;
      ++at_;
      return true;
    }
    unsigned unit = 0;
    if (!Hex4(unit) || (unit >= 0xDC00 && unit <= 0xDFFF)) return false;
    if (unit < 0xD800 || unit > 0xDBFF) return true;
    return Take('\\') && Take('u') && Hex4(unit) && unit >= 0xDC00 && unit <= 0xDFFF;
  }
  bool Hex4(unsigned& unit) {
    unit = 0;
    for (int i = 0; i < 4; ++i) {
      const int c = Peek();
      if (!TakeBetween('0', '9') && !TakeBetween('a', 'f') && !TakeBetween('A', 'F')) return false;
      unit = unit * 16 + static_cast<unsigned>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return true;
  }
  // RFC 3629, section 4.
  bool Character() {
    const auto tail = [this] { return TakeBetween(0x80, 0xBF); };
    const int first = Peek();
    if (!TakeBetween(0x20, 0x7F) && !TakeBetween(0xC2, 0xF4)) return false;
    if (first < 0x80) return true;
    if (first < 0xE0) return tail();
    if (first < 0xF0) return TakeBetween(first == 0xE0 ? 0xA0 : 0x80, first == 0xED ? 0x9F : 0xBF) && tail();
    return TakeBetween(first == 0xF0 ? 0x90 : 0x80, first == 0xF4 ? 0x8F : 0xBF) && tail() && tail();
  }

  const std::string_view text_;
  size_t depth_left_;
  size_t at_ = 0;
};

}  // namespace

std::optional<size_t> WhereJsonEnds(std::string_view text, size_t max_depth) {
  return Grammar(text, max_depth).Check();
}

}  // namespace sluice::fuzz
