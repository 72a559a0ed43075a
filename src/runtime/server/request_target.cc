#include "src/runtime/server/request_target.h"


#include <algorithm>
#include <vector>

#include "src/runtime/server/ascii.h"

namespace sluice::runtime {
namespace {

constexpr std::string_view kScheme = "http://";

// https://url.spec.whatwg.org/#single-dot-path-segment
bool IsSingleDot(std::string_view segment) { return segment == "." || EqualsIgnoringCase(segment, "%2e"); }
bool IsDoubleDot(std::string_view segment) {
  return segment == ".." || EqualsIgnoringCase(segment, ".%2e") || EqualsIgnoringCase(segment, "%2e.") ||
         EqualsIgnoringCase(segment, "%2e%2e");
}

}  // namespace

bool IsAuthority(std::string_view text) {
  // https://www.rfc-editor.org/rfc/rfc3986#section-3.2: an address in brackets, or unreserved, sub-delims and percent; a port.
  const size_t end = text.starts_with('[') ? text.find(']') : std::min(text.find(':'), text.size()) - 1;
  if (text.empty() || end >= text.size()) return false;
  const std::string_view host = text.substr(0, end + 1);
  const std::string_view port = text.substr(end + 1);
  const bool is_address = host.front() == '[';
  const std::string_view other = is_address ? ".:" : "-._~!$&'()*+,;=%";
  const std::string_view inner = is_address ? host.substr(1, host.size() - 2) : host;
  const bool is_host = !inner.empty() && std::all_of(inner.begin(), inner.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || other.find(c) != other.npos;
  });
  constexpr size_t kLongestPort = 6;  // ":65535"
  const bool is_port = port.empty() || (port.front() == ':' && port.size() <= kLongestPort &&
                                        port.find_first_not_of("0123456789", 1) == port.npos);
  return is_host && is_port;
}

std::string HostnameOf(std::string_view authority) {
  const size_t bracket = authority.rfind(']');
  const size_t colon = authority.rfind(':');
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
    authority = authority.substr(0, colon);
  }
  return AsciiLower(authority);
}

std::string NormalizePath(std::string_view path) {
  if (path.find("/.") == path.npos && path.find('\\') == path.npos && path.find('%') == path.npos) {
    return std::string(path);
  }
  std::vector<std::string_view> kept;
  size_t begin = 1;  // after the first slash
  for (;;) {
    const size_t end = std::min(path.find_first_of("/\\", begin), path.size());
    const std::string_view segment = path.substr(begin, end - begin);
    const bool last = end == path.size();
    if (IsDoubleDot(segment)) {
      if (!kept.empty()) kept.pop_back();
      if (last) kept.emplace_back();
    } else if (!IsSingleDot(segment)) {
      kept.push_back(segment);
    } else if (last) {
      kept.emplace_back();
    }
    if (last) break;
    begin = end + 1;
  }
  std::string normal;
  for (const std::string_view segment : kept) Append(normal, "/", segment);
  return normal.empty() ? "/" : normal;
}

std::optional<RequestTarget> ReadTarget(const HttpRequest& request, std::string_view own_authority) {
  RequestTarget target;
  std::string_view rest = request.target;
  std::string_view authority = request.host;
  if (!authority.empty() && !IsAuthority(authority)) return std::nullopt;
  if (rest == "*") {
    target.asterisk = true;
    return request.method == "OPTIONS" ? std::optional(std::move(target)) : std::nullopt;
  }
  if (EqualsIgnoringCase(rest.substr(0, kScheme.size()), kScheme)) {
    // The host of an absolute target wins: https://www.rfc-editor.org/rfc/rfc9112#name-absolute-form
    rest.remove_prefix(kScheme.size());
    const size_t end = std::min(rest.find_first_of("/?\\"), rest.size());
    authority = rest.substr(0, end);
    if (!IsAuthority(authority)) return std::nullopt;
    rest.remove_prefix(end);
  } else if (!rest.starts_with('/')) {
    return std::nullopt;
  }
  if (rest.find('#') != rest.npos) return std::nullopt;  // a fragment is nobody's but the client's
  if (authority.empty()) authority = own_authority;
  const std::string_view slash = rest.starts_with('/') || rest.starts_with('\\') ? "" : "/";
  target.url = Concat(kScheme, authority, slash, rest);
  target.hostname = HostnameOf(authority);
  target.path = NormalizePath(Concat(slash, rest.substr(0, rest.find('?'))));
  return target;
}

}  // namespace sluice::runtime
