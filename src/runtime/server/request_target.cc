#include "src/runtime/server/request_target.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <vector>

namespace sluice::runtime {
namespace {

constexpr std::string_view kScheme = "http://";

// https://url.spec.whatwg.org/#single-dot-path-segment
bool IsSingleDot(std::string_view segment) { return segment == "." || absl::EqualsIgnoreCase(segment, "%2e"); }
bool IsDoubleDot(std::string_view segment) {
  return segment == ".." || absl::EqualsIgnoreCase(segment, ".%2e") || absl::EqualsIgnoreCase(segment, "%2e.") ||
         absl::EqualsIgnoreCase(segment, "%2e%2e");
}

}  // namespace

bool IsAuthority(std::string_view text) {
  // https://www.rfc-editor.org/rfc/rfc3986#section-3.2: unreserved, sub-delims, percent, brackets, colon.
  constexpr std::string_view kOther = "-._~!$&'()*+,;=%:[]";
  return std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || kOther.find(c) != std::string_view::npos;
  });
}

std::string HostnameOf(std::string_view authority) {
  const size_t bracket = authority.rfind(']');
  const size_t colon = authority.rfind(':');
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
    authority = authority.substr(0, colon);
  }
  return absl::AsciiStrToLower(authority);
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
  for (const std::string_view segment : kept) absl::StrAppend(&normal, "/", segment);
  return normal.empty() ? "/" : normal;
}

std::optional<RequestTarget> ReadTarget(const HttpRequest& request, std::string_view own_authority) {
  RequestTarget target;
  std::string_view rest = request.target;
  std::string_view authority = request.host;
  if (!IsAuthority(authority)) return std::nullopt;
  if (rest == "*") {
    target.asterisk = true;
    return request.method == "OPTIONS" ? std::optional(std::move(target)) : std::nullopt;
  }
  if (absl::StartsWithIgnoreCase(rest, kScheme)) {
    // The host of an absolute target wins: https://www.rfc-editor.org/rfc/rfc9112#name-absolute-form
    rest.remove_prefix(kScheme.size());
    const size_t end = std::min(rest.find_first_of("/?\\"), rest.size());
    authority = rest.substr(0, end);
    if (authority.empty() || !IsAuthority(authority)) return std::nullopt;
    rest.remove_prefix(end);
  } else if (!rest.starts_with('/')) {
    return std::nullopt;
  }
  if (rest.find('#') != rest.npos) return std::nullopt;  // a fragment is nobody's but the client's
  if (authority.empty()) authority = own_authority;
  const std::string_view slash = rest.starts_with('/') || rest.starts_with('\\') ? "" : "/";
  target.url = absl::StrCat(kScheme, authority, slash, rest);
  target.hostname = HostnameOf(authority);
  target.path = NormalizePath(absl::StrCat(slash, rest.substr(0, rest.find('?'))));
  return target;
}

}  // namespace sluice::runtime
