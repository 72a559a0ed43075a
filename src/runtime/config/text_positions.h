// Lines and columns of a text's bytes, for error messages. Columns count characters (Unicode code points); what is not
// UTF-8 counts as its leading bytes do. A byte order mark has no column.
#ifndef SLUICE_RUNTIME_CONFIG_TEXT_POSITIONS_H_
#define SLUICE_RUNTIME_CONFIG_TEXT_POSITIONS_H_

#include <cstddef>
#include <string_view>
#include <vector>

namespace sluice::runtime {

struct TextPosition {
  int line = 1;
  int column = 1;
};

// Keeps `text`, which must outlive it. Built in one pass; At() looks at no more than kStride bytes, so that a text of
// one line with many errors does not take quadratic time. Texts are shorter than 2^31 bytes.
class TextPositions {
 public:
  explicit TextPositions(std::string_view text);
  // Of the byte at `offset`, or of the end of the text.
  TextPosition At(size_t offset) const;

 private:
  static constexpr size_t kStride = 256;
  void Advance(TextPosition& position, size_t offset) const;

  std::string_view text_;
  std::vector<TextPosition> marks_;  // of the offsets 0, kStride, 2 kStride, ...
};

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_CONFIG_TEXT_POSITIONS_H_
