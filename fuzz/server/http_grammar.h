// A second opinion on the boundaries and contents of HTTP/1 requests: only RFC 9112, for complete input, without
// limits. Request smuggling needs two readers of one connection that disagree on these.
#ifndef SLUICE_FUZZ_SERVER_HTTP_GRAMMAR_H_
#define SLUICE_FUZZ_SERVER_HTTP_GRAMMAR_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::fuzz {

struct GrammarRequest {
  std::string method;
  std::string target;
  int version = 11;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

struct GrammarRequests {
  std::vector<GrammarRequest> requests;  // that are whole
  // What follows them: nothing or the begin of a request, of which nobody can say yet; or why it is none.
  std::string malformed;
};

GrammarRequests ReadRequestsByGrammar(std::string_view bytes);

bool IsHttpToken(std::string_view text);

// The path of the URL that a request target is or has, by the URL Standard's own states, without percent-encoding
// anything: "/a/%2E%2e/b\\c?d" has "/b/c". https://url.spec.whatwg.org/#path-state
std::string PathByUrlStandard(std::string_view target);

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_SERVER_HTTP_GRAMMAR_H_
