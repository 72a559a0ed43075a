// What may stand in a header, a method and a status line, over plain bytes.
//   https://fetch.spec.whatwg.org/#terminology-headers  https://www.rfc-editor.org/rfc/rfc9110#name-tokens
//
// Nothing that passes here can end a header early or begin another one.
#ifndef SLUICE_RUNTIME_FETCH_HTTP_SYNTAX_H_
#define SLUICE_RUNTIME_FETCH_HTTP_SYNTAX_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::runtime {

// A token of RFC 9110: names of headers, methods.
bool IsToken(std::string_view text);
// No NUL, CR or LF, and no blank at either end.
bool IsHeaderValue(std::string_view text);
// Without the blanks (space, tab, CR, LF) at both ends.
std::string_view NormalizeHeaderValue(std::string_view text);
// Tabs, and what can be seen, and U+0080 to U+00FF.
bool IsReasonPhrase(std::string_view text);
// ASCII letters only.
std::string AsciiLowerCase(std::string_view text);

// CONNECT, TRACE and TRACK, in any case: scripts may not make such requests.
bool IsForbiddenMethod(std::string_view token);
// DELETE, GET, HEAD, OPTIONS, POST and PUT in upper case; anything else as it is.
std::string NormalizeMethod(std::string_view token);

// A header list as one text, which costs one string in V8: "name\nvalue\n" for each, names in lower case. Values are
// normalized first. False if something is no name or no value; `text` is then the name.
bool WriteHeaders(const std::vector<std::pair<std::string, std::string>>& headers, std::string& text);
// Of what WriteHeaders or the script wrote.
std::vector<std::pair<std::string, std::string>> ReadHeaders(std::string_view text);

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_FETCH_HTTP_SYNTAX_H_
