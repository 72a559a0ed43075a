#include "fuzz/runtime/encoding_standard.h"

namespace sluice::fuzz {
namespace {

// Results of a handler besides a code point, which is 0 or more.
constexpr int kFinished = -1;
constexpr int kError = -2;
constexpr int kContinue = -3;

constexpr int kEndOfQueue = -1;

// https://encoding.spec.whatwg.org/#index-single-byte for windows-1252, its first 32 code points.
constexpr char16_t kIndexWindows1252[] =
    u"€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8DŽ\x8F"
    u"\x90‘’“”•–—˜™š›œ\x9DžŸ";
static_assert(std::size(kIndexWindows1252) == 32 + 1);

}  // namespace

class StandardDecoder::Handler {
 public:
  virtual ~Handler() = default;
  // `byte` may be kEndOfQueue; what is to be read again is put back to the front of `queue`.
  virtual int Handle(std::deque<int>& queue, int byte) = 0;
};

namespace {

// https://encoding.spec.whatwg.org/#utf-8-decoder
class Utf8Handler final : public StandardDecoder::Handler {
 public:
  int Handle(std::deque<int>& queue, int byte) override {
    if (byte == kEndOfQueue && bytes_needed_ != 0) {
      bytes_needed_ = 0;
      return kError;
    }
    if (byte == kEndOfQueue) return kFinished;
    if (bytes_needed_ == 0) return Lead(byte);
    if (byte < lower_boundary_ || byte > upper_boundary_) {
      code_point_ = bytes_needed_ = bytes_seen_ = 0;
      ResetBoundaries();
      queue.push_front(byte);
      return kError;
    }
    ResetBoundaries();
    code_point_ = (code_point_ << 6) | (byte & 0x3F);
    if (++bytes_seen_ != bytes_needed_) return kContinue;
    const int code_point = code_point_;
    code_point_ = bytes_needed_ = bytes_seen_ = 0;
    return code_point;
  }

 private:
  int Lead(int byte) {
    if (byte <= 0x7F) return byte;
    if (byte >= 0xC2 && byte <= 0xDF) {
      bytes_needed_ = 1;
      code_point_ = byte & 0x1F;
    } else if (byte >= 0xE0 && byte <= 0xEF) {
      if (byte == 0xE0) lower_boundary_ = 0xA0;
      if (byte == 0xED) upper_boundary_ = 0x9F;
      bytes_needed_ = 2;
      code_point_ = byte & 0xF;
    } else if (byte >= 0xF0 && byte <= 0xF4) {
      if (byte == 0xF0) lower_boundary_ = 0x90;
      if (byte == 0xF4) upper_boundary_ = 0x8F;
      bytes_needed_ = 3;
      code_point_ = byte & 0x7;
    } else {
      return kError;
    }
    return kContinue;
  }

  void ResetBoundaries() {
    lower_boundary_ = 0x80;
    upper_boundary_ = 0xBF;
  }

  int code_point_ = 0;
  int bytes_seen_ = 0;
  int bytes_needed_ = 0;
  int lower_boundary_ = 0x80;
  int upper_boundary_ = 0xBF;
};

// https://encoding.spec.whatwg.org/#shared-utf-16-decoder
class Utf16Handler final : public StandardDecoder::Handler {
 public:
  explicit Utf16Handler(bool big_endian) : big_endian_(big_endian) {}

  int Handle(std::deque<int>& queue, int byte) override {
    if (byte == kEndOfQueue && (lead_byte_ || lead_surrogate_)) {
      lead_byte_.reset();
      lead_surrogate_.reset();
      return kError;
    }
    if (byte == kEndOfQueue) return kFinished;
    if (!lead_byte_) {
      lead_byte_ = byte;
      return kContinue;
    }
    const int code_unit = big_endian_ ? (*lead_byte_ << 8) + byte : (byte << 8) + *lead_byte_;
    lead_byte_.reset();
    if (lead_surrogate_) {
      const int lead = *lead_surrogate_;
      lead_surrogate_.reset();
      if (code_unit >= 0xDC00 && code_unit <= 0xDFFF) return 0x10000 + ((lead - 0xD800) << 10) + (code_unit - 0xDC00);
      const int byte1 = code_unit >> 8;
      const int byte2 = code_unit & 0xFF;
      queue.push_front(big_endian_ ? byte2 : byte1);
      queue.push_front(big_endian_ ? byte1 : byte2);
      return kError;
    }
    if (code_unit >= 0xD800 && code_unit <= 0xDBFF) {
      lead_surrogate_ = code_unit;
      return kContinue;
    }
    if (code_unit >= 0xDC00 && code_unit <= 0xDFFF) return kError;
    return code_unit;
  }

