// A second opinion on what is JSON: RFC 8259's grammar, and nothing else. It makes no values, so it can be read beside
// the RFC in one sitting.
#ifndef SLUICE_FUZZ_SERVER_JSON_GRAMMAR_H_
#define SLUICE_FUZZ_SERVER_JSON_GRAMMAR_H_

#include <cstddef>
#include <optional>
#include <string_view>

namespace sluice::fuzz {

// The first byte (or the end) of `text` up to which it could have become a JSON text of at most `max_depth` nested
// arrays and objects, but not beyond; nothing if it is one. As the configuration is read: strings are UTF-8 and their
// surrogates are paired, one byte order mark may come first, and NaN, Infinity and -Infinity are numbers
// (json_document.h).
std::optional<size_t> WhereJsonEnds(std::string_view text, size_t max_depth);

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_SERVER_JSON_GRAMMAR_H_
