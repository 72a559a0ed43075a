#include "src/runtime/text_decoder.h"

#include <unicode/ustring.h>
#include <unicode/utf16.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "src/runtime/values.h"
#include "src/v8/web_idl.h"

namespace sluice::runtime {
namespace {

// https://encoding.spec.whatwg.org/#names-and-labels
constexpr std::pair<std::string_view, Encoding> kLabels[] = {
    {"unicode-1-1-utf-8", Encoding::kUtf8},
    {"unicode11utf8", Encoding::kUtf8},
    {"unicode20utf8", Encoding::kUtf8},
    {"utf-8", Encoding::kUtf8},
    {"utf8", Encoding::kUtf8},
    {"x-unicode20utf8", Encoding::kUtf8},
    {"unicodefffe", Encoding::kUtf16Be},
    {"utf-16be", Encoding::kUtf16Be},
    {"csunicode", Encoding::kUtf16Le},
    {"iso-10646-ucs-2", Encoding::kUtf16Le},
    {"ucs-2", Encoding::kUtf16Le},
    {"unicode", Encoding::kUtf16Le},
    {"unicodefeff", Encoding::kUtf16Le},
    {"utf-16", Encoding::kUtf16Le},
    {"utf-16le", Encoding::kUtf16Le},
    {"ansi_x3.4-1968", Encoding::kWindows1252},
    {"ascii", Encoding::kWindows1252},
    {"cp1252", Encoding::kWindows1252},
    {"cp819", Encoding::kWindows1252},
    {"csisolatin1", Encoding::kWindows1252},
    {"ibm819", Encoding::kWindows1252},
    {"iso-8859-1", Encoding::kWindows1252},
    {"iso-ir-100", Encoding::kWindows1252},
    {"iso8859-1", Encoding::kWindows1252},
    {"iso88591", Encoding::kWindows1252},
    {"iso_8859-1", Encoding::kWindows1252},
    {"iso_8859-1:1987", Encoding::kWindows1252},
    {"l1", Encoding::kWindows1252},
    {"latin1", Encoding::kWindows1252},
    {"us-ascii", Encoding::kWindows1252},
    {"windows-1252", Encoding::kWindows1252},
    {"x-cp1252", Encoding::kWindows1252},
};

// https://encoding.spec.whatwg.org/index-windows-1252.txt, from 0x80 to 0x9F. (ICU's table has no 0x81 and its like.)
constexpr uint16_t kWindows1252High[32] = {0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                           0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x008D, 0x017D, 0x008F,
                                           0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                           0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178};

constexpr uint16_t kByteOrderMark = 0xFEFF;
constexpr std::string_view kUtf8ByteOrderMark = "\xEF\xBB\xBF";

v8::MaybeLocal<v8::String> Malformed(v8::Isolate* isolate, Encoding encoding) {
  binding::ThrowTypeError(isolate, std::string("TextDecoder: the encoded data was not valid ") + NameOf(encoding));
  return {};
}

v8::MaybeLocal<v8::String> FromUnits(v8::Isolate* isolate, const std::vector<uint16_t>& units, size_t from) {
  if (units.size() - from > static_cast<size_t>(v8::String::kMaxLength)) {
    binding::ThrowRangeError(isolate, "TextDecoder: the text is too long for a string");
    return {};
  }
  return v8::String::NewFromTwoByte(isolate, units.data() + from, v8::NewStringType::kNormal,
                                    static_cast<int>(units.size() - from));
}

v8::MaybeLocal<v8::String> DecodeUtf8(v8::Isolate* isolate, std::string_view bytes, const DecodeOptions& options,
                                      bool& bom_seen) {
  if (!bom_seen && !options.ignore_bom && bytes.starts_with(kUtf8ByteOrderMark)) {
    bytes.remove_prefix(kUtf8ByteOrderMark.size());
    bom_seen = true;
  }
  if (!bytes.empty()) bom_seen = true;
  if (bytes.size() > static_cast<size_t>(std::numeric_limits<int32_t>::max())) return NewString(isolate, bytes);
  if (options.fatal) {
    UErrorCode error = U_ZERO_ERROR;
    u_strFromUTF8(nullptr, 0, nullptr, bytes.data(), static_cast<int32_t>(bytes.size()), &error);
    if (error != U_BUFFER_OVERFLOW_ERROR && U_FAILURE(error)) return Malformed(isolate, Encoding::kUtf8);
  }
  // V8 replaces malformed parts as the standard does.
  return NewString(isolate, bytes);
}

v8::MaybeLocal<v8::String> DecodeUtf16(v8::Isolate* isolate, Encoding encoding, std::string_view bytes,
                                       const DecodeOptions& options, bool& bom_seen) {
  const size_t low = encoding == Encoding::kUtf16Be ? 1 : 0;
  std::vector<uint16_t> units;
  units.reserve(bytes.size() / 2 + 1);
  for (size_t i = 0; i + 1 < bytes.size(); i += 2) {
    units.push_back(
        static_cast<uint16_t>(static_cast<uint8_t>(bytes[i + low]) | static_cast<uint8_t>(bytes[i + 1 - low]) << 8));
  }
  bool malformed = bytes.size() % 2 != 0;
  for (size_t i = 0; i < units.size(); ++i) {
    if (U16_IS_SINGLE(units[i])) continue;
    if (U16_IS_LEAD(units[i]) && i + 1 < units.size() && U16_IS_TRAIL(units[i + 1])) {
      ++i;
    } else {
      malformed = true;
      units[i] = 0xFFFD;
    }
  }
  if (malformed && options.fatal) return Malformed(isolate, encoding);
  // A lead surrogate at the end and half a unit after it are one error.
  if (bytes.size() % 2 != 0 &&
      (units.empty() || units.back() != 0xFFFD || bytes.size() < 3 ||
       !U16_IS_LEAD(static_cast<uint16_t>(static_cast<uint8_t>(bytes[bytes.size() - 3 + low]) |
                                          static_cast<uint8_t>(bytes[bytes.size() - 2 - low]) << 8)))) {
    units.push_back(0xFFFD);
  }
  const bool mark = !bom_seen && !options.ignore_bom && !units.empty() && units[0] == kByteOrderMark;
  if (!units.empty()) bom_seen = true;
  return FromUnits(isolate, units, mark ? 1 : 0);
}

v8::MaybeLocal<v8::String> DecodeWindows1252(v8::Isolate* isolate, std::string_view bytes) {
  std::vector<uint16_t> units(bytes.size());
  std::transform(bytes.begin(), bytes.end(), units.begin(), [](char c) -> uint16_t {
    const auto byte = static_cast<uint8_t>(c);
    return byte >= 0x80 && byte < 0xA0 ? kWindows1252High[byte - 0x80] : byte;
  });
  return FromUnits(isolate, units, 0);
}

// How many bytes at the end are the begin of a character.
size_t IncompleteBytes(Encoding encoding, std::string_view bytes) {
  const auto* const data = reinterpret_cast<const uint8_t*>(bytes.data());
  switch (encoding) {
    case Encoding::kUtf8: {
      const size_t tail = std::min<size_t>(bytes.size(), 4);
      const uint8_t* const begin = data + (bytes.size() - tail);
      size_t length = tail;
      U8_TRUNCATE_IF_INCOMPLETE(begin, 0, length);
      return tail - length;
    }
    case Encoding::kUtf16Le:
    case Encoding::kUtf16Be: {
      const size_t odd = bytes.size() % 2;
      const size_t even = bytes.size() - odd;
      if (even < 2) return odd;
      const uint8_t high = data[even - (encoding == Encoding::kUtf16Le ? 1 : 2)];
      return odd + ((high & 0xFC) == 0xD8 ? 2 : 0);
    }
    case Encoding::kWindows1252:
      return 0;
  }
  return 0;
}

}  // namespace

std::optional<Encoding> EncodingOfLabel(std::string_view label) {
  constexpr std::string_view kSpace = "\t\n\f\r ";
  const size_t first = label.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return std::nullopt;
  std::string name(label.substr(first, label.find_last_not_of(kSpace) - first + 1));
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  }
  for (const auto& [known, encoding] : kLabels) {
    if (name == known) return encoding;
  }
  return std::nullopt;
}

