// What a request asks for: its URL, and what it is routed by. RFC 9112, section 3. No V8, no sockets.
#ifndef SLUICE_RUNTIME_SERVER_REQUEST_TARGET_H_
#define SLUICE_RUNTIME_SERVER_REQUEST_TARGET_H_

#include <optional>
#include <string>
#include <string_view>

#include "src/runtime/server/http_request.h"

namespace sluice::runtime {

struct RequestTarget {
  std::string url;       // "http://host:port/path?query", path and query as they came
  std::string hostname;  // in lower case, without port
  std::string path;      // of the URL, as a URL parser has it: without dot segments and query, with / for \.
  bool asterisk = false;  // "OPTIONS *", which asks the server itself
};

// `own_authority` ("127.0.0.1:8080") stands in where the client names no host. None: a bad request.
std::optional<RequestTarget> ReadTarget(const HttpRequest& request, std::string_view own_authority);

// ---- Parts of it

// Whether `text` is a host, which is not empty, with or without port, in syntax; no user information.
bool IsAuthority(std::string_view text);
// The host of `authority` in lower case; an IPv6 address with its brackets.
std::string HostnameOf(std::string_view authority);
// `path` (without query) as the path state of a URL parser leaves it: https://url.spec.whatwg.org/#path-state
std::string NormalizePath(std::string_view path);

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_SERVER_REQUEST_TARGET_H_
