// What is wrong with a text that is no JSON, in words: "expected ',' or '}', found '"port"'".
#ifndef SLUICE_RUNTIME_CONFIG_JSON_SYNTAX_H_
#define SLUICE_RUNTIME_CONFIG_JSON_SYNTAX_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::runtime {

// What the parser has just read where it cannot go on.
enum class JsonPlace {
  kBegin,        // nothing yet
  kArrayBegin,   // '['
  kObjectBegin,  // '{'
  kKey,          // a key, without its ':'
  kElement,      // a value in an array
  kMember,       // a value in an object
  kEnd,          // the value that is the whole text
};

struct JsonComplaint {
  size_t offset;  // bytes
  std::string message;
  bool names_next;  // it is about the key's value or the next element, rather than about what surrounds them
};

// `text` up to `read` was read, the last of it as `place` says. `at` is the byte, or the end, that the lexer refused;
// used only if it is within a malformed string or number.
JsonComplaint DescribeSyntaxError(std::string_view text, JsonPlace place, size_t read, size_t at);

// The first byte at `offset` or after it that is not JSON's white space.
size_t SkipJsonSpace(std::string_view text, size_t offset);
// Where the string whose '"' is at `offset` has ended, one past its closing '"'; the end of the text if it is not
// closed.
size_t JsonStringEnd(std::string_view text, size_t offset);

// A piece of the text for a message: one line, at most about 60 bytes, cut between characters.
std::string ShortenedJson(std::string_view piece);

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_CONFIG_JSON_SYNTAX_H_