const char* NameOf(Encoding encoding) {
  constexpr const char* kNames[] = {"utf-8", "utf-16le", "utf-16be", "windows-1252"};
  return kNames[static_cast<int>(encoding)];
}

v8::MaybeLocal<v8::String> Decode(v8::Isolate* isolate, Encoding encoding, std::string_view bytes,
                                  const DecodeOptions& options, DecoderState& state) {
  std::string joined;
  if (state.pending_count != 0) {
    joined.assign(reinterpret_cast<const char*>(state.pending.data()), state.pending_count);
    joined.append(bytes);
    bytes = joined;
    state.pending_count = 0;
  }
  if (options.stream) {
    const size_t incomplete = IncompleteBytes(encoding, bytes);
    std::copy(bytes.end() - static_cast<std::ptrdiff_t>(incomplete), bytes.end(), state.pending.begin());
    state.pending_count = static_cast<uint8_t>(incomplete);
    bytes.remove_suffix(incomplete);
  }
  v8::MaybeLocal<v8::String> text;
  switch (encoding) {
    case Encoding::kUtf8:
      text = DecodeUtf8(isolate, bytes, options, state.bom_seen);
      break;
    case Encoding::kUtf16Le:
    case Encoding::kUtf16Be:
      text = DecodeUtf16(isolate, encoding, bytes, options, state.bom_seen);
      break;
    case Encoding::kWindows1252:
      text = DecodeWindows1252(isolate, bytes);
      break;
  }
  if (!options.stream || text.IsEmpty()) state = {};
  return text;
}

}  // namespace sluice::runtime
