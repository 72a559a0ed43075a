#include "src/runtime/config/text_positions.h"

#include <algorithm>

namespace sluice::runtime {

TextPositions::TextPositions(std::string_view text) : text_(text) {
  TextPosition position;
  for (size_t offset = 0; offset <= text.size(); ++offset) {
    if (offset % kStride == 0) marks_.push_back(position);
    if (offset < text.size()) Advance(position, offset);
  }
}

TextPosition TextPositions::At(size_t offset) const {
  offset = std::min(offset, text_.size());
  TextPosition position = marks_[offset / kStride];
  for (size_t i = offset - offset % kStride; i < offset; ++i) Advance(position, i);
  return position;
}

void TextPositions::Advance(TextPosition& position, size_t offset) const {
  const char c = text_[offset];
  const bool is_continuation = (static_cast<unsigned char>(c) & 0xC0) == 0x80;
  if (c == '\n') {
    ++position.line;
    position.column = 1;
  } else if (!is_continuation && !(offset == 0 && text_.starts_with("\xEF\xBB\xBF"))) {
    ++position.column;
  }
}

}  // namespace sluice::runtime
