#include "src/runtime/text_decoder.h"

#include <unicode/utf16.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <utility>

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
constexpr char16_t kWindows1252High[32] = {0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                           0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x008D, 0x017D, 0x008F,
                                           0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                           0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178};

constexpr char16_t kByteOrderMark = 0xFEFF;
constexpr char16_t kReplacement = 0xFFFD;
constexpr std::string_view kUtf8ByteOrderMark = "\xEF\xBB\xBF";

bool IsAscii(std::string_view bytes) {
  unsigned char all = 0;
  for (const char c : bytes) all |= static_cast<unsigned char>(c);
  return all < 0x80;
}

bool IsUtf8(std::string_view bytes) {
  for (size_t i = 0; i < bytes.size();) {
    UChar32 character = 0;
    U8_NEXT(bytes.data(), i, bytes.size(), character);
    if (character < 0) return false;
  }
  return true;
}

bool DecodeUtf8(std::string_view bytes, const DecodeOptions& options, bool& bom_seen, DecodedText& text) {
  if (!bom_seen && !options.ignore_bom && bytes.starts_with(kUtf8ByteOrderMark)) {
    bytes.remove_prefix(kUtf8ByteOrderMark.size());
    bom_seen = true;
  }
  if (!bytes.empty()) bom_seen = true;
  text.utf8 = bytes;
  text.is_utf8 = IsAscii(bytes) || IsUtf8(bytes);
  if (text.is_utf8) return true;
  if (options.fatal) return false;
  text.units.resize(bytes.size());  // no byte is more than one unit
  size_t length = 0;
  for (size_t i = 0; i < bytes.size();) {
    UChar32 character = 0;
    // ICU takes each maximal part of a character for one error, as the standard does.
    U8_NEXT_OR_FFFD(bytes.data(), i, bytes.size(), character);
    U16_APPEND_UNSAFE(text.units, length, character);
  }
  text.units.resize(length);
  return true;
}

// https://encoding.spec.whatwg.org/#shared-utf-16-decoder
bool DecodeUtf16(Encoding encoding, std::string_view bytes, const DecodeOptions& options, bool& bom_seen,
                 DecodedText& text) {
  const size_t low = encoding == Encoding::kUtf16Be ? 1 : 0;
  std::u16string& units = text.units;
  units.reserve(bytes.size() / 2 + 1);
  bool malformed = false;
  char16_t lead = 0;
  const auto replace = [&] {
    malformed = true;
    units.push_back(kReplacement);
    lead = 0;
  };
  for (size_t i = 0; i + 1 < bytes.size(); i += 2) {
    const auto unit =
        static_cast<char16_t>(static_cast<uint8_t>(bytes[i + low]) | static_cast<uint8_t>(bytes[i + 1 - low]) << 8);
    if (lead != 0 && U16_IS_TRAIL(unit)) {
      units.push_back(lead);
      units.push_back(unit);
      lead = 0;
      continue;
    }
    if (lead != 0) replace();
    if (U16_IS_LEAD(unit)) {
      lead = unit;
    } else if (U16_IS_TRAIL(unit)) {
      replace();
    } else {
      units.push_back(unit);
    }
  }
  // A lead surrogate at the end and half a unit after it are one error.
  if (lead != 0 || bytes.size() % 2 != 0) replace();
  if (malformed && options.fatal) return false;
  if (!bom_seen && !options.ignore_bom && units.starts_with(kByteOrderMark)) {
    units.erase(0, 1);
    bom_seen = true;
  }
  if (!units.empty()) bom_seen = true;
  return true;
}

bool DecodeWindows1252(std::string_view bytes, DecodedText& text) {
  text.is_utf8 = IsAscii(bytes);
  text.utf8 = bytes;
  if (text.is_utf8) return true;
  text.units.resize(bytes.size());
  std::transform(bytes.begin(), bytes.end(), text.units.begin(), [](char c) -> char16_t {
    const auto byte = static_cast<uint8_t>(c);
    return byte >= 0x80 && byte < 0xA0 ? kWindows1252High[byte - 0x80] : byte;
  });
  return true;
}

// How many of the last three bytes are the begin of a character, and not all of one.
size_t IncompleteUtf8Bytes(std::string_view bytes) {
  for (size_t count = 1; count <= std::min<size_t>(bytes.size(), 3); ++count) {
    const auto* const begin = reinterpret_cast<const uint8_t*>(bytes.data()) + bytes.size() - count;
    const uint8_t lead = begin[0];
    if (U8_IS_TRAIL(lead)) continue;
    const size_t length = U8_IS_LEAD(lead) ? U8_COUNT_TRAIL_BYTES_UNSAFE(lead) + 1u : 1;
    if (count >= length) return 0;
    // What follows E0, ED, F0 and F4 is a smaller range.
    if (count > 1 && length == 3 && !U8_IS_VALID_LEAD3_AND_T1(lead, begin[1])) return 0;
    if (count > 1 && length == 4 && !U8_IS_VALID_LEAD4_AND_T1(lead, begin[1])) return 0;
    return count;
  }
  return 0;
}

size_t IncompleteUtf16Bytes(Encoding encoding, std::string_view bytes) {
  const size_t odd = bytes.size() % 2;
  const size_t even = bytes.size() - odd;
  if (even == 0) return odd;
  const auto high = static_cast<uint8_t>(bytes[even - (encoding == Encoding::kUtf16Le ? 1 : 2)]);
  return odd + ((high & 0xFC) == 0xD8 ? 2 : 0);
}

// How many bytes at the end are the begin of a character.
size_t IncompleteBytes(Encoding encoding, std::string_view bytes) {
  switch (encoding) {
    case Encoding::kUtf8:
      return IncompleteUtf8Bytes(bytes);
    case Encoding::kUtf16Le:
    case Encoding::kUtf16Be:
      return IncompleteUtf16Bytes(encoding, bytes);
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

bool Decode(Encoding encoding, std::string_view bytes, const DecodeOptions& options, DecoderState& state,
            DecodedText& text) {
  text.is_utf8 = false;
  text.units.clear();
  if (state.pending_count != 0) {
    text.joined.assign(reinterpret_cast<const char*>(state.pending.data()), state.pending_count);
    text.joined.append(bytes);
    bytes = text.joined;
    state.pending_count = 0;
  }
  if (options.stream) {
    const size_t incomplete = IncompleteBytes(encoding, bytes);
    std::copy(bytes.end() - static_cast<std::ptrdiff_t>(incomplete), bytes.end(), state.pending.begin());
    state.pending_count = static_cast<uint8_t>(incomplete);
    bytes.remove_suffix(incomplete);
  }
  bool well_formed = false;
  switch (encoding) {
    case Encoding::kUtf8:
      well_formed = DecodeUtf8(bytes, options, state.bom_seen, text);
      break;
    case Encoding::kUtf16Le:
    case Encoding::kUtf16Be:
      well_formed = DecodeUtf16(encoding, bytes, options, state.bom_seen, text);
      break;
    case Encoding::kWindows1252:
      well_formed = DecodeWindows1252(bytes, text);
      break;
  }
  if (!options.stream || !well_formed) state = {};
  return well_formed;
}

}  // namespace sluice::runtime