 private:
  const bool big_endian_;
  std::optional<int> lead_byte_;
  std::optional<int> lead_surrogate_;
};

// https://encoding.spec.whatwg.org/#single-byte-decoder
class Windows1252Handler final : public StandardDecoder::Handler {
 public:
  int Handle(std::deque<int>&, int byte) override {
    if (byte == kEndOfQueue) return kFinished;
    if (byte <= 0x7F) return byte;
    return byte - 0x80 < 32 ? kIndexWindows1252[byte - 0x80] : byte;
  }
};

std::unique_ptr<StandardDecoder::Handler> NewHandler(StandardEncoding encoding) {
  switch (encoding) {
    case StandardEncoding::kUtf8:
      return std::make_unique<Utf8Handler>();
    case StandardEncoding::kUtf16Le:
    case StandardEncoding::kUtf16Be:
      return std::make_unique<Utf16Handler>(encoding == StandardEncoding::kUtf16Be);
    case StandardEncoding::kWindows1252:
      return std::make_unique<Windows1252Handler>();
  }
  return nullptr;
}

void Append(std::u16string& text, int code_point) {
  if (code_point < 0x10000) {
    text += static_cast<char16_t>(code_point);
  } else {
    text += static_cast<char16_t>(0xD800 + ((code_point - 0x10000) >> 10));
    text += static_cast<char16_t>(0xDC00 + ((code_point - 0x10000) & 0x3FF));
  }
}

}  // namespace

StandardDecoder::StandardDecoder(StandardEncoding encoding, const Options& options)
    : encoding_(encoding), options_(options) {}

StandardDecoder::~StandardDecoder() = default;

std::optional<std::u16string> StandardDecoder::Decode(std::string_view bytes, bool stream) {
  if (!do_not_flush_) {
    handler_ = NewHandler(encoding_);
    queue_.clear();
    bom_seen_ = false;
  }
  do_not_flush_ = stream;
  for (const char c : bytes) queue_.push_back(static_cast<unsigned char>(c));
  std::u16string output;
  while (true) {
    const bool at_end = queue_.empty();
    if (at_end && do_not_flush_) return output;
    const int byte = at_end ? kEndOfQueue : queue_.front();
    if (!at_end) queue_.pop_front();
    const int result = handler_->Handle(queue_, byte);
    if (result == kFinished) return output;
    if (result == kContinue) continue;
    if (result == kError && options_.fatal) {
      // Here the standard keeps what is left; src/runtime/text_decoder.h says why Sluice does not.
      do_not_flush_ = false;
      return std::nullopt;
    }
    const int code_point = result == kError ? 0xFFFD : result;
    // "Serialize I/O queue", as each code point comes. https://encoding.spec.whatwg.org/#concept-td-serialize
    if (encoding_ != StandardEncoding::kWindows1252 && !options_.ignore_bom && !bom_seen_) {
      bom_seen_ = true;
      if (code_point == 0xFEFF) continue;
    }
    Append(output, code_point);
  }
}

std::string StandardLabel(std::string_view label) {
  const auto is_space = [](char c) { return c == '\t' || c == '\n' || c == '\f' || c == '\r' || c == ' '; };
  while (!label.empty() && is_space(label.front())) label.remove_prefix(1);
  while (!label.empty() && is_space(label.back())) label.remove_suffix(1);
  std::string lower;
  for (const char c : label) lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lower;
}

}  // namespace sluice::fuzz
