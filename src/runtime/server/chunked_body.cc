#include "src/runtime/server/chunked_body.h"

#include <algorithm>
#include <charconv>

#include "src/runtime/fetch/http_syntax.h"
#include "src/runtime/server/ascii.h"

namespace sluice::runtime {
namespace {

constexpr std::string_view kBlanks = " \t";
constexpr size_t kLongestSize = 16;  // digits, without zeros before them

}  // namespace

size_t ChunkedBody::Feed(std::string_view bytes, std::string& body) {
  size_t used = 0;
  while (used < bytes.size() && state_ != State::kDone && error_.status == 0) {
    if (state_ == State::kData) {
      const auto now = static_cast<size_t>(std::min<uint64_t>(remaining_, bytes.size() - used));
      body.append(bytes, used, now);
      used += now;
      remaining_ -= now;
      if (remaining_ == 0) state_ = State::kDataEnd;
    } else {
      LineByte(bytes[used++], body.size());
    }
  }
  return used;
}

void ChunkedBody::LineByte(char c, size_t body_size) {
  const auto byte = static_cast<unsigned char>(c);
  const bool after_return = line_.ends_with('\r');
  if (after_return != (c == '\n')) return Fail(400, "A line of the chunks does not end with CR LF.");
  if ((byte < ' ' && c != '\r' && c != '\n' && c != '\t') || byte == 0x7F) {
    return Fail(400, "There is a control character beside the chunks.");
  }
  if (state_ == State::kDataEnd && c != '\r' && c != '\n') return Fail(400, "A chunk is longer than its size.");
  if (state_ == State::kTrailers && ++trailer_size_ > limits_.head_bytes) {
    return Fail(431, "The trailers are too long.");
  }
  if (c != '\n') {
    // All chunks together, or many small ones with long lines would cost what no body may.
    if (state_ == State::kSize && line_.size() + extra_ > limits_.head_bytes + kLongestSize) {
      return Fail(400, "The lines of the chunks are too long.");
    }
    line_ += c;
    return;
  }
  line_.pop_back();
  if (state_ == State::kSize) {
    SizeLine(body_size);
  } else if (state_ == State::kTrailers) {
    TrailerLine();
  } else {
    state_ = State::kSize;
  }
  line_.clear();
}

void ChunkedBody::SizeLine(size_t body_size) {
  const char* const end = line_.data() + line_.size();
  const auto [after, fault] = std::from_chars(line_.data(), end, remaining_, 16);
  if (fault != std::errc()) return Fail(400, "A chunk has no size.");
  const std::string_view rest(after, static_cast<size_t>(end - after));
  // Blanks stand only before the ";" of an extension.
  const size_t extension = rest.find_first_not_of(kBlanks);
  if (!rest.empty() && (extension == rest.npos || rest[extension] != ';')) {
    return Fail(400, "A chunk has something else than an extension after its size.");
  }
  if (remaining_ > limits_.body_bytes - body_size) return Fail(413, "The body is too long.");
  extra_ += line_.size() - std::min(line_.size(), kLongestSize);
  state_ = remaining_ == 0 ? State::kTrailers : State::kData;
}

void ChunkedBody::TrailerLine() {
  if (line_.empty()) {
    state_ = State::kDone;
    return;
  }
  const std::string_view line = line_;
  const size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  if (colon == line.npos || !IsToken(name)) return Fail(400, "A trailer is malformed.");
  // https://www.rfc-editor.org/rfc/rfc9110#name-limitations-on-use-of-trail. Who stands before us might believe it.
  if (EqualsIgnoringCase(name, "content-length") || EqualsIgnoringCase(name, "transfer-encoding")) {
    Fail(400, "A trailer says how long the body is.");
  }
}

}  // namespace sluice::runtime
