// A second opinion on JSON: only the grammar of RFC 8259. It makes no values, so it can be read beside the RFC.
#ifndef SLUICE_FUZZ_SERVER_JSON_GRAMMAR_H_
#define SLUICE_FUZZ_SERVER_JSON_GRAMMAR_H_

#include <cstddef>
#include <optional>
#include <string_view>

namespace sluice::fuzz {

// The first byte of `text` (or its end) at which it can no longer become JSON with at most `max_depth` nested arrays
// and objects; nullopt if it is JSON. The dialect of the configuration: strings are UTF-8 with paired surrogates, one
// byte order mark may come first, and NaN, Infinity and -Infinity are numbers (json_document.h).
std::optional<size_t> WhereJsonEnds(std::string_view text, size_t max_depth);

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_SERVER_JSON_GRAMMAR_H_
