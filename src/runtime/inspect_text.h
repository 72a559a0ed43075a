// The parts of Inspect that need no engine: quoting, and laying entries out over lines.
#ifndef SLUICE_RUNTIME_INSPECT_TEXT_H_
#define SLUICE_RUNTIME_INSPECT_TEXT_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::runtime {

// A JavaScript string literal of `text`, which is UTF-8, in the first kind of quotes that needs no escapes. Cut after
// `limit` bytes, never inside a character, with a word about how much is missing.
std::string Quote(std::string_view text, size_t limit);
// Whether `text` may stand as a property name without quotes.
bool IsIdentifier(std::string_view text);
// "2024-02-29T12:00:00.000Z", or "Invalid Date" for NaN.
std::string IsoDate(double milliseconds);

// "PREFIX OPEN entry, entry CLOSE": on one line if that is short, otherwise an entry a line, indented by two. Where
// `fills`, entries that are short share lines.
std::string LayOut(std::string_view prefix, char open, char close, const std::vector<std::string>& entries,
                   bool fills = false);
// Every line but the first moved to the right by `spaces`.
std::string Indent(std::string_view text, size_t spaces);

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_INSPECT_TEXT_H_
