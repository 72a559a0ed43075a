// The syntax of what a configuration names, and guesses at what a wrong name was meant to be.
#ifndef SLUICE_RUNTIME_CONFIG_NAMES_H_
#define SLUICE_RUNTIME_CONFIG_NAMES_H_

#include <string>
#include <string_view>
#include <vector>

namespace sluice::runtime {

// An IPv4 address in dotted decimal, or an IPv6 address without brackets or zone.
bool IsIpAddress(const std::string& text);
// A DNS name of letters, digits, '-' and '_' (which is no hostname by RFC 1123, but is used as one), or an IPv4
// address: labels of 1 to 63 characters that neither begin nor end with '-', 253 characters in all, no dot at the end.
bool IsHostname(std::string_view text);
// "/", or segments of what a URL's path has unescaped (RFC 3986, pchar) or as %XX, each after a '/', none of them
// empty,
// "." or "..", a slash at the end allowed.
bool IsPathPrefix(std::string_view text);

std::string LowerCase(std::string_view text);  // of ASCII letters

// The one of `known` that `word` was most likely meant to be; empty if none is like it. Case, '_' and '-' count
// nothing, and then a letter or two may be wrong, missing, too many or swapped.
std::string DidYouMean(std::string_view word, const std::vector<std::string_view>& known);

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_CONFIG_NAMES_H_
